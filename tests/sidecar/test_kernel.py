# ruff: noqa: E501 - said as it is said
"""Rules hold whole or not at all, whatever `nft` and `tc` say. A kernel is played here."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from sidecar import abilities, command
from sidecar.errors import CommandError, SidecarError
from sidecar.kernel import Kernel
from sidecar.rules import Arrive, Leave, Rules

CUT = Rules(arrive=(Arrive(("10.0.0.3",), cut=True),))
SLOW = Rules(leave=(Leave(("10.0.0.3",), 1000),))
SLOWER = Rules(leave=(Leave(("10.0.0.3",), 500), Leave(("10.0.0.4",), 500)))


class Played:
    """Takes what `nft`, `tc` and `ip` are told.

    Attributes:
        refuses: what a command contains that is refused from now on.
        roots: the root of each interface, as `tc` shows it.
        classes: the rate of each class.
        script: what `nft` took last.
        told: all that was taken.
    """

    def __init__(self) -> None:
        self.refuses = "nothing"
        self.device = "eth0"
        self.roots: dict[str, tuple[str, str]] = {}
        self.classes: dict[str, str] = {}
        self.script = ""
        self.told: list[str] = []

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
        self.told.append(line)
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
def played() -> Played:
    return Played()


def test_nothing_is_shaped_unless_asked_for(played: Played) -> None:
    Kernel(played).hold(CUT, 0)
    assert "@cut" in played.script
    assert not played.roots


def test_limits_come_change_and_go(played: Played) -> None:
    kernel = Kernel(played)
    kernel.hold(SLOW, 0)
    assert played.classes == {"eth0 7ee7:10": "1000bps"}
    kernel.hold(SLOWER, 0)
    assert played.classes == {"eth0 7ee7:10": "500bps", "eth0 7ee7:11": "500bps"}
    kernel.hold(SLOW, 0)
    assert played.classes == {"eth0 7ee7:10": "1000bps"}
    assert sum("qdisc add" in line for line in played.told) == 1
    kernel.hold(Rules(), 0)
    assert not played.roots


@pytest.mark.parametrize("refused", ["7ee7:11", "limit 80001", "table ip peerlab", "rate 500bps"])
def test_what_held_before_holds_still_where_something_is_refused(
    played: Played, refused: str
) -> None:
    kernel = Kernel(played)
    kernel.hold(SLOW, 0)
    before = dict(played.classes), dict(played.roots), played.script
    played.refuses = refused
    larger = Rules(leave=(Leave(("10.0.0.3",), 80001), Leave(("10.0.0.4",), 500)))
    with pytest.raises(CommandError, match="refused"):
        kernel.hold(larger, 0)
    assert (played.classes, played.roots, played.script) == before
    played.refuses = "nothing"
    assert kernel.renew()
    assert "slow_10 { 10.0.0.3 " in played.script


def test_a_root_that_was_made_in_vain_is_removed(played: Played) -> None:
    played.refuses = "class replace"
    with pytest.raises(CommandError):
        Kernel(played).hold(SLOW, 0)
    assert not played.roots
    assert not played.script


def test_somebody_else_s_root_is_left_alone(played: Played) -> None:
    played.roots["eth0"] = ("tbf", "1:")
    kernel = Kernel(played)
    with pytest.raises(SidecarError, match=r"eth0 has a root qdisc of somebody else's \(tbf 1:\)"):
        kernel.hold(SLOW, 0)
    kernel.hold(CUT, 0)
    kernel.remove()
    assert played.roots == {"eth0": ("tbf", "1:")}


def test_loopback_is_left_alone(played: Played) -> None:
    played.device = "lo"
    with pytest.raises(SidecarError, match="loopback is left alone"):
        Kernel(played).hold(SLOW, 0)


def test_what_a_killed_sidecar_left_is_replaced(played: Played) -> None:
    played.roots = {"eth0": ("htb", "7ee7:"), "eth1": ("htb", "1:")}
    Kernel(played).hold(CUT, 0)
    assert played.roots == {"eth1": ("htb", "1:")}
    assert played.script.startswith("table ip peerlab\ndelete table ip peerlab\n")


def test_all_is_removed_and_once(played: Played) -> None:
    kernel = Kernel(played)
    kernel.remove()
    assert not played.told
    kernel.hold(SLOW, 0)
    kernel.remove()
    assert not played.roots
    assert played.script.endswith("delete table ip peerlab\n")
    told = len(played.told)
    kernel.remove()
    assert len(played.told) == told
    assert not kernel.holds


def test_roots_are_removed_even_where_the_table_is_not(played: Played) -> None:
    kernel = Kernel(played)
    kernel.hold(SLOW, 0)
    played.refuses = "delete table"
    with pytest.raises(CommandError):
        kernel.remove()
    assert not played.roots


def test_a_root_that_went_with_its_interface_is_no_mistake(played: Played) -> None:
    kernel = Kernel(played)
    kernel.hold(SLOW, 0)
    played.roots.clear()
    kernel.hold(Rules(), 0)
    kernel.hold(SLOW, 0)
    assert played.roots


def test_rules_that_somebody_removed_are_made_anew_and_that_is_told(played: Played) -> None:
    kernel = Kernel(played)
    kernel.hold(CUT, 0)
    assert kernel.renew()
    played.refuses = "flush set"
    assert not kernel.renew()
    assert "@cut" in played.script


def test_abilities_leave_nothing_and_tell_what_is_missing(played: Played) -> None:
    played.refuses = "netem"
    found = abilities.try_all(played)
    assert found.lacks == {} or list(found.lacks) == ["stream", "delay"]  # a mark needs root
    assert found.means["bandwidth"] == "tc htb"
    assert not played.roots
    played.refuses = "numgen"
    found = abilities.try_all(played)
    assert found.lacks["loss"] == "nft: refused"
    assert found.means["delay"] == "tc netem"


def test_a_program_that_refuses_says_why_in_a_line() -> None:
    assert command.run(("cat",), "text") == "text"
    with pytest.raises(CommandError, match=r"^false: status 1$"):
        command.run(("false",))
    with pytest.raises(CommandError, match=r"^ls: .*/no/such"):
        command.run(("ls", "/no/such"))
    with pytest.raises(CommandError, match=r"^no-such-program: No such file or directory$"):
        command.run(("no-such-program",))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("", ""),
        ("Error: Specified qdisc kind is unknown.\nCommand failed -:3\n", "Specified qdisc kind is unknown."),
        ("# Warning: managed\n/dev/stdin:3:5-10: Error: syntax error, unexpected\nx\n^^^\n", "syntax error, unexpected"),
        ("RTNETLINK answers: Operation not permitted\n", "RTNETLINK answers: Operation not permitted"),
    ],
)  # fmt: skip
def test_reasons_are_found(said: str, reason: str) -> None:
    assert command.reason(said) == reason
