"""One trial: two peers, what their users do, who is stopped when; and what must hold after it."""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Callable

from peer import connection, dial, listener, node, registry
from peer.connection import Connection
from peer.limits import Limits
from peer.node import Node, NodeError
from peer.protocol import Role
from peer.render import Row
from peer.settings import Settings
from tests.interleaved.scheduler import Scheduler, Task
from tests.interleaved.stand_ins import installed

_WATCHED = frozenset(
    str(module.__file__) for module in (connection, dial, listener, node, registry)
)
_LINES = 700  # that a peer runs through in a dial, roughly; a stop comes at one of them
_USER_LINES = 120  # the same for the user's own thread
_SECONDS = (0.5, 2.1, 3.0, 5.5, 7.3, 12.0, 12.0)  # to be stopped for
_RATES = (0.0, 0.01, 0.1, 0.3, 0.5)
_SETTLED = 25.0  # seconds after which the peers have found out everything about each other
_FIRST_SCRIPTS = ("c", "c", "c", "ct", "cx", "cc", "ctc")
_OTHER_SCRIPTS = ("", "", "c", "c", "t", "x", "ct", "cx")


class User:
    """A peer, what its user types, and what the console says.

    The letters of a script: c connects to the other peer, t terminates whatever there is, x exits.
    """

    def __init__(self, name: str, scheduler: Scheduler) -> None:
        self.name, self.said = name, list[str]()
        self.connections: list[Connection] = []
        self.failed: list[Connection] = []
        self.exited = False
        self._scheduler = scheduler
        settings = Settings(0, "127.0.0.1", name, limits=Limits())
        with scheduler.as_owner(name):
            self.node = Node(settings, self.said.extend)
        make: Callable[..., Connection] = self.node._new

        def remember(*args: object) -> Connection:
            self.connections.append(make(*args))
            return self.connections[-1]

        self.node._new = remember  # type: ignore[method-assign, assignment]

    def carry_out(self, script: str, other: User) -> None:
        """Type the commands of a script, one after the other."""
        for letter in script:
            with contextlib.suppress(NodeError):
                {"c": lambda: self._connect(other), "t": self._terminate, "x": self.leave}[letter]()

    def _connect(self, other: User) -> None:
        before = len(self.connections)

        def reply(row: Row) -> None:
            self.said.append(f"ok: connected {row.id} {row.label}")

        try:
            self.node.connect("127.0.0.1", other.node.port, reply)
        except NodeError as error:
            self.said.append(f"error: {error}")
            made = self.connections[before:]
            self.failed += [one for one in made if one.role is Role.DIALLER]

    def _terminate(self) -> None:
        self._scheduler.wait(lambda: bool(self.node._registry._by_id), 1.0)
        for row in self.node.rows():
            self.node.terminate(row.id)
            self.said.append(f"ok: terminated {row.id}")

    def leave(self) -> None:
        """Exit."""
        self.exited = True
        self.node.close()

    def ids(self, pattern: str) -> list[int]:
        """Return the ids in the lines that match."""
        found = (re.match(rf"(?:{pattern}) (\d+)", line) for line in self.said)
        return [int(match.group(1)) for match in found if match]


class Trial:
    """What happens under one seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.plan = ""
        self._scheduler = Scheduler(self._chance, self._chance.choice(_RATES), _WATCHED)
        self.users: list[User] = []

    def run(self) -> None:
        """Run it.

        Raises:
            AssertionError: the peers contradict themselves or each other.
            DeadlockError: they wait for each other for ever.
        """
        with installed(self._scheduler):
            self._scheduler.run(self._main)

    def _main(self) -> None:
        self.users = [User(name, self._scheduler) for name in ("one", "two")]
        one, two = self.users
        scripts = (self._chance.choice(_FIRST_SCRIPTS), self._chance.choice(_OTHER_SCRIPTS))
        self.plan = f"one {scripts[0]!r}, two {scripts[1]!r}"
        self._plan_stop()
        tasks = [
            self._start(user, script, other)
            for user, script, other in ((one, scripts[0], two), (two, scripts[1], one))
        ]
        self._plan_interrupt(tasks)
        self._scheduler.wait(lambda: all(task.done for task in tasks))
        self._scheduler.forget_plans()
        self._scheduler.sleep(_SETTLED)
        self._agree()
        for user in self.users:
            user.leave()
        self._scheduler.sleep(_SETTLED)
        self._nothing_left()

    def _plan_stop(self) -> None:
        for name in ("one", "two"):
            if self._chance.random() < 0.5:
                line, seconds = self._chance.randrange(1, _LINES), self._chance.choice(_SECONDS)
                self._scheduler.stop_process(name, line, seconds)
                self.plan += f", {name} stopped at line {line} for {seconds:g} s"

    def _plan_interrupt(self, tasks: list[Task]) -> None:
        for user, task in zip(self.users, tasks, strict=True):
            if self._chance.random() < 0.2:
                line = self._chance.randrange(1, _USER_LINES)
                task.interrupts[line] = user.node.call_off
                self.plan += f", {user.name} interrupted at line {line}"

    def _start(self, user: User, script: str, other: User) -> Task:
        return self._scheduler.start(
            f"user {script}", lambda: user.carry_out(script, other), user.name
        )

    def _agree(self) -> None:
        """Fail unless consoles, lists, and the two ends agree on what exists."""
        for user in self.users:
            established = user.ids(r"\* connected|ok: connected")
            closed, terminated = user.ids(r"\* closed"), user.ids("ok: terminated")
            listed = [row.id for row in user.node.rows()]
            assert len(set(established)) == len(established), "an id was given twice"
            assert len(set(closed)) == len(closed), "an end was reported twice"
            assert {*closed} <= {*established}, "an end was reported of what never was"
            assert not any(one.id for one in user.failed), "a dial that failed has an id"
            ended = {*closed, *terminated}  # in both, if both ends ended it
            left = [] if user.exited else sorted(set(established) - ended)
            assert listed == left, f"{user.name} lists {listed}, its console says {left}"
        self._both_ends()

    def _both_ends(self) -> None:
        one, two = self.users
        rows = [len(user.node.rows()) for user in self.users]
        if re.fullmatch("one 'c', two 'c?'", self.plan):  # neither was stopped or interrupted
            made = one.ids("ok: connected") + two.ids("ok: connected")
            assert (len(made), rows) == (1, [1, 1]), "one dial must succeed, and only one"
            assert "it was dead" not in str(one.said + two.said), "one that lived was replaced"
        assert rows in ([0, 0], [1, 1]), f"one lists {rows[0]} connections, two lists {rows[1]}"
        for user, other in ((one, two), (two, one)):
            named = {*other.ids(rf"\* (?:connected|greeted)(?=.*\({user.name}\))")}
            taken, made = named - {*other.ids("ok: connected")}, user.ids("ok: connected")
            assert len(taken) <= len(made), f"{other.name} shows a dial of {user.name} that failed"
        if rows == [1, 1]:
            one.node.send(one.node.rows()[0].id, "still here")
            arrived = self._scheduler.wait(lambda: "still here" in str(two.said), _SETTLED)
            assert arrived, "what is listed leads nowhere"

    def _nothing_left(self) -> None:
        threads = [task.name for task in self._scheduler.tasks if not task.done]
        assert threads == ["main"], f"still there: {threads}"
        for user in self.users:
            kept = user.node._registry
            assert not kept._by_id, "the registry still has ids"
            assert not kept._by_instance, "the registry still has peers"
            assert not kept._rivals, "the registry still has rivals"
            assert not user.node._alive, "connections are left"


def failure(seed: int) -> str | None:
    """Run the trial of a seed; return what went wrong and how to see it again, or None."""
    trial = Trial(seed)
    try:
        trial.run()
    except Exception as error:  # noqa: BLE001 - whatever it is, it has a seed
        said = "\n".join(f"  {u.name}: {line}" for u in trial.users for line in u.said)
        return f"seed {seed}: {type(error).__name__}: {error}\n  {trial.plan}\n{said}"
    return None
