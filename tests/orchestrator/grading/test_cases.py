"""What is decided about a pair before a run, and the reason given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator import profile
from orchestrator.grading import rubric as rubrics
from orchestrator.grading.cases import GradingCase, fitting, usable
from orchestrator.grading.programs import Program
from orchestrator.grading.results import Outcome, Result
from orchestrator.grading.rubric import RubricTest, Suite, Task
from orchestrator.image import program as program_image
from orchestrator.profile import Lack, Room, Start
from orchestrator.scenario import EngineName, Scenario
from orchestrator.scenario.validation import missing, unsupported
from tests.orchestrator.discovery.learning import learn, loaded
from tests.orchestrator.discovery.simulated import VERBS, Chat, SimulatedTrio, Style
from tests.orchestrator.support import PROGRAMS

SCENARIO = Scenario.model_validate({
    "name": "ends", "why": "Bob ends it.", "peers": ["alice", "bob"],
    "steps": [{"terminate": {"at": "bob", "to": "alice"}}],
})  # fmt: skip
TASK = Task(RubricTest(test="ends", points=1), SCENARIO, "name: ends\n")
PROFILE = profile.load("peerlab")
FINE = Program("fine", Path("fine.yaml"), PROFILE)


def without(verb: str, **changes: object) -> Program:
    """Return a program whose profile does not have a verb."""
    verbs = {name: known for name, known in PROFILE.operations.items() if name != verb}
    return replace(
        FINE, name="dumb", profile=PROFILE.model_copy(update={"operations": verbs, **changes})
    )


def pair(dialler: Program, other: Program) -> GradingCase:
    return GradingCase(TASK, (dialler, other), Path("out"))


def decided(dialler: Program, other: Program) -> Result:
    result = pair(dialler, other).decided(EngineName.PROCESS)
    assert result
    return result


def test_a_pair_that_lacks_nothing_needs_a_run() -> None:
    assert pair(FINE, FINE).decided(EngineName.PROCESS) is None


def test_a_program_that_does_not_act_may_lack_the_verb() -> None:
    assert pair(without("terminate"), FINE).decided(EngineName.PROCESS) is None


@pytest.mark.parametrize("may_fail", [False, True])
def test_a_notice_that_need_not_come_may_be_lacking(may_fail: bool) -> None:
    waits = {"at": "bob", "closed": True, "may_fail": may_fail}
    steps = [{"expect": waits}]
    waiting = Scenario.model_validate({"name": "waits", "why": "w", "peers": ["alice", "bob"],
                                       "steps": steps})  # fmt: skip
    notices = {name: known for name, known in PROFILE.notices.items() if name != "closed"}
    silent = PROFILE.model_copy(update={"notices": notices})
    assert missing(waiting, silent) == ([] if may_fail else ["closed"])
    assert bool([*unsupported({"peers": ["bob"], "steps": steps}, silent)]) is not may_fail


def test_a_verb_that_a_program_lacks_is_named_with_the_reason() -> None:
    result = decided(FINE, without("terminate", lacks={"terminate": Lack(reason="not required")}))
    assert result.outcome is Outcome.LACKING
    assert result.reason == "dumb has no terminate (not required)"


def test_a_verb_that_a_program_may_lack_is_unknown() -> None:
    doubtful = {"terminate": Lack(reason="no word for it was found", doubt=True)}
    result = decided(FINE, without("terminate", lacks=doubtful))
    assert result.outcome is Outcome.UNKNOWN


def test_a_verb_missing_from_a_profile_is_unknown() -> None:
    result = decided(FINE, without("terminate"))
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "the profile of dumb does not say how 'terminate' looks"


def doubting(verb: str) -> Program:
    """Return a program whose profile may misread a verb."""
    known = PROFILE.operations[verb].model_copy(update={"doubt": "it read 13 as 3"})
    verbs = {**PROFILE.operations, verb: known}
    return replace(FINE, name="odd", profile=PROFILE.model_copy(update={"operations": verbs}))


@pytest.mark.parametrize("verb", ["terminate", "list"])  # ids are read from the list
def test_a_verb_that_a_profile_may_misread_is_unknown(verb: str) -> None:
    result = decided(FINE, doubting(verb))
    assert result.outcome is Outcome.UNKNOWN
    why = f"may misread {verb!r} (it read 13 as 3): correct `operations.{verb}`, and take"
    assert result.reason.startswith(f"the profile of odd {why}")
    assert pair(doubting(verb), FINE).decided(EngineName.PROCESS) is None


def test_a_profile_that_may_misread_what_is_required_is_refused() -> None:
    refused = usable(doubting("terminate"), suite(required=True))
    assert refused.profile is None
    assert "doubtful: operations.terminate (it read 13 as 3); correct it" in refused.trouble
    assert usable(doubting("send"), suite(required=True)).profile


def suite(*, required: bool) -> Suite:
    other = SCENARIO.model_copy(update={"name": "asks", "steps": []})
    both = [
        Task(RubricTest(test=name, points=1, required=required), scenario, "")
        for name, scenario in (("ends", SCENARIO), ("asks", other))
    ]
    return Suite("Two", "", both)


def test_a_profile_that_says_too_little_is_refused_with_what_to_add() -> None:
    doubtful = {"terminate": Lack(reason="no word for it was found", doubt=True)}
    for program in (without("terminate"), without("terminate", lacks=doubtful)):
        refused = usable(program, suite(required=True))
        assert (refused.profile, refused.flaw) == (None, "cannot be graded with")
        first, missing, last = refused.trouble.splitlines()
        assert first.endswith("does not say all that ends need, so nothing was graded")
        assert missing.startswith("missing: operations.terminate")
        assert '{terminate: "never written"}' in missing
        assert last.startswith("`peerlab profile test fine.yaml`")
    assert "(no word for it was found)" in refused.trouble


class Hushed(Chat):
    """Shows no message."""

    def show(self, number: int, text: str) -> None:
        pass


@pytest.mark.parametrize(
    ("program", "words", "lacking"),
    [
        (Chat, {"connect": "yhdistä", "send": "lähetä"}, "operations.connect"),
        (Hushed, {}, "notices.message"),
        (Chat, {}, ""),
    ],
)
def test_a_discovery_that_failed_is_no_grade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: type[Chat], words: dict[str, str],
    lacking: str,
) -> None:  # fmt: skip
    style = Style(words={verb: words.get(verb, verb) for verb in VERBS}, usage="a chat")
    draft = learn(tmp_path, SimulatedTrio(style, program), monkeypatch)
    made = replace(FINE, profile=loaded(tmp_path, draft))
    checked = usable(made, rubrics.load(rubrics.CONFORMANCE))
    assert (checked.profile is None) is bool(lacking)
    assert lacking in checked.trouble
    if lacking:
        assert "nothing was graded" in checked.trouble
        assert decided(checked, checked).outcome is Outcome.UNKNOWN


def test_a_profile_that_says_enough_is_used() -> None:
    fact = without("terminate", lacks={"terminate": Lack(reason="not required")})
    assert usable(fact, suite(required=True)) is fact
    assert usable(FINE, suite(required=True)) is FINE
    some = without("terminate")
    assert usable(some, suite(required=False)) is some, "another test can still be graded"
    only = Suite("One", "", suite(required=False).tasks[:1])
    assert usable(some, only).profile is None


def test_a_wrong_profile_is_reported_in_one_line() -> None:
    wrong = Program(
        "wrong", Path("wrong.yaml"), flaw="is wrong", trouble="3:1: no verb\n7:5: no pattern"
    )
    result = decided(wrong, FINE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "the profile of wrong is wrong: 3:1: no verb"


def large(home: Path, *, size: int = 1, files: int = 1) -> Program:
    """Return a program in a folder that holds so much."""
    for number in range(files):
        with (home / f"{number}.dat").open("wb") as file:
            file.truncate(size)
    start = Start(command=["true"], folder=str(home))
    return replace(FINE, profile=PROFILE.model_copy(update={"start": start}), folder=home)


def test_a_program_without_room_in_a_container_is_unknown(tmp_path: Path) -> None:
    big = fitting(large(tmp_path, size=70 << 20), EngineName.DOCKER)
    assert "has 70 MB, and the lab gives a program room for 64 MB" in big.trouble
    result = decided(big, FINE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason.startswith("the profile of fine is of too large a program: ")


def test_a_program_may_ask_for_the_room_that_it_needs(tmp_path: Path) -> None:
    big = large(tmp_path, size=70 << 20)
    assert big.profile
    start = big.profile.start.model_copy(update={"room": Room(folders=80)})
    asking = replace(big, profile=big.profile.model_copy(update={"start": start}))
    assert fitting(asking, EngineName.DOCKER) is asking


@pytest.mark.parametrize("is_first", [True, False])
def test_a_pair_is_not_blamed_for_a_program_without_room(tmp_path: Path, is_first: bool) -> None:
    deep = tmp_path / "node_modules/a/b"
    deep.mkdir(parents=True)
    for number in range(8):
        (deep / f"{number}.so").write_bytes(b"\0" * (9 << 20))
    big = fitting(replace(large(tmp_path), name="big"), EngineName.DOCKER)
    assert "has 72 MB" in big.trouble
    result = decided(big, FINE) if is_first else decided(FINE, big)
    assert result.outcome is Outcome.UNKNOWN


def test_a_program_of_too_many_files_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program_image, "MOST_FILES", 10)
    many = large(tmp_path, files=11)
    assert "has more than 10 files" in fitting(many, EngineName.DOCKER).trouble
    assert fitting(many, EngineName.PROCESS) is many  # only a container has these limits
    (tmp_path / "0.dat").unlink()
    assert fitting(many, EngineName.DOCKER) is many


def test_a_program_that_is_no_chat_needs_tests_of_its_own() -> None:
    store = profile.load(str(PROGRAMS / "store/profile.yaml"))
    refused = usable(replace(FINE, name="store", profile=store), suite(required=True))
    assert refused.trouble.startswith("fine.yaml describes no chat, and ends are tests of chats")
    assert "--rubric" in refused.trouble
