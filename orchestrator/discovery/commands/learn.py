"""Write the draft of a profile for a program that is no chat."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any

from orchestrator.discovery.beginnings import common_beginnings
from orchestrator.discovery.commands.replies import Said, learn_success, skeleton, to_pattern
from orchestrator.discovery.commands.session import NONSENSE, CommandSession, is_exit, is_help
from orchestrator.discovery.commands.usage import Usage, is_chat, read_usages
from orchestrator.discovery.draft import Draft, one_or_all
from orchestrator.discovery.evidence import KnownValues, uses_line_editor
from orchestrator.discovery.inference import infer_console, infer_ready
from orchestrator.discovery.replies import ProgramEvidence
from orchestrator.discovery.start_commands import StartCommand
from orchestrator.discovery.started import greeting_of, start_of
from orchestrator.discovery.templates import matches_any
from orchestrator.discovery.trio import Trio
from orchestrator.discovery.wording import parse_menu, unmarked
from orchestrator.engines.base import Say
from orchestrator.errors import LabError
from orchestrator.profile import Profile

_MEANS = {
    "write": ("put", "set", "write", "store", "insert"),
    "read": ("get", "read", "fetch", "lookup"),
}
_ABSENT = re.compile(r"\W*(no|none|nothing|nil|null|empty)\b", re.I)  # it may be all the answer
_MOST_ERRORS = 6  # patterns of error messages
_QUOTED = 6  # lines of output in an error


class NoCommandsError(LabError):
    """Nothing that a program prints names its commands."""


def names_other_commands(said: Sequence[str], trio: Trio, say: Say) -> bool:
    """Return whether the help of a program names commands, and they are not those of a chat.

    Args:
        said: the help.
        trio: the program. If its help does not say what commands take, they are typed there.
        say: hears what is being tried.
    """
    usages = read_usages(said)
    if not usages or parse_menu(said) or is_chat(usages):
        return False
    if not any(it.takes for it in usages):
        session = CommandSession(trio, say)
        session.probe()
        usages = session.refined(usages)
    asked = [it for it in usages if not is_exit(it) and not is_help(it)]
    return len(asked) > 1 and any(it.takes for it in asked)


class CommandLearner:
    """Learns a profile by typing the commands that a program's help names.

    Args:
        given: usages from the user, if its help does not say enough.
    """

    def __init__(self, given: Sequence[str] = ()) -> None:
        self._given = given

    def learn(self, trio: Trio, profile: Profile, command: StartCommand, say: Say) -> Draft:
        """Return the draft for three peers that were started.

        Raises:
            NoCommandsError: nothing names its commands.
        """
        session = CommandSession(trio, say)
        greetings = {name: (raw, trio.peer(name)) for name, raw in trio.greeting.items()}
        has_line_editor = any(map(uses_line_editor, trio.greeting.values()))
        session.probe()
        said = session.ask_for_help()
        usages = read_usages(self._given) or session.refined(read_usages(said))
        if not usages:
            raise _no_commands(profile.name, said)
        session.experiment(usages)
        samples = [greeting_of(trio, raw, peer, session.prompts)
                   for raw, peer in greetings.values()]  # fmt: skip
        peers = [peer for _, peer in greetings.values()]
        known = KnownValues(
            frozenset(it.address for it in peers), frozenset(it.port for it in peers)
        )
        evidence = ProgramEvidence(
            session.exchanges, {}, session.prompts, samples, [], [], known, {}, 1, None,
            start_of(command, trio, has_line_editor=has_line_editor),
        )  # fmt: skip
        return CommandDraft(profile, evidence, session, usages).made()


def _no_commands(name: str, said: Sequence[str]) -> NoCommandsError:
    shown = "".join(f"\n  | {line}" for line in said[-_QUOTED:]) or " nothing"
    return NoCommandsError(
        f"nothing that {name} prints names its commands; it printed{shown}",
        hint="say what it understands: --usage 'put <key> <value>' --usage 'get <key>', or write"
        " the profile by hand: peerlab docs own-program",
    )


class CommandDraft:
    """The draft of a profile in the making."""

    def __init__(
        self,
        profile: Profile,
        evidence: ProgramEvidence,
        session: CommandSession,
        usages: Sequence[Usage],
    ) -> None:
        self._session, self._usages, self._evidence = session, usages, evidence
        name = profile.name
        self._draft = Draft({"name": name, "summary": f"learned from {name}", "port": profile.port})

    def made(self) -> Draft:
        """Return the draft."""
        draft = self._draft
        draft.data["start"] = self._evidence.start
        draft.data |= {"ready": "", "sync": "", "console": {}, "operations": {}}
        infer_ready(draft, self._evidence)
        infer_console(draft, self._evidence)
        errors = self._errors()
        for usage in self._usages:
            self._add(usage, errors)
        self._add_notices()
        if errors:
            draft.data["errors"] = one_or_all(errors)
            seen = "\n".join(dict.fromkeys(self._session.complaints))
            draft.note(("errors",), "mistakes", seen, "\n".join(errors))
        draft.data["sync"] = self._sync()
        if not draft.data["ready"]:
            del draft.data["ready"]
        self._promise()
        return draft

    def _errors(self) -> list[str]:
        """Return patterns of what the program said about mistakes."""
        session = self._session
        innocent = [line for all_ in session.successes.values() for it in all_ for line in it.lines]
        failed = {name: {it.lines[-1] for it in all_ if it.lines}
                  for name, all_ in session.failures.items()}  # fmt: skip
        shared = [line for line, n in Counter(chain(*failed.values())).items() if n > 1]
        complaints = [it for it in (*session.complaints, *shared) if it not in innocent]
        refusals = [*complaints, *dict.fromkeys(chain(*failed.values()))]
        made = common_beginnings(refusals, innocent)
        rest = [line for line in dict.fromkeys(complaints) if not matches_any(line, made)]
        words = dict.fromkeys(NONSENSE, "word")
        made += [to_pattern(skeleton(line, words))[0] for line in rest[:_MOST_ERRORS]]
        return list(dict.fromkeys(made))

    def _add(self, usage: Usage, errors: Sequence[str]) -> None:
        session, name = self._session, usage.name
        made: dict[str, Any] = {}
        if usage.takes:
            made["takes"] = {it.name: self._type(it.name, optional=it.optional)
                             for it in usage.takes}  # fmt: skip
        made["send"] = usage.send
        all_ = session.successes.get(name, [])
        absent = [it for it in all_ if it.lines and _ABSENT.match(it.lines[-1])]
        successes = [it for it in all_ if it not in absent]
        doubt = ""
        if is_exit(usage) or session.ended.get(name):
            made["means"] = "exit"
            if not session.ended.get(name):
                doubt = "it did not end the program"
            elif not is_exit(usage):
                doubt = "it ended the program: did it crash?"
        elif is_help(usage):
            made |= self._help()
        elif successes:
            learnt = learn_success(successes)
            made |= learnt.keys
            doubt = learnt.doubt
        else:
            doubt = "it never seemed to succeed, so its success has no pattern"
        doubt = self._add_failures(usage, made, errors, absent) or doubt
        if any(it.optional for it in usage.takes):
            doubt = doubt or "it was not tried with its optional arguments"
        place = ("operations", name)
        self._draft.data["operations"][name] = made
        output = "\n".join((successes or session.failures.get(name, [Said((), {}, {})]))[-1].lines)
        reads = [str(made[key]) for key in ("ok", "row", "nil", "fail") if key in made]
        self._draft.note(place, usage.send, output, "\n".join(reads) or made.get("means", ""),
                         doubt, len(successes))  # fmt: skip

    def _type(self, name: str, *, optional: bool) -> Any:
        kind = self._session.kinds.get(name, "text")
        kind = "integer" if name == "port" else kind
        return {"type": kind, "optional": True} if optional else kind

    def _help(self) -> dict[str, Any]:
        *others, last = self._session.help[1] or ("",)
        if not last:
            return {"silent": True}
        return {"ok": to_pattern(skeleton(last, {}))[0]} | ({"also": "."} if others else {})

    def _add_failures(
        self, usage: Usage, made: dict[str, Any], errors: Sequence[str], absent: Sequence[Said]
    ) -> str:
        """Add the answer that there is nothing, and refusals of its own; return a doubt."""
        failures = self._session.failures.get(usage.name, [])
        refused = [it for it in failures if it.lines and _ABSENT.match(it.lines[-1])]
        nothing = [*self._session.nothing.get(usage.name, []), *absent, *refused]
        nil = _patterns(
            [it for it in nothing if it.lines and not matches_any(it.lines[-1], errors)]
        )
        ok = made.get("ok", [])
        nil = [it for it in nil if it not in ([ok] if isinstance(ok, str) else ok)]
        if nil:
            made["nil"] = one_or_all(nil)
        rest = [it for it in failures if it.lines
                and not matches_any(it.lines[-1], [*errors, *nil])]  # fmt: skip
        if fail := _patterns(rest):
            made["fail"] = one_or_all(fail)
            return "whether this is a refusal was guessed from its words"
        return ""

    def _add_notices(self) -> None:
        """Add what other peers showed when a command was typed."""
        shapes = Counter(skeleton(it.lines[0], it.known) for _, it in self._session.told)
        first = {skeleton(it.lines[0], it.known): (name, it) for name, it in self._session.told}
        notices: dict[str, list[str]] = {}
        for shape, count in shapes.items():
            operation, said = first[shape]
            kind = _word(shape) or f"told_{operation}"
            pattern = to_pattern(shape)[0]
            notices.setdefault(kind, []).append(pattern)
            doubt = "" if count > 1 else "seen once"
            self._draft.note(("notices", kind), operation, said.lines[0], pattern, doubt, count)
        if notices:
            self._draft.data["notices"] = {kind: one_or_all(it) for kind, it in notices.items()}

    def _sync(self) -> str:
        """Return an operation that always gets an answer and changes nothing.

        That is a word that no program knows, if it is refused, or else the help.
        """
        operations = self._draft.data["operations"]
        if all(self._session.nonsense) and self._session.nonsense[:1]:
            last = self._session.nonsense[0][-1]
            pattern = to_pattern(skeleton(last, {}))[0]
            others = {"also": "."} if len(self._session.nonsense[0]) > 1 else {}
            probe = {"send": NONSENSE[0], "ok": pattern, **others}
            self._draft.data["operations"] = {"probe": probe, **operations}
            why = "no program knows this word: it shows that the program answers"
            self._draft.note(("operations", "probe"), NONSENSE[0], last, why)
            return "probe"
        return next((it.name for it in self._usages if is_help(it) and self._session.help[1]), "")

    def _promise(self) -> None:
        """Guess from their names which operations write and read."""
        operations = self._draft.data["operations"]
        for usage in self._usages:
            made = operations[usage.name]
            word = unmarked(usage.word).lower()
            takes, results = made.get("takes", {}), str(made.get("ok", ""))
            if word in _MEANS["write"] and "value" in takes:
                made["means"] = "write"
            elif word in _MEANS["read"] and "(?P<value>" in results:
                made["means"] = "read"
        meant = {made.get("means") for made in operations.values()}
        if {"write", "read"} <= meant:
            self._draft.data["promises"] = ["register"]
            why = "guessed from the names of its operations: see `peerlab docs checks`"
            self._draft.note(("promises",), "", "", "register", why)


def _patterns(replies: Sequence[Said]) -> list[str]:
    """Return patterns of the last lines of replies, without results."""
    made = (to_pattern(skeleton(it.lines[-1], it.known))[0] for it in replies)
    return list(dict.fromkeys(made))


def _word(shape: Sequence[tuple[str, str]]) -> str:
    """Return the first word of a line, as the name of a notice."""
    literals = " ".join(text for kind, text in shape if kind == "literal")
    words = ["".join(c for c in it if c.isalpha()).lower() for it in literals.split()]
    return next(filter(None, words), "")
