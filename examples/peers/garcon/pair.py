#!/usr/bin/env python3
# TP3 Réseaux L3 - messagerie pair à pair
# usage : python3 pair.py <port>
import fcntl
import os
import select
import socket
import sys
import time

PORT = int(sys.argv[1])
pairs = {}      # "P1" -> [socket, ip, port, tampon]
numero = 0
tapé = b""


def dire(texte):
    """Une ligne à l'écran, avec l'heure, puis l'invite."""
    sys.stdout.write("\r[%s] %s\n" % (time.strftime("%H:%M:%S"), texte))
    sys.stdout.flush()


def invite():
    sys.stdout.write("(%d pair%s) >> " % (len(pairs), "s" if len(pairs) > 1 else ""))
    sys.stdout.flush()


def mon_ip():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("8.8.8.8", 80))
    ip = s.getsockname()[0]
    s.close()
    return ip


def ajouter(sock, ip, port):
    global numero
    numero += 1
    sock.setblocking(False)
    pairs["P%d" % numero] = [sock, ip, port, b""]
    return "P%d" % numero


def retirer(nom):
    pairs.pop(nom)[0].close()


def envoyer(sock, texte):
    octets = texte.encode()
    sock.setblocking(True)
    sock.sendall(b"%06d" % len(octets) + octets)
    sock.setblocking(False)


def cmd_connect(args):
    if len(args) != 2:
        dire("Erreur : il faut une adresse et un port")
        dire("         connect <adresse> <port>")
        return
    ip, port = args[0], int(args[1]) if args[1].isdigit() else -1
    if not 0 < port < 65536:
        dire("Erreur : port invalide « %s »" % args[1])
        return
    if port == PORT and ip in (mon_ip(), "127.0.0.1", "localhost"):
        dire("Erreur : connexion à soi-même interdite")
        return
    for sock, i, p, _ in pairs.values():
        if (i, p) == (ip, port):
            dire("Erreur : déjà connecté à %s:%d" % (ip, port))
            return
    s = socket.socket()
    s.settimeout(3)
    try:
        s.connect((ip, port))
    except OSError as e:
        dire("Erreur : %s:%d injoignable (%s)" % (ip, port, e))
        return
    nom = ajouter(s, ip, port)
    dire("Connexion établie avec %s:%d -> %s" % (ip, port, nom))


def cmd_list():
    if not pairs:
        dire("Aucun pair.")
        return
    dire("%d pair(s) :" % len(pairs))
    for nom, (s, ip, port, _) in pairs.items():
        dire("  %s = %s, port %d" % (nom, ip, port))


def cmd_help():
    dire("Commandes :")
    for c in ("help", "myip", "myport", "connect <adresse> <port>", "list",
              "terminate <id>", "send <id> <message>", "exit"):
        dire("   - " + c)


def commande(ligne):
    mots = ligne.split()
    if not mots:
        return
    verbe, args = mots[0].lower(), mots[1:]
    if verbe == "help":
        cmd_help()
    elif verbe == "myip":
        dire("Mon adresse : " + mon_ip())
    elif verbe == "myport":
        dire("Mon port : %d" % PORT)
    elif verbe == "connect":
        cmd_connect(args)
    elif verbe == "list":
        cmd_list()
    elif verbe == "terminate":
        nom = "P%d" % int(args[0].lstrip("pP")) if args else ""
        if nom not in pairs:
            dire("Erreur : pair inconnu")
            return
        retirer(nom)
        dire("Connexion %s fermée" % nom)
    elif verbe == "send":
        if len(args) < 2:
            dire("Erreur : send <id> <message>")
            return
        nom = args[0].upper()
        if nom not in pairs:
            dire("Erreur : pair inconnu")
            return
        texte = ligne.strip().split(None, 2)[2]
        envoyer(pairs[nom][0], texte)
        dire("Message envoyé à %s" % nom)
    elif verbe == "exit":
        for nom in list(pairs):
            retirer(nom)
        dire("Au revoir !")
        sys.exit(0)
    else:
        dire("Commande inconnue : %s" % verbe)


def recevoir(nom):
    pair = pairs[nom]
    try:
        octets = pair[0].recv(4096)
    except OSError:
        octets = b""
    if not octets:
        dire("%s (%s:%d) est parti" % (nom, pair[1], pair[2]))
        retirer(nom)
        return
    pair[3] += octets
    while len(pair[3]) >= 6:
        n = int(pair[3][:6])
        if len(pair[3]) < 6 + n:
            break
        dire("%s (%s:%d) dit : %s" % (nom, pair[1], pair[2], pair[3][6:6 + n].decode()))
        pair[3] = pair[3][6 + n:]


serveur = socket.socket()
serveur.bind(("0.0.0.0", PORT))
serveur.listen(5)
fl = fcntl.fcntl(0, fcntl.F_GETFL)
fcntl.fcntl(0, fcntl.F_SETFL, fl | os.O_NONBLOCK)

dire("Messagerie prête, j'écoute sur le port %d" % PORT)
invite()
while True:
    prets, _, _ = select.select([serveur, 0] + [p[0] for p in pairs.values()], [], [])
    for r in prets:
        if r is serveur:
            s, (ip, port) = serveur.accept()
            nom = ajouter(s, ip, port)
            dire("%s (%s:%d) s'est connecté" % (nom, ip, port))
        elif r == 0:
            try:
                morceau = os.read(0, 8192)
            except BlockingIOError:
                continue
            if not morceau:
                sys.exit(0)
            tapé += morceau
            while b"\n" in tapé:
                ligne, tapé = tapé.split(b"\n", 1)
                commande(ligne.decode("utf-8", "replace"))
        else:
            for nom in [n for n, p in pairs.items() if p[0] is r]:
                recevoir(nom)
    invite()
