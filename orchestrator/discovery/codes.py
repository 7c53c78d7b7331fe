"""Find numbers that say what a line means, such as the `404` of a protocol. Pure.

A pattern takes any number for another one, as most numbers count something. A code is one by which
alone success and refusal differ: it is the same whenever a verb has worked, and another one if not.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from orchestrator.discovery.evidence import Exchange
from orchestrator.discovery.templates import make_template

_VERBS = ("connect", "terminate", "send")  # whose success and refusal are both seen
_LEAST = 2  # replies of either kind that show a code

# what a line has in front of its first number, and that number
_Head = tuple[str, str]


def with_codes(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Return exchanges that know the codes of the program, if it has any."""
    codes = frozenset(map("".join, _codes(exchanges)))
    return [
        dataclasses.replace(it, known=dataclasses.replace(it.known, codes=codes))
        for it in exchanges
    ]


def _codes(exchanges: Sequence[Exchange]) -> set[_Head]:
    """Return the heads of lines that end in a code."""
    codes = set[_Head]()
    for verb in _VERBS:
        codes |= _codes_of([it for it in exchanges if it.verb == verb])
    places = {place for place, _ in codes}
    told = defaultdict[str, list[set[_Head]]](list)
    for exchange in (it for it in exchanges if it.worked and it.to and places):
        told[exchange.verb].append(set(_heads(exchange, exchange.other_lines)))
    for lines in told.values():
        same = set.intersection(*lines) if len(lines) >= _LEAST else set()
        codes |= {head for head in same if head[0] in places}
    return codes


def _codes_of(exchanges: Sequence[Exchange]) -> set[_Head]:
    """Return the heads that say whether a verb has worked."""
    worked = [it for it in exchanges if it.right is not False and it.fact]
    refused = [it for it in exchanges if it.right is False and not it.fact and not it.ended]
    done = [set(_heads(it, it.lines)) for it in worked]
    complaints = [set(_heads(it, it.lines)) for it in refused]
    same = set.intersection(*done) if len(done) >= _LEAST else set()
    found = set[_Head]()
    for place, number in same:
        others = [{head for head in heads if head[0] == place} for heads in complaints]
        seen = set[_Head]().union(*others)
        is_code = sum(map(bool, others)) >= _LEAST and (place, number) not in seen
        found |= {(place, number), *seen} if is_code else set()
    return found


def _heads(exchange: Exchange, lines: Iterable[str]) -> Iterator[_Head]:
    """Yield the first number of each line, and what stands in front of it, unless it is known.

    A number that was typed, or that counts the words of a text, is known.
    """
    known = {*exchange.given.values(), *exchange.known.ids.values()}
    known.add(str(len(exchange.known.text.split())))
    for line in lines:
        front = ""
        for token in make_template(line, exchange.known):
            if token.kind == "number" and token.text not in known:
                yield front, token.text
            if token.kind not in ("literal", "blank", "run"):
                break
            front += token.text
