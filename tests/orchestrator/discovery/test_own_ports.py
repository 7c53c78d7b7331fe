"""Programs that take a peer on their own port for themselves get a port each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.discovery import discover as discovery
from orchestrator.profile import Profile
from tests.orchestrator.discovery.learning import COMMANDS, loaded
from tests.orchestrator.discovery.simulated import VERBS, Chat, SimulatedTrio, Style


@pytest.mark.parametrize("on_other_ports", [True, False])
def test_a_program_that_takes_all_on_its_own_port_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_other_ports: bool
) -> None:
    without = Style(words={verb: verb for verb in VERBS if verb != "connect"})

    def trio(_: object, given: Profile, __: object) -> SimulatedTrio:
        return SimulatedTrio(Style() if given.own_ports and on_other_ports else without)

    monkeypatch.setattr(discovery, "Trio", trio)
    engine: Any = None
    draft = discovery.discover(engine, tmp_path, COMMANDS, 5000, lambda _: None)
    found = loaded(tmp_path, draft)
    assert found.own_ports is ("connect" in found.operations) is on_other_ports


class Warned(Chat):
    """Connects to all on its own port, and warns that they are itself: it keeps no connection."""

    def do_connect(self, address: str, port: str) -> str:
        super().do_connect(address, port)
        return "calling\nwarning: that is you"

    def do_list(self) -> str:
        return "0 connections"

    def _other(self, label: str) -> tuple[int, Chat]:
        raise KeyError(label)


class Forgetful(Warned):
    """Does so as well, without a word, and without a warning."""

    def do_connect(self, address: str, port: str) -> str:
        Chat.do_connect(self, address, port)
        return ""

    def tell(self, line: str) -> None:
        pass


@pytest.mark.parametrize("program", [Warned, Forgetful])
@pytest.mark.parametrize("on_other_ports", [True, False])
def test_a_program_that_makes_no_use_of_connections_to_its_own_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: type[Chat], on_other_ports: bool
) -> None:
    def trio(_: object, given: Profile, __: object) -> SimulatedTrio:
        return SimulatedTrio(Style(), Chat if given.own_ports and on_other_ports else program)

    monkeypatch.setattr(discovery, "Trio", trio)
    engine: Any = None
    draft = discovery.discover(engine, tmp_path, COMMANDS, 5000, lambda _: None)
    found = loaded(tmp_path, draft)
    assert found.own_ports is ("send" in found.operations) is on_other_ports
