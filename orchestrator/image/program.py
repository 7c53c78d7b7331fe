"""Images of programs that come as a folder: built, and put on top of a base image."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator import image
from orchestrator.command import CommandFailedError
from orchestrator.errors import QUOTED_LINES, BuildError, LimitError, quote
from orchestrator.files import temporary_folder
from orchestrator.folder import copy_folder, folder_digest, room_needed
from orchestrator.image import inside
from orchestrator.image.building import PROGRAM, drop_others, home_labels
from orchestrator.image.inside.build import SIGN
from orchestrator.image.inside.start import PACKED
from orchestrator.image.recipe import USER
from orchestrator.profile import Start, own_profile
from orchestrator.profile.keep import WORKING_FOLDER
from orchestrator.text import cut

FOLDER = WORKING_FOLDER  # the folder in a container in which a program is built, and runs in a copy

MOST_MEGABYTES, MOST_FILES = 64, 16_384
"""The room that a program's folder has in a container: it lies in memory."""

_NAME = "peerlab-program"

_INSIDE = Path(inside.__file__).parent
BUILD_SECONDS = 120
_LONGEST = 120  # characters of a command that is quoted

STARTED_BY = ("python3", "-I", "-S", "/peerlab/start.py")
"""What a container runs: it copies the folder to where the program may write, and starts it.

The number of folders to keep follows, their paths there, and the program's command."""

# Few steps: each takes a second.
_DOCKERFILE = """\
FROM {base}
COPY --chown={user}:{user} peerlab/ /peerlab/
LABEL {labels}
"""
_BUILD = """\
USER 0:0
RUN ["python3", "-I", "/peerlab/build.py", "/peerlab/wanted.json"]
"""

_BUILDING: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_READY: set[str] = set()  # images that this process found or built
_REFUSED: dict[str, BuildError | LimitError] = {}  # programs that cannot be built


@dataclass(frozen=True, slots=True)
class ProgramRecipe:
    """What a program's image is made of."""

    folder: Path  # the program
    base: str  # the name of the base image
    base_id: str  # the id of the base image
    start: Start  # how it is built and started

    @property
    def wanted(self) -> str:
        """Instructions for `build.py` inside the image."""
        values = {"python": "python3", "folder": FOLDER}
        build = [[part.format_map(values) for part in command] for command in self.start.build]
        wanted = {"build": build, "start": self._started, "seconds": BUILD_SECONDS}
        room = MOST_FILES, room_of(self.start) << 20
        place = {"place": FOLDER, "packed": PACKED, "user": USER, "room": room}
        return json.dumps(wanted | place)

    @property
    def _started(self) -> str:
        """The executable to check for; empty if it is certainly there or not known."""
        first = (self.start.words("container") or [""])[0].replace("{folder}", FOLDER)
        return "" if "{" in first or first == "python3" else first

    @property
    def left_out(self) -> Sequence[str]:
        """What does not belong to the program: no change of its profile takes a new image."""
        return [*filter(None, [own_profile(self.folder)])]

    def dockerfile(self, labels: str) -> str:
        """Return the Dockerfile; the container in which it is built has the labels too."""
        is_built = self.start.build or self._started
        image = _DOCKERFILE.format(base=self.base, user=USER, labels=labels)
        return image + (_BUILD if is_built else "")

    def source(self) -> str:
        """Return a digest of everything that goes into the image, the program's files included."""
        # The path too: the next image of one folder must not replace that of an equal one.
        path, scripts = str(self.folder), [script.read_bytes() for script in _scripts()]
        contents = folder_digest(self.folder, self.left_out)
        facts = (self.dockerfile(""), path, self.base_id, self.wanted, scripts, contents)
        return hashlib.sha256(repr(facts).encode()).hexdigest()


def _scripts() -> list[Path]:
    return [_INSIDE / "build.py", _INSIDE / "start.py"]


def room_of(start: Start) -> int:
    """Return how many megabytes a program's folder may have in a container."""
    return start.room.folders or MOST_MEGABYTES


def refuse_large(folder: Path, start: Start) -> None:
    """Raise a `LimitError` if a program's folder does not fit into a container."""
    files, size = room_needed(folder, MOST_FILES)
    room = room_of(start)
    if files > MOST_FILES or size > room << 20:
        hint = "remove what it does not need to run, such as data and what was built or installed"
        raise _too_large(f"{folder} has", files, size, room, hint)


def _too_large(what: str, files: int, size: int, room: int, hint: str) -> LimitError:
    """Return the error that says how much a program has, and how much room it is given."""
    has = f"more than {MOST_FILES:,} files" if files > MOST_FILES else f"{size / (1 << 20):.0f} MB"
    limits = f"{room} MB in {MOST_FILES:,} files"
    return LimitError(f"{what} {has}, and the lab gives a program room for {limits}", hint=hint)


def ensure_program_image(say: Callable[[str], None], recipe: ProgramRecipe) -> str:
    """Return the name of a program's image, building it if needed.

    Args:
        say: hears a short line for each phase; none if nothing is to be done.
        recipe: what it is made of.

    Raises:
        BuildError: the program cannot be built, or its command does not exist.
        LabError: the folder cannot be read, or Docker fails.
    """
    source = recipe.source()
    name = f"{_NAME}:{source[:12]}"
    with _BUILDING[name]:
        if name in _REFUSED:
            before = _REFUSED[name]
            raise type(before)(before.what, hint=before.hint)
        if name not in _READY:
            _ensure(say, name, recipe, source)
            _READY.add(name)
    return name


def _ensure(say: Callable[[str], None], name: str, recipe: ProgramRecipe, source: str) -> None:
    if not image.present(name, f"label={PROGRAM}={source}"):
        say(f"building {name} from {recipe.folder}")
        _build(name, recipe, source)
        _READY.difference_update(drop_others(name, recipe.folder))


def _build(name: str, recipe: ProgramRecipe, source: str) -> None:
    """Build an image from a copy, so that the program's own .dockerignore has no effect."""
    with temporary_folder() as context:
        dockerfile, folder = Path(context, "Dockerfile"), Path(context, "peerlab")
        folder.mkdir()
        for script in _scripts():
            shutil.copy(script, folder)
        (folder / "wanted.json").write_text(recipe.wanted)
        copy_folder(recipe.folder, folder / "program")
        for own in recipe.left_out:
            (folder / "program" / own).unlink()
        labels = {PROGRAM: source} | home_labels(recipe.folder)
        pairs = " ".join(f"{key}={_quoted(value)}" for key, value in labels.items())
        dockerfile.write_text(recipe.dockerfile(pairs))
        try:
            image.build(name, Path(context), dockerfile, {})
        except CommandFailedError as error:
            if found := refusal(recipe.folder, error.printed, room_of(recipe.start)):
                _REFUSED[name] = found
                raise found from error
            raise


def _quoted(value: str) -> str:
    return '"' + re.sub(r'(["\\$])', r"\\\1", value) + '"'


def refusal(
    folder: Path, printed: str, room: int = MOST_MEGABYTES
) -> BuildError | LimitError | None:
    """Return the error that `build.py` reported; None if something else went wrong.

    Args:
        folder: the program's folder.
        printed: the build's whole output.
        room: how many megabytes the program may have once it is built.
    """
    found = re.search(rf"{re.escape(SIGN)}({{.*}})\s*$", printed, re.MULTILINE)
    if found is None:
        return None
    report = json.loads(found[1])
    if "size" in report:
        hint = "let its build remove what is not needed to run it, such as object files, or give"
        hint += " it more with `start: {room: {folders: MEGABYTES}}` in its profile"
        what = f"{folder}, once it is built, has"
        return _too_large(what, report["files"], report["size"], room, hint)
    command = cut(" ".join(" ".join(report["command"]).split()), _LONGEST)
    done = f"built: `{command}`" if "printed" in report else f"started: {command}"
    lines = [line.rstrip() for line in report.get("printed", "").splitlines() if line.strip()]
    quoted = quote(lines[-QUOTED_LINES:])
    what = f"the program in {folder} cannot be {done}: {report['why']}{quoted}"
    if "slow" in report:
        has = f"a build has {BUILD_SECONDS} s"
        return LimitError(what, hint=f"{has}: see whether it asks for something or builds too much")
    return BuildError(what, hint="see `start` in its profile")
