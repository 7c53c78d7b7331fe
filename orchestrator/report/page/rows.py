"""What a page is told of a run, and the form it has in JSON: a named tuple becomes an array.

Times are seconds since the run began. A peer is its place among `peers`, or `NO_PEER`.
"""

from __future__ import annotations

from typing import NamedTuple, TypedDict

FORMAT = 1  # of a page's data; a change of meaning takes a higher number

NO_PEER = -1  # the run as a whole, or someone who is not a peer of the run
NO_OPERATION = -1


class LifeRow(NamedTuple):
    """From when to when a program ran."""

    since: float
    until: float | None  # None if nothing shows that it ended
    ending: str  # how it ended; empty if it did not


class OperationRow(NamedTuple):
    """Something that the lab did, in the order of the invocations."""

    begun: float
    ended: float | None
    peer: int
    verb: str
    status: str  # `ok`, `fail`, `info` or `open`
    asked: str  # what was done, in words
    said: str  # what the console answered
    step: int  # line of the scenario's step; 0 if it is not known
    own: int  # 1 if the lab did so by itself, 0 if the scenario asked for it
    number: int  # in the history


class NoticeRow(NamedTuple):
    """Something that a console showed unasked."""

    at: float
    peer: int
    kind: str
    said: str


class MessageRow(NamedTuple):
    """A message, or one more showing of it."""

    sender: int
    receiver: int
    sent: float | None  # None if no one sent it
    shown: float | None
    state: str  # see `messages.py`
    text: str
    operation: int  # place of its `send` among the operations


class ConnectionRow(NamedTuple):
    """A connection of two peers."""

    one: int
    other: int
    since: float
    until: float | None
    told_by: str  # `consoles`, `sockets` or `both`


class SocketCell(NamedTuple):
    """A socket of a peer's program, as the kernel listed it."""

    local: str
    remote: str
    state: str
    other: int  # the peer at the other end
    unread: int  # bytes
    unsent: int  # bytes


class SocketRow(NamedTuple):
    """One reading of a peer's sockets: what has changed since the last one, or all there is."""

    at: float
    peer: int
    is_whole: bool
    opened: list[SocketCell]
    closed: list[tuple[str, str]]


class ListCell(NamedTuple):
    """A row of a peer's list."""

    id: str
    peer: str  # the name; empty for none of the run
    address: str


class ListRow(NamedTuple):
    """What a peer listed."""

    at: float
    peer: int
    rows: list[ListCell]


class MarkRow(NamedTuple):
    """A line of the lab about the run, or about one peer."""

    at: float
    peer: int
    kind: str
    says: str


class WorkloadRow(NamedTuple):
    """A workload."""

    begun: float
    ended: float | None  # when its last operation was over; None if one is open
    peers: list[int]
    says: str  # what it is, in a few words
    operations: int  # how many it did


class PieceRow(NamedTuple):
    """Some bytes of a console."""

    at: float
    typed: int  # 1 if the lab typed them, 0 if the console showed them
    data: str  # a character for each byte


class StepData(TypedDict):
    """A step of the scenario."""

    file: str
    line: int
    text: str
    is_near: bool  # whether it is just the last step before a finding, whose check names none


class RunData(TypedDict):
    """The run as a whole."""

    name: str
    why: str
    verdict: str
    headline: str
    step: StepData | None
    at_end: bool  # whether the headline is about the end of the run, and not about a step
    place: str
    started: str
    seconds: dict[str, float]
    machine: str
    error: str
    folder: str


class PeerData(TypedDict):
    """A peer."""

    name: str
    address: str
    program: str
    lives: list[LifeRow]


class CheckData(TypedDict):
    """A check, and what it promises."""

    name: str
    word: str
    says: str
    promise: str


class FindingData(TypedDict):
    """A finding of one check, or of several that found the same."""

    check: str
    word: str
    says: str
    at: float
    peers: list[int]
    text: str
    operations: list[int]


FaultData = TypedDict(
    "FaultData",
    {
        "name": str,
        "kind": str,
        "says": str,
        "from": float,
        "to": float | None,
        "peers": list[int],
        "links": list[tuple[int, int]],
        "proof": list[str],
        "status": str,
        "operation": int,
    },
)
"""A fault, with its proof in words."""


class ConsoleData(TypedDict):
    """The bytes of one console, or of a program's own output beside it."""

    peer: int
    log: bool
    pieces: list[PieceRow]
    cut: bool


class FiguresData(TypedDict):
    """How the operations of one name ended, and how long they took, in seconds."""

    name: str
    ok: int
    fail: int
    open: int
    p50: float | None
    p99: float | None
    rate: float


class PageData(TypedDict):
    """Everything that a page shows."""

    format: int
    lab: str
    run: RunData
    duration: float
    peers: list[PeerData]
    checks: list[CheckData]
    findings: list[FindingData]
    operations: list[OperationRow]
    notices: list[NoticeRow]
    messages: list[MessageRow]
    connections: list[ConnectionRow]
    faults: list[FaultData]
    sockets: list[SocketRow]
    lists: list[ListRow]
    marks: list[MarkRow]
    workloads: list[WorkloadRow]
    consoles: list[ConsoleData]
    figures: list[FiguresData]
    omitted: str
