"""Find out whether the quotes around a text belong to it."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.discovery.evidence import Exchange, has_arrived
from orchestrator.discovery.finder import WordFinder
from orchestrator.discovery.typist import Typist
from orchestrator.discovery.wording import Wording


def without_quotes(
    found: Exchange, typist: Typist, finder: WordFinder, texts: Iterator[str]
) -> Exchange:
    """Send without the quotes around a text if they were shown with it; return what counts.

    What was typed without them before may have been shown too late.

    Args:
        found: the exchange in which a text has arrived.
        typist: types at the peers.
        finder: knows how sending is typed, and gets to know it better.
        texts: yields texts that were not sent yet.
    """
    text, quoted = found.given["text"], finder.wordings["send"]
    lines = tuple(line.replace('"{text}"', "{text}") for line in quoted.lines)
    bare = Wording(lines, quoted.after)
    is_shown = any(f'"{text}"' in line for line in found.other_lines)
    if bare == quoted or not is_shown or finder.quotes_texts:
        return found
    given = {"id": found.given["id"], "text": next(texts)}
    plain, used = typist.enter("send", bare, found.at, given, to=found.to, right=None)
    if not has_arrived(plain):
        typist.forget(plain)
        return found
    typist.forget(found)
    finder.wordings["send"] = used
    return plain
