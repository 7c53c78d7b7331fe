"""GNU readline as the peer uses it: which keys do what, and how to draw around the typed line.

Some of readline's commands crash a program that calls it as Python does (Ctrl-R Ctrl-X Enter ends
even a bare `input()` with a segmentation fault; so does a keyboard macro of two lines), some
wait for a key that may never come and keep every notice back, and some make a line of any length
out of a few keys. A list of those would never be complete, so the list here is of the commands
that are allowed, and every other key is unbound, whatever ~/.inputrc says: it is not read.
"""

from __future__ import annotations

import ctypes
import importlib
import locale
import os
import re
import sys
from collections.abc import Callable
from types import ModuleType

CLEAR_LINE = "\r\x1b[K"
"""What empties the row of the screen that the cursor is on."""

KEYS = {
    "accept-line": (r"\C-m", r"\C-j"),
    "backward-char": (r"\C-b", r"\e[D", r"\eOD"),
    "backward-delete-char": (r"\C-h", r"\C-?"),
    "backward-kill-word": (r"\e\C-h", r"\e\C-?"),
    "backward-word": (r"\eb", r"\e[1;3D", r"\e[1;5D"),
    "beginning-of-history": (r"\e<",),
    "beginning-of-line": (r"\C-a", r"\e[H", r"\eOH", r"\e[1~", r"\e[7~"),
    "capitalize-word": (r"\ec",),
    "clear-screen": (r"\C-l",),
    "complete": (r"\C-i",),
    "delete-char": (r"\C-d", r"\e[3~"),
    "downcase-word": (r"\el",),
    "end-of-history": (r"\e>",),
    "end-of-line": (r"\C-e", r"\e[F", r"\eOF", r"\e[4~", r"\e[8~"),
    "forward-char": (r"\C-f", r"\e[C", r"\eOC"),
    "forward-word": (r"\ef", r"\e[1;3C", r"\e[1;5C"),
    "kill-line": (r"\C-k",),
    "kill-word": (r"\ed", r"\e[3;5~"),
    "next-history": (r"\C-n", r"\e[B", r"\eOB"),
    "possible-completions": (r"\e?",),
    "previous-history": (r"\C-p", r"\e[A", r"\eOA"),
    "quoted-insert": (r"\C-v", r"\C-q"),
    "transpose-chars": (r"\C-t",),
    "transpose-words": (r"\et",),
    "undo": (r"\C-_",),
    "unix-line-discard": (r"\C-u",),
    "unix-word-rubout": (r"\C-w",),
    "upcase-word": (r"\eu",),
    "yank": (r"\C-y",),
    "yank-pop": (r"\ey",),
}
"""The keys that each allowed command of readline is bound to, as readline spells them."""

_SETTINGS = (
    "editing-mode emacs", "enable-bracketed-paste off", "bell-style none",
    # Bytes beyond ASCII are text in every locale, never a key with Meta.
    "input-meta on", "output-meta on", "convert-meta off",
    # Completion asks nothing and waits for no key.
    "completion-query-items 0", "page-completions off", "show-all-if-ambiguous on",
)  # fmt: skip
_UNBOUND = "unbound"  # the name of no command: a key bound to that does nothing
# readline binds these in keymaps below Esc: a paste without end, the switch to overwriting, and
# the searches, which free a line's undo list twice.
_BELOW_ESC = (r"\e[200~", r"\e[2~", r"\e[5~", r"\e[6~")


def load() -> ModuleType | None:
    """Return Python's `readline` with the peer's keys and settings; None if there is none."""
    os.environ["INPUTRC"] = os.devnull
    _take_text_as_utf_8()
    try:
        readline = importlib.import_module("readline")
    except ImportError:  # some Pythons are built without it
        return None
    if "libedit" in (readline.__doc__ or ""):  # which has neither those commands nor that syntax
        readline.parse_and_bind("bind ^I rl_complete")
        return readline
    for setting in _SETTINGS:
        readline.parse_and_bind(f"set {setting}")
    _bind_keys(readline)
    return readline


def _take_text_as_utf_8() -> None:
    """Have readline delete and count characters, not bytes, where the locale is none of UTF-8."""
    if locale.nl_langinfo(locale.CODESET).upper() not in ("UTF-8", "UTF8"):
        os.environ["LC_ALL"] = "C.UTF-8"  # Python's readline sets its locale by the environment


def _bind_keys(readline: ModuleType) -> None:
    for keymap, first_printable in (("standard", False), ("meta", True), ("ctlx", True)):
        readline.parse_and_bind(f"set keymap emacs-{keymap}")
        for code in (*range(0x80 if first_printable else 0x20), 0x7F):
            readline.parse_and_bind(rf'"\x{code:02x}": {_UNBOUND}')
    readline.parse_and_bind("set keymap emacs")
    for key in _BELOW_ESC:
        readline.parse_and_bind(f'"{key}": {_UNBOUND}')
    for command, keys in KEYS.items():
        for key in keys:
            readline.parse_and_bind(f'"{key}": {command}')


def marked(prompt: str) -> str:
    """Return a prompt with its colours marked as taking no room on the screen."""
    return re.sub(r"\x1b\[[\d;]*m", r"\001\g<0>\002", prompt)


def find_echoing(readline: ModuleType) -> bool:
    """Make readline echo though the terminal does not; return whether it supports that."""
    try:
        set_echoing = ctypes.CDLL(readline.__file__).rl_tty_set_echoing
    except (OSError, AttributeError, TypeError):
        return False
    readline.set_startup_hook(lambda: set_echoing(1) and None)
    return True


def find_redraw(readline: ModuleType, prompt: str) -> Callable[[Callable[[], None]], None]:
    """Return a function that runs another one with the typed line out of the way."""
    try:
        library = ctypes.CDLL(readline.__file__)
        clear, new_line, redisplay = (
            library.rl_clear_visible_line,
            library.rl_on_new_line,
            library.rl_redisplay,
        )
        flush, done = library.fflush, ctypes.c_int.in_dll(library, "rl_done")
    except (OSError, AttributeError, TypeError, ValueError):
        return lambda write: _redraw_by_hand(readline, prompt, write)

    def redraw(write: Callable[[], None]) -> None:
        if done.value:  # the line was entered a moment ago: nothing is left to spare
            return
        clear()
        flush(None)  # readline writes through C's buffers, we do not
        write()
        new_line()
        redisplay()
        flush(None)

    return redraw


def _redraw_by_hand(readline: ModuleType, prompt: str, write: Callable[[], None]) -> None:
    """Without readline's own functions the cursor ends up behind the typed text."""
    os.write(sys.stdout.fileno(), CLEAR_LINE.encode())
    write()
    typed = prompt + readline.get_line_buffer()
    os.write(sys.stdout.fileno(), typed.encode("utf-8", "backslashreplace"))
