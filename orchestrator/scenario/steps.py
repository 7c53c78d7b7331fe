"""The steps of a scenario: one act, or steps that are repeated or go on side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from orchestrator.document import Strict, found
from orchestrator.profile import Seconds
from orchestrator.scenario import fault_rules, rules
from orchestrator.scenario.acts import (
    Connect,
    Exit,
    Expect,
    Help,
    List,
    MyIp,
    MyPort,
    Send,
    Terminate,
    Type,
    ruled,
)
from orchestrator.scenario.fault_acts import (
    Again,
    Chaos,
    Impair,
    Isolate,
    Lasting,
    Lift,
    Partition,
    ProcessFault,
    Stream,
    short,
)
from orchestrator.scenario.verbs import FAULTS

_Steps = Annotated[list["Step"], Field(min_length=1)]
_Branches = Annotated[list[_Steps], Field(min_length=2)]


_SMALL_LETTERS = r"^[a-z]+$"


def _counters_name(name: str) -> str:
    if not re.fullmatch(_SMALL_LETTERS, name):
        raise ValueError(f"a counter's name is of small letters, such as round, not {found(name)}")
    return name


_Counter = Annotated[
    str, Field(json_schema_extra={"pattern": _SMALL_LETTERS}), AfterValidator(_counters_name)
]


class Repeat(Strict):
    """Steps that are done `times` times; in texts, `{n}` is the count from 1.

    Attributes:
        times: how often.
        steps: what is done.
        counter: the count's name, where `n` will not do.
        every: seconds from the beginning of a round to that of the next, at least.
    """

    times: Annotated[int, Field(ge=1, le=100_000)]
    counter: _Counter = "n"
    every: Seconds | None = None
    steps: _Steps


class During(Lasting):
    """A fault that may last while other steps run.

    Attributes:
        during: lift it after these steps; instead of `for`.
    """

    during: _Steps | None = None

    _one_length = ruled(fault_rules.of_length)

    @property
    def is_lifted(self) -> bool:
        """Whether the step itself lifts the fault."""
        return super().is_lifted or self.during is not None


class ProcessFaultStep(During, ProcessFault):
    """Kill, stop or pause peer `at`.

    Attributes:
        during: start or resume it after these steps; instead of `for`.
    """


class PartitionStep(During, Partition):
    """Two peers reach each other only if some group has both."""


class IsolateStep(During, Isolate):
    """Cut peer `at` off from all others."""


class ImpairStep(During, Impair):
    """Make links lossy, slow or narrow."""


class StreamStep(During, Stream):
    """Change how the bytes of new TCP connections arrive.

    Exactly one of `pieces`, `hold`, `delay` and `reset`.
    """


class AtConsole(Strict):
    """One act at a console: exactly one key.

    Attributes:
        help: a peer is asked what it can do; a peer's name alone will do.
        myip: a peer tells its address; a peer's name alone will do.
        myport: a peer tells its port; a peer's name alone will do.
        connect: a peer dials another.
        send: a peer sends a message.
        expect: a peer must show something.
        list: a peer lists its connections; a peer's name alone will do.
        terminate: a peer ends a connection.
        exit: a peer exits; a peer's name alone will do.
        type: somebody types a line.
    """

    help: Annotated[Help, *short("help")] | None = None
    myip: Annotated[MyIp, *short("myip")] | None = None
    myport: Annotated[MyPort, *short("myport")] | None = None
    connect: Connect | None = None
    send: Send | None = None
    expect: Expect | None = None
    list: Annotated[List, *short("list")] | None = None
    terminate: Terminate | None = None
    exit: Annotated[Exit, *short("exit")] | None = None
    type: Type | None = None


class Single(Strict):
    """One fault: exactly one key.

    Attributes:
        kill: a peer is killed, without warning; a peer's name alone will do.
        stop: a peer is asked to end (SIGTERM); a peer's name alone will do.
        start: a peer is started again that was killed or stopped.
        pause: a peer is held still; a peer's name alone will do.
        resume: a peer goes on that was paused.
        partition: peers reach each other only where some group has both; the groups alone
            will do.
        isolate: a peer reaches nobody; a peer's name alone will do.
        heal: `all` partitions and isolations are lifted, or one, by its name.
        impair: links lose packets, are slow, or let little through.
        stream: what goes over TCP connections comes in another way.
        restore: `all` impairments and stream faults are lifted, or one, by its name.
    """

    kill: Annotated[ProcessFaultStep, *short("kill")] | None = None
    stop: Annotated[ProcessFaultStep, *short("stop")] | None = None
    start: Annotated[Again, *short("start")] | None = None
    pause: Annotated[ProcessFaultStep, *short("pause")] | None = None
    resume: Annotated[Again, *short("resume")] | None = None
    partition: Annotated[PartitionStep, *short("partition")] | None = None
    isolate: Annotated[IsolateStep, *short("isolate")] | None = None
    heal: Annotated[Lift, *short("heal")] | None = None
    impair: ImpairStep | None = None
    stream: StreamStep | None = None
    restore: Annotated[Lift, *short("restore")] | None = None

    @property
    def verb(self) -> str:
        """What is done."""
        fields = type(self).model_fields
        return next(name for name in fields if name != "when" and getattr(self, name) is not None)

    @property
    def act(self) -> Any:
        """By whom, to whom, and how; the steps of a block."""
        return getattr(self, self.verb)


class Entry(Single):
    """A fault of a schedule: `when`, and one other key.

    Attributes:
        when: seconds from the beginning of the step.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 2, "maxProperties": 2})

    when: Annotated[float, Field(ge=0, le=3600, strict=False)]

    _one_fault = ruled(fault_rules.of_entry)

    @property
    def phrase(self) -> str:
        """The entry in a few words."""
        return f"{self.verb} {self.act.phrase}"


def _by_time(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.when)


_Schedule = Annotated[list[Entry], Field(min_length=1), AfterValidator(_by_time)]


class Step(Single, AtConsole):
    """One step: exactly one key.

    Attributes:
        parallel: lists of steps that go on side by side, each at consoles of its own.
        repeat: steps that are done several times.
        chaos: faults at random, which a seed draws.
        schedule: faults, each at its time, in the order of these.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    parallel: _Branches | None = None
    repeat: Repeat | None = None
    chaos: Chaos | None = None
    schedule: _Schedule | None = None

    _one_key = ruled(rules.of_step)

    @property
    def phrase(self) -> str:
        """The step in a few words."""
        if self.repeat:
            return f"{self.repeat.times} times"
        if self.parallel:
            return f"{len(self.parallel)} things at once"
        if self.schedule:
            return f"{len(self.schedule)} faults, each at its time"
        if self.verb in FAULTS:
            return f"{self.verb} {self.act.phrase}"
        to = getattr(self.act, "to", None) or getattr(self.act, "of", None) or ""
        other = ", ".join(to) if not isinstance(to, str) else to
        return f"{self.act.at}: {self.verb} {other}".rstrip()


for _model in (Repeat, During, ProcessFaultStep, PartitionStep, IsolateStep, ImpairStep, StreamStep,
               Single, Entry, Step):  # fmt: skip
    _model.model_rebuild(force=True)  # now that there is a `Step`


def every(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield each step, then those in it: of blocks, and done while a fault holds."""
    for step in steps:
        yield step
        if step.repeat:
            yield from every(step.repeat.steps)
        for branch in step.parallel or ():
            yield from every(branch)
        yield from every(getattr(step.act, "during", None) or ())
