"""The words and formats that programs with the eight commands use. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

WORDS: Mapping[str, tuple[str, ...]] = {
    "help": ("help", "commands", "menu", "h", "?"),
    "myip": ("myip", "my_ip", "ip", "whoami", "address"),
    "myport": ("myport", "my_port", "port"),
    "connect": ("connect", "conn", "join", "dial", "open", "add"),
    "list": ("list", "ls", "peers", "connections", "show", "who"),
    "terminate": ("terminate", "disconnect", "term", "close", "drop", "kill", "hangup"),
    "send": ("send", "msg", "message", "say", "tell", "write"),
    "exit": ("exit", "quit", "bye", "q"),
}
"""The words for each verb, the most common one first."""

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "connect": ("address", "port"),
    "terminate": ("id",),
    "send": ("id", "text"),
}
"""The arguments of each verb, in the usual order."""

STYLES = ("{}", "/{}", ":{}", "!{}")  # how programs mark a word as a command
_MENU_WORDS = (  # tried in this order
    (
        "terminate",
        r"termina[tr]|disconnect|d[eé]sconn?ec|trennen|close|cerrar|fermer|chiudi|drop|hang.?up",
    ),
    ("connect", r"\bconnect(er)?\b|conectar|verbinden|collega|join|dial"),
    ("send", r"send|enviar|envoyer|invia|schicken|message|mensaje|nachricht|\bmsg\b|write"),
    ("list", r"list|anzeigen|mostrar|afficher|elenc|show (all )?(peers|conn)|peers"),
    ("myport", r"port|puerto"),
    ("myip", r"my.?ip|\bip\b|address|adresse|direcci|indirizzo|endere|who"),
    ("exit", r"exit|quit|leave|bye|salir|sair|esci\b|ende\b|beenden|verlassen"),
    ("help", r"help|hilfe|ayuda|ajuda|aide|aiuto|command|menu"),
)
_QUESTIONS = (  # tried in this order
    ("text", r"message|text|\bmsg\b|say"),
    ("port", r"port"),
    ("id", r"\bids?\b|number|index|which|\bconnection|#|no\."),
    ("address", r"\bip\b|host|addr|destination|peer"),
    ("name", r"name|nick|user|who are you"),
)
_WAY_OUT = re.compile(
    r"""(?:type|enter|press|hit|input)\W{1,2}(\w+)\W{1,2}\s*(?:to|for|and)\b
    | (?<![\w<])['"(\[]?(\w{1,5})['")\]]?\s*(?:=|-|:|to|for)\s*(?:go\s+|get\s+|come\s+)?
      (?:back|return|leave|quit|exit|continue|close)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_YES_OR_NO = re.compile(  # `[y/N]`, `(yes or no)?`, `(Y)es/(N)o`, `s/n`
    r"\b(y(?:es)?|s[ií]?|ja?|o(?:ui)?)[\])]?(?:es)?\s*(?:/|\||,|\bor\b)\s*[\[(]?n(?:o|on|ein)?\b",
    re.I,
)
_KEY = re.compile(  # `Press ENTER to begin`, `<hit any key>`, `Eingabetaste drücken`, `Pulse Intro`
    r"""\b(?:press|hit|push|strike|pulse|presion[ea]|oprima|appuye[rz](?:\ssur)?|prem[ie]|dr[uü]cke)
    \W+(?:the\W+|la\W+|die\W+)?
    (?:enter|return|intro|entr[eé]e|invio|eingabe\w*|any\skey|a\skey|una\stecla|eine\sTaste)\b
    | \b(?:enter|return|eingabe|eingabetaste|eine\staste)\W+dr[uü]cken\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ENTER = ("enter", "return", "any")
_USUAL_WAYS = ("q", "b", "0", "back", "exit")
_ITEM = re.compile(
    r"(?:^|\s{2,}|,\s|[(\[])\s*(\d{1,2})[\s.):\]>=-]+([^\W\d].*?)"
    r"(?=\s{2,}[(\[]?\d|,\s*\d|,?\s*$)"
)
_LEAST_ITEMS = 4
_BORDERS = " \t|¦│┃║*#"  # of a menu in a box
_ERROR = re.compile(
    r"^\W*(no|not)\b|not (understood|possible)|exists|"
    r"error|fail|refus|invalid|cannot|can't|could ?n.t|unable|unknown|usage|no such|not? (a |an )?"
    r"(valid|found|exist|connect|recogni)|does ?n.t exist|wrong|bad |must |expected|unrecogni|"
    r"illegal|incorrect|missing|please|denied|already|itself|yourself|"
    r"out of range|needs?\b|nobody|sorry",
    re.IGNORECASE,
)


_REMOVES = re.compile(r"un|del|de_?q|rem|rm|drop|pop|clear|take|release|leave|reset|flush|erase")


@dataclass(frozen=True, slots=True)
class Wording:
    """How a verb is typed."""

    lines: tuple[str, ...]  # the lines to type, with `{argument}` for each argument
    after: tuple[str, ...] = ()  # the question before each of them; empty if there is none

    def followed_by(self, more: Sequence[tuple[str, str]]) -> Wording:
        """Return it with further lines, each with the question before it."""
        after = self.after or ("",) * len(self.lines)
        lines, questions = zip(*more, strict=True) if more else ((), ())
        return Wording((*self.lines, *lines), (*after, *questions))


def sounds_like_error(lines: Iterable[str]) -> bool:
    """Return whether one of these lines sounds like an error message."""
    return any(_ERROR.search(line) for line in lines)


def removes(name: str) -> bool:
    """Return whether a command is called like one after which less is there."""
    return bool(_REMOVES.match(name))


def parse_menu(lines: Sequence[str]) -> dict[str, str]:
    """Return the number of each verb in a numbered menu; empty if there is no menu."""
    numbers: dict[str, str] = {}
    for number, label in menu_items(lines).items():
        for verb, pattern in _MENU_WORDS:
            if verb not in numbers and re.search(pattern, label, re.IGNORECASE):
                numbers[verb] = number
                break
    return numbers if len(numbers) >= _LEAST_ITEMS else {}


def menu_items(lines: Sequence[str]) -> dict[str, str]:
    """Return the labels of a numbered menu, by number; empty if there is no menu."""
    bare = (line.strip(_BORDERS) for line in lines)
    items = {int(found[1]): (found[1], found[2]) for line in bare for found in _ITEM.finditer(line)}
    pairs = itertools.pairwise(sorted(items))
    if len(items) < _LEAST_ITEMS or any(after - before != 1 for before, after in pairs):
        return {}
    return dict(items[number] for number in sorted(items))


def asked_argument(question: str, left: Sequence[str]) -> str:
    """Return which of the remaining arguments a question asks for."""
    last = question.rpartition("\n")[2]
    for argument, pattern in _QUESTIONS:
        if argument in left and re.search(pattern, last, re.IGNORECASE):
            return argument
    return left[0] if left else ""


def asked_at_start(question: str) -> str:
    """Return what a program asks for at its start: port, name or address, or empty if none."""
    patterns = dict(_QUESTIONS)
    for argument in ("port", "name", "address"):
        if re.search(patterns[argument], question, re.IGNORECASE):
            return argument
    return ""


def ways_out(lines: Sequence[str], question: str) -> list[str]:
    """Return what to type to leave a question or a sub-mode, the most likely first.

    What it says itself is the most likely: `Type 1 to go back`, `b = back`, `(q to quit)`. If it
    asks whether to do what it was told to do, it is to do that.
    """
    if yes := confirmation(question):
        return [yes]
    return list(dict.fromkeys([*ways_told(lines, question), "", *_USUAL_WAYS]))


def ways_told(lines: Sequence[str], question: str) -> list[str]:
    """Return what a program says is to be typed to leave a question, a page or a sub-mode."""
    said = " ".join([*lines[-2:], question])
    words = [next(filter(None, found.groups())) for found in _WAY_OUT.finditer(said)]
    return ["" if word.lower() in _ENTER else word for word in words]


def wants_a_key(question: str) -> bool:
    """Return whether a program waits for a key, or an empty line, as at the end of a page."""
    return bool(_KEY.search(question.rpartition("\n")[2]))


def asks(line: str) -> bool:
    """Return whether a line without an end looks like a question: `Port: `, `To whom? `."""
    return line.rstrip().endswith((":", "?"))


def confirmation(question: str) -> str:
    """Return the word for yes in a question that takes yes or no; empty if it is none."""
    found = _YES_OR_NO.search(question)
    return found[1].lower() if found else ""


def usages(verb: str, lines: Sequence[str]) -> Iterator[str]:
    """Yield templates for a verb from the usage in help or error messages."""
    arguments = ARGUMENTS.get(verb, ())
    for line in lines:
        for word in WORDS[verb]:
            if not word.isidentifier():  # a question mark mostly ends a question
                continue
            found = re.search(
                rf"(?:^|[\s'\"`:\-*])([/:!]?{re.escape(word)}(?!\w))((?:\s*[:,]?\s*\"?[<\[({{][^>\])}}]+[>\])}}]\"?)*)",
                line,
                re.IGNORECASE,
            )
            if found:
                usage = _usage(found[1], found[2], arguments)
                if usage:
                    yield usage


def _usage(word: str, rest: str, arguments: Sequence[str]) -> str:
    """Return a usage such as `send <id> "<message>"` with the lab's arguments; empty if unlike."""
    left = list(arguments)
    if not rest.strip():
        return "" if left else word

    def fill_in(found: re.Match[str]) -> str:
        argument = asked_argument(found[1], left)
        if argument:
            left.remove(argument)
        return f"{{{argument}}}" if argument else ""

    made = re.sub(r"[<\[({]([^>\])}]+)[>\])}]", fill_in, rest).rstrip()
    if made.count('"') % 2:  # it ends quotes that stand around the whole usage
        made = made.removesuffix('"')
    return "" if left else f"{word}{made}"


def candidates(verb: str, style: str, usage: Iterable[str] = ()) -> list[str]:
    """Return the lines to try for a verb, the most likely first.

    Args:
        verb: the lab's name for it.
        style: how words are marked, such as `/{}`.
        usage: templates from the program's own messages.
    """
    arguments = ARGUMENTS.get(verb, ())
    rest = {
        "connect": [" {address} {port}", " {address}:{port}"],
        "terminate": [" {id}", " #{id}"],
        "send": [" {id} {text}", ' {id} "{text}"', " #{id} {text}"],
    }.get(verb, [""])
    own = [line for line in usage if all(f"{{{name}}}" in line for name in arguments)]
    words = WORDS[verb]
    common = [style.format(word) + form for word in words for form in rest]
    cased = (words[0].upper(), words[0].title())
    capitals = [style.format(word) + form for word in cased for form in rest[:1]]
    first, others = common[: len(rest)], common[len(rest) :]
    if arguments:  # it may ask for them
        first.append(style.format(words[0]))
    made = [*own, *_other_quoting(own)]
    if not arguments:  # a line that mentions a single word may be about anything
        made = [*first, *made, *capitals, *others]
    elif not own:
        made += first + capitals + others
    else:
        made += first + capitals
    return list(dict.fromkeys(made))


def style_of(word: str) -> str:
    """Return how a word is marked as a command."""
    marked = (style for style in STYLES if style != "{}" and word.startswith(style.format("")))
    return next(marked, "{}")


def unmarked(line: str) -> str:
    """Return the first word of a line, without the mark of a command."""
    word = line.split(maxsplit=1)[0] if line.strip() else ""
    return word.removeprefix(style_of(word).format(""))


def in_case_of(example: str, line: str) -> str:
    """Return a line whose first word has the capitals of an example: `HELP`, `Help` or `help`."""
    word, blank, rest = line.partition(" ")
    cased = word.upper() if example.isupper() else word.title() if example.istitle() else word
    return f"{cased}{blank}{rest}"


def with_first(line: str, word: str) -> str:
    """Return a line with another first word."""
    _, blank, rest = line.partition(" ")
    return f"{word}{blank}{rest}"


def _other_quoting(usage: Sequence[str]) -> Iterator[str]:
    """Yield usage without its quotes, or with quotes around the text."""
    for line in usage:
        if '"' in line:
            yield line.replace('"', "")
        elif "{text}" in line:
            yield line.replace("{text}", '"{text}"')


def means(verb: str, word: str) -> bool:
    """Return whether a word is one for a verb, in any of the languages that are known."""
    patterns = dict(_MENU_WORDS)
    return word in WORDS[verb] or bool(re.search(patterns[verb], word, re.IGNORECASE))
