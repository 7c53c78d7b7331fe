"""Read all that a program printed once more, by the profile that was learned from it. Pure.

What was true is known: by the kernel which commands worked, and the addresses, ports, ids and
texts. A pattern that reads something else is left out, or what it reads is doubted: a program must
not be blamed for it. A program that says of what did not work the same as of what did is read
rightly: that is for the checks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from orchestrator.console.reply import Reply
from orchestrator.discovery.draft import Draft, one_or_all
from orchestrator.discovery.evidence import Sample
from orchestrator.discovery.replayed_notices import misread_notices
from orchestrator.discovery.replayed_rows import misread_rows
from orchestrator.discovery.replies import ProgramEvidence, Replies, alike
from orchestrator.engines.endpoints import plain
from orchestrator.patterns import compiled, matches_any, search_line
from orchestrator.profile import Profile, Reader

_MOST_PORT = 65_535
_SIGN = "[.:/-]"  # stands within addresses and ids


def replay(draft: Draft, evidence: ProgramEvidence, replies: Replies) -> None:
    """Leave out or doubt each pattern of a draft that misreads what it was learned from."""
    for verb in [it for it in draft.data["operations"] if it in evidence.wordings]:
        operation = _Operation(draft, verb, evidence, replies)
        operation.leave_out_parts()
        operation.leave_out_refusals()
        found = [*operation.refused_successes(), *operation.accepted_refusals()]
        if verb == "list":
            found += [*operation.other_ids(), *misread_rows(_profile(draft), evidence)]
        if found:
            draft.contradict(verb, found[0])
        elif ("operations", verb) not in draft.doubts and (why := operation.unread()):
            draft.doubt(("operations", verb), why)
    for kind, why in misread_notices(_profile(draft), evidence.exchanges, evidence.prompts).items():
        draft.leave_out_notice(kind, why)


def _profile(draft: Draft) -> Profile:
    return Profile.model_validate({**draft.data, "sync": ""})


class _Operation:
    """The replies to one command, read again by what a draft says of it."""

    def __init__(
        self, draft: Draft, verb: str, evidence: ProgramEvidence, replies: Replies
    ) -> None:
        self._draft, self._verb, self._evidence, self._replies = draft, verb, evidence, replies
        # what was to work and did, by the kernel or the other console
        self._worked = [(exchange, sample) for exchange, sample in replies.successful(verb)
                        if exchange.fact and exchange.right and not exchange.ended]  # fmt: skip

    def _reads(self, sample: Sample) -> Reply:
        """Return how a run would read a reply."""
        profile = _profile(self._draft)
        reader, reply = Reader(profile), Reply(self._verb)
        known = profile.operations[self._verb]
        ends_by_line = known.ends == "line" and not known.silent and bool(known.ok or known.fail)
        for line in sample.lines:
            if reply.take(reader, line) and ends_by_line:
                break
        return reply.concluded(profile)

    def _denied(self) -> list[str]:
        """Return the lines of replies that are read as refusals of what worked."""
        samples = (sample for _, sample in self._worked if self._reads(sample).ok is False)
        return [line for sample in samples for line in sample.lines]

    def leave_out_refusals(self) -> None:
        """Leave out patterns of refusals of this command that match replies to what worked."""
        data, denied = self._draft.data["operations"][self._verb], self._denied()
        fail = _profile(self._draft).operations[self._verb].fail
        kept = [it for it in fail if not any(matches_any(line, [it]) for line in denied)]
        if len(kept) < len(fail):
            data["fail"] = one_or_all(kept)
        if not kept:
            data.pop("fail", None)

    def refused_successes(self) -> Iterator[str]:
        """Yield what the patterns of all errors take for a refusal although it worked."""
        for line in self._denied():
            for pattern in _profile(self._draft).errors:
                if matches_any(line, [pattern]):
                    yield f"{pattern!r} in `errors` refuses what worked: it matches {line!r}"

    def unread(self) -> str:
        """Return how many replies to what worked no pattern reads; empty if none.

        Nothing false is read then, but what a run does likewise will be unknown.
        """
        missed = [sample for _, sample in self._worked if self._reads(sample).ok is None]
        if not missed:
            return ""
        such = f"such as {missed[0].lines[-1]!r}" if missed[0].lines else "as nothing was printed"
        return f"{len(missed)} of {len(self._worked)} replies to what worked are not read, {such}"

    def accepted_refusals(self) -> Iterator[str]:
        """Yield what is read as a success, did nothing, and does not look like any success."""
        ok = _profile(self._draft).operations[self._verb].ok
        done = [line for _, sample in self._replies.successful(self._verb) for line in sample.lines]
        refused = (sample for exchange, sample in self._replies.refused
                   if exchange.verb == self._verb and exchange.worked is False)  # fmt: skip
        for sample in refused:
            for line in sample.lines if self._reads(sample).ok else ():
                is_new = not any(matches_any(it, [alike(line, sample)]) for it in done)
                for pattern in ok if is_new else ():
                    if matches_any(line, [pattern]):
                        yield f"`ok` {pattern!r} matches {line!r}, said when nothing was done"

    # Named parts

    def leave_out_parts(self) -> None:
        """Leave out the named parts of `ok` that read a part of the right value, or more."""
        data = self._draft.data["operations"][self._verb]
        made = []
        for pattern in _profile(self._draft).operations[self._verb].ok:
            names = "|".join(self._misread(pattern))
            made.append(re.sub(rf"\(\?P<(?:{names})>", "(?:", pattern) if names else pattern)
        if made:
            data["ok"] = one_or_all(made)

    def _misread(self, pattern: str) -> set[str]:
        """Return the named parts that a pattern reads wrongly in a reply to what worked."""
        known, wrong = self._evidence.known, set[str]()
        ports = {str(port) for port in known.ports | known.links}
        for exchange, sample in self._worked:
            right = {
                "address": exchange.known.addresses,
                "port": ports,
                "id": {exchange.known.ids.get(exchange.at, "")} - {""},
            }
            for line in sample.lines:
                found = search_line(compiled(pattern), line)
                read = found.groupdict() if found else {}
                wrong |= {
                    name
                    for name, values in right.items()
                    if read.get(name)
                    and _is_cut(read[name], values, line)
                    and not (name == "port" and self._may_be_port(read[name]))
                }
        return wrong

    def _may_be_port(self, text: str) -> bool:
        """Return whether a number may be the port of a connection that the lab does not know."""
        return not self._evidence.known.links and text.isdigit() and int(text) <= _MOST_PORT

    def other_ids(self) -> Iterator[str]:
        """Yield rows with a part of the id with which a text reached its peer."""
        reader = Reader(_profile(self._draft))
        sent = self._replies.successful("send") if "send" in self._evidence.wordings else ()
        for exchange, _ in sent:
            row, _ = exchange.rows.get(exchange.at, ("", 0))
            given, read = exchange.given.get("id", ""), reader.row("list", row) if row else None
            shown = read.get("id") if read else ""
            if exchange.fact and shown and _is_cut(shown, {given}, row):
                yield f"`row` read id {shown!r} in {row!r}, where {given!r} was right"


def _is_cut(text: str, right: Collection[str], line: str) -> bool:
    """Return whether what was read in a line is a part of a right value there, or has more."""
    if text in right or plain(text) in right:
        return False
    if any(value in line and value in text for value in right):
        return True
    alone = rf"(?<!\w)(?<!\w{_SIGN}){re.escape(text)}(?!\w|{_SIGN}\w)"
    return any(value in line and text in value for value in right) and not re.search(alone, line)
