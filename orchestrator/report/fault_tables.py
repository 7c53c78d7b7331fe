"""The faults of a run: what they affected and when, and the measurements that prove it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from rich import box
from rich.table import Table
from rich.text import Text

from orchestrator.checks.index.fault_windows import FaultWindow
from orchestrator.checks.verdict import Judgement
from orchestrator.faults import proof
from orchestrator.faults.delay import VARIES
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe, What
from orchestrator.report.marks import marked
from orchestrator.report.output_format import RunFault
from orchestrator.report.printing import plain, shortened, table
from orchestrator.text import count

_COLUMNS = ("fault", "what", "from, to", "measured", "")
_WIDTHS = (11, 18, 10, None, 12)  # of 80 columns; the measurements get the rest
_SIDES = ("before", "during", "after")
_LONGEST = 200  # characters of a fault in words
_LEAST_DELAY = 0.005  # seconds of delay worth showing for many links; less is the machine's own


def faults_table(faults: Sequence[FaultWindow], most: int) -> Table:
    """Return the faults, at most this many of them."""
    made = table(*_COLUMNS)
    made.box, made.pad_edge, made.padding = box.SIMPLE_HEAD, False, (0, 2, 0, 0)
    for column, width in zip(made.columns, _WIDTHS, strict=True):
        column.max_width = width
    for fault in faults[:most]:
        made.add_row(
            plain(_named(fault)),
            plain(_what(fault)),
            plain(_times(fault)),
            plain("\n".join(measurements(fault.proofs)) or "-"),
            marked(*proven(fault)),
        )
    if (more := len(faults) - most) > 0:
        made.add_row("", plain(f"… and {more:,} more", "dim"))
    return made


def fault_line(fault: FaultWindow) -> Text:
    """Return a fault in one line: what it was, from when to when, and what proves it."""
    judgement, word = proven(fault)
    what = shortened(f" ({fault.says})" if fault.links else f" {fault.peer}", _LONGEST)
    line = marked(judgement, _named(fault)).append_text(plain(what))
    line.append_text(plain(f", {_times(fault)}: {word}".replace("\n", " ")))
    return line.append_text(plain(f": {'; '.join(filter(None, (fault.said, _in_short(fault))))}"))


def _in_short(fault: FaultWindow) -> str:
    """Return what was measured of a fault, in a clause."""
    before, during, after = ("; ".join(_measured_at(fault.proofs, side)) for side in _SIDES)
    sides = [("before and after" if after == before else "before", before), ("during", during)]
    return ", ".join(f"{side} {found}" for side, found in sides if found)


def faults_as_data(faults: Sequence[FaultWindow]) -> list[RunFault]:
    """Return the faults for `--json`."""
    return [
        {
            "fault": fault.kind,
            "name": fault.name or None,
            "peer": fault.peer or None,
            "says": fault.says,
            "links": [list(link) for link in fault.links],
            "means": dict(fault.mechanisms),
            "from": fault.began,
            "to": fault.until,
            "outcome": fault.given.status,
            "proven": fault.is_proven,
            "said": fault.said or None,
            "proof": [dict(row) for row in fault.proofs],
        }
        for fault in faults
    ]


def _named(fault: FaultWindow) -> str:
    if fault.name and not fault.name.startswith(fault.kind):
        return f"{fault.kind} {fault.name}"
    return fault.name or fault.kind


def _what(fault: FaultWindow) -> str:
    mechanisms = dict.fromkeys(map(str, fault.mechanisms.values()))
    by = f", by {' and '.join(mechanisms)}" if mechanisms else ""
    return shortened(fault.says if fault.links else fault.peer, _LONGEST) + by


def _times(fault: FaultWindow) -> str:
    if fault.given.status == "fail":
        return f"{fault.began:.2f} s"
    until = "the end" if fault.until is None else f"{fault.until:.2f} s"
    return f"{fault.began:.2f} s\nto {until}"


def proven(fault: FaultWindow) -> tuple[Judgement, str]:
    """Return whether a fault is proven, as a judgement and in words."""
    if fault.given.status == "fail":
        return Judgement.INVALID, "not done"
    if fault.is_proven:
        return Judgement.VALID, "proven"
    return Judgement.UNKNOWN, "not proven"


def measurements(proofs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each measurement before, during and after a fault."""
    return [f"{side:6} {line}" for side in _SIDES for line in _measured_at(proofs, side)]


def _measured_at(proofs: Sequence[Mapping[str, Any]], side: str) -> list[str]:
    """Return what was measured at one time: a line for each kind of probe, over all links."""
    lines = [str(row[side]) for row in proofs if isinstance(row.get(side), str)]
    for what in get_args(What):
        rows = (row for row in proofs if row.get("what") == what)
        if found := [*_measured(rows, side)]:
            lines.append(_summary(what, found))
    return lines


def _measured(rows: Iterator[Mapping[str, Any]], side: str) -> Iterator[Measured]:
    for row in rows:
        data = row.get(side)
        if isinstance(data, Mapping):
            try:
                yield Measured.of(data)
            except TypeError:  # from another version of the lab, or edited
                continue


def _summary(what: What, found: Sequence[Measured]) -> str:
    """Return the measurements of some links in one phrase: the worst and the best of them."""
    live = [one for one in found if one.error != NOT_RUNNING]
    if not live:
        return NOT_RUNNING
    if more := {one.error for one in live} - {live[0].error}:
        errors = [live[0].error, *sorted(more)]
        return "; ".join(_summary(what, [o for o in live if o.error == error]) for error in errors)
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
    """Return the least or the greatest of every figure, without delays too short to matter."""
    delays = [one.delay for one in found if one.delay is not None]
    rates = [one.rate for one in found if one.rate is not None]
    spreads = [one.spread or 0.0 for one in found]
    return replace(
        found[0],
        sent=pick(one.sent for one in found),
        arrived=pick(one.arrived for one in found),
        delay=pick(delays) if delays and max(delays) >= _LEAST_DELAY else None,
        rate=pick(rates, default=None),
        reads=pick(one.reads for one in found),
        error=next((one.error for one in found if one.error), ""),
        spread=pick(spreads) if min(spreads) >= VARIES else None,
    )
