"""What Tab completes: peers of the mesh, kept runs, scenarios, profiles and pages.

Nothing here prints, changes anything or raises: what cannot be found out is not completed, and the
shell completes files then.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import typer

from orchestrator.errors import LabError
from orchestrator.files import YAML
from orchestrator.history import runs
from orchestrator.paths import DOCS
from orchestrator.scenario import ALL

_RUNS = Path("runs")  # where `run` keeps them by default
_MOST = 500  # files that are looked into
_HEAD = 4_096  # bytes of a file that are looked at
_SCENARIO, _PROFILE = re.compile(rb"^steps:", re.M), re.compile(rb"^(start|ready):", re.M)
_DOCKER_WITHIN = 2.0  # seconds


def peers(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the peers of the mesh, or of the run that `--run` names."""
    run = ctx.params.get("run")
    found = _of_run(run) if run else _within(_DOCKER_WITHIN, lambda: _of_mesh(ctx))
    before = "".join(incomplete.rpartition(",")[:2])  # as in `alice / bob,carol`
    return _beginning(incomplete, [f"{before}{name}" for name in found])


def peers_or_all(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the peers of the mesh, and what stands for all of them."""
    return [*peers(ctx, incomplete), *_beginning(incomplete, [ALL])]


def _of_run(run: Path) -> list[str]:
    with contextlib.suppress(LabError, OSError):
        return runs.peers(runs.find(Path(run)))
    return []


def _of_mesh(ctx: typer.Context) -> list[str]:
    from orchestrator import profile
    from orchestrator.engines.docker.client import connect
    from orchestrator.engines.docker.mesh_peers import DEFAULT, MeshId, MeshPeers
    from orchestrator.mesh.mesh import PROFILE

    with contextlib.suppress(LabError):
        mesh = MeshId(ctx.params.get("name") or DEFAULT)
        return [peer.name for peer in MeshPeers(connect(), mesh, profile.load(PROFILE)).all()]
    return []


def _within(seconds: float, find: Callable[[], list[str]]) -> list[str]:
    """Return what is found; nothing if that takes too long, as with an engine that stalls."""
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.extend(find()), daemon=True)
    thread.start()
    thread.join(seconds)
    return found


def kept_runs(incomplete: str) -> list[str]:
    """Return the folders of scenarios with kept runs, and below one of them its runs."""
    at = incomplete.rpartition("/")[0]
    parents = [Path(at)] if at else [_RUNS]
    with contextlib.suppress(OSError):
        below = [path for parent in parents for path in sorted(parent.iterdir())]
        return _beginning(incomplete, [str(path) for path in below if _holds_run(path)])
    return []


def _holds_run(folder: Path) -> bool:
    return any((place / runs.HISTORY).is_file() for place in (folder, folder / runs.LATEST))


def scenarios(incomplete: str) -> list[str]:
    """Return the scenario files here and one folder further down."""
    return _beginning(incomplete, _files(incomplete, _SCENARIO))


def profiles(incomplete: str) -> list[str]:
    """Return the profile files here and one folder further down."""
    return _beginning(incomplete, _files(incomplete, _PROFILE))


def _files(incomplete: str, kind: re.Pattern[bytes]) -> Iterator[str]:
    """Yield the YAML files of a kind in the folder that is being typed, and in its folders."""
    at = Path(incomplete.rpartition("/")[0] or ("/" if incomplete.startswith("/") else "."))
    below = (path for depth in ("*", "*/*") for path in sorted(at.glob(depth)))
    files = (path for path in below if path.suffix in YAML and path.is_file())
    for path in itertools.islice(files, _MOST):
        with contextlib.suppress(OSError), path.open("rb") as file:
            if kind.search(file.read(_HEAD)):
                yield str(path)


def pages(incomplete: str) -> list[str]:
    """Return the pages of the documentation."""
    return _beginning(incomplete, sorted(path.stem for path in DOCS.glob("*.md")))


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    """Return the names that continue what is typed; shells divide those with blanks."""
    return [name for name in names if name.startswith(incomplete) and not re.search(r"\s", name)]
