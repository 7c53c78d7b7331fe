"""The steps of a scenario: operations, faults, and blocks of steps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from orchestrator.document import ANY, Strict, describe
from orchestrator.profile import Seconds
from orchestrator.scenario import acts, calls, fault_acts, fault_rules, rules
from orchestrator.scenario.acts import enforce
from orchestrator.scenario.fault_rules import short
from orchestrator.scenario.polling import EventuallyStep, PollingStep
from orchestrator.scenario.rules import FAULTS
from orchestrator.scenario.values import ALL, LINES
from orchestrator.scenario.workloads import WorkloadStep

_Steps = Annotated[list["Step"], Field(min_length=1)]
_Branches = Annotated[list[_Steps], Field(min_length=2)]


_ENDING = ("kill", "stop")  # faults that `start` undoes
_COUNTER = r"^[a-z]+$"


def _counter_name(name: str) -> str:
    if not re.fullmatch(_COUNTER, name):
        raise ValueError(
            f"a counter is called by small letters, such as round, not {describe(name)}"
        )
    return name


_Counter = Annotated[
    str, Field(json_schema_extra={"pattern": _COUNTER}), AfterValidator(_counter_name)
]


class NeverStep(PollingStep, acts.Shown):
    """Watch peers while other steps run: they must not show this.

    Exactly one of `message`, `connected`, `closed`, `delivered`, `undelivered`, `notice`, `line`,
    or an operation of the program's own, which is repeated and must not end as it says. With
    neither `for` nor `during`, they are watched to the end of the run.

    Attributes:
        lasts: seconds; the step takes that long.
        during: watch while these steps run; instead of `for`.
    """

    verb = "never"

    lasts: Seconds | None = Field(default=None, alias="for")
    during: _Steps | None = None

    @property
    def given(self) -> dict[str, Any]:
        """What must not be, as the history records it: see docs/history.md."""
        return {"says": self.call.forbids} if self.call else super().given

    @property
    def phrase(self) -> str:
        """The step in a few words."""
        what = self.call.phrase if self.call else self.kind or "a line"
        return f"never {what} at {self.where}"

    _one_thing = enforce(rules.of_never)


class Repeat(Strict):
    """Run steps `times` times; in texts, `{n}` is the count from 1.

    Attributes:
        times: the number of rounds.
        steps: the steps of a round.
        counter: another name for the count than `n`.
        every: the least seconds from the beginning of a round to the next.
    """

    times: Annotated[int, Field(ge=1, le=100_000)]
    counter: _Counter = "n"
    every: Seconds | None = None
    steps: _Steps


class During(fault_acts.Lasting):
    """A fault that may last while other steps run.

    Attributes:
        during: lift it after these steps; instead of `for`.
    """

    during: _Steps | None = None

    _one_length = enforce(fault_rules.of_length)

    @property
    def is_lifted(self) -> bool:
        """Whether the step itself lifts the fault."""
        return super().is_lifted or self.during is not None


class ProcessFaultStep(During, fault_acts.ProcessFault):
    """Kill, stop or pause peer `at`.

    Attributes:
        during: start or resume it after these steps; instead of `for`.
    """


class PartitionStep(During, fault_acts.Partition):
    """Two peers reach each other only if some group has both."""


class IsolateStep(During, fault_acts.Isolate):
    """Cut peer `at` off from all others."""


class ImpairStep(During, fault_acts.Impair):
    """Make links lossy, slow or narrow."""


class StreamStep(During, fault_acts.Stream):
    """Change how the bytes of new TCP connections arrive.

    Exactly one of `pieces`, `hold`, `delay` and `reset`.
    """


class ConsoleStep(Strict):
    """A step at a console: exactly one key.

    Attributes:
        help: ask a peer for its commands; `help: alice` for short.
        myip: ask a peer for its address; `myip: alice` for short.
        myport: ask a peer for its port; `myport: alice` for short.
        idle: ask nothing of a peer for a second; `idle: alice` for short.
        connect: connect one peer to another.
        send: send a message.
        expect: wait until a peer shows something.
        list: list a peer's connections; `list: alice` for short.
        terminate: end a connection.
        exit: exit a peer; `exit: alice` for short.
        type: type any line.
    """

    help: Annotated[acts.HelpStep, *short("help")] | None = None
    myip: Annotated[acts.MyIpStep, *short("myip")] | None = None
    myport: Annotated[acts.MyPortStep, *short("myport")] | None = None
    idle: Annotated[acts.IdleStep, *short("idle")] | None = None
    connect: acts.ConnectStep | None = None
    send: acts.SendStep | None = None
    expect: acts.ExpectStep | None = None
    list: Annotated[acts.ListStep, *short("list")] | None = None
    terminate: acts.TerminateStep | None = None
    exit: Annotated[acts.ExitStep, *short("exit")] | None = None
    type: acts.TypeStep | None = None


class FaultStep(Strict):
    """A step that is one fault: exactly one key.

    Attributes:
        kill: kill a peer without warning (SIGKILL); `kill: alice` for short.
        stop: ask a peer to exit (SIGTERM); `stop: alice` for short.
        start: restart a peer that was killed or stopped; `start: alice` for short.
        pause: freeze a peer; `pause: alice` for short.
        resume: let a paused peer continue; `resume: alice` for short.
        partition: two peers reach each other only if some group has both;
            `partition: [[alice], [bob, carol]]` for short.
        isolate: cut a peer off from all others; `isolate: alice` for short.
        heal: lift `all` partitions and isolations, or the one with this name.
        impair: make links lossy, slow or narrow.
        stream: change how the bytes of new TCP connections arrive.
        restore: lift `all` impairments and stream faults, or the one with this name.
    """

    kill: Annotated[ProcessFaultStep, *short("kill")] | None = None
    stop: Annotated[ProcessFaultStep, *short("stop")] | None = None
    start: Annotated[fault_acts.Undo, *short("start")] | None = None
    pause: Annotated[ProcessFaultStep, *short("pause")] | None = None
    resume: Annotated[fault_acts.Undo, *short("resume")] | None = None
    partition: Annotated[PartitionStep, *short("partition")] | None = None
    isolate: Annotated[IsolateStep, *short("isolate")] | None = None
    heal: Annotated[fault_acts.Lift, *short("heal")] | None = None
    impair: ImpairStep | None = None
    stream: StreamStep | None = None
    restore: Annotated[fault_acts.Lift, *short("restore")] | None = None

    _line: int = PrivateAttr(0)

    @model_validator(mode="wrap")
    @classmethod
    def _note_line(
        cls, given: Any, validate: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        step = validate(given)
        step._line = (info.context or {}).get(LINES, {}).get(id(given), step._line)
        return step

    def __eq__(self, other: object) -> bool:
        """Return whether a step is the same, wherever it is written."""
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        """Return a number that equal steps share."""
        return hash(self.verb)

    @property
    def line(self) -> int:
        """The line of the file in which the step begins; 0 if it does not come from a file."""
        return self._line

    @property
    def verb(self) -> str:
        """The key that is given."""
        fields = type(self).model_fields
        return next(name for name in fields if name != "when" and getattr(self, name) is not None)

    @property
    def act(self) -> Any:
        """The value of that key."""
        return getattr(self, self.verb)


class ScheduledFault(FaultStep):
    """A fault of a schedule: `when`, and one other key.

    Attributes:
        when: seconds from the beginning of the schedule.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 2, "maxProperties": 2})

    when: Annotated[float, Field(ge=0, le=3600, strict=False)]

    _one_fault = enforce(fault_rules.of_entry)

    @property
    def phrase(self) -> str:
        """The fault in a few words."""
        return f"{self.verb} {self.act.phrase}"


def _by_time(entries: list[ScheduledFault]) -> list[ScheduledFault]:
    return sorted(entries, key=lambda entry: entry.when)


_Schedule = Annotated[list[ScheduledFault], Field(min_length=1), AfterValidator(_by_time)]


class Step(FaultStep, ConsoleStep):
    """One step: exactly one key.

    Attributes:
        never: what must not appear while other steps run, or for the rest of the run.
        eventually: an operation that must end in a certain way, sooner or later.
        parallel: lists of steps that run side by side, each at consoles of its own.
        repeat: steps that run several times.
        chaos: random faults, drawn from a seed.
        schedule: faults, each at its time.
        workload: random operations at several peers at once, as a model needs them, or those of
            a workload in a kept run.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    never: NeverStep | None = None
    eventually: EventuallyStep | None = None
    parallel: _Branches | None = None
    repeat: Repeat | None = None
    chaos: fault_acts.Chaos | None = None
    schedule: _Schedule | None = None
    workload: WorkloadStep | None = None
    call: SkipJsonSchema[calls.CallStep | None] = None  # an operation that the profile describes

    @model_validator(mode="before")
    @classmethod
    def _read_call(cls, step: Any, info: ValidationInfo) -> Any:
        """Return a step that is an operation of the program's own under the key `call`."""
        vocabulary = (info.context or {}).get(calls.VOCABULARY)
        if vocabulary is None or not isinstance(step, dict) or len(step) != 1:
            return step
        ((key, act),) = step.items()
        if key not in cls.model_fields and (why := vocabulary.why_unknown(str(key))):
            raise ValueError(why)
        return {ANY: calls.of_step(key, act)} if vocabulary.is_call(key, act) else step

    _one_key = enforce(rules.of_step)

    @property
    def phrase(self) -> str:
        """The step in a few words."""
        if self.repeat:
            return f"{self.repeat.times} times"
        if self.parallel:
            return f"{len(self.parallel)} things at once"
        if polling := self.never or self.eventually:
            return polling.phrase
        if self.schedule:
            return f"{len(self.schedule)} faults, each at its time"
        if self.verb in FAULTS:
            return f"{self.verb} {self.act.phrase}"
        if self.workload:
            return f"workload {self.workload.phrase}"
        if self.call:
            return f"{self.call.at}: {self.call.phrase}"
        to = getattr(self.act, "to", None) or getattr(self.act, "of", None) or ""
        other = ", ".join(to) if not isinstance(to, str) else to
        return f"{self.act.at}: {self.verb} {other}".rstrip()


def flatten(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield every step, then those in its blocks, and those that run while its fault lasts."""
    for step in steps:
        yield step
        if step.repeat:
            yield from flatten(step.repeat.steps)
        for branch in step.parallel or ():
            yield from flatten(branch)
        yield from flatten(getattr(step.act, "during", None) or ())


def saved(steps: Iterable[Step]) -> Iterator[str]:
    """Yield the names under which steps save something; some more than once."""
    for step in flatten(steps):
        polled = step.eventually and step.eventually.call
        act = step.call or step.expect or polled
        yield from act.save.values() if act else ()


def restarted(steps: Iterable[Step]) -> Iterator[str]:
    """Yield the peers that are started again, `ALL` if chaos draws them; some more than once."""
    for step in flatten(steps):
        if step.verb == "start" or (step.verb in _ENDING and step.act.is_lifted):
            yield step.act.at
        # A schedule undoes at its end what it has not before.
        yield from (it.act.at for it in step.schedule or () if it.verb in ("start", *_ENDING))
        if step.chaos and {*_ENDING} & {*(step.chaos.faults or _ENDING)}:
            yield ALL


def least_seconds(steps: Iterable[Step]) -> float:
    """Return the seconds that steps take at least: faults with a time, and rounds with a pace."""
    return sum(map(_least_seconds, steps))


def _least_seconds(step: Step) -> float:
    if step.repeat:
        inner = least_seconds(step.repeat.steps)
        # There is no wait after the last round.
        return inner + (step.repeat.times - 1) * max(inner, step.repeat.every or 0.0)
    if step.parallel:
        return max(map(least_seconds, step.parallel))
    if step.chaos:
        return step.chaos.lasts
    if step.schedule:
        return max(entry.when + _lasts(entry) for entry in step.schedule)
    return max(_lasts(step), least_seconds(getattr(step.act, "during", None) or ()))


def _lasts(step: FaultStep) -> float:
    return getattr(step.act, "lasts", None) or 0.0
