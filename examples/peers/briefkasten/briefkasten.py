# Briefkasten -- Übungsblatt 4, Verteilte Systeme
# Aufruf: python3 briefkasten.py PORT
# Alles läuft in einer asyncio-Schleife, nur die Tastatur hat einen eigenen Thread.
import asyncio
import os
import socket
import sys

PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
kanaele = {}          # nummer -> Kanal
naechste = 1

HILFE = """\
help                     diese Hilfe
myip                     eigene Adresse
myport                   eigener Port
connect <adresse> <port> Kanal öffnen
list                     offene Kanäle
terminate <nr>           Kanal schließen
send <nr> <text>         Text schicken
exit                     Schluss"""


class Kanal:
    def __init__(self, ip, port, lesen, schreiben):
        global naechste
        self.nr = naechste
        naechste += 1
        self.ip = ip
        self.port = port
        self.lesen = lesen
        self.schreiben = schreiben
        kanaele[self.nr] = self

    async def empfangen(self):
        try:
            while zeile := await self.lesen.readline():
                text = zeile.decode("utf-8", "replace").strip()
                meldung(f"{self.ip}/{self.port} schreibt: {text} ")
        except (OSError, ValueError):
            pass
        if kanaele.pop(self.nr, None):
            meldung(f"{self.ip}/{self.port} ist gegangen ")
        self.schreiben.close()


def prompt():
    print(f"[{len(kanaele)}] > ", end="", flush=True)


def meldung(text):
    print("\n" + text)
    prompt()


def eigene_ip():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("203.0.113.1", 9))
        return s.getsockname()[0]


async def besuch(lesen, schreiben):
    try:
        port = int(await lesen.readline())
    except (OSError, ValueError):
        schreiben.close()
        return
    ip = schreiben.get_extra_info("peername")[0]
    kanal = Kanal(ip, port, lesen, schreiben)
    meldung(f"{ip}/{port} ist da ")
    await kanal.empfangen()


async def connect(adresse, port):
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        return f"Fehler: {port} ist kein Port "
    port = int(port)
    try:
        info = await asyncio.get_running_loop().getaddrinfo(
            adresse, port, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except OSError:
        return f"Fehler: {adresse} ist unbekannt "
    ip = info[0][4][0]
    if port == PORT and ip in ("127.0.0.1", eigene_ip()):
        return "Fehler: das sind wir selbst "
    if any((k.ip, k.port) == (ip, port) for k in kanaele.values()):
        return "Fehler: dahin gibt es schon einen Kanal "
    try:
        lesen, schreiben = await asyncio.wait_for(asyncio.open_connection(ip, port), 4)
    except (OSError, asyncio.TimeoutError):
        return f"Fehler: {ip} meldet sich nicht "
    schreiben.write(b"%d\n" % PORT)
    kanal = Kanal(ip, port, lesen, schreiben)
    asyncio.create_task(kanal.empfangen())
    return f"Kanal {kanal.nr} ist offen "


async def befehl(zeile):
    wort, _, rest = zeile.strip().partition(" ")
    nr, _, text = rest.partition(" ")
    if wort == "help":
        return HILFE
    if wort == "myip":
        return "Adresse " + eigene_ip() + " "
    if wort == "myport":
        return f"Port {PORT} "
    if wort == "connect" and text:
        return await connect(nr, text.strip())
    if wort == "list":
        zeilen = [f"{k.nr:>3}: {k.ip}/{k.port} " for k in kanaele.values()]
        return "\n".join(zeilen) or "keine Kanäle "
    if wort in ("terminate", "send") and nr:
        kanal = kanaele.get(int(nr)) if nr.isdigit() else None
        if kanal is None:
            return f"Fehler: Kanal {nr} gibt es nicht "
        if wort == "terminate":
            del kanaele[kanal.nr]
            kanal.schreiben.close()
            return f"Kanal {nr} ist zu "
        if not text:
            return "Fehler: kein Text "
        kanal.schreiben.write((text + "\n").encode())
        return None
    return f"Fehler: {zeile.strip()} verstehe ich nicht "


async def tastatur():
    schleife = asyncio.get_running_loop()
    while True:
        prompt()
        zeile = await schleife.run_in_executor(None, sys.stdin.readline)
        if not zeile or zeile.strip() == "exit":
            print("Tschüss! ", flush=True)
            os._exit(0)  # sonst meckert asyncio
        if zeile.strip():
            antwort = await befehl(zeile.rstrip("\n"))
            if antwort:
                print(antwort)


async def main():
    ende = asyncio.create_task(tastatur())
    await asyncio.sleep(0.06)  # erst der Prompt, dann die anderen
    await asyncio.start_server(besuch, "0.0.0.0", PORT, limit=2 ** 20)
    await ende


asyncio.run(main())
