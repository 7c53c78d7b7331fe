"""Check scenario files and the profiles that they name, without running them."""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

from orchestrator import document, profile
from orchestrator.document import Problem, Source
from orchestrator.errors import DocumentError
from orchestrator.files import YAML
from orchestrator.profile import ANSWERS, Profile
from orchestrator.scenario import call_mistakes, models, problems, rules
from orchestrator.scenario.calls import Vocabulary, edits_line
from orchestrator.scenario.folders import is_profile
from orchestrator.scenario.models import Scenario
from orchestrator.scenario.network_faults import impossible_on_processes, on_no_link
from orchestrator.scenario.rules import Location, walk
from orchestrator.scenario.steps import Step, flatten
from orchestrator.scenario.values import ALL

_VERBS = {
    "help": ("help",),
    "myip": ("myip",),
    "myport": ("myport",),
    "connect": ("connect",),
    "send": ("list", "send"),  # the id of a connection is read from the list
    "list": ("list",),
    "terminate": ("list", "terminate"),
    "exit": ("exit",),
    "type": ("raw",),
}
"""The verbs of a profile that each step takes."""

_TYPED = {
    "connect": ("address", "port"),
    "send": ("text", "id"),
    "terminate": ("id",),
    "type": ("line",),
}
"""The keys of each step whose text is typed into a console."""

_BY_ID = ("send", "terminate")  # they take no list if the id is given
_CONNECTIONS = ("connect", "list")  # both ends must list each other before the first step


@dataclass
class Validator:
    """Checks one file after the other.

    Attributes:
        mistakes: all of them, as `file:line:column: what`, in the order of the files.
        right: the number of files without any.
        scenarios: the scenarios that could be read, by file.
    """

    mistakes: list[str] = field(default_factory=list)
    right: int = 0
    scenarios: dict[Path, Scenario] = field(default_factory=dict)
    _names: dict[str, Path] = field(default_factory=dict)  # of scenarios
    _profiles: dict[str, Profile | None] = field(default_factory=dict)  # None if it is wrong

    def check_files(self, paths: Sequence[Path]) -> None:
        """Check some files."""
        for path in paths:
            found = sorted(dict.fromkeys(self._mistakes(path)), key=partial(_position, path))
            self.mistakes += found
            self.right += not found

    def _mistakes(self, path: Path) -> Iterator[str]:
        try:
            source = models.read(path)
        except DocumentError as error:
            yield from error.what.splitlines()
            return
        if is_profile(source.plain):
            yield f"{path}:1:1: a profile, not a scenario: name the scenarios that use it"
            return
        try:
            self.scenarios[path] = models.of(source)
        except DocumentError as error:
            yield from error.what.splitlines()
        raw = source.plain if isinstance(source.plain, dict) else {}
        script = self.scenarios.get(path)
        if script and script.engine == "process":
            wrong = impossible_on_processes(raw, script.steps, script.peers)
            yield from source.placed(wrong)
        if script and (stack := script.stack):
            yield from source.placed(on_no_link(raw, script.steps, script.peers, stack.shut))
        yield from source.placed(self._taken(raw.get("name"), path))
        main = yield from self._profile(raw.get("profile", models.DEFAULT), ("profile",), source)
        named = raw.get("profiles")
        others: dict[str, Profile | None] = {}
        for peer, name in named.items() if isinstance(named, dict) else ():
            others[peer] = yield from self._profile(name, ("profiles", peer), source)
        yield from source.placed(unsupported(raw, main, others))

    def _taken(self, name: Any, path: Path) -> Iterator[Problem]:
        """Yield that another scenario has this name: their runs would be kept in one folder."""
        if isinstance(name, str) and self._names.setdefault(name, path) != path:
            what = f"the scenario in {self._names[name]} is called {name!r} too: rename one"
            yield Problem(("name",), what)

    def _profile(
        self, name: Any, place: Location, source: Source
    ) -> Generator[str, None, Profile | None]:
        """Yield the mistakes of a profile; return it, or None if it is wrong or missing."""
        if not isinstance(name, str):
            return None  # the model reports it
        file = profile.located(name, source.path.parent)
        if problem := _no_profile(name, file):
            yield from source.placed([Problem(place, problem)])
            return None
        if file not in self._profiles:
            self._profiles[file] = None
            try:
                self._profiles[file] = profile.load(file)
            except DocumentError as error:
                yield from error.what.splitlines()
        return self._profiles[file]


def _position(path: Path, mistake: str) -> tuple[float, float]:
    """Return the line and column of a mistake in a file; those in its profile come last."""
    found = re.match(rf"{re.escape(str(path))}:(\d+):(\d+): ", mistake)
    return (float(found[1]), float(found[2])) if found else (inf, inf)


def _no_profile(name: str, file: str) -> str:
    """Return that there is no such profile; empty if there is."""
    if file.endswith(YAML):
        return "" if Path(file).is_file() else f"there is no file {file}"
    known = sorted(path.stem for path in profile.FOLDER.glob("*.yaml"))
    if name in known:
        return ""
    hint = document.nearest(name, known) or f": there are {', '.join(known)}"
    return f"no profile {name!r} here{hint}"


# Profiles.


def missing(script: Scenario, profile: Profile, peers: Collection[str] | None = None) -> list[str]:
    """Return the verbs and notices that a scenario uses and a profile has not, or may misread.

    If `peers` is given, only they have this profile.
    """
    used: list[str] = []
    for dialler, other in script.pairs:  # both ends must list each other before the first step
        used += ["connect"] * (peers is None or dialler in peers)
        used += ["list"] * (peers is None or dialler in peers or other in peers)
    for step in flatten(script.steps):
        if peers is not None and not _is_at(getattr(step.act, "at", ALL), peers):
            continue
        used += [step.call.name] if step.call else _verbs(step.verb, step.act)
        done = step.workload.calls if step.workload else ()
        used += [call.name for call in done if peers is None or call.peer in peers]
        used += _awaited(step)
    known = {"", *profile.operations, *profile.notices, *profile.shown}  # a line is of no kind
    known -= {name for name, it in profile.operations.items() if it.doubt}
    return [name for name in dict.fromkeys(used) if name not in known]


def _is_at(at: Any, peers: Collection[str]) -> bool:
    """Return whether a step is done at one of these peers, or may be."""
    return at == ALL or any(name in peers for name in (at if isinstance(at, list) else [at]))


def _awaited(step: Step) -> list[str]:
    """Return the notice, and the operation, without which a step says nothing."""
    if polling := step.never or step.eventually:
        return [polling.call.name if polling.call else getattr(polling, "kind", "")]
    if step.expect and not step.expect.may_fail:
        return [step.expect.kind]
    return []


def _verbs(step: str, act: Any) -> tuple[str, ...]:
    number = act.get("id") if isinstance(act, Mapping) else getattr(act, "id", None)
    if step in _BY_ID and number not in (None, rules.LAST):
        return (step,)
    return _VERBS.get(step, ())


def unsupported(
    raw: Any, main: Profile | None, others: Mapping[str, Profile | None] | None = None
) -> Iterator[Problem]:
    """Yield what a scenario, as it is in its file, uses and the profiles of its peers lack."""
    if not isinstance(raw, dict):
        return
    vocabulary = Vocabulary(main, others or {})
    by_peer = {"": main, **dict.fromkeys(problems.declared(raw), main), **(others or {})}
    yield from _unknown_peers(by_peer, others or {})
    if "compose" not in raw:
        yield from _unstartable(by_peer, others or {})
    if raw.get("connections", "none") != "none":
        for profile in _profiles(ALL, by_peer):
            yield from _missing_verbs(("connections",), _CONNECTIONS, profile)
    for place, step in walk(raw.get("steps")):
        acts = [((*place, key), act) for key, act in step.items()]
        for where, act in [*acts, *call_mistakes.repeated_call(place, step, vocabulary)]:
            key, at = str(where[-1]), act.get("at") if isinstance(act, dict) else act
            is_call = vocabulary.is_call(key, act)
            for profile in _profiles(at, by_peer):
                if profile.console.absent and not is_call and key in rules.TYPING:
                    yield Problem(where, call_mistakes.no_console(profile))
                    continue
                verbs = () if is_call else _verbs(key, act)  # for a call that is checked with it
                yield from _missing_verbs(where, verbs, profile)
                yield from _untypable(where, act, profile)
                is_watched = key in ("expect", "never") and isinstance(act, dict)
                if is_watched and act.get("may_fail") is not True:
                    yield from _missing_notices(where, act, profile)


def _unknown_peers(
    by_peer: Mapping[str, Profile | None], others: Mapping[str, Profile | None]
) -> Iterator[Problem]:
    """Yield the peers that profiles name in `start` and the scenario does not declare."""
    if len(by_peer) == 1 + len(others.keys() - {""}):
        return  # which peers there are is not known
    for peer, known in by_peer.items():
        place = ("profiles", peer) if peer in others else ("profile",)
        if known is None:
            continue
        for name in sorted(known.peers_named - by_peer.keys()):
            what = f"the profile {known.name!r} speaks of the peer {name!r}, which is not here"
            yield Problem(place, f"{what}{document.nearest(name, by_peer)}")
        for name, parts in known.awaited.items():
            other = by_peer.get(name)
            for part in sorted(parts - other.announced) if other else ():
                hint = document.nearest(part, [*ANSWERS, *other.announced]) if other else ""
                what = f"the profile {known.name!r} needs {{{name}.{part}}}, which is no named part"
                yield Problem(place, f"{what} of {name}'s `ready`{hint}")


def _unstartable(
    by_peer: Mapping[str, Profile | None], others: Mapping[str, Profile | None]
) -> Iterator[Problem]:
    """Yield the profiles that say nothing of how their programs are started."""
    for peer, known in by_peer.items():
        if known and known.start.is_missing:
            place = ("profiles", peer) if peer in others else ("profile",)
            what = f"the profile {known.name!r} does not say how its program is started"
            yield Problem(place, f"{what}: it is for a service of a Compose file")


def _profiles(at: Any, by_peer: Mapping[str, Profile | None]) -> list[Profile]:
    """Return the distinct profiles of the peers at `at`; the main one if they are not known."""
    several = [name for name in by_peer if name] if at == ALL else at
    named = several if isinstance(several, list) else []
    names = [name for name in named if isinstance(name, str) and name in by_peer]
    known = at if isinstance(at, str) and at in by_peer else ""
    found: list[Profile] = []
    for name in names or [known]:
        profile = by_peer[name]
        if profile and profile not in found:
            found.append(profile)
    return found


def _missing_verbs(place: Location, verbs: Iterable[str], profile: Profile) -> Iterator[Problem]:
    for verb in verbs:
        if verb not in profile.operations:
            yield Problem(place, f"this needs the operation {verb!r}, which the profile"
                                 f" {profile.name!r} does not have")  # fmt: skip


def _untypable(place: Location, act: Any, profile: Profile) -> Iterator[Problem]:
    for key, what in untypable(str(place[-1]), act if isinstance(act, dict) else {}, profile):
        yield Problem((*place, key), what)


def untypable(verb: str, act: Mapping[str, Any], profile: Profile) -> Iterator[tuple[str, str]]:
    """Yield the keys of a step whose texts would edit the line, each with what is wrong."""
    own = profile.operations[verb].takes if verb in profile.operations else ()
    for key in own or _TYPED.get(verb, ()):
        if isinstance(text := act.get(key), str) and (what := edits_line(text, profile)):
            yield key, what


def _missing_notices(
    place: Location, act: Mapping[str, Any], profile: Profile
) -> Iterator[Problem]:
    known = {*profile.notices, *profile.shown}
    if isinstance(named := act.get("notice"), str) and named not in known:
        hint = document.nearest(named, known)
        what = f"the profile {profile.name!r} does not have the notice {named!r}{hint}"
        yield Problem((*place, "notice"), what)
    for kind in act:
        if kind in rules.NOTICES and kind not in profile.shown:
            what = f"the profile {profile.name!r} does not have the notice {kind!r}"
            yield Problem((*place, kind), what)
