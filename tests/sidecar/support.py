"""A sidecar to talk to, and hosts to try one on."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import uuid4

from orchestrator.paths import ROOT

SECONDS = 20.0
STRICT = ("--cap-drop", "ALL", "--security-opt", "no-new-privileges:true", "--read-only")
NET_ADMIN = ("--cap-add", "NET_ADMIN", "--user", "0:0")

Data = dict[str, Any]


class SidecarProcess:
    """A sidecar that runs, at the other end of two pipes."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(words, stdin=-1, stdout=-1, cwd=ROOT)
        self._numbers = count(1)
        self._answers: dict[str | None, queue.Queue[Data]] = {}
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self.queue("ready").get(timeout=SECONDS) == {"ready": True}

    def queue(self, name: str | None) -> queue.Queue[Data]:
        """Return the queue for the answers to a request."""
        with self._lock:
            return self._answers.setdefault(name, queue.Queue())

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            answer = json.loads(line)
            self.queue("ready" if "ready" in answer else answer["id"]).put(answer)

    def write(self, line: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def begin(self, do: str, **values: object) -> Callable[[], Data]:
        """Send a request. Returns what waits for the answer, without its id."""
        name = f"r{next(self._numbers)}"
        self.write(json.dumps({"id": name, "do": do, **values}).encode())

        def wait() -> Data:
            answer = self.queue(name).get(timeout=SECONDS)
            del answer["id"]
            return answer

        return wait

    def refused(self, do: str, **values: object) -> str:
        answer = self.begin(do, **values)()
        assert set(answer) == {"error"}
        return str(answer["error"])

    def ask(self, do: str, **values: object) -> Data:
        answer = self.begin(do, **values)()
        assert answer.pop("ok", False) is True, answer
        return answer

    def set_rules(self, **rules: object) -> Data:
        return self.ask("set", rules=rules)

    @property
    def is_open(self) -> bool:
        """Whether requests can still be written."""
        return bool(self.process.stdin and not self.process.stdin.closed)

    def close_input(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()

    def close(self) -> None:
        """End it, and read its last answers."""
        self.close_input()
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self._reader.join(SECONDS)
            assert self.process.stdout
            self.process.stdout.close()


def without_kernel() -> SidecarProcess:
    """Return a sidecar on this machine, which touches no packet."""
    return SidecarProcess(sys.executable, "-m", "sidecar", "--no-kernel")


def docker(*words: str, text: str | None = None, check: bool = True) -> str:
    done = subprocess.run(
        ("docker", *words), input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert not check or done.returncode == 0, (words, done.stderr)
    return done.stdout.strip()


class Host:
    """A container with a network of its own, and sidecars that share that.

    Attributes:
        image: what it and its sidecars are made of.
        name: the container's.
        address: its address.
        sidecar: the sidecar that was started last.
    """

    def __init__(self, image: str, network: str) -> None:
        self.image = image
        self.name = f"peerlab-test-{uuid4().hex[:8]}"
        forever = "import threading; threading.Event().wait()"
        words = ("--network", network, "--init", image, "python3", "-c", forever)
        docker("run", "--detach", "--rm", "--name", self.name, *words)
        where = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        self.address = docker("inspect", "--format", where, self.name)
        self._all: list[SidecarProcess] = []
        self.sidecar = self.start_sidecar()

    def start_sidecar(self) -> SidecarProcess:
        self.sidecar_name = f"{self.name}-sidecar-{len(self._all)}"
        words = ["docker", "run", "--rm", "--interactive", "--name", self.sidecar_name]
        words += ["--network", f"container:{self.name}", *STRICT, *NET_ADMIN, self.image]
        self.sidecar = SidecarProcess(*words)
        self._all.append(self.sidecar)
        return self.sidecar

    def python(self, program: str, *words: str) -> str:
        """Run a program at the host, as its peer would."""
        return docker("exec", self.name, "python3", "-c", program, *words)

    def begin_python(self, program: str, *words: str) -> subprocess.Popen[str]:
        run = ("docker", "exec", "-i", self.name, "python3", "-u", "-c", program, *words)
        return subprocess.Popen(run, stdin=-1, stdout=-1, text=True)

    def admin(self, *words: str, check: bool = True) -> str:
        """Run a program that may look at the host's network, and change it."""
        run = ("run", "--rm", "--network", f"container:{self.name}", *STRICT, *NET_ADMIN)
        return docker(*run, self.image, *words, check=check)

    def close(self) -> None:
        for sidecar in self._all:
            sidecar.close()
        docker("rm", "--force", self.name)


def probe_packets(source: Host, target: Host, **how: object) -> Data:
    """Send packets from one to the other, and return what arrived."""
    settings: Data = {"count": 20, "size": 64, "interval": 0.002, "patience": 0.4} | how
    patience = settings.pop("patience")
    name = uuid4().hex
    port = target.sidecar.ask("listen")["packets"]
    sent = source.sidecar.ask("packets", to=target.address, port=port, probe=name, **settings)
    assert sent == {"sent": settings["count"]}
    return target.sidecar.ask("heard", probe=name, count=settings["count"], patience=patience)


def probe_stream(source: Host, target: Host, **how: object) -> tuple[Data, Data]:
    """Send a stream from one to the other. Returns what the sender says, and what arrived."""
    settings: Data = {"count": 5, "size": 16, "interval": 0.002, "patience": 3} | how
    name = uuid4().hex
    port = target.sidecar.ask("listen")["stream"]
    sent = source.sidecar.ask("stream", to=target.address, port=port, probe=name, **settings)
    heard = target.sidecar.ask("heard", probe=name, count=settings["count"], patience=1)
    return sent, heard
