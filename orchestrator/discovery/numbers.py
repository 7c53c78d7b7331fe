"""Find the numbers in a line, also those that touch a known address or each other. Pure.

Where the columns of a table are too narrow, `13172.18.0.3` is 13 and an address, `50002` may be a
port and a 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from orchestrator.discovery.evidence import KnownValues

_NUMBER = re.compile(r"(?<![\w.])\d+(?![\w]|\.\d)")
_BEHIND, _BEFORE = re.compile(r"\d+"), re.compile(r"(?<![\w.])\d+$")
_MOST_REST = 3  # digits of a number that touches a port

Span = tuple[int, int]  # where something begins and ends in a line


def touching(addresses: Iterable[str]) -> str:
    """Return a pattern for known addresses that touch a number: a port behind, or any before."""
    known = "|".join(re.escape(it) for it in sorted(addresses, key=len, reverse=True))
    port = r"(?=[1-9]\d{3,4}(?!\d))"
    return rf"(?:{known}){port}|(?<=\d)(?:{known})(?!\d)" if known else r"(?!)"


def find_numbers(line: str, addresses: Sequence[Span], known: KnownValues) -> Iterator[Span]:
    """Yield where numbers stand in a line that has these addresses."""
    for start, stop in addresses:
        if line[start:stop] in known.addresses:
            if before := _BEFORE.search(line, 0, start):
                yield before.span()
            if behind := _BEHIND.match(line, stop):
                yield behind.span()
    for number in _NUMBER.finditer(line):
        yield from _split(number.start(), number[0], known)


def _split(start: int, number: str, known: KnownValues) -> Iterator[Span]:
    """Yield the parts of a number that can be no port, but begins or ends with a known one."""
    stop = start + len(number)
    ports = {str(port) for port in known.ports | known.links} if known.links else set()
    for port in sorted(ports, key=len, reverse=True) if number not in ports else ():
        if 0 < len(number) - len(port) <= _MOST_REST:
            if number.startswith(port):
                yield from ((start, start + len(port)), (start + len(port), stop))
                return
            if number.endswith(port):
                yield from ((start, stop - len(port)), (stop - len(port), stop))
                return
    yield start, stop
