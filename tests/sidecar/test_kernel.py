# ruff: noqa: E501 - messages stay on one line
"""Rules are applied whole or not at all, even if `nft` and `tc` fail. The programs are fake."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from sidecar import capabilities
from sidecar import kernel as sidecar_kernel
from sidecar.errors import CommandError, SidecarError
from sidecar.kernel import Kernel
from sidecar.ruleset import ArriveRule, LeaveRule, Rules

CUT = Rules(arrive=(ArriveRule(("10.0.0.3",), cut=True),))
LIMITED = Rules(leave=(LeaveRule(("10.0.0.3",), 1000),))
TIGHTER = Rules(leave=(LeaveRule(("10.0.0.3",), 500), LeaveRule(("10.0.0.4",), 500)))


class FakePrograms:
    """Stands in for `nft`, `tc` and `ip`.

    Attributes:
        refuses: what a command contains that is refused from now on.
        roots: the root qdiscs by interface, as `tc` shows them.
        classes: the rate of each class.
        script: what `nft` took last.
        taken: all that they took.
    """

    def __init__(self) -> None:
        self.refuses = "nothing"
        self.device = "eth0"
        self.roots: dict[str, tuple[str, str]] = {}
        self.classes: dict[str, str] = {}
        self.script = ""
        self.taken: list[str] = []

    def __call__(self, words: Sequence[str], text: str = "") -> str:
        if words[0] == "ip":
            return json.dumps([{"dev": self.device}])
        if "show" in words:
            shown = [
                {"dev": device, "kind": kind, "handle": handle, "root": True}
                for device, (kind, handle) in self.roots.items()
            ]
            return json.dumps(shown)
        for line in [text] if words[0] == "nft" else text.splitlines():
            self._take(words[0], line)
        return ""

    def _take(self, program: str, line: str) -> None:
        if self.refuses in line:
            raise CommandError(f"{program}: refused")
        self.taken.append(line)
        if program == "nft":
            self.script = line
            return
        match line.split():
            case ["qdisc", "add", "dev", device, "root", *_]:
                self.roots[device] = ("htb", "7ee7:")
            case ["qdisc", "del", "dev", device, "root"]:
                if device not in self.roots:
                    raise CommandError("tc: no such thing")
                del self.roots[device]
            case ["class", "replace", _, device, _, _, _, name, "htb", "rate", rate, *_]:
                self.classes[f"{device} {name}"] = rate
            case ["class", "del", _, device, "classid", name]:
                if self.classes.pop(f"{device} {name}", None) is None:
                    raise CommandError("tc: no such thing")


@pytest.fixture
def programs() -> FakePrograms:
    return FakePrograms()


def test_nothing_is_limited_by_default(programs: FakePrograms) -> None:
    Kernel(programs).apply(CUT, 0)
    assert "@cut" in programs.script
    assert not programs.roots


def test_limits_are_added_changed_and_removed(programs: FakePrograms) -> None:
    kernel = Kernel(programs)
    kernel.apply(LIMITED, 0)
    assert programs.classes == {"eth0 7ee7:10": "1000bps"}
    kernel.apply(TIGHTER, 0)
    assert programs.classes == {"eth0 7ee7:10": "500bps", "eth0 7ee7:11": "500bps"}
    kernel.apply(LIMITED, 0)
    assert programs.classes == {"eth0 7ee7:10": "1000bps"}
    assert sum("qdisc add" in line for line in programs.taken) == 1
    kernel.apply(Rules(), 0)
    assert not programs.roots


@pytest.mark.parametrize("refused", ["7ee7:11", "limit 80001", "table ip peerlab", "rate 500bps"])
def test_the_previous_rules_stay_if_anything_is_refused(
    programs: FakePrograms, refused: str
) -> None:
    kernel = Kernel(programs)
    kernel.apply(LIMITED, 0)
    before = dict(programs.classes), dict(programs.roots), programs.script
    programs.refuses = refused
    larger = Rules(leave=(LeaveRule(("10.0.0.3",), 80001), LeaveRule(("10.0.0.4",), 500)))
    with pytest.raises(CommandError, match="refused"):
        kernel.apply(larger, 0)
    assert (programs.classes, programs.roots, programs.script) == before
    programs.refuses = "nothing"
    assert kernel.renew()
    assert "limit_10 { 10.0.0.3 " in programs.script


def test_an_unused_root_is_removed(programs: FakePrograms) -> None:
    programs.refuses = "class replace"
    with pytest.raises(CommandError):
        Kernel(programs).apply(LIMITED, 0)
    assert not programs.roots
    assert not programs.script


def test_a_foreign_root_is_never_touched(programs: FakePrograms) -> None:
    programs.roots["eth0"] = ("tbf", "1:")
    kernel = Kernel(programs)
    with pytest.raises(SidecarError, match=r"eth0 has a root qdisc that is not ours \(tbf 1:\)"):
        kernel.apply(LIMITED, 0)
    kernel.apply(CUT, 0)
    kernel.remove()
    assert programs.roots == {"eth0": ("tbf", "1:")}


def test_loopback_is_never_touched(programs: FakePrograms) -> None:
    programs.device = "lo"
    with pytest.raises(SidecarError, match="loopback is never touched"):
        Kernel(programs).apply(LIMITED, 0)


def test_leftovers_of_a_killed_sidecar_are_replaced(programs: FakePrograms) -> None:
    programs.roots = {"eth0": ("htb", "7ee7:"), "eth1": ("htb", "1:")}
    Kernel(programs).apply(CUT, 0)
    assert programs.roots == {"eth1": ("htb", "1:")}
    assert programs.script.startswith("table ip peerlab\ndelete table ip peerlab\n")


def test_everything_is_removed_once(programs: FakePrograms) -> None:
    kernel = Kernel(programs)
    kernel.remove()
    assert not programs.taken
    kernel.apply(LIMITED, 0)
    kernel.remove()
    assert not programs.roots
    assert programs.script.endswith("delete table ip peerlab\n")
    taken = len(programs.taken)
    kernel.remove()
    assert len(programs.taken) == taken
    assert not kernel.is_active


def test_roots_are_removed_even_if_the_table_is_not(programs: FakePrograms) -> None:
    kernel = Kernel(programs)
    kernel.apply(LIMITED, 0)
    programs.refuses = "delete table"
    with pytest.raises(CommandError):
        kernel.remove()
    assert not programs.roots


def test_a_root_that_went_with_its_interface_is_no_error(programs: FakePrograms) -> None:
    kernel = Kernel(programs)
    kernel.apply(LIMITED, 0)
    programs.roots.clear()
    kernel.apply(Rules(), 0)
    kernel.apply(LIMITED, 0)
    assert programs.roots


def test_rules_that_were_removed_are_added_again_and_reported(programs: FakePrograms) -> None:
    kernel = Kernel(programs)
    kernel.apply(CUT, 0)
    assert kernel.renew()
    programs.refuses = "flush set"
    assert not kernel.renew()
    assert "@cut" in programs.script


def test_capabilities_leave_nothing_and_say_what_is_missing(programs: FakePrograms) -> None:
    programs.refuses = "netem"
    found = capabilities.try_all(programs)
    assert found.unsupported == {} or list(found.unsupported) == [
        "stream",
        "delay",
    ]  # a mark needs root
    assert found.mechanisms["bandwidth"] == "tc htb"
    assert not programs.roots
    programs.refuses = "numgen"
    found = capabilities.try_all(programs)
    assert found.unsupported["loss"] == "nft: refused"
    assert found.mechanisms["delay"] == "tc netem"


def test_a_failed_program_is_explained_in_one_line() -> None:
    assert sidecar_kernel.run(("cat",), "text") == "text"
    with pytest.raises(CommandError, match=r"^false: status 1$"):
        sidecar_kernel.run(("false",))
    with pytest.raises(CommandError, match=r"^ls: .*/no/such"):
        sidecar_kernel.run(("ls", "/no/such"))
    with pytest.raises(CommandError, match=r"^no-such-program: No such file or directory$"):
        sidecar_kernel.run(("no-such-program",))


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("", ""),
        ("Error: Specified qdisc kind is unknown.\nCommand failed -:3\n", "Specified qdisc kind is unknown."),
        ("# Warning: managed\n/dev/stdin:3:5-10: Error: syntax error, unexpected\nx\n^^^\n", "syntax error, unexpected"),
        ("RTNETLINK answers: Operation not permitted\n", "RTNETLINK answers: Operation not permitted"),
    ],
)  # fmt: skip
def test_the_first_error_is_found(output: str, reason: str) -> None:
    assert sidecar_kernel.first_error(output) == reason
