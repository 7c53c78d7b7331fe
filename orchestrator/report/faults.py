"""The faults of a run: where and when they held, and what proves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from rich import box
from rich.table import Table
from rich.text import Text

from orchestrator.checks.index.faults import FaultWindow
from orchestrator.checks.verdict import Judgement
from orchestrator.faults import proof
from orchestrator.faults.lateness import VARIES
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe, What
from orchestrator.report.text import marked, plain, shortened, table
from orchestrator.text import count

_COLUMNS = ("fault", "what", "from, to", "measured", "")
_WIDTHS = (11, 18, 10, None, 12)  # of 80, so that most is left for what was measured
_SIDES = ("before", "during", "after")
_LONGEST = 200  # characters of what a fault says of itself
_TELLING = 0.005  # seconds of delay that are told of many links; less is the machine's own


def faults_table(several: Sequence[FaultWindow], most: int) -> Table:
    """Return what is known of each fault, so many at most."""
    made = table(*_COLUMNS)
    made.box, made.pad_edge, made.padding = box.SIMPLE_HEAD, False, (0, 2, 0, 0)
    for column, width in zip(made.columns, _WIDTHS, strict=True):
        column.max_width = width
    for window in several[:most]:
        made.add_row(
            plain(_named(window)),
            plain(_what(window)),
            plain(_times(window)),
            plain("\n".join(sides(window.proofs)) or "-"),
            _mark(window),
        )
    if (more := len(several) - most) > 0:
        made.add_row("", plain(f"… and {more:,} more", "dim"))
    return made


def faults_as_data(several: Sequence[FaultWindow]) -> list[dict[str, Any]]:
    """Return what is known of each fault, for `--json`."""
    return [
        {
            "fault": window.kind,
            "name": window.name or None,
            "peer": window.peer or None,
            "says": window.says,
            "links": [list(link) for link in window.links],
            "means": dict(window.mechanisms),
            "from": window.began,
            "to": window.until,
            "outcome": window.given.status,
            "proven": window.is_proven,
            "said": window.said or None,
            "proof": [dict(each) for each in window.proofs],
        }
        for window in several
    ]


def _named(window: FaultWindow) -> str:
    named = window.name.startswith(window.kind) or not window.name
    return (window.name or window.kind) if named else f"{window.kind} {window.name}"


def _what(window: FaultWindow) -> str:
    """Return what was done, and by what means."""
    means = dict.fromkeys(map(str, window.mechanisms.values()))
    by = f", by {' and '.join(means)}" if means else ""
    return shortened(window.says if window.links else window.peer, _LONGEST) + by


def _times(window: FaultWindow) -> str:
    if window.given.status == "fail":
        return f"{window.began:.2f} s"
    until = "the end" if window.until is None else f"{window.until:.2f} s"
    return f"{window.began:.2f} s\nto {until}"


def _mark(window: FaultWindow) -> Text:
    if window.given.status == "fail":
        return marked(Judgement.INVALID, "not done")
    if window.is_proven:
        return marked(Judgement.VALID, "proven")
    return marked(Judgement.UNKNOWN, "not proven")


def sides(proofs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line each for what was measured before, during and after a fault."""
    told = ((side, _found(proofs, side)) for side in _SIDES)
    return [f"{side:6} {line}" for side, lines in told for line in lines]


def _found(proofs: Sequence[Mapping[str, Any]], when: str) -> list[str]:
    """Return what was measured at one time: of each kind of probe, over all links."""
    told = [str(each[when]) for each in proofs if isinstance(each.get(when), str)]
    for what in get_args(What):
        rows = (each for each in proofs if each.get("what") == what)
        if found := [*_measured(rows, when)]:
            told.append(_summed_up(what, found))
    return told


def _measured(rows: Iterator[Mapping[str, Any]], when: str) -> Iterator[Measured]:
    for row in rows:
        data = row.get(when)
        if isinstance(data, Mapping):
            try:
                yield Measured.of(data)
            except TypeError:  # of another lab, or written by hand
                continue


def _summed_up(what: What, found: Sequence[Measured]) -> str:
    """Return what was measured over some links in one phrase: over the worst and the best."""
    live = [each for each in found if each.error != NOT_RUNNING]
    if not live:
        return NOT_RUNNING
    if several := {each.error for each in live} - {live[0].error}:
        rest = [[each for each in live if each.error == error] for error in sorted(several)]
        first = [each for each in live if each.error == live[0].error]
        return "; ".join(_summed_up(what, each) for each in (first, *rest))
    probe = Probe(what, live[0].sent)
    if len(live) == 1:
        return proof.phrase(live[0], probe)
    low, high = (proof.phrase(_extreme(live, pick), probe) for pick in (min, max))
    links = count(len(live), "link")
    return f"{_range(low, high)} ({'each of ' if low == high else ''}{links})"


def _range(low: str, high: str) -> str:
    """Return two phrases as one: `352-373 of 401 packets`."""
    words = [*zip(low.split(" "), high.split(" "), strict=False)]
    numbers = all(one == other or (one + other)[0].isdigit() for one, other in words)
    if not numbers or low.count(" ") != high.count(" "):
        return f"{low} … {high}"
    return " ".join(one if one == other else f"{one}-{other}" for one, other in words)


def _extreme(found: Sequence[Measured], pick: Any) -> Measured:
    """Return the least, or the most, of each that was measured; no delay that tells nothing."""
    delays = [each.delay for each in found if each.delay is not None]
    rates = [each.rate for each in found if each.rate is not None]
    telling = delays and max(delays) >= _TELLING
    spreads = [each.spread or 0.0 for each in found]
    return replace(
        found[0],
        sent=pick(each.sent for each in found),
        arrived=pick(each.arrived for each in found),
        delay=pick(delays) if telling else None,
        rate=pick(rates, default=None),
        reads=pick(each.reads for each in found),
        error=next((each.error for each in found if each.error), ""),
        spread=pick(spreads) if min(spreads) >= VARIES else None,
    )
