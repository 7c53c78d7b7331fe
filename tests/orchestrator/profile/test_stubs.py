"""Type stubs for the operations of a profile."""

from __future__ import annotations

from pathlib import Path

from mypy import api

from orchestrator import profile
from orchestrator.profile import Profile
from orchestrator.profile.stubs import stubs
from tests.orchestrator.support import PROGRAMS

STORE = profile.load(str(PROGRAMS / "store/profile.yaml"))
TEST = """
from lab_types import StorePeer

def use(alice: StorePeer) -> None:
    count: int = alice.put(key="x", value=3).count
    value: int = alice.get(key="x", within=5, expect={"value": 3}).value
    alice.keys().rows
    alice.put(key="x")  # type: ignore[call-arg]
    alice.put(key="x", value="3")  # type: ignore[arg-type]
    text: str = alice.get(key="x").value  # type: ignore[assignment]
    alice.kill()
    again: int = alice.eventually("get", key="x", expect={"value": 3}, within=5, every=0.5).value
    alice.eventually("keys").rows
    alice.eventually("put", key="x", value=3)  # type: ignore[call-overload]
    alice.eventually("get", kye="x")  # type: ignore[call-overload]
    with alice.never(call="get", key="x", nil=True), alice.never("copied", fields={"key": "x"}):
        pass
    with alice.never(line="panic", sender="bob"), alice.never(call="keys", every=0.5):
        pass
    alice.never(call="get", key=3)  # type: ignore[call-overload]
"""

USE_ONE = """
from lab_types import StorePeer

def use(alice: StorePeer) -> None:
    value: int = alice.eventually("get", key="x").value
    alice.eventually("quit")  # type: ignore[arg-type, call-arg]
    with alice.never(call="get", key="x"), alice.never("copied"):
        pass
"""


def test_a_type_checker_knows_the_operations(tmp_path: Path) -> None:
    (tmp_path / "lab_types.pyi").write_text(stubs(STORE))
    (tmp_path / "use.py").write_text(TEST)
    assert checked(tmp_path) == ("Success: no issues found in 2 source files", 0)


def test_a_program_with_one_operation_that_can_be_repeated(tmp_path: Path) -> None:
    one = {"get": STORE.operations["get"], "quit": STORE.operations["quit"]}
    (tmp_path / "lab_types.pyi").write_text(stubs(STORE.model_copy(update={"operations": one})))
    (tmp_path / "use.py").write_text(USE_ONE)
    assert checked(tmp_path) == ("Success: no issues found in 2 source files", 0)


def checked(folder: Path) -> tuple[str, int]:
    options = ["--strict", "--follow-imports=silent", f"--cache-dir={folder}/cache"]
    said, _, status = api.run([*options, *map(str, folder.glob("*.py*"))])
    return said.splitlines()[-1], status


def test_names_that_python_has_not() -> None:
    operations = {
        "send": {"takes": {"to": "text"}, "send": "{to}", "ok": "^(?P<ok>.)(?P<at>.)$"},
        "from": {"send": "x"},
        "look-up": {"send": "x"},
    }
    given = {"name": "2nd store", "summary": "s", "port": 5000, "console": {},
             "start": {"command": ["x"]}, "operations": operations}  # fmt: skip
    text = stubs(Profile.model_validate(given))
    assert "class P2ndStorePeer(LabPeer):" in text
    assert "def send(  # type: ignore[override]" in text
    assert "    at: str\n" in text
    assert "    ok: " not in text
    assert "def from" not in text
    assert "def look" not in text
    compile(text, "stubs", "exec")
