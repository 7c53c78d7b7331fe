#!/usr/bin/env python3
# -*- coding: utf-8 -*-
#
# LIBRETA: programa de mensajes entre iguales
# Redes II, práctica 3.  python3 libreta.py <puerto>

import socket
import sys
import threading

contactos = [None] * 64
cerrojo = threading.RLock()
pantalla = threading.Lock()
FIN = b"\x04"


def escribir(*lineas):
    with pantalla:
        for linea in lineas:
            print(linea)


def preguntar(texto):
    print(texto, end="", flush=True)
    linea = sys.stdin.readline()
    if not linea:
        sys.exit(0)
    return linea.rstrip("\n")


def mi_ip():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("192.0.2.200", 200))
        return s.getsockname()[0]


def lista():
    filas = ["Contactos abiertos:"]
    for n, c in enumerate(contactos):
        if c:
            filas.append("  %d.- %s (%d)" % (n, c[1], c[2]))
    filas.append("Fin de la lista.")
    return filas


def guardar(s, ip, puerto):
    with cerrojo:
        for n in range(1, len(contactos)):
            if contactos[n] is None:
                contactos[n] = (s, ip, puerto)
                return n
    s.close()
    return 0


def cerrado(c):
    return "Se ha cerrado el contacto con %s (%d)." % c[1:]


def recibir(n, resto=b""):
    c = contactos[n]
    while True:
        *textos, resto = resto.split(FIN)
        for t in textos:
            escribir("%s (%d) dice: «%s»" % (c[1], c[2], t.decode("utf-8", "replace")))
        try:
            datos = c[0].recv(1000)
        except OSError:
            datos = b""
        if not datos:
            break
        resto += datos
    with cerrojo:
        if contactos[n] is c:
            contactos[n] = None
            escribir(cerrado(c))
    c[0].close()


def esperar(servidor):
    while True:
        s, (ip, _) = servidor.accept()
        datos = b""
        while FIN not in datos:
            trozo = s.recv(10)
            if not trozo:
                break
            datos += trozo
        if FIN not in datos:
            s.close()
            continue
        puerto, resto = datos.split(FIN, 1)
        n = guardar(s, ip, int(puerto))
        if n:
            escribir("Nuevo contacto: %s (%d)." % (ip, int(puerto)))
            threading.Thread(target=recibir, args=(n, resto), daemon=True).start()


def conectar():
    destino = preguntar("Dirección: ").strip()
    p = preguntar("Puerto: ").strip()
    try:
        ip = socket.gethostbyname(destino)
        p = int(p)
        if p == puerto and ip in (mi_ip(), "127.0.0.1"):
            return ["Error: es este mismo programa."]
        if (ip, p) in [c[1:] for c in contactos if c]:
            return ["Error: ese contacto ya existe."]
        s = socket.create_connection((ip, p), 3)
    except (OSError, ValueError, OverflowError):
        return ["Error: no se puede conectar."]
    s.settimeout(None)
    s.sendall(str(puerto).encode() + FIN)
    n = guardar(s, ip, p)
    if not n:
        return ["Error: la libreta está llena."]
    threading.Thread(target=recibir, args=(n,), daemon=True).start()
    return lista()


def elegir():
    n = preguntar("Número: ").strip()
    if n.isdigit() and int(n) < len(contactos) and contactos[int(n)]:
        return int(n)
    escribir("Error: no hay contacto con ese número.")


def terminar():
    n = elegir()
    if not n:
        return []
    with cerrojo:
        c = contactos[n]
        contactos[n] = None
    c[0].shutdown(socket.SHUT_RDWR)
    return [cerrado(c)] + lista()


def enviar():
    n = elegir()
    if not n:
        return []
    texto = preguntar("Mensaje: ")
    if texto.strip() == "":
        return ["Error: mensaje vacío."]
    contactos[n][0].sendall(texto[:250].encode() + FIN)
    return ["Mensaje enviado."]


AYUDA = ["1 ayuda, 2 mi dirección, 3 mi puerto, 4 conectar (connect), 5 listar (list),",
         "6 terminar (terminate), 7 enviar (send), 8 salir (exit)"]

puerto = int(sys.argv[1])
servidor = socket.create_server(("", puerto), backlog=20)
threading.Thread(target=esperar, args=(servidor,), daemon=True).start()
escribir("Bienvenido a la libreta.", *AYUDA)
while True:
    opcion = preguntar("\nOpción [1-8]: ").strip()
    if opcion == "1":
        escribir(*AYUDA)
    elif opcion == "2":
        escribir("Tu dirección es:", mi_ip())
    elif opcion == "3":
        escribir("Tu puerto es:", puerto)
    elif opcion == "4":
        escribir(*conectar())
    elif opcion == "5":
        escribir(*lista())
    elif opcion == "6":
        escribir(*terminar())
    elif opcion == "7":
        escribir(*enviar())
    elif opcion == "8":
        escribir("Hasta luego.")
        break
    elif opcion:
        escribir("Error: del 1 al 8, por favor.")
