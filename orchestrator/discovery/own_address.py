"""Find out whether an answer without an address says where a program is at all."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.discovery.evidence import Exchange
from orchestrator.discovery.finder import WordFinder
from orchestrator.discovery.trio import NAMES
from orchestrator.discovery.typist import Typist

VERB = "myip"


def ask_the_others(typist: Typist, finder: WordFinder) -> None:
    """Ask the other peers for their address as well if the first one did not tell its own."""
    first, *others = NAMES
    asked = [it for it in typist.exchanges if it.verb == VERB]
    is_told = any(typist.trio.peer(first).address in line for it in asked for line in it.lines)
    is_refused = any(it.fact is False for it in asked)
    is_one_machine = _is_local(typist.trio.peer(first).address)  # where this would tell nothing
    if VERB in finder.wordings and not (is_told or is_refused or is_one_machine):
        for name in others:
            finder.enter(VERB, name)


def same_everywhere(exchanges: Sequence[Exchange]) -> str:
    """Return what all answered alike, though no two have the same address; empty if they did not.

    Such an answer has no address in it, in any form. On one machine it may be the machine's name.
    """
    asked = {it.at: it for it in exchanges if it.verb == VERB and it.lines}
    answers = {"\n".join(it.lines) for it in asked.values()}
    shown = {tuple(step.rest for step in it.steps) for it in asked.values()}  # perhaps a part of it
    addresses = [address for it in asked.values() for address in it.known.addresses]
    is_one_machine = any(map(_is_local, addresses))
    are_apart = len({*addresses}) == len(asked) == len(NAMES)
    are_alike = len(answers) == len(shown) == 1
    return answers.pop() if are_apart and are_alike and not is_one_machine else ""


def _is_local(address: str) -> bool:
    return address.startswith("127.")
