"""Try a profile: start its peers, type each operation, and note how the replies were read."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator import document, profile
from orchestrator.cancel import CancelToken
from orchestrator.console.echo import Echoes
from orchestrator.console.session import UNREAD, Session
from orchestrator.discovery.trial.hints import hint, of_start
from orchestrator.discovery.trial.result import NoticeRead, ReplyReading, Trial, Tried
from orchestrator.discovery.trial.setting import Setting
from orchestrator.discovery.trial.values import Given, Values, is_about_a_peer
from orchestrator.discovery.wording import removes
from orchestrator.engines.base import Engine, Progress
from orchestrator.errors import LabError, SessionError, first_line
from orchestrator.profile import ENDS, ConsoleOperation, Profile, Value
from orchestrator.profile.operation import RAW
from orchestrator.runner.calls import Caller
from orchestrator.runner.outcomes import Completion
from orchestrator.runner.pool import Pool
from orchestrator.runner.run import ActiveRun, Runner, ScenarioSource
from orchestrator.scenario.calls import CallStep
from orchestrator.scenario.values import DECLARED

_PATIENCE = 5.0  # seconds in which programs may agree on a leader, or the like
_EVERY = 0.2  # seconds between two attempts meanwhile
_NOTICES_WITHIN = 3.0  # seconds to wait for notices that have not come
_SLICE = 0.1  # seconds
_TAIL = 10  # lines of a console that may show why a program seems not to be ready


def try_profile(
    engine: Engine, file: str, setting: Setting, given: Given, progress: Progress
) -> Trial:
    """Start the peers of a setting, type each operation of a profile, and return the replies.

    Args:
        engine: where the peers run; it is closed at the end.
        file: the profile's.
        setting: which peers there are.
        given: arguments that the user has chosen.
        progress: follows the trial.

    Raises:
        LabError: the peers cannot be started, or are not ready in time.
    """
    with tempfile.TemporaryDirectory(prefix="peerlab-") as name:
        path = Path(name) / "scenario.yaml"
        path.write_text(setting.scenario(file), encoding="utf-8")
        source, cancel = ScenarioSource.read(path), CancelToken()
        own = {peer: profile.load(it) for peer, it in source.scenario.profiles.items()}
        tried = profile.load(file)
        pool = Pool(engine, cancel)
        shared = tried if setting.compose is None else profile.load(source.scenario.profile)
        runner = Runner(pool, Path(name), cancel)
        run = ActiveRun(runner, source, shared, progress, own)
        known = own if setting.compose else dict.fromkeys(source.scenario.peers, tried) | own
        programs = {peer: it.name for peer, it in known.items()}
        names = [it for it in tried.operations if it != RAW]
        trial = Trial(file, programs, names)
        failed: LabError | None = None
        try:
            with run.recording():
                try:
                    run.take_peers(source.scenario)
                    OperationTyper(run, setting, tried, given, trial, progress).run()
                except LabError as error:
                    failed = error
                    raise
        finally:
            pool.give_back(run.peers, fit=False)
        if failed and not trial.tried:
            raise _explained(failed, setting, run.peers.sessions)
        trial.problems += [first_line(failed)] if failed else []
        return trial


def _explained(error: LabError, setting: Setting, sessions: Mapping[str, Session]) -> LabError:
    """Return an error of the start with a hint: the profile may be wrong, or a peer's program."""
    session = sessions.get(error.peer) if isinstance(error, SessionError) else None
    if session and session.peer.name in setting.peers and session.profile.sync:
        lines = session.transcript.tail(_TAIL)
        error.hint = of_start(profile.reader(session.profile), lines) or error.hint
    if setting.assumed:
        peer = setting.assumed[0]
        what = f"{peer} ran this profile too, as none beside it is called {peer}.yaml"
        other = f"{what}: if it should run another, name that with --profile {peer}=FILE"
        error.hint = f"{error.hint}; {other}" if error.hint else other
    return error


class OperationTyper:
    """Types each operation of a profile, and notes how the replies were read."""

    def __init__(
        self,
        run: ActiveRun,
        setting: Setting,
        tried: Profile,
        given: Given,
        trial: Trial,
        progress: Progress,
    ) -> None:
        self._peers, self._setting, self._profile = run.peers, setting, tried
        self._given, self._trial, self._say = given, trial, progress.step
        self._reader = profile.reader(tried)
        self._source = document.load(profile.path_of(trial.file))
        self._values = Values(given, self._other(setting.peers[0]))
        self._caller = Caller(run.peers, run.watch, lambda at: run.peers.catch_up(but=at))

    def run(self) -> None:
        """Type operations without other peers first, then all, then those that end a program.

        Those that remove come behind those with other peers, which may need what is there.
        """
        operations = {name: self._profile.operations[name] for name in self._trial.operations}
        last = {name: it for name, it in operations.items() if it.means == ENDS}
        joining = {name: it for name, it in operations.items()
                   if is_about_a_peer(it) and name not in last}  # fmt: skip
        alone = {name: it for name, it in operations.items() if name not in {**joining, **last}}
        removing = {name: alone.pop(name) for name in [*alone] if joining and removes(name)}
        for name, operation in alone.items():
            self._type(name, operation)
            if any(it.optional for it in operation.takes.values()):
                self._type(name, operation, all_=False)
        self._type_again(alone)
        self._ask_for_nothing(alone)
        for name, operation in (joining | removing).items():
            self._type(name, operation)
        self._ask_for_nothing(removing)
        self._type_again({**alone, **joining, **removing}, time.monotonic() + _PATIENCE)
        self._await_notices()
        for name, operation in last.items():
            self._type(name, operation)
        self._note_notices()

    def _type_again(
        self, operations: Mapping[str, ConsoleOperation], until: float | None = None
    ) -> None:
        """Type operations again that were read and have not succeeded: now they may."""
        for name, operation in operations.items():
            seen = self._trial.readings(name)
            if seen and not seen & {ReplyReading.SUCCESS, ReplyReading.UNREAD}:
                within = max(0.0, until - time.monotonic()) if until else 0.0
                self._type(name, operation, within=within)

    def _ask_for_nothing(self, operations: Mapping[str, ConsoleOperation]) -> None:
        """Ask for what is not there, if the profile has an answer to that which has not come."""
        for name, operation in operations.items():
            is_open = operation.nil and ReplyReading.NIL not in self._trial.readings(name)
            if is_open and (given := self._values.unknown(name, operation)):
                self._type(name, operation, given)

    def _type(
        self,
        name: str,
        operation: ConsoleOperation,
        given: Mapping[str, Value] | None = None,
        *,
        all_: bool = True,
        within: float = 0.0,
    ) -> None:
        at = next((it for it in self._setting.peers if it not in self._peers.ended), None)
        if at is None:
            return
        given = given or self._values.arguments(name, operation, all_=all_)
        self._say(f"{at}: {' '.join([name, *map(str, given.values())])}")
        raw = {"at": at, "name": name, "arguments": {**given}, "within": within, "every": _EVERY}
        step = CallStep.model_validate(raw, context={DECLARED: [*self._peers.sessions]})
        session, entries = self._peers.sessions[at], self._peers.history.entries
        before = max(0, len(session.transcript.screen()) - 1)  # the prompt's line goes on
        done = self._caller.call(step, {}, is_patient=True)
        begun = next(it for it in reversed(entries) if it.type == "invoke" and it.verb == name)
        arguments = begun.mapping("arguments")
        tried = self._read(name, arguments, done, session, before)
        if tried.reading is ReplyReading.SUCCESS:
            self._values.learn(operation, arguments, tried.results)
        self._trial.add(tried)

    def _read(
        self,
        name: str,
        arguments: Mapping[str, Value],
        done: Completion,
        session: Session,
        before: int,
    ) -> Tried:
        """Return how a reply was read, with what the console showed if it was not."""
        outcome, fields = done
        said, operation = str(fields.get("said", "")), self._profile.operations[name]
        filled = {**dict.fromkeys(operation.takes, ""), **arguments}
        typed = [line.type for line in self._reader.typed(name, filled)]
        strip = Echoes(self._profile).without_prompts
        lines = [strip(it).rstrip() for it in session.transcript.screen()[before:]]
        reading = self._reading(name, outcome, fields, lines)
        position = self._position(name, reading)
        if reading is not ReplyReading.UNREAD:
            results, rows = fields.get("results", {}), fields.get("rows", ())
            return Tried(name, typed, said, reading, results, rows, position)
        if is_answered := "unread" in fields:  # else not in time, or the program has ended
            lines = str(fields["unread"]).split("\n")
        helps = self._hint(name, arguments, typed, lines, session, is_answered=is_answered)
        shown = "\n".join(lines).strip("\n") or said
        return Tried(name, typed, shown, reading, position=position, hint=helps)

    def _reading(
        self, name: str, outcome: str, fields: Mapping[str, Any], lines: Sequence[str]
    ) -> ReplyReading:
        if outcome == "ok":
            return ReplyReading.NIL if fields.get("nil") else ReplyReading.SUCCESS
        if outcome == "fail":  # said by the program, or by the lab
            last = str(fields.get("said", "")).rpartition("\n")[2]
            is_read = "state" not in fields and any(last in line for line in lines)
            return ReplyReading.FAILURE if is_read else ReplyReading.UNREAD
        if "unread" not in fields and any(self._reader.is_indefinite(name, it) for it in lines):
            return ReplyReading.INDEFINITE
        return ReplyReading.UNREAD

    def _hint(
        self,
        name: str,
        arguments: Mapping[str, Value],
        typed: list[str],
        lines: list[str],
        session: Session,
        *,
        is_answered: bool,
    ) -> str:
        is_last = self._profile.operations[name].means == ENDS
        if is_last:
            return "`means: exit` says that it ends the program, and that still runs"
        if session.peer.name in self._peers.ended:
            return (
                "the program ended: if it should, say `means: exit` in"
                f" `operations.{name}`; if not, it has crashed"
            )
        if not is_answered and self._peers.is_responsive(session.peer.name):
            return (
                "its client ended, which no pattern can read: the next operation gets another one,"
                " and what a client remembers is gone"
            )
        return hint(self._reader, name, arguments, typed, lines)

    def _position(self, name: str, reading: ReplyReading) -> str:
        """Return the place of what reads such a reply, or should."""
        keys = {
            ReplyReading.NIL: "nil",
            ReplyReading.INDEFINITE: "info",
            ReplyReading.FAILURE: "fail",
        }
        operation, key = self._profile.operations[name], keys.get(reading, "ok")
        place: tuple[str, ...] = ("operations", name)
        if getattr(operation, key):
            place = (*place, key)
        elif reading is ReplyReading.FAILURE and self._profile.errors:
            place = ("errors",)
        return "{}:{}".format(*self._source.position(place))

    # Notices

    def _await_notices(self) -> None:
        """Read consoles until every notice has come once, for at most a few seconds."""
        deadline = time.monotonic() + _NOTICES_WITHIN
        wanted = self._profile.notices.keys() - {it.kind for it in self._notices()}
        while wanted and time.monotonic() < deadline:
            for peer in self._setting.peers:
                if peer not in self._peers.ended:
                    self._peers.sessions[peer].take_in(_SLICE)
            wanted -= {it.kind for it in self._notices()}

    def _notices(self) -> list[NoticeRead]:
        first: dict[str, NoticeRead] = {}
        for entry in self._peers.history.entries:
            if entry.type == "notice" and entry.peer in self._setting.peers:
                found = NoticeRead(entry.verb, "", entry.peer, entry.text("said"),
                                   entry.mapping("results"))  # fmt: skip
                first.setdefault(entry.verb, found)
        return [*first.values()]

    def _note_notices(self) -> None:
        """Note which notices came, and the lines that nothing reads."""
        self._peers.catch_up()
        seen = {it.kind: it for it in self._notices()}
        for kind in self._profile.notices:
            position = "{}:{}".format(*self._source.position(("notices", kind)))
            found = seen.get(kind, NoticeRead(kind, ""))
            self._trial.notices.append(replace(found, position=position))
        lines = (it for it in self._peers.history.entries if it.verb == UNREAD)
        own = (it.text("said") for it in lines if it.peer in self._setting.peers)
        sync = self._profile.operations.get(self._profile.sync)
        echoes = ["", *(line.type for line in (sync.send if sync else ()))]  # of a terminal
        self._trial.unread += dict.fromkeys(line for line in own if line.strip() not in echoes)

    def _other(self, at: str) -> str:
        """Return the peer that operations at a peer are about if they take an address."""
        others = [it for it in self._setting.peers if it != at]
        return next(iter([*others, *self._setting.others, at]))
