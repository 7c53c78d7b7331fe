"""Recorded exchanges with programs of several styles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.discovery.evidence import Exchange, KnownValues, Sample, read_output
from orchestrator.discovery.list_patterns import id_columns
from orchestrator.discovery.replies import ProgramEvidence
from orchestrator.discovery.wording import Wording

PORT = 5000
HOSTS = {"alice": "172.20.0.2", "bob": "172.20.0.3", "carol": "172.20.0.4"}
KNOWN = KnownValues(frozenset(HOSTS.values()), frozenset({PORT}))


def exchange(  # noqa: PLR0913 - a test passes a few of them
    verb: str,
    typed: str,
    output: str,
    *,
    at: str = "alice",
    to: str = "",
    other: str = "",
    right: bool | None = True,
    text: str = "",
    ids: Mapping[str, str] | None = None,
    prompts: Sequence[str] = (),
) -> Exchange:
    """Return an exchange: what was typed, and what both peers printed."""
    names = [name for name in (at, to) if name]
    known = KnownValues(
        frozenset(HOSTS[name] for name in names),
        frozenset({PORT}),
        text,
        ids or {},
        tuple(typed.split()[1:]) if right is False else (),
    )
    others = {to: read_output(other, "", prompts)} if to else {}
    return Exchange(
        verb,
        right,
        at,
        to,
        (typed,),
        (read_output(output, typed, prompts),),
        others,
        known,
        verb == "exit",
    )


def evidence(
    exchanges: Sequence[Exchange],
    lists: Sequence[Sequence[str]],
    empty: Sequence[str],
    greeting: str,
    prompts: Sequence[str] = (),
    first_id: int = 1,
) -> ProgramEvidence:
    """Return evidence made of a few exchanges."""
    wordings = {it.verb: Wording((_template(it),)) for it in reversed(exchanges)
                if it.verb not in ("unknown", "kill") and it.right is not False}  # fmt: skip
    greetings = [Sample((greeting,), KNOWN, name) for name in HOSTS]
    return ProgramEvidence(
        exchanges, wordings, prompts, greetings, lists, empty, KNOWN, {}, first_id,
        next(iter(id_columns(lists, KNOWN)), None),
        {"command": ["{python}", "chat.py", "{port}"]},
    )  # fmt: skip


def _template(exchange: Exchange) -> str:
    word = exchange.typed[0].split()[0]
    rest = {"connect": " {address} {port}", "terminate": " {id}", "send": " {id} {text}"}
    return word + rest.get(exchange.verb, "")
