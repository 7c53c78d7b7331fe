"""TLS connections; the lab's end of each is a plain socket."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import ssl
import threading

from orchestrator.docker_host.endpoint import Certificates

_CHUNK = 65_536  # bytes


def through_tls(
    remote: socket.socket, certificates: Certificates, host: str, timeout: float
) -> socket.socket:
    """Return a socket whose bytes travel encrypted over `remote`."""
    ours, theirs = socket.socketpair()
    ours.settimeout(timeout)
    try:
        carrying = _carry(theirs, remote, _context(certificates), host)
        asyncio.run_coroutine_threadsafe(carrying, _loop()).result(timeout)
    except BaseException:
        for one in (ours, theirs, remote):
            one.close()
        raise
    return ours


def _context(certificates: Certificates) -> ssl.SSLContext:
    authority = certificates.file("ca")
    context = ssl.create_default_context(cafile=str(authority) if authority else None)
    if not certificates.verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if own := certificates.file("cert"):
        context.load_cert_chain(own, certificates.file("key"))
    return context


async def _carry(
    theirs: socket.socket, remote: socket.socket, context: ssl.SSLContext, host: str
) -> None:
    """Complete the handshake, and copy both ways from then on."""
    far = await asyncio.open_connection(sock=remote, ssl=context, server_hostname=host)
    near = await asyncio.open_connection(sock=theirs)
    task = asyncio.get_running_loop().create_task(_join(near, far))
    _CARRYING.add(task)
    task.add_done_callback(_CARRYING.discard)


_Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_CARRYING: set[asyncio.Task[None]] = set()  # the loop itself holds tasks weakly


async def _join(near: _Ends, far: _Ends) -> None:
    """Copy both ways until one end closes; what it sent before still arrives."""
    copies = [asyncio.ensure_future(_copy(near[0], far[1])),
              asyncio.ensure_future(_copy(far[0], near[1]))]  # fmt: skip
    await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
    for copy in copies:
        copy.cancel()
    for _, writer in (near, far):
        writer.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(_CHUNK):
            target.write(data)
            await target.drain()


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """Return the loop that carries everything encrypted, in a thread of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="TLS", daemon=True).start()
    return loop
