"""`peerlab docs`."""

from __future__ import annotations

from orchestrator.paths import DOCS
from tests.orchestrator.cli.support import peerlab


def test_a_page() -> None:
    done = peerlab("docs", "profiles")
    assert (done.returncode, done.stdout) == (0, (DOCS / "profiles.md").read_text())


def test_the_list_of_pages() -> None:
    *pages, last = peerlab("docs").stdout.splitlines()
    assert [line.split()[0] for line in pages] == sorted(path.stem for path in DOCS.glob("*.md"))
    assert "cli           Commands" in pages
    assert last == f"they are in {DOCS}"


def test_a_page_that_does_not_exist() -> None:
    done = peerlab("docs", "profile")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: there is no page 'profile'; did you mean 'profiles'?\n"
        "hint: peerlab docs lists them\n"
    )
