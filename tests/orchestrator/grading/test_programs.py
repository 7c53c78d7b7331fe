"""Which programs are found, and their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import DocumentError
from orchestrator.folder import copy_folder
from orchestrator.grading.output import exclusive
from orchestrator.grading.programs import Program, find, fit
from orchestrator.grading.store import case_digest, program_digest
from tests.orchestrator.grading.submissions import right, squeezing
from tests.orchestrator.grading.support import task

pytestmark = pytest.mark.timeout(150)  # on a busy machine


def names(found: list[Program]) -> list[str]:
    return [program.name for program in found]


def test_profiles_folders_and_folders_of_folders(tmp_path: Path) -> None:
    anna, bert = right(tmp_path / "all", "anna"), right(tmp_path / "all", "bert")
    (tmp_path / "all/notes").mkdir()
    assert names(find([anna / "profile.yaml"], None, tmp_path)) == ["anna"]
    assert names(find([bert, anna], None, tmp_path)) == ["bert", "anna"]
    assert names(find([tmp_path / "all", bert], None, tmp_path)) == ["anna", "bert"]
    assert names(find([Path("peerlab")], None, tmp_path)) == ["peerlab"]


def test_a_folder_by_the_name_of_a_profile_does_not_hide_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("peerlab/inner").mkdir(parents=True)
    (program,) = find([Path("peerlab")], None, tmp_path / "out")
    assert (program.name, program.trouble) == ("peerlab", "")
    Path("peerlab/profile.yaml").write_text("summary: Mine.\n")
    (program,) = find([Path("peerlab")], None, tmp_path / "out")
    assert program.file == Path("peerlab/profile.yaml")


def test_programs_with_the_same_name_are_named_after_their_folders(tmp_path: Path) -> None:
    for number in (1, 2):
        folder = right(tmp_path, f"chat-{number}")
        text = (folder / "profile.yaml").read_text().replace(f"name: chat-{number}", "name: chat")
        (folder / "profile.yaml").write_text(text)
    assert names(find([tmp_path], None, tmp_path)) == ["chat-1", "chat-2"]


def test_no_two_programs_have_one_name(tmp_path: Path) -> None:
    # Two have a folder's name and so a number, which a third one has as its own name.
    folders = [tmp_path / "1/chat", tmp_path / "2/chat", tmp_path / "3/chat-2"]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "profile.yaml").write_text("no profile")
    assert names(find(folders, None, tmp_path)) == ["chat", "chat-2", "chat-2-2"]


def test_no_program_is_named_like_a_file_of_the_output(tmp_path: Path) -> None:
    folder = right(tmp_path, "anna")
    text = (folder / "profile.yaml").read_text().replace("name: anna", "name: summary.html")
    (folder / "profile.yaml").write_text(text)
    assert names(find([folder], None, tmp_path)) == ["summary-html"]


def test_a_wrong_profile_still_makes_a_program(tmp_path: Path) -> None:
    right(tmp_path, "anna")
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert/profile.yaml").write_text("name: bert\n")
    anna, bert = find([tmp_path], None, tmp_path)
    assert anna.profile
    assert not anna.trouble
    assert (bert.name, bert.profile) == ("bert", None)
    assert "bert/profile.yaml:1:1: key 'console' is missing" in bert.trouble


@pytest.mark.parametrize("what", ["nowhere", "empty"])
def test_nothing_to_grade(tmp_path: Path, what: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DocumentError) as caught:
        find([tmp_path / what], None, tmp_path)
    assert "profile" in caught.value.hint


def test_one_profile_for_all(tmp_path: Path) -> None:
    common = squeezing(tmp_path / "teacher", "common") / "profile.yaml"
    for name in ("carl", "dana eve"):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "chat.py").write_text(f"# {name}\n")
    found = find([tmp_path / "in"], common, tmp_path / "out")
    assert names(found) == ["carl", "dana-eve"]
    for program, name in zip(found, ("carl", "dana eve"), strict=True):
        assert program.file.parent == tmp_path / "out" / program.name
        assert program.profile
        assert program.profile.start.folder == str(tmp_path / "in" / name)
        assert program.profile.operations["send"].ok
    assert names(find([tmp_path / "in/carl"], common, tmp_path / "out")) == ["carl"]


def test_a_folder_without_a_profile_is_reported(tmp_path: Path) -> None:
    right(tmp_path, "anna")
    for name in ("bert", ".git", "_mine", "grades", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "chat.py").write_text("")
    (tmp_path / "cleo").mkdir()  # nothing was submitted
    with exclusive(tmp_path / "old"):
        anna, bert = find([tmp_path], None, tmp_path / "grades")
    assert (anna.name, bert.name, bert.profile) == ("anna", "bert", None)
    assert bert.trouble_line == (
        "is missing: there is no profile.yaml in it;"
        f" `peerlab profile new {tmp_path / 'bert'}` writes one"
    )


BEYOND = {
    "reader": ("name: ", "reader: reader.py:Mine\nname: "),
    "folder": ("folder: .", "folder: .."),
    "link": ("folder: .", "folder: link"),
    "room": ("room: {}", "room: {memory: 1024}"),
}


@pytest.mark.parametrize("what", BEYOND)
def test_a_profile_that_came_with_a_submission_stays_in_its_folder(
    tmp_path: Path, what: str
) -> None:
    folder = squeezing(tmp_path / "all", "anna")
    (folder / "link").symlink_to(tmp_path)
    file = folder / "profile.yaml"
    assert names(find([folder], None, tmp_path)) == ["anna"]
    file.write_text(file.read_text().replace(*BEYOND[what], 1))
    for path in (folder, tmp_path / "all"):
        (anna,) = find([path], None, tmp_path)
        assert anna.profile is None
        assert anna.trouble_line.startswith(
            ("is not trusted: it names a ", "is not trusted: it asks for more room")
        )
        assert f"name {path / file.relative_to(path)} itself, or give --trust" in anna.trouble
        assert find([path], None, tmp_path, trust=True)[0].profile
    assert find([file], None, tmp_path)[0].profile


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("李明", "李明"),
        ("हिन्दी", "हिन्दी"),
        ("Zoe\u0308 <b>x & co", "Zoë-b-x-co"),
        ("summary.html", "summary-html"),
        ("...", "program"),
        ("x" * 200, "x" * 60),
    ],
)
def test_names_of_all_scripts_are_kept(folder: str, name: str) -> None:
    assert fit(folder) == name


def common_of(home: Path) -> Path:
    return squeezing(home / "teacher", "common") / "profile.yaml"


def submitted(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "chat.py").write_text("")


def test_names_that_clash_are_numbered_with_a_common_profile_too(tmp_path: Path) -> None:
    submitted(*(tmp_path / "in" / name for name in ("a b", "a&b", "李明")))
    found = find([tmp_path / "in"], common_of(tmp_path), tmp_path / "out")
    assert names(found) == ["a-b", "a-b-2", "李明"]
    assert [one.folder.name for one in found] == ["a b", "a&b", "李明"]
    assert [one.file.parent.name for one in found] == names(found)


@pytest.mark.parametrize("loose", ["roster.csv", "tests.py"])
def test_a_loose_file_does_not_turn_a_course_into_a_program(tmp_path: Path, loose: str) -> None:
    submitted(tmp_path / "flat/anna", tmp_path / "flat/bert")
    (tmp_path / "flat" / loose).write_text("")
    (tmp_path / "flat/cleo").mkdir()
    (tmp_path / "flat/cleo/main.py").write_text("")
    found = find([tmp_path / "flat"], common_of(tmp_path), tmp_path / "out")
    assert names(found) == ["anna", "bert", "cleo"]


def test_a_program_may_have_folders(tmp_path: Path) -> None:
    submitted(tmp_path / "ada", tmp_path / "ada/old")
    common = common_of(tmp_path)
    assert names(find([tmp_path / "ada"], common, tmp_path / "out")) == ["ada"]
    (tmp_path / "ada/chat.py").unlink()
    (tmp_path / "ada/old/chat.py").rename(tmp_path / "ada/main.go")
    (tmp_path / "ada/old/more.go").write_text("")
    assert names(find([tmp_path / "ada"], common, tmp_path / "out")) == ["ada"]


def digest(program: Program) -> str:
    return case_digest([program_digest(program, "docker")], task())


def test_results_in_its_folder_are_not_part_of_a_program(tmp_path: Path) -> None:
    folder = squeezing(tmp_path, "anna")
    (program,) = find([folder], None, folder / "grades")
    before = digest(program)
    with exclusive(folder / "grades"):
        (folder / "grades/more").write_text("x")
        assert digest(program) == before
        copy_folder(folder, tmp_path / "copy")
    assert not (tmp_path / "copy/grades").exists()


def test_what_counts_is_in_the_digest(tmp_path: Path) -> None:
    folder = squeezing(tmp_path, "anna")

    def digest(engine: str = "docker", points: float = 5) -> str:
        (program,) = find([folder], None, tmp_path)
        return case_digest([program_digest(program, engine)], task(points=points))

    before = digest()
    assert digest() == before
    assert digest(engine="process") != before
    assert digest(points=4) != before
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/chat.pyc").write_text("x")
    assert digest() == before, "a cache is none of the program"
    seen = {before}

    def is_new() -> bool:
        now = digest()
        fresh = now not in seen
        seen.add(now)
        return fresh

    (folder / "more.py").write_text("x = 1\n")
    assert is_new()
    (folder / "chat.py").write_text("")
    assert is_new()
    (folder / "chat.py").chmod(0o755)
    assert is_new()
    (folder / "profile.yaml").write_text((folder / "profile.yaml").read_text() + "\n")
    assert is_new()
