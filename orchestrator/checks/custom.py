"""Checks that do not come with the lab: functions in files, and those of installed packages.

Each is a pure function from a `HistoryIndex` to a `Verdict`. It runs as the person who runs the
lab, so it is loaded only for a run that happens now, never because a kept history names it.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from orchestrator import promises
from orchestrator.checks import CHECKS, Check, Finding, HistoryIndex, Verdict, conclude
from orchestrator.document import nearest
from orchestrator.errors import DocumentError

_HINT = "a check is a function in a file, `my_checks.py:function`, that takes a HistoryIndex"


def title(promise: str) -> str:
    """Return what people call a check: its file without the folders, and the function."""
    return Path(promise).name if promises.is_in_file(promise) else promise


def load(promised: Iterable[str]) -> dict[str, Check]:
    """Return those promised checks that do not come with the lab.

    One that cannot be loaded, or that raises, gives the verdict unknown and says where.
    """
    return {name: functools.partial(_run, name) for name in promised if name not in CHECKS}


def find(promise: str) -> Check:
    """Return the function that a promise names.

    Raises:
        DocumentError: there is none; with the file and line if it is wrong.
    """
    try:
        check = _in_file(promise) if promises.is_in_file(promise) else _installed(promise)
    except DocumentError:
        raise
    except (Exception, SystemExit) as error:  # it is the user's code
        raise DocumentError(
            f"the check {title(promise)} cannot be loaded: {_raised(error, promise)}", hint=_HINT
        ) from error
    if not callable(check):
        raise DocumentError(f"{title(promise)} is not a function", hint=_HINT)
    return check


def kept(records: Sequence[Mapping[str, Any]], promised: Iterable[str]) -> dict[str, Check]:
    """Return checks that repeat the verdicts in a record instead of judging.

    Args:
        records: the verdicts as `run.json` has them.
        promised: what the history promises.
    """
    return {name: _repeated(_kept(records, name)) for name in promised if name not in CHECKS}


def _kept(records: Sequence[Mapping[str, Any]], promise: str) -> Verdict:
    named = [one for one in records if one.get("check") == title(promise)]
    if not named:
        says = "the run's record has no verdict of it, and it does not run again for a kept run"
        return _unknown(promise, says, 0.0)
    try:
        return Verdict.from_data(named[0])
    except ValueError as error:
        return _unknown(promise, f"its verdict in the run's record cannot be read: {error}", 0.0)


def _repeated(verdict: Verdict) -> Check:
    return lambda _index: verdict


def _run(promise: str, index: HistoryIndex) -> Verdict:
    """Return the verdict of a check; unknown if there is none."""
    try:
        verdict: object = find(promise)(index)
    except DocumentError as error:
        return _unknown(promise, error.what, index.last_at)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it is the user's code
        return _unknown(promise, f"it raised {_raised(error, promise)}", index.last_at)
    if not isinstance(verdict, Verdict):
        says = f"it returned {verdict!r}, where a Verdict is expected"
        return _unknown(promise, says, index.last_at)
    return replace(verdict, check=title(promise))


def _unknown(promise: str, says: str, at: float) -> Verdict:
    return conclude(title(promise), says, [], [Finding(says, at)])


def _raised(error: BaseException, promise: str) -> str:
    """Return what was raised, and where: in the check's own file, if it came from there."""
    what = f"{type(error).__name__}: {error}".removesuffix(": ")
    if isinstance(error, SyntaxError) and error.filename:
        return f"{what.partition(' (')[0]}, at {error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if one.filename == promise.rpartition(":")[0]]
    last = (own or frames)[-1]
    return f"{what}, at {last.filename}:{last.lineno}"


def _in_file(promise: str) -> object:
    path, _, function = promise.rpartition(":")
    if not Path(path).is_file():
        raise DocumentError(f"{path}: there is no such file, which {title(promise)} names")
    module = _module(Path(path))
    if not hasattr(module, function):
        near = nearest(function, [name for name in vars(module) if not name.startswith("_")])
        raise DocumentError(f"{path} has no function {function!r}{near}", hint=_HINT)
    return getattr(module, function)


def _module(path: Path) -> ModuleType:
    name = f"peerlab_checks_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # a dataclass looks for its module there
    spec.loader.exec_module(module)
    return module


def _installed(promise: str) -> object:
    points = promises.installed()
    if promise not in points:
        known = [*CHECKS, *points]
        raise DocumentError(f"there is no check {promise!r}{nearest(promise, known)}", hint=_HINT)
    return points[promise].load()
