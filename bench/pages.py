"""`python -m bench.pages`: what the pages of runs cost: their size, and the time to write and open.

The runs are made up, with programs of two vocabularies: a chat, and a store of registers. Writing
is measured in seconds of the processor; opening, if there is a Chromium, by the clock, without what
the browser takes to open an empty page.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from orchestrator import checks
from orchestrator.checks.judged_run import Run
from orchestrator.history import runs
from orchestrator.history.entries import Entry
from orchestrator.history.transcript import Piece
from orchestrator.report.page.page import write_page

_SIZES = (1_000, 10_000, 50_000)  # lines of a history
_PEERS = ("alice", "bob", "carol", "dave")
_WORDS = [
    "ash",
    "birch",
    "cedar",
    "elm",
    "fir",
    "hazel",
    "larch",
    "maple",
    "oak",
    "pine",
    "rowan",
    "spruce",
    "willow",
    "yew",
]
_OPERATIONS = 10_000  # whose page is to be smaller than
WANTED_MB = 3.0
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_MEGABYTE = 1_000_000


class MadeUpRun:
    """Writes the history and the transcripts of a run that never was."""

    def __init__(self, folder: Path, lines: int) -> None:
        self._folder, self._lines = folder, lines
        self._chance = random.Random(lines)  # noqa: S311 - a made-up run needs no secrets
        self._at, self._operations = 0.0, 0
        self._entries: list[Entry] = []
        self._pieces: dict[str, list[Piece]] = {peer: [] for peer in _PEERS}

    def chat(self) -> Run:
        """Return a run of peers that send each other messages, one of which is lost."""
        self._lab("began", peers=[*_PEERS], scenario="chat")
        for peer in _PEERS[1:]:
            self._ask("alice", "connect", f"connect {peer}", to=peer, id=peer)
            self._show(peer, "connected", "* connected 1 alice", of="alice", id="1")
        while len(self._entries) < self._lines:
            peer, text = self._chance.choice(_PEERS[1:]), self._text()
            self._ask("alice", "send", f"send {peer} {text}", to=peer, text=text, id=peer)
            if len(self._entries) != self._lines // 2:
                said = f"* message 1 alice: {text}"
                self._show(peer, "message", said, of="alice", id="1", text=text)
            self._show("alice", "delivered", f"* delivered {peer}", of=peer, id=peer, count=1)
        return self._judged()

    def registers(self) -> Run:
        """Return a run of clients that write and read registers."""
        means = {"put": "write", "get": "read"}
        self._lab("began", peers=[*_PEERS], promises=["register"], means=means, scenario="store")
        held: dict[str, int] = {}
        while len(self._entries) < self._lines:
            key, peer = self._chance.choice(_WORDS), self._chance.choice(_PEERS)
            if key not in held or self._chance.random() < 1 / 2:
                held[key] = self._operations
                given = {"key": key, "value": held[key]}
                self._ask(peer, "put", f"put {key} {held[key]}", arguments=given)
            else:
                found = {"value": held[key]}
                self._ask(peer, "get", f"get {key}", arguments={"key": key}, results=found)
        return self._judged()

    def _judged(self) -> Run:
        self._lab("settled", quiet=True)
        self._lab("over")
        for peer, pieces in self._pieces.items():
            text = "".join(piece.as_line() for piece in pieces)
            runs.transcript(self._folder, peer).write_text(text, encoding="utf-8")
        return Run(self._folder, self._entries, checks.judge(self._entries), None)

    def _now(self) -> float:
        self._at += self._chance.expovariate(1_000)
        return self._at

    def _text(self) -> str:
        return f"{self._operations} " + " ".join(self._chance.choices(_WORDS, k=6))

    def _lab(self, verb: str, **fields: object) -> None:
        self._entries.append(Entry(self._now(), "lab", "", verb, 0, fields))

    def _ask(self, peer: str, verb: str, line: str, **fields: object) -> None:
        """Type a line at a console and have it answered."""
        self._operations += 1
        number, said = self._operations, f"ok: {self._operations}"
        self._entries.append(Entry(self._now(), "invoke", peer, verb, number, fields))
        self._pieces[peer].append(Piece(self._at, True, f"{line}\n".encode()))
        self._print(peer, f"{line}\r\n")
        self._entries.append(Entry(self._now(), "ok", peer, verb, number, {**fields, "said": said}))
        self._print(peer, f"\x1b[32m{said}\x1b[0m\r\n{peer}> ")

    def _show(self, peer: str, kind: str, line: str, **fields: object) -> None:
        """Show a notice at a console."""
        self._entries.append(Entry(self._now(), "notice", peer, kind, 0, {**fields, "said": line}))
        self._print(peer, f"\r\x1b[K{line}\r\n{peer}> ")

    def _print(self, peer: str, text: str) -> None:
        self._pieces[peer].append(Piece(self._at, False, text.encode()))


@dataclass(frozen=True, slots=True)
class PageCost:
    """What the page of a run costs.

    Attributes:
        megabytes: its size.
        write: seconds of the processor to make and write it.
        open: seconds until a browser shows it; None without one.
    """

    run: Run
    megabytes: float
    write: float
    open: float | None

    @property
    def operations(self) -> int:
        """How many there are in the run."""
        return len(self.run.index.operations)

    @property
    def is_small(self) -> bool:
        """Whether it is as small as it must be; runs with more operations may have larger ones."""
        return self.operations > _OPERATIONS or self.megabytes < WANTED_MB


def cost(run: Run, path: Path, browser: Callable[[str], float] | None) -> PageCost:
    """Write and open the page of a run, and return what that costs."""
    began = time.process_time()
    write_page(run, path)
    took = time.process_time() - began
    opened = browser(path.as_uri()) - browser("about:blank") if browser else None
    return PageCost(run, path.stat().st_size / _MEGABYTE, took, opened)


def find_browser() -> Callable[[str], float] | None:
    """Return what opens a page and returns how many seconds that takes; None without a browser."""
    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if program is None:
        return None
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000")

    def opened(address: str) -> float:
        began = time.perf_counter()
        subprocess.run([program, *options, "--dump-dom", address], check=True, capture_output=True)
        return time.perf_counter() - began

    return opened


def measured(folder: Path) -> Iterator[PageCost]:
    """Yield the cost of each page."""
    browser = find_browser()
    for lines in _SIZES:
        for make in (MadeUpRun.chat, MadeUpRun.registers):
            yield cost(make(MadeUpRun(folder, lines)), folder / runs.PAGE, browser)


def main() -> int:
    """Measure, print a table, return 0 if every page is as small as it must be, else 1."""
    table = Table(title="Pages of made-up runs", title_justify="left")
    for column in ("run", "lines", "operations", "MB", "seconds to write", "to open"):
        table.add_column(column, justify="left" if column == "run" else "right")
    with TemporaryDirectory() as folder:
        costs = [*measured(Path(folder))]
    for one in costs:
        opened = "-" if one.open is None else f"{one.open:.2f}"
        lines, operations = f"{len(one.run.entries):,}", f"{one.operations:,}"
        megabytes = f"{one.megabytes:.2f}"
        table.add_row(one.run.name, lines, operations, megabytes, f"{one.write:.3f}", opened)
    Console(highlight=False).print(table)
    return 0 if all(one.is_small for one in costs) else 1


if __name__ == "__main__":
    sys.exit(main())
