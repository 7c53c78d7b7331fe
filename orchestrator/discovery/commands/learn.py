"""Write the draft of a profile for a program that is no chat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any

from orchestrator.discovery.beginnings import common_beginnings
from orchestrator.discovery.commands.lines import (
    bare_pattern,
    is_of,
    kinds_of,
    pattern_of,
    template_of,
)
from orchestrator.discovery.commands.replies import Said, learn_success
from orchestrator.discovery.commands.session import NONSENSE, CommandSession, is_exit, is_help
from orchestrator.discovery.commands.sorting import Sorted, telling
from orchestrator.discovery.commands.usage import Usage, is_chat, read_usages
from orchestrator.discovery.draft import Draft, one_or_all
from orchestrator.discovery.evidence import KnownValues, uses_line_editor
from orchestrator.discovery.inference import infer_console, infer_ready
from orchestrator.discovery.replies import ProgramEvidence
from orchestrator.discovery.start_commands import StartCommand
from orchestrator.discovery.started import greeting_of, start_of
from orchestrator.discovery.templates import Template
from orchestrator.discovery.trio import Trio
from orchestrator.discovery.wording import parse_menu, unmarked
from orchestrator.engines.base import Say
from orchestrator.errors import LabError
from orchestrator.patterns import matches_any
from orchestrator.profile import Profile

_MEANS = {
    "write": ("put", "set", "write", "store", "insert"),
    "read": ("get", "read", "fetch", "lookup"),
}
_GUESSED = "whether this is a refusal was guessed from its words"
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
        self._replies = {it.name: session.sorted_replies(it.name) for it in usages}
        self._nonsense = session.nonsense_said()
        self._innocent = kinds_of(
            template for it in self._replies.values()
            for said in it.successes for template in said.templates
        )  # fmt: skip
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
        draft.taken = {*self._session.taken.values()}
        return draft

    def _errors(self) -> list[str]:
        """Return patterns of what the program said about mistakes."""
        replies = self._replies.values()
        innocent = [line for it in replies for one in (*it.successes, *it.nothing)
                    for line in one.lines]  # fmt: skip
        told = [dict(chain.from_iterable(telling(one, self._innocent) for one in it.refusals))
                for it in replies]  # fmt: skip
        patterns = {line: bare_pattern(it) for own in told for line, it in own.items()}
        times = Counter(chain.from_iterable({patterns[line] for line in own} for own in told))
        words = dict.fromkeys([*NONSENSE, *(it.word for it in self._usages)], "word")
        said = Said(tuple(self._session.complaints), {}, words)
        complaints = {line: bare_pattern(it) for line, it in telling(said, self._innocent)}
        complaints |= {line: it for line, it in patterns.items() if times[it] > 1}
        typed = {value for it in replies for one in it.refusals for value in one.known}
        made = common_beginnings([*complaints, *patterns], innocent, (), [*NONSENSE, *typed])
        for line, pattern in [*complaints.items()]:
            if not matches_any(line, made) and len(made) < _MOST_ERRORS:
                made.append(pattern)
        return list(dict.fromkeys(made))

    def _add(self, usage: Usage, errors: Sequence[str]) -> None:
        session, name = self._session, usage.name
        made: dict[str, Any] = {}
        if usage.takes:
            made["takes"] = {it.name: self._type(it.name, optional=it.optional)
                             for it in usage.takes}  # fmt: skip
        made["send"] = usage.send
        replies = self._replies[name]
        doubt = ""
        if is_exit(usage) or session.ended.get(name):
            made["means"] = "exit"
            if not session.ended.get(name):
                doubt = "it did not end the program"
            elif not is_exit(usage):
                doubt = "it ended the program: did it crash?"
        elif is_help(usage):
            made |= self._help()
        elif replies.successes:
            refusals = [*replies.refusals, *replies.nothing, *self._nonsense]
            learnt = learn_success(replies.successes, refusals)
            made |= learnt.keys
            doubt = learnt.doubt
        else:
            doubt = "it never seemed to succeed, so its success has no pattern"
        doubt = self._add_failures(replies, made, errors) or doubt
        self._rename_results(made)
        if any(it.optional for it in usage.takes):
            doubt = doubt or "it was not tried with its optional arguments"
        place = ("operations", name)
        self._draft.data["operations"][name] = made
        shown = [*replies.refusals, *replies.nothing, *replies.successes][-1:]
        output = "\n".join(line for it in shown for line in it.lines)
        reads = [str(made[key]) for key in ("ok", "row", "nil", "fail") if key in made]
        self._draft.note(place, usage.send, output, "\n".join(reads) or made.get("means", ""),
                         doubt, len(replies.successes))  # fmt: skip

    def _type(self, name: str, *, optional: bool) -> Any:
        kind = self._session.kinds.get(name, "text")
        kind = "integer" if name == "port" else kind
        return {"type": kind, "optional": True} if optional else kind

    def _help(self) -> dict[str, Any]:
        *others, last = self._session.help[1] or ("",)
        if not last:
            return {"silent": True}
        return {"ok": bare_pattern(template_of(last, {}))} | ({"also": "."} if others else {})

    def _add_failures(self, replies: Sorted, made: dict[str, Any], errors: Sequence[str]) -> str:
        """Add the answer that there is nothing, and refusals of its own; return a doubt."""
        doubt = ""
        for key, all_ in (("nil", replies.nothing), ("fail", replies.refusals)):
            found: dict[str, None] = {}
            for said in all_:
                lines = replies.telling(said)
                known = [*errors, *found, *_texts(made.get("nil"))]
                if lines and not any(matches_any(line, known) for line, _ in lines):
                    found[bare_pattern(lines[-1][1])] = None
            if found:
                made[key] = one_or_all([*found])
                doubt = replies.doubt if key == "nil" else _GUESSED
        self._add_labels(replies, made, errors)
        return doubt

    def _add_labels(self, replies: Sorted, made: dict[str, Any], errors: Sequence[str]) -> None:
        """Add the other lines of replies that say that there is nothing, or refuse."""
        others = [*replies.nothing, *replies.refusals]
        if not any(len(it.lines) > 1 for it in others):
            return
        keys = ("ok", "row", "nil", "fail", "also")
        deciding = [*errors, *chain.from_iterable(_texts(made.get(it)) for it in keys[:4])]
        of_sync = [bare_pattern(it) for said in self._nonsense for it in said.templates]
        known = [*deciding, *of_sync, *_texts(made.get("also"))]
        left = {bare_pattern(it): None for said in others
                for line, it in zip(said.lines, said.templates, strict=True)
                if not matches_any(line, known)}  # fmt: skip
        if left:
            made["also"] = one_or_all([*_texts(made.get("also")), *left])
        if any(it.lines and not matches_any(it.lines[-1], deciding) for it in others):
            made["ends"] = "quiet"

    def _rename_results(self, made: dict[str, Any]) -> None:
        """Call results as the arguments are called that they are taken for."""
        for result, name in self._session.taken.items():
            old, new = f"(?P<{result}>", f"(?P<{name}>"
            for key in ("ok", "row"):
                texts = [it if new in it else it.replace(old, new) for it in _texts(made.get(key))]
                if texts:
                    made[key] = one_or_all(texts) if key == "ok" else texts[0]
            if result in made.get("results", {}):
                made["results"].setdefault(name, made["results"].pop(result))

    def _add_notices(self) -> None:
        """Add what other peers showed when a command was typed."""
        told = [(name, it.lines[0], it.templates[0]) for name, it in self._session.told]
        notices: dict[str, list[str]] = {}
        for kind in kinds_of(template for _, _, template in told):
            own = [(name, line) for name, line, it in told if is_of(kind, it)]
            operation, line = own[0]
            called = _first_literal(kind) or f"told_{operation}"
            notices.setdefault(called, []).append(pattern_of(kind))
            self._draft.note(("notices", called), operation, line, pattern_of(kind), "", len(own))
        if notices:
            self._draft.data["notices"] = {kind: one_or_all(it) for kind, it in notices.items()}

    def _sync(self) -> str:
        """Return an operation that always gets an answer and changes nothing.

        That is a word that no program knows, if it is refused, or else the help.
        """
        operations = self._draft.data["operations"]
        if all(self._session.nonsense) and (told := telling(self._nonsense[0], self._innocent)):
            lines = self._nonsense[0].lines
            last, template = next((it for it in told if NONSENSE[0] in it[0]), told[-1])
            probe: dict[str, Any] = {"send": NONSENSE[0], "ok": bare_pattern(template)}
            probe |= {"also": "."} if len(lines) > 1 else {}
            probe |= {"ends": "quiet"} if last != lines[-1] else {}
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


def _first_literal(kind: Template) -> str:
    """Return the first word that is always in lines of a kind, as a name; empty if none is."""
    words = (it.text.lower() for it in kind if it.is_literal and it.text.isalpha())
    return next(words, "")


def _texts(value: str | Sequence[str] | None) -> Sequence[str]:
    """Return one pattern or several as a list, as a profile may have either."""
    return [value] if isinstance(value, str) else value or []
