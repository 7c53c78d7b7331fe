"""Consoles as they were recorded, in several styles: what was typed and what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.discovery.evidence import Exchange, Facts
from orchestrator.discovery.inference import Evidence
from orchestrator.discovery.samples import Sample
from orchestrator.discovery.screen import read
from orchestrator.discovery.wording import Wording

PORT = 5000
HOSTS = {"alice": "172.20.0.2", "bob": "172.20.0.3", "carol": "172.20.0.4"}
PLACES = Facts(frozenset(HOSTS.values()), frozenset({PORT}))


def exchange(  # noqa: PLR0913 - each test gives a few of them
    verb: str,
    typed: str,
    came: str,
    *,
    at: str = "alice",
    to: str = "",
    told: str = "",
    right: bool | None = True,
    text: str = "",
    ids: Mapping[str, int] | None = None,
    prompts: Sequence[str] = (),
) -> Exchange:
    """Return one thing that was typed, and what both ends showed."""
    names = [name for name in (at, to) if name]
    facts = Facts(
        frozenset(HOSTS[name] for name in names),
        frozenset({PORT}),
        text,
        ids or {},
        tuple(typed.split()[1:]) if right is False else (),
    )
    others = {to: read(told, "", prompts)} if to else {}
    return Exchange(
        verb, right, at, to, (typed,), (read(came, typed, prompts),), others, facts, verb == "exit"
    )


def evidence(
    exchanges: Sequence[Exchange],
    rows: Sequence[Sequence[str]],
    empty: Sequence[str],
    greeting: str,
    prompts: Sequence[str] = (),
    first_id: int = 1,
) -> Evidence:
    """Return what a few exchanges amount to."""
    wordings = {each.verb: Wording((_template(each),)) for each in reversed(exchanges)
                if each.verb not in ("unknown", "kill") and each.right is not False}  # fmt: skip
    greetings = [Sample((greeting,), PLACES, name) for name in HOSTS]
    return Evidence(
        exchanges, wordings, prompts, greetings, rows, empty, PLACES, {}, first_id,
        {"command": ["{python}", "chat.py", "{port}"]},
    )  # fmt: skip


def _template(found: Exchange) -> str:
    word = found.typed[0].split()[0]
    rest = {"connect": " {address} {port}", "terminate": " {id}", "send": " {id} {text}"}
    return word + rest.get(found.verb, "")
