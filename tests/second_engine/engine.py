"""A second Docker engine, in a network namespace and folders of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from orchestrator.image.recipe import PEER, SIDECAR
from orchestrator.paths import ROOT
from tests.orchestrator.support import until

IMAGES = (PEER.image(ROOT), SIDECAR.image(ROOT))
HOST, PORT = "10.213.77.2", 2376  # the engine's end of a pair of interfaces
NAMESPACE, _LINK = "peerlab-second", "peerlab-2nd"
_STARTS_WITHIN = 60.0  # seconds

Environment = Mapping[str, str]


def call(*words: str, environment: Environment | None = None, seconds: float = 300.0) -> str:
    """Run a command and return its output, or raise an error that quotes it."""
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(environment or {})},
        timeout=seconds,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def certify(folder: Path) -> None:
    """Write an authority, and certificates of an engine and a client that it signed."""
    config = str(folder / "extensions")
    Path(config).write_text(f"subjectAltName=IP:{HOST}\nextendedKeyUsage=serverAuth,clientAuth\n")
    ca, made = str(folder / "ca.pem"), ["openssl", "req", "-newkey", "rsa:2048", "-nodes"]
    key = str(folder / "ca-key.pem")
    call(*made, "-x509", "-days", "2", "-subj", "/CN=authority", "-keyout", key, "-out", ca)
    for name in ("server", "client"):
        home = folder / name
        home.mkdir()
        shutil.copy(ca, home)
        request = str(home / "request")
        call(*made, "-subj", f"/CN={name}", "-keyout", str(home / "key.pem"), "-out", request)
        call("openssl", "x509", "-req", "-days", "2", "-in", request, "-CA", ca, "-CAkey", key,
             "-CAcreateserial", "-extfile", config, "-out", str(home / "cert.pem"))  # fmt: skip


def with_tls(folder: Path) -> list[str]:
    """Return the options of an engine that listens on TCP and wants a certificate."""
    server = folder / "server"
    return [
        "-H", f"tcp://{HOST}:{PORT}", "--tlsverify", "--tlscacert", str(server / "ca.pem"),
        "--tlscert", str(server / "cert.pem"), "--tlskey", str(server / "key.pem"),
    ]  # fmt: skip


WITHOUT_TLS = ("-H", f"tcp://{HOST}:{PORT}", "--tls=false")
"""The options of an engine that anyone may use who reaches its port."""


@contextlib.contextmanager
def namespace() -> Iterator[None]:
    """Make a network namespace that this machine reaches: one engine removes another's bridge."""
    inside = ("ip", "-n", NAMESPACE)
    call("ip", "netns", "add", NAMESPACE)
    try:
        call("ip", "link", "add", _LINK, "type", "veth", "peer", "name", "up0",
             "netns", NAMESPACE)  # fmt: skip
        call("ip", "addr", "add", "10.213.77.1/30", "dev", _LINK)
        call("ip", "link", "set", _LINK, "up")
        call(*inside, "addr", "add", f"{HOST}/30", "dev", "up0")
        for device in ("lo", "up0"):
            call(*inside, "link", "set", device, "up")
        call(*inside, "route", "add", "default", "via", "10.213.77.1")
        yield
    finally:
        call("ip", "netns", "delete", NAMESPACE)
        with contextlib.suppress(
            RuntimeError
        ):  # it goes with its namespace, if nothing is in there
            call("ip", "link", "delete", _LINK)


class SecondEngine:
    """An engine that is started with any options, as often as need be.

    Args:
        folder: where it keeps everything.

    Attributes:
        url: the address of its socket.
    """

    def __init__(self, folder: Path) -> None:
        self.url = f"unix://{folder}/docker.sock"
        self._folder = folder
        self._daemon: subprocess.Popen[bytes] | None = None
        (folder / "none.json").write_text('{"storage-driver": "fuse-overlayfs"}'
                                          if shutil.which("fuse-overlayfs") else "{}")  # fmt: skip

    def start(self, *options: str) -> None:
        """Start it, and wait until it answers.

        Raises:
            RuntimeError: it ends; the text is its log.
        """
        self._forget_containerd()
        folder = self._folder
        words = [
            # `ip netns exec` would hide the control groups.
            "nsenter", f"--net=/run/netns/{NAMESPACE}", "dockerd",
            "--data-root", str(folder / "data"), "--exec-root", str(folder / "exec"),
            "--pidfile", str(folder / "pid"), "-H", self.url,
            "--config-file", str(folder / "none.json"), *options,
        ]  # fmt: skip
        with (folder / "log").open("w") as log:
            daemon = self._daemon = subprocess.Popen(words, stdout=log, stderr=log)
        until(lambda: self.answers() or daemon.poll() is not None, "the second engine",
              _STARTS_WITHIN)  # fmt: skip
        if daemon.poll() is not None:
            raise RuntimeError((folder / "log").read_text())

    def answers(self) -> bool:
        """Return whether it answers."""
        with contextlib.suppress(RuntimeError, subprocess.TimeoutExpired):
            self.docker("version", seconds=5.0)
            return True
        return False

    def docker(self, *words: str, seconds: float = 300.0) -> str:
        """Run a `docker` command on it and return its output."""
        return call("docker", "--host", self.url, *words, seconds=seconds)

    def load_images(self) -> None:
        """Give it the images of the first engine."""
        archive = str(self._folder / "images.tar")
        call("docker", "save", "--output", archive, *IMAGES)
        self.docker("load", "--input", archive)

    def signal(self, number: signal.Signals) -> None:
        """Send its daemon a signal, and after SIGKILL wait for its end."""
        if self._daemon:
            self._daemon.send_signal(number)
            if number is signal.SIGKILL:
                self._daemon.wait()

    def _forget_containerd(self) -> None:
        """Remove the trace of a killed daemon's containerd, which dies with it, if never reaped."""
        kept = self._folder / "exec/containerd/containerd.pid"
        with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):
            until(lambda: _is_over(int(kept.read_text())), "containerd's end")
        kept.unlink(missing_ok=True)

    def stop(self) -> None:
        """End its daemon, and with it all containers."""
        if self._daemon and self._daemon.poll() is None:
            self._daemon.send_signal(signal.SIGCONT)
            self._daemon.terminate()
            self._daemon.wait(60)

    def remove(self) -> None:
        """End all that is left of it, also after it was killed, and unmount its folders."""
        self.stop()
        for process in psutil.process_iter(["cmdline"]):
            if any(str(self._folder) in word for word in process.info["cmdline"] or ()):
                with contextlib.suppress(psutil.NoSuchProcess):
                    for one in (*process.children(recursive=True), process):
                        one.kill()
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted((one for one in mounts if str(self._folder) in one), reverse=True):
            call("umount", "--lazy", mount)


def _is_over(process: int) -> bool:
    return psutil.Process(process).status() == psutil.STATUS_ZOMBIE


@contextlib.contextmanager
def second_engine(folder: Path) -> Iterator[SecondEngine]:
    """Yield a second engine with the first one's images; it asks for a certificate on TCP."""
    certify(folder)
    with namespace():
        engine = SecondEngine(folder)
        try:
            engine.start(*with_tls(folder))
            engine.load_images()
            yield engine
        finally:
            engine.remove()
