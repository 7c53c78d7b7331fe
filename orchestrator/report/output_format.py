"""What `--json` prints, as types: docs/output.schema.json is made from them.

A key may be added without a new `FORMAT`; one that goes, or means something else, takes one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import TypedDict

FORMAT: Final = 1

_Format = Annotated[Literal[1], Field(description="The version of this format.")]
_WORDS = ("valid", "invalid", "unknown")
Word = Annotated[str, Field(json_schema_extra={"enum": [*_WORDS]})]
Proof = Annotated[
    Sequence[Mapping[str, Any]],
    Field(description="What was measured: `proof` in docs/history.md."),
]


class Output(TypedDict):
    """What every document has."""

    format: _Format


class CheckOutput(TypedDict):
    """A check's verdict."""

    check: str
    verdict: Annotated[str, Field(json_schema_extra={"enum": [*_WORDS, "not judged"]})]
    says: Annotated[str, Field(description="What was checked or found, in a few words.")]
    witnesses: Annotated[
        list[Mapping[str, Any]],
        Field(description="The findings: each has a sentence (`says`), the seconds since the run"
              " began (`at`) and `peers`."),
    ]  # fmt: skip


RunFault = TypedDict(
    "RunFault",
    {
        "fault": Annotated[str, Field(description="Its kind, such as `partition`.")],
        "name": str | None,
        "peer": Annotated[str | None, Field(description="Whose program it concerns.")],
        "says": str,
        "links": Annotated[list[list[str]], Field(description="Pairs: who sends, who receives.")],
        "means": Annotated[dict[str, str], Field(description="The mechanism of each feature.")],
        "from": Annotated[float, Field(description="Seconds since the run began.")],
        "to": float | None,
        "outcome": Literal["ok", "fail", "info", "open"],
        "proven": bool | None,
        "said": str | None,
        "proof": Proof,
    },
)


class OperationOutput(TypedDict):
    """The figures of an operation of the program's own vocabulary, in seconds."""

    operation: str
    ok: int
    fail: int
    info: int
    rate: Annotated[float, Field(description="How many a second.")]
    p50: float | None
    p99: float | None


class RunOutput(TypedDict):
    """A run."""

    scenario: str
    engine: str
    verdict: Word
    nothing_judged: Annotated[str | None, Field(description="Why no check had anything to judge.")]
    checks: list[CheckOutput]
    faults: list[RunFault]
    operations: list[OperationOutput]
    error: Annotated[str | None, Field(description="What ended the run early.")]
    seconds: Annotated[dict[str, float], Field(description="Where the time went.")]
    repeated: Annotated[int, Field(description="How often it was run before, on a busy machine.")]
    folder: Annotated[str, Field(description="Where it is kept.")]
    without: Annotated[str | None, Field(description="Which of its files could not be read.")]


class RunsOutput(Output):
    """Of `run` and `judge`."""

    verdict: Annotated[Word, Field(description="The worst of all.")]
    runs: list[RunOutput]
    unread: Annotated[list[str], Field(description="Why each other run could not be read.")]


class MistakesOutput(Output):
    """Of `validate`."""

    files: Annotated[int, Field(description="How many files were checked.")]
    right: Annotated[int, Field(description="How many of them are right.")]
    mistakes: Annotated[list[str], Field(description="One a line: `file:line:column: mistake`.")]


class PeerOutput(TypedDict):
    """A peer of the mesh; memory in bytes."""

    peer: str
    container: str
    address: str
    port: int
    state: str
    connections: int | None
    memory: int | None


class PeersOutput(Output):
    """Of `up` and `ps`."""

    peers: list[PeerOutput]


class FaultOutput(TypedDict):
    """An active fault, or a peer that is paused or has ended."""

    fault: Annotated[str, Field(description="The name to heal it by; the state of a peer.")]
    says: Annotated[str, Field(description="What it is, in a few words; the peer.")]
    means: Annotated[dict[str, str], Field(description="The mechanism of each feature.")]
    since: Annotated[str | None, Field(description="When it was applied, by ISO 8601.")]
    proven: bool
    doubts: Annotated[list[str], Field(description="Why it is not proven.")]
    proof: Proof


class FaultsOutput(Output):
    """Of `faults`, `heal`, and `fault` with a fault of the network."""

    faults: list[FaultOutput]


class ChangeOutput(Output):
    """Of `fault kill`, `stop`, `start`, `pause` and `resume`."""

    peer: str
    before: Annotated[str, Field(description="How the peer was, in words.")]
    now: str


class PatternOutput(TypedDict):
    """A pattern of a profile."""

    place: Annotated[str, Field(description="Its keys in the profile.")]
    at: Annotated[str, Field(description="`file:line:column`.")]
    pattern: str
    state: str
    says: str


class PatternsOutput(Output):
    """Of `profile test`, if the program is a chat."""

    profile: str
    patterns: list[PatternOutput]
    unread: Annotated[list[str], Field(description="Lines that no pattern read.")]
    problems: list[str]


class ReplyOutput(TypedDict):
    """An operation that was typed, and its reply."""

    operation: str
    typed: Annotated[list[str], Field(description="The lines that were typed.")]
    said: Annotated[str, Field(description="What the console said.")]
    reading: Literal[
        "success", "nothing there", "definite failure", "may have happened", "not read"
    ]
    results: Annotated[Mapping[str, str | int | float], Field(description="The typed results.")]
    rows: list[Mapping[str, str | int | float]]
    at: Annotated[str, Field(description="The place of its patterns, as `line:column`.")]
    hint: Annotated[str, Field(description="What would help to read it; else empty.")]


class NoticeOutput(TypedDict):
    """A notice of the profile, and the first line that it read."""

    notice: str
    at: Annotated[str, Field(description="The place of its pattern, as `line:column`.")]
    peer: Annotated[str, Field(description="Whose console it was; empty if none came.")]
    said: str
    fields: Mapping[str, str]


class RepliesOutput(Output):
    """Of `profile test`, if the program is no chat."""

    profile: str
    peers: Annotated[Mapping[str, str], Field(description="The program of each peer.")]
    operations: list[ReplyOutput]
    untried: Annotated[list[str], Field(description="Operations that could not be typed.")]
    notices: list[NoticeOutput]
    unread: Annotated[list[str], Field(description="Lines that no pattern read.")]
    problems: list[str]


class ConditionOutput(TypedDict):
    """The condition of one part of this machine."""

    part: str
    state: Literal["works", "limited", "fails", "unknown"]
    says: str
    means: Annotated[str | None, Field(description="What that means for scenarios.")]
    remedy: Annotated[str | None, Field(description="What helps.")]


class DiagnosisOutput(Output):
    """Of `doctor`."""

    engine: str
    can_run: Annotated[bool, Field(description="Whether a scenario has just run.")]
    conditions: list[ConditionOutput]


class GroupOutput(TypedDict):
    """Tests that have something in common."""

    tests: list[str]
    points: float


class UncountedOutput(TypedDict):
    """What checks found where it costs no points."""

    tests: list[str]
    says: str
    first: Mapping[str, Any] | None


class GradeOutput(TypedDict):
    """A program's grade; also the file `grade.json`, which has no `format`."""

    program: str
    profile: str
    folder: str
    summary: str
    start: Annotated[str, Field(description="How to start it by hand.")]
    engine: str
    trouble: Annotated[str | None, Field(description="Why none of it could be tested.")]
    points: float
    total: float
    extra: float
    passes: Annotated[bool | None, Field(description="Null if no required test is decided.")]
    certain: Annotated[bool, Field(description="Whether no result is unknown.")]
    findings: Annotated[dict[str, list[str]], Field(description="The broken checks, by test.")]
    not_tested: Annotated[
        dict[str, GroupOutput], Field(description="By the more basic test that shows why.")
    ]
    uncounted: Annotated[dict[str, UncountedOutput], Field(description="By the sort of thing.")]
    results: Annotated[
        list[Mapping[str, Any]],
        Field(
            description="Of each test: `test`, `outcome`, `reason`, `points`, `earned`, `run`, …"
        ),
    ]


class GradesOutput(Output):
    """Of `grade`; also the file `grades.json`."""

    title: str
    total: float
    programs: list[GradeOutput]


class PairOutput(TypedDict):
    """A pair of programs."""

    dialler: str
    dialled: str
    works: bool
    results: Annotated[
        dict[str, dict[str, Any]],
        Field(description="By test: `outcome`, `reason`, `run` and `at`, in seconds."),
    ]


class MatrixOutput(Output):
    """Of `interop`; also the file `interop.json`."""

    title: str
    engine: str
    tests: list[str]
    programs: list[str]
    working: Annotated[int, Field(description="How many pairs pass all tests.")]
    certain: bool
    pairs: list[PairOutput]


AnyOutput = (
    RunsOutput
    | MistakesOutput
    | PeersOutput
    | FaultsOutput
    | ChangeOutput
    | PatternsOutput
    | RepliesOutput
    | DiagnosisOutput
    | GradesOutput
    | MatrixOutput
)


class _Untitled(GenerateJsonSchema):
    """Gives a field no title: its key says as much."""

    def field_title_should_be_set(self, schema: object) -> bool:
        """Return False."""
        del schema
        return False


def schema() -> dict[str, Any]:
    """Return the JSON Schema of what `--json` prints: see docs/output.schema.json."""
    adapter: TypeAdapter[Any] = TypeAdapter(AnyOutput)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What the commands of Peerlab print with --json",
    }
    return head | adapter.json_schema(mode="serialization", schema_generator=_Untitled)
