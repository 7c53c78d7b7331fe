"""The pytest plugin from outside: what it collects, what fails, and with which message."""

from __future__ import annotations

import errno
import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

# Imported once here, so that not every session within this one imports it again.
import orchestrator.pytest_plugin.labs
import orchestrator.pytest_plugin.scenarios  # noqa: F401
from tests.orchestrator.support import ROOT

HELLO = """
name: {name}
why: Two peers talk.
peers: [alice, bob]
connections: line
steps:
  - send: {{at: alice, to: bob, text: "hello"}}
  - expect: {{at: bob, from: alice, message: "{message}", within: 0.3}}
"""
ENDLESS = """
name: endless
why: It takes longer than it may.
peers: [alice]
limits: {total: 0.05}
steps:
  - repeat: {times: 1000, steps: [{list: alice}]}
"""
RED = r"\e[31m[bold]red[/bold]\a"


@pytest.fixture(autouse=True)
def _on_processes(pytester: pytest.Pytester) -> None:
    """Run peers as processes, without plugins that every session would have to import."""
    plugins = "-p no:cacheprovider -p no:hypothesispytest"
    pytester.makeini(f"[pytest]\npeerlab_engine = process\naddopts = {plugins}\n")


def scenarios(pytester: pytest.Pytester, **texts: str) -> Path:
    """Write scenario files into the folder `scenarios`; return it."""
    folder = pytester.mkdir("scenarios")
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def hello(name: str, message: str = "hello") -> str:
    """Return a scenario that is valid if it awaits `hello`."""
    return HELLO.format(name=name, message=message)


def test_the_plugin_alone_imports_no_big_library() -> None:
    heavy = {"pydantic", "docker", "rich", "ruamel", "networkx", "pexpect", "psutil", "filelock"}
    code = f"import sys, orchestrator.pytest_plugin; print(sorted({heavy} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_which_files_are_scenarios(pytester: pytest.Pytester) -> None:
    folder = scenarios(pytester, one=hello("one"))
    (folder / "more").mkdir()
    (folder / "more/two.yml").write_text(hello("two"))
    for name in ("three.scenario.yaml", "other.yaml", "compose.yaml"):
        (pytester.path / name).write_text(hello("three") if "three" in name else "[other: {")
    (pytester.path / "four.yaml").write_text(hello("four"))
    assert collected(pytester) == {"one", "two", "three"}
    assert collected(pytester, "scenarios") == {"one", "two"}
    assert collected(pytester, "four.yaml") == {"four"}
    assert collected(pytester, "-k", "two or three") == {"two", "three"}
    assert collected(pytester, "-m", "not peerlab") == set()
    assert collected(pytester, "-o", "peerlab_scenarios=four.*") == {"four"}
    assert collected(pytester, "-p", "no:peerlab", "-o", "peerlab_engine=") == set()


def collected(pytester: pytest.Pytester, *words: str) -> set[str]:
    """Return the names of the tests that pytest finds."""
    lines = pytester.runpytest_inprocess("--co", "-q", *words).outlines
    return {line.rpartition("::")[2] for line in lines if "::" in line}


def test_verdicts(pytester: pytest.Pytester) -> None:
    scenarios(pytester, good=hello("good"), bad=hello("bad", RED), odd=ENDLESS)
    done = pytester.runpytest_inprocess("--junitxml=out.xml", "--peerlab-runs", "kept", "-v")
    done.assert_outcomes(passed=1, failed=2)
    done.stdout.fnmatch_lines_random([
        "*good.yaml::good PASSED*",
        "✗ bad: invalid (*",
        "*✗ expectations: at * bob: expected message*",
        "    scenarios/bad.yaml:8  - expect: {at: bob,*",
        "    bob * │ *",
        "* message 1 *: hello",
        "    alice * │ *",
        "  page: */kept/bad/*/report.html",
        "FAILED *bad.yaml::bad - invalid: expectations: bob: expected*",
        "[?] endless: unknown (*",
        "*the steps took longer than 0.05 s",
        "FAILED *endless - unknown: expectations: the run broke off*",
        "3 runs on process Python *",
        f"kept in {pytester.path}/kept",
    ])  # fmt: skip
    assert "Traceback" not in done.stdout.str()
    assert "orchestrator/" not in done.stdout.str()
    check_harmless(done.stdout.str())
    report = (pytester.path / "out.xml").read_text()
    check_harmless(report)
    cases = {case.attrib["name"]: case for case in ET.fromstring(report).iter("testcase")}
    verdicts = {"good": "valid", "bad": "invalid", "endless": "unknown"}
    assert {name: properties(case)["peerlab_verdict"] for name, case in cases.items()} == verdicts
    failure = cases["bad"].find("failure")
    assert failure is not None
    assert failure.attrib["message"].startswith("invalid: expectations: bob: expected message")
    for case in cases.values():
        assert Path(properties(case)["peerlab_run"], "run.json").exists()
        assert Path(properties(case)["peerlab_run"], "report.html").exists()


def properties(case: ET.Element) -> dict[str, str]:
    """Return the properties of a test in a JUnit report."""
    return {item.attrib["name"]: item.attrib["value"] for item in case.iter("property")}


def check_harmless(text: str) -> None:
    """Check that a text is safe for a terminal."""
    assert not {"\x1b", "\x07"} & {*text}
    assert "#x1B" not in text


def test_wrong_files(pytester: pytest.Pytester) -> None:
    wrong = hello("wrong").replace("to: bob", "to: bobb").replace("why:", "wy:")
    folder = scenarios(pytester, wrong=wrong, torn="name: [", nasty='"\\e[31m": 1')
    done = pytester.runpytest_inprocess("--co")
    done.assert_outcomes(errors=3)
    text = done.stdout.str()
    assert f"{folder}/wrong.yaml:7:23: no peer 'bobb' here; did you mean 'bob'?" in text
    assert f"{folder}/wrong.yaml:3:1: unknown key 'wy'" in text
    assert f"{folder}/torn.yaml:" in text
    assert "orchestrator/" not in text.replace(str(pytester.path), "")
    check_harmless(text)


def test_a_scenario_for_another_engine_is_skipped(pytester: pytest.Pytester) -> None:
    scenarios(pytester, one=hello("one") + "engine: docker\n")
    done = pytester.runpytest_inprocess("-rs", "--peerlab-engine", "process")
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["SKIPPED*runs only on the engine docker*"])


PARTITION = "  - partition: {groups: [[alice], [bob]], for: 1}\n"


@pytest.mark.parametrize("engine", [pytest.param("process", marks=pytest.mark.thorough), "auto"])
def test_a_fault_that_the_engine_cannot_do_is_skipped(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    scenarios(pytester, one=hello("one") + PARTITION, two=hello("two") + "engine: process\n")
    done = pytester.runpytest_inprocess("-rs", "--peerlab-engine", engine)
    done.assert_outcomes(skipped=1, passed=1)
    done.stdout.fnmatch_lines(["SKIPPED*one needs `partition alice | bob for 1 s`, but *"])


def test_mistakes_are_reported_before_any_peer_starts(
    pytester: pytest.Pytester,
) -> None:
    folder = scenarios(
        pytester,
        absent=hello("absent") + "profile: no-such\n",
        verbless=hello("verbless") + f"profile: {ROOT}/tests/programs/odd.yaml\n",
        first=hello("same"),
        second=hello("same"),
    )
    done = pytester.runpytest_inprocess()
    done.assert_outcomes(errors=3)
    text = done.stdout.str()
    assert f"{folder}/absent.yaml:9:1: no profile 'no-such' here" in text
    assert re.search(
        rf"{folder}/second\.yaml:2:1: the scenario in \S*first\.yaml is called 'same' too", text
    ), text
    assert re.search(rf"{folder}/verbless\.yaml:\d+:\d+: .*'send'", text), text
    assert not (pytester.path / "runs").exists()


def test_a_lab_that_breaks(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    scenarios(pytester, one=hello("one"))
    pytester.makepyfile("def test_two(lab): lab.peers(1)")
    done = pytester.runpytest_inprocess("--peerlab-engine", "docker")
    done.assert_outcomes(failed=2)
    text = done.stdout.str()
    failures, _, _ = text.partition("short test summary")  # which in CI is not so short
    assert failures.count("hint: start Docker") == 2
    assert "another exception" not in text
    assert "orchestrator/" not in text


def test_several_workers(pytester: pytest.Pytester) -> None:
    wrong = hello("bad") + "  - list: {at: bob, shows: []}\n"  # wrong on a busy machine as well
    scenarios(pytester, one=hello("one"), two=hello("two"), bad=wrong)
    done = pytester.runpytest_subprocess("-n", "2", "--junitxml=out.xml")
    done.assert_outcomes(passed=2, failed=1)
    done.stdout.fnmatch_lines(["*✗ bad: invalid*", "3 runs on process Python *"])
    assert "bad - invalid: expectations: `list` of bob should" in done.stdout.str()
    cases = ET.parse(pytester.path / "out.xml").iter("testcase")
    assert sorted(properties(case)["peerlab_verdict"] for case in cases) == [
        "invalid", "valid", "valid",
    ]  # fmt: skip
    histories = [*pytester.path.glob("runs/*/*/history.jsonl")]
    places = [
        (entry["address"], entry["port"])
        for history in histories
        for entry in map(json.loads, history.read_text().splitlines())
        if entry["verb"] == "ready"
    ]
    # Three runs, more if one was repeated, and three as `latest` once more; two peers in each.
    assert len(histories) >= 6
    assert len(places) == 2 * len(histories)
    for place in places:
        with socket.socket() as dialling:
            assert dialling.connect_ex(place) == errno.ECONNREFUSED, "a worker left its peers"


IN_PYTHON = r'''
import pytest

def test_good(lab):
    """Two peers talk."""
    alice, bob = lab.peers("alice", "bob")
    alice.connect(bob)

def test_act(lab):
    alice, bob = lab.peers("alice", "bob")
    alice.connect(bob)
    bob.connect(alice)

def test_own(lab):
    alice, bob = lab.peers("alice", "bob")
    assert alice.list() == ["bob"]

def test_verdict(lab):
    alice, bob = lab.peers("alice", "bob")
    with pytest.raises(AssertionError):
        bob.expect_line("never \x1b", within=0.1)

def test_declared(lab):
    lab.expect_verdict("invalid", check="duplicates")
    lab.peers(1)

@pytest.mark.xfail(strict=True)
def test_xfail(lab):
    lab.expect_verdict("unknown")
    lab.peers(1)[0].list()

@pytest.mark.peerlab(engine="docker")
def test_elsewhere(lab):
    pass

@pytest.mark.peerlab(profil="x")
def test_misspelt(lab):
    pass

def test_unused(lab):
    pass

@pytest.mark.peerlab(engine="podman")
def test_wrong_engine(lab):
    pass

@pytest.mark.peerlab(limits={"expct": 3})
def test_wrong_limit(lab):
    pass

def test_wrong_number(lab):
    lab.peers(0)

def test_wrong_peer(lab):
    lab.peers(1)[0].connect(None)

def test_wrong_word(lab):
    lab.expect_verdict("bad")
'''


def test_tests_in_python(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(IN_PYTHON)
    done = pytester.runpytest_inprocess("-rA", "--junitxml=out.xml", "--peerlab-engine=process")
    done.assert_outcomes(passed=2, failed=7, skipped=1, xfailed=1, errors=3)
    text = done.stdout.str()
    done.stdout.fnmatch_lines_random([
        ">       bob.connect(alice)",
        "E*NotAsWantedError: *`connect` of bob to alice should have succeeded*",
        "E*came:*error: already connected to *",
        "the verdict so far: invalid",
        "  expectations: *`connect` of bob to alice should have succeeded*",
        "kept in */runs/test-act/*",
        ">       assert alice.list() == [[]\"bob\"[]]",
        "  alice last showed:",
        "✗ test-verdict: invalid (*",
        "    *test_tests_in_python.py:[0-9]*  bob.expect_line(*",
        "FAILED *::test_verdict - invalid: expectations: bob: ex*",
        "FAILED *::test_act - at * `connect` of bob to al*",
        "check duplicates is not judged, not invalid",
        "  no check had anything to judge: no step was done",
        "a lab takes no 'profil', only profile, profiles, compose, engine, fresh, *, limits",
        "wrong settings of a lab: engine: no such word 'podman': one of auto, docker, process",
        "wrong settings of a lab: limits: unknown key 'expct'; did you mean 'expect'?",
        ">       lab.peers(0)",
        "E       ValueError: at least one peer must be asked for, not 0",
        ">       lab.peers(1)[[]0].connect(None)",
        "E       ValueError: a peer or its name is expected, not None",
        ">       lab.expect_verdict(\"bad\")",
    ])  # fmt: skip
    assert "orchestrator/" not in text
    check_harmless(text)
    check_harmless((pytester.path / "out.xml").read_text())
    cases = {c.attrib["name"]: c for c in ET.parse(pytester.path / "out.xml").iter("testcase")}
    early = properties(cases["test_act"])
    assert early["peerlab_verdict"] == "invalid"
    assert early["peerlab_on"].startswith("process Python ")
    kept = pytester.path / "runs/test-act/latest"
    assert "def test_act(lab):" in (kept / "scenario.yaml").read_text()
    assert '"error": "the test ended early: NotAsWantedError: ' in (kept / "run.json").read_text()
    assert (kept / "report.html").exists()


def test_the_program_of_a_project(pytester: pytest.Pytester) -> None:
    shipped = ROOT / "profiles/peerlab.yaml"
    (pytester.mkdir("profiles") / "mine.yaml").write_text(
        shipped.read_text().replace("name: peerlab", "name: mine")
    )
    scenarios(pytester, one=hello("one") + "profile: ../profiles/mine.yaml\n")
    pytester.makepyfile(
        """
        import json, pytest

        def profile(lab):
            lab.peers(1)
            return json.loads((lab.end().folder / "run.json").read_text())["profile"]

        def test_by_the_file(lab):
            assert profile(lab) == "mine"

        @pytest.mark.peerlab(profile="peerlab")
        def test_by_the_marker(lab, make_lab):
            assert profile(lab) == "peerlab"
            assert profile(make_lab(profile="profiles/mine.yaml")) == "mine"
        """
    )
    done = pytester.runpytest_inprocess("-o", "peerlab_profile=profiles/mine.yaml")
    done.assert_outcomes(passed=3)
    assert '"mine"' in next((pytester.path / "runs/one").glob("*/run.json")).read_text()


def write_files_of_the_page(folder: Path) -> None:
    """Write the files that docs/pytest.md shows."""
    page = (ROOT / "docs/pytest.md").read_text()
    files = re.findall(r"`([\w./-]+\.(?:py|yaml))`[^\n]*:\n\n```\w+\n(.*?)```", page, re.DOTALL)
    assert len(files) == 6
    for name, text in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_the_files_of_the_page(pytester: pytest.Pytester) -> None:
    write_files_of_the_page(pytester.path)
    done = pytester.runpytest_inprocess("--ignore", "test_partition.py")
    done.assert_outcomes(passed=5)


@pytest.mark.docker
def test_the_partition_of_the_page(pytester: pytest.Pytester) -> None:
    write_files_of_the_page(pytester.path)
    pytester.runpytest_inprocess("test_partition.py").assert_outcomes(passed=1)


def test_annotations_of_github(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path))
    scenarios(pytester, bad=hello("bad", "never, 100%"), torn="name: [")
    pytester.makepyfile("def test_own(): assert False")
    done = pytester.runpytest_inprocess("--continue-on-collection-errors")
    found = [line for line in done.outlines if line.startswith("::error")]
    assert len(found) == 2, found
    done.stdout.fnmatch_lines_random([
        "::error file=scenarios/bad.yaml,line=8,title=scenarios/bad.yaml%3A%3Abad::invalid: *",
        "*: expectations: bob: expected message 'never, 100%25' *",
        "::error file=scenarios/torn.yaml,line=1,col=8::*",
    ])  # fmt: skip
