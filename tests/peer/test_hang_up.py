"""A real peer whose terminal goes away."""

from __future__ import annotations

import pytest

from tests.peer.support import Screen, until
from tests.peer.test_terminal import NO_READLINE, Make, Start, connected


class TestHangUp:
    @pytest.mark.parametrize("code", ["", NO_READLINE])
    def test_it_ends_in_an_orderly_way(self, screen: Start, node: Make, code: str) -> None:
        one, other = connected(screen, node, code=code)
        one.command("send 1 last words")
        one.hang_up()
        other.await_line("closed 1 .*the other peer exited")
        assert other.texts() == ["last words"]
        gone(one)

    def test_where_nobody_sends_the_signal(self, screen: Start, node: Make) -> None:
        """Only the session's leader gets SIGHUP; any other peer just cannot read any more."""
        code = (
            "import signal, subprocess, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
            "sys.exit(subprocess.call([sys.executable, '-m', 'peer', *sys.argv[1:]]))"
        )
        one, other = connected(screen, node, code=code)
        one.hang_up()
        other.await_line("closed 1 ")
        gone(one)


def gone(one: Screen) -> None:
    until(lambda: not one.child.isalive(), "the process to end", 3.0)
