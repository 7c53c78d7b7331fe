"""Say why a profile could not read a reply, and what would help. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from orchestrator.discovery.wording import sounds_like_error
from orchestrator.patterns import compiled, escape, search_line
from orchestrator.profile import Profile, Reader, Value, converted
from orchestrator.text import cut

_MOST = 40  # characters in front of a reply, or behind it, that may be a prompt or the like
_LONGEST = 120  # characters of a proposed pattern


def hint(
    reader: Reader,
    name: str,
    arguments: Mapping[str, Value],
    typed: Sequence[str],
    lines: Sequence[str],
) -> str:
    """Return what would help to read the reply to an operation.

    Args:
        reader: of the profile.
        name: the operation.
        arguments: what it was given.
        typed: the lines that were typed.
        lines: what the console said then.
    """
    profile = reader.profile
    said = [line for line in lines if line.strip()]
    answers = [line for line in said if line.strip() not in typed]
    if not said:
        return _of_silence(profile, name)
    if not answers:
        return (
            "it only repeated what was typed: if it does so with every line, say"
            " `console: {echo: true}`; if it says nothing else on success, `silent: true`"
        )
    if wrong := _of_wrong_type(profile, name, answers):
        return wrong
    if around := _of_surroundings(reader, name, answers):
        return around
    if sounds_like_error(answers):
        return (
            f"this sounds like a refusal: if it is one, `errors` or `operations.{name}.fail` needs"
            f" {pattern_of(answers[-1], arguments)}; if the arguments are wrong,"
            f" give others with {_option(name, arguments)}"
        )
    more = ""
    if len(answers) > 1:
        more = f"; of {len(answers)} lines one must match `ok` or `row`, others may match `also`"
    return f"`operations.{name}.ok` may be {pattern_of(answers[-1], arguments)}{more}"


def of_start(reader: Reader, lines: Sequence[str]) -> str:
    """Return what would help if `sync` seems to get no answer at the start; perhaps nothing."""
    return _of_surroundings(reader, reader.profile.sync, lines)


def pattern_of(line: str, arguments: Mapping[str, Value]) -> str:
    """Return a pattern for lines like this one, quoted as in YAML: arguments become groups."""
    pattern = escape(line.rstrip())
    for name, value in sorted(arguments.items(), key=lambda it: -len(str(it[1]))):
        whole = rf"(?<![\w\\.]){re.escape(escape(str(value)))}(?![\w.])"
        group = rf"(?P<{name}>-?\d+)" if isinstance(value, int) else rf"(?P<{name}>\S+)"
        if found := re.search(whole, pattern):
            pattern = pattern[: found.start()] + group + pattern[found.end() :]
    quoted = cut(f"^{pattern}$", _LONGEST).replace("'", "''")
    return f"'{quoted}'"


def _option(name: str, arguments: Mapping[str, Value]) -> str:
    first = next(iter(arguments), "")
    return f"--with {name}.{first}=…" if first else "another `send`"


def _of_silence(profile: Profile, name: str) -> str:
    silent = f"if that is its success, say `silent: true` in `operations.{name}`"
    if profile.sync:
        return f"it printed nothing: {silent}"
    return f"it printed nothing, or too late: {silent}; a longer wait is `answer_within`"


def _of_wrong_type(profile: Profile, name: str, lines: Sequence[str]) -> str:
    """Say which result is not of its type in a line that the profile reads otherwise."""
    operation = profile.operations[name]
    for pattern in (*operation.ok, *([operation.row] if operation.row else [])):
        for line in lines:
            found = search_line(compiled(pattern), line)
            for group, text in (found.groupdict() if found else {}).items():
                kind = operation.results.get(group, "text")
                try:
                    converted(kind, text or "0")
                except ValueError:
                    return (
                        f"`results` says that {group} is of the type {kind}, and it is {text!r}:"
                        f" let the pattern take only such values, or say `{group}: text`"
                    )
    return ""


def _of_surroundings(reader: Reader, name: str, lines: Sequence[str]) -> str:
    """Say what stands in front of a line, or behind it, that the profile would read alone."""
    for line in lines:
        for length in range(1, min(_MOST, len(line) - 1)):
            if reader.outcome(name, line[length:]):
                before = line[:length]
                return (
                    f"{before!r} stands in front of what the profile reads: if it is the prompt,"
                    f" say `console: {{prompt: '{before}'}}`"
                )
            if reader.outcome(name, line[:-length]):
                return (
                    f"{line[-length:]!r} stands behind what the profile reads: the pattern ends"
                    " too early"
                )
    return ""
