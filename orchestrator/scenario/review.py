"""Scenario files, looked through without running them, and the profiles that they name."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

from orchestrator import document, files, profile, scenario
from orchestrator.document import Problem, Source
from orchestrator.errors import DocumentError
from orchestrator.profile import Profile
from orchestrator.scenario import Scenario
from orchestrator.scenario.breaking import impossible
from orchestrator.scenario.needs import lacking
from orchestrator.scenario.walk import Place


@dataclass
class Review:
    """Looks through one file after the other.

    Attributes:
        mistakes: every one, as `file:line:column: what`, in the order of the files.
        right: how many files have none.
        scenarios: what was read, by its file.
    """

    mistakes: list[str] = field(default_factory=list)
    right: int = 0
    scenarios: dict[Path, Scenario] = field(default_factory=dict)
    _names: dict[str, Path] = field(default_factory=dict)  # of scenarios, and where they are
    _profiles: dict[str, Profile | None] = field(default_factory=dict)  # None: it is wrong

    def look_through(self, paths: Sequence[Path]) -> None:
        """Look through some files."""
        for path in paths:
            found = sorted(dict.fromkeys(self._mistakes(path)), key=partial(_position, path))
            self.mistakes += found
            self.right += not found

    def _mistakes(self, path: Path) -> Iterator[str]:
        try:
            source = document.load(path)
        except DocumentError as error:
            yield from error.what.splitlines()
            return
        try:
            self.scenarios[path] = scenario.of(source)
        except DocumentError as error:
            yield from error.what.splitlines()
        raw = source.plain if isinstance(source.plain, dict) else {}
        if script := self.scenarios.get(path):
            yield from source.placed(impossible(raw, script))
        yield from source.placed(self._taken(raw.get("name"), path))
        look = yield from self._named(raw.get("profile", "peerlab"), ("profile",), source)
        others = raw.get("profiles")
        looks: dict[str, Profile | None] = {}
        for peer, name in others.items() if isinstance(others, dict) else ():
            looks[peer] = yield from self._named(name, ("profiles", peer), source)
        yield from source.placed(lacking(raw, look, looks))

    def _named(
        self, name: Any, place: Place, source: Source
    ) -> Generator[str, None, Profile | None]:
        """Yield what is wrong with a profile; return it, unless it is wrong or not there."""
        if not isinstance(name, str):
            return None  # as the model says
        home = source.path.parent
        missing = [Problem(place, what) for what in _missing(name, home)]
        yield from source.placed(missing)
        if missing:
            return None
        file = profile.located(name, home)
        yield from self._read(file)
        return self._profiles[file]

    def _taken(self, name: Any, path: Path) -> Iterator[Problem]:
        """Yield that a name is another scenario's: their runs would be kept in one folder."""
        if isinstance(name, str) and self._names.setdefault(name, path) != path:
            yield Problem(("name",), f"{name!r} is the name of the scenario in {self._names[name]}")

    def _read(self, file: str) -> Iterator[str]:
        """Read a profile unless it is known; yield its mistakes."""
        if file not in self._profiles:
            self._profiles[file] = None
            try:
                self._profiles[file] = profile.load(file)
            except DocumentError as error:
                yield from error.what.splitlines()


def _position(path: Path, mistake: str) -> tuple[float, float]:
    """Return the line and column of a mistake in a file; those in its profile come last."""
    found = re.match(rf"{re.escape(str(path))}:(\d+):(\d+): ", mistake)
    return (float(found[1]), float(found[2])) if found else (inf, inf)


def _missing(name: str, home: Path) -> Iterator[str]:
    """Yield that there is no such profile."""
    file = profile.located(name, home)
    if file.endswith(files.YAML):
        if not Path(file).is_file():
            yield f"there is no file {file}"
        return
    known = sorted(each.stem for each in profile.FOLDER.glob("*.yaml"))
    if name not in known:
        hint = document.nearest(name, known) or f": there are {', '.join(known)}"
        yield f"no profile {name!r} here{hint}"
