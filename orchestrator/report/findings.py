"""A run that is not valid, in few lines: the step, what was expected, what consoles showed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from rich.console import Console
from rich.text import Text

from orchestrator.checks.judged_run import Run
from orchestrator.checks.phrases import when
from orchestrator.checks.verdict import Finding, Judgement, Verdict
from orchestrator.history import runs
from orchestrator.report.advice import advice, advice_if_idle
from orchestrator.report.comparing import compared, contrasted
from orchestrator.report.excerpts import ConsoleExcerpt, Excerpts
from orchestrator.report.fault_tables import fault_line
from orchestrator.report.marks import marked
from orchestrator.report.printing import first_line, named, plain, seconds
from orchestrator.report.steps import WrittenSteps
from orchestrator.text import count, cut

MOST_LINES = 25  # for each finding that is shown, everything else of the run included
_MOST_CHECKS = 4  # whose first finding is shown
_MOST_NAMES = 3  # of checks with the same findings
_MOST_SENTENCE, _LEAST_SENTENCE = 4, 2  # lines; the least if both texts follow
_MOST_FAULTS, _MOST_FAULT = 3, 2  # faults, and lines of each
_MOST_ADVICE, _MOST_REST, _MOST_NOTE = 2, 2, 3  # lines
_MOST_PLACED, _MOST_PLACES = 50, 3  # further findings whose places are looked up, and are named
_LEAST_CONSOLES = 4  # lines that consoles get in any case
_AROUND_ONE = (3, 6)  # lines of a console before the moment and from it on, if it is the only one
_AROUND = ((2, 4), (2, 3), (1, 2), (1, 1), (0, 1))  # of several: the first for which there is room
_LABEL = len("expected")
_LONGEST = 2_000  # characters of a line before it is fitted to the terminal


def failure_lines(run: Run, width: int) -> list[Text]:
    """Return the lines about a run that is not valid.

    Each fits into the width, but for the paths at the end.
    """
    known = [_wrapped(note, width, _MOST_NOTE) for note in (*notes(run), *_cut_off(run))]
    head = [_head(run), *chain.from_iterable(known)]
    faults, paths = [*_faults(run, width)], [*_paths(run)]
    is_invalid = run.judgement is Judgement.INVALID
    shown, others = _chosen(run)
    rest = _wrapped(plain(others, "dim"), width, _MOST_REST) if others else []
    room = MOST_LINES - len([*head, *rest, *faults, *paths])
    body: list[Text] = []
    evidence = _Evidence(run, width)
    for verdict in shown:
        body += evidence.lines(verdict, room) if is_invalid else evidence.doubt(verdict)
    if run.nothing_judged:
        body.append(plain(f"  no check had anything to judge: {run.nothing_judged}"))
        body += _wrapped(plain(f"what to do: {advice_if_idle(run)}"), width, 2)
    return [_fitted(line, width) for line in [*head, *body, *rest, *faults]] + paths


def print_failure(console: Console, run: Run) -> None:
    """Print the lines about a run that is not valid."""
    for line in failure_lines(run, console.width):
        console.print(line, soft_wrap=True)


def reason(run: Run) -> str:
    """Return why a run is not valid, on one line: its verdict, the check, the first finding."""
    word = run.judgement.word
    if run.nothing_judged:
        return f"{word}: no check had anything to judge: {run.nothing_judged}"
    if not run.verdicts:
        return f"{word}: {first_line(run.broke_off)}"
    verdict = max(run.verdicts, key=lambda verdict: verdict.judgement.badness)
    says = verdict.says
    if first := first_finding(run):
        says = first.says.removeprefix(f"at {when(first.at)}, ")
    return f"{word}: {verdict.check}: {says}"


def first_finding(run: Run) -> Finding | None:
    """Return the first finding of the first of the worst verdicts; None if it has none."""
    worst = max(run.verdicts, key=lambda verdict: verdict.judgement.badness, default=None)
    return worst.findings[0] if worst and worst.findings else None


def alike_together(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return the verdicts that are not valid; those with the same findings become one.

    In a run that broke off, many checks have the same.
    """
    together: dict[tuple[Finding, ...], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.judgement is not Judgement.VALID:
            together.setdefault(verdict.findings, []).append(verdict)
    return [
        replace(alike[0], check=named([verdict.check for verdict in alike], _MOST_NAMES))
        for alike in together.values()
    ]


def _head(run: Run) -> Text:
    line = marked(run.judgement, f"{run.name}: {run.judgement.word}")
    took = f" ({seconds(sum(run.seconds.values()))} s)" if run.seconds else ""
    return line.append(f"{took}: ", "dim").append_text(plain(run.why, "dim"))


def notes(run: Run) -> Iterator[Text]:
    """Yield what is to be known of a run besides its verdict."""
    if run.record and run.record.verdict != run.judgement.word:
        says = f"{run.record.verdict}: the verdict has changed since it was recorded"
        yield plain(f"before: {says}", "dim")
    if run.without:
        yield plain(run.without, "dim")


def _cut_off(run: Run) -> Iterator[Text]:
    """Yield what ended a run whose lab could not write that down: no finding says it then."""
    if not (run.record or run.error or run.index.marks("broke off")) and run.broke_off:
        yield plain(first_line(run.broke_off))


def _chosen(run: Run) -> tuple[list[Verdict], str]:
    """Return the verdicts of which a finding is shown, and the others in a sentence."""
    found = alike_together(run.verdicts)
    worst = [verdict for verdict in found if verdict.judgement is run.judgement]
    most = 1 if run.broke_off else _MOST_CHECKS  # then all are uncertain for one reason
    shown = [verdict for verdict in worst if verdict.findings][:most]
    others = [f"{v.check} ({v.says})" for v in found if v not in shown]
    return shown, f"and {', '.join(others)}" if others else ""


def _faults(run: Run, width: int) -> Iterator[Text]:
    """Yield the faults nearest to the first finding, each with its proof."""
    first = first_finding(run)
    at = first.at if first else 0.0
    near = sorted(run.index.faults, key=lambda fault: abs(fault.began - at))[:_MOST_FAULTS]
    for fault in sorted(near, key=lambda fault: fault.began):
        yield from _wrapped(fault_line(fault), width, _MOST_FAULT)
    if (more := len(run.index.faults) - len(near)) > 0:
        yield plain(f"  … and {count(more, 'more fault')}", "dim")


def _paths(run: Run) -> Iterator[Text]:
    page = run.folder / runs.PAGE
    if page.exists():
        yield plain(f"  page: {page}", "dim")
    else:
        yield plain(f"  kept in {run.folder}", "dim")


def _wrapped(line: Text, width: int, most: int, indent: str = "  ") -> list[Text]:
    """Return a line folded into so many at most, all but the first indented further."""
    rows = line.wrap(Console(width=width), max(width - len(indent) - 3, 10))
    lines = [Text(indent if not n else f"{indent}  ").append_text(row)
             for n, row in enumerate(rows[:most])]  # fmt: skip
    if len(rows) > most:
        lines[-1].rstrip()
        lines[-1].append(" …")
    return lines


def _fitted(line: Text, width: int) -> Text:
    line.truncate(width, overflow="ellipsis")
    line.rstrip()
    return line


class _Evidence:
    """What is known of the findings of a run, in lines."""

    def __init__(self, run: Run, width: int) -> None:
        self._run, self._width = run, width
        self._steps, self._excerpts = WrittenSteps(run), Excerpts(run.folder)
        self._seen: set[tuple[str, float, str]] = set()  # the lines of consoles that are printed

    def lines(self, verdict: Verdict, room: int) -> list[Text]:
        """Return the first finding of a check, and how many more it has."""
        finding, *more = verdict.findings
        contrast = [*self._contrast(verdict.check, finding)]
        most = _LEAST_SENTENCE if contrast else _MOST_SENTENCE
        lines = [*self._sentence(verdict, finding, most), *self._step(finding), *contrast]
        left = max(_LEAST_CONSOLES, room - len(lines) - bool(more))
        lines += self._consoles(finding, left)
        if more:
            lines.append(
                plain(f"    … and {len(more):,} more of {verdict.check}{self._at(more)}", "dim")
            )
        return lines

    def _at(self, findings: Sequence[Finding]) -> str:
        """Return where some findings are, to be read behind their number."""
        steps = (self._steps.of(finding) for finding in findings[:_MOST_PLACED])
        places = dict.fromkeys(step.place for step in steps if step and not step.is_near)
        return f", at {named([*places], _MOST_PLACES)}" if places else ""

    def doubt(self, verdict: Verdict) -> list[Text]:
        """Return why a check is uncertain, and what to do."""
        finding, *more = verdict.findings
        also = f" ({len(more):,} more like it)" if more else ""
        lines = [*self._sentence(verdict, finding, _MOST_SENTENCE), *self._step(finding)]
        if self._run.error:  # who runs it prints the whole error as well, with its hint
            return lines
        _, *quoted = self._run.broke_off.split("\n")
        lines += (plain(f"  {line}", "dim") for line in quoted)
        todo = plain(f"what to do: {advice(self._run, finding)}{also}")
        return [*lines, *_wrapped(todo, self._width, _MOST_ADVICE, "    ")]

    def _sentence(self, verdict: Verdict, finding: Finding, most: int) -> list[Text]:
        mark = marked(verdict.judgement, verdict.check)
        says = plain(cut(finding.says, _LONGEST))
        whole = mark.append(": ").append_text(says)
        return _wrapped(whole, self._width, most)

    def _step(self, finding: Finding) -> Iterator[Text]:
        if self._steps.is_about_the_end(finding):
            yield plain("    at the end of the run", "bold")
        elif step := self._steps.of(finding):
            quoted = f"  {step.text}" if step.text else ""
            yield plain(f"    {step.place}", "bold").append_text(plain(quoted, "not bold"))

    def _contrast(self, check: str, finding: Finding) -> Iterator[Text]:
        pair = compared(self._run.index, check, finding)
        if pair is None:
            return
        room = self._width - _LABEL - len("     ")
        for label, side in zip(("expected", "came"), contrasted(pair, room), strict=True):
            yield Text().append(f"    {label:<{_LABEL}} ", "dim").append_text(side.text)
            if side.marks:
                yield Text(f"    {'':<{_LABEL}} {side.marks}")

    def _consoles(self, finding: Finding, room: int) -> list[Text]:
        """Return what the consoles showed around a finding, unless it was just shown."""
        sizes = _AROUND if len(finding.peers) > 1 else (_AROUND_ONE, *_AROUND)
        for size in sizes:
            (moment,) = self._excerpts.moments([finding], *size)
            lines = [*_console_lines(moment.consoles)]
            if len(lines) <= room:
                break
        shown = {(one.peer, line.at, line.text) for one in moment.consoles for line in one.lines
                 if line}  # fmt: skip
        if shown and shown <= self._seen:
            return [plain("    the consoles showed the same as above", "dim")]
        self._seen |= shown
        return lines[:room]


def _console_lines(consoles: Sequence[ConsoleExcerpt]) -> Iterator[Text]:
    rows = []
    for one in consoles:
        shown = [(f"{line.at:.3f}", line.text) if line else ("…", "") for line in one.lines]
        for number, (at, text) in enumerate(shown or [("", f"({one.empty})")]):
            rows.append(("" if number else one.peer, at, text))
    widest = max([_LABEL, *(len(name) for name, _, _ in rows)])
    time = max((len(at) for _, at, _ in rows), default=0)
    for name, at, text in rows:
        line = Text().append_text(plain(f"    {name:<{widest}} ", "bold"))
        yield line.append(f"{at:>{time}} │ ", "dim").append_text(plain(cut(text, _LONGEST)))
