"""Images of programs that the peers' image does not have: their folder, built, on top of it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import socket
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestrator import command, image
from orchestrator.command import CommandError
from orchestrator.errors import QUOTED_LINES, BuildError, LabError, quote
from orchestrator.folder import copy_folder, folder_digest
from orchestrator.image import inside
from orchestrator.image.inside.build import SIGN
from orchestrator.image.inside.start import PACKED
from orchestrator.image.recipe import USER
from orchestrator.profile import Start
from orchestrator.text import cut

PLACE = "/program"
"""Where the folder is built, and where a copy of it is that the program runs in."""

_NAME = "peerlab-program"
_PROGRAM, _FOLDER, _HOST = "peerlab.program", "peerlab.folder", "peerlab.host"
"""Labels: the digest of what the image was made from; the folder's path; the machine's name."""

_INSIDE = Path(inside.__file__).parent
BUILD_SECONDS = 120
_MEMORY = "1g"  # of a build; of BuildKit's not: there each process is limited for itself
_LONGEST = 120  # characters of a command that is quoted

STARTED_BY = ("python3", "-I", "-S", "/peerlab/start.py")
"""What a container runs: it copies the folder to where the program may write, and starts it."""

# Few steps, for each takes a second. How it is started, the container says.
_DOCKERFILE = """\
FROM {base}
COPY --chown={user}:{user} peerlab/ /peerlab/
"""
_BUILD = """\
USER 0:0
RUN ["python3", "-I", "/peerlab/build.py", "/peerlab/wanted.json"]
"""

_BUILDING: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_SEEN_TO: set[str] = set()  # images that this process has found or built
_REFUSED: dict[str, BuildError] = {}  # programs that this process found to be of no use


@dataclass(frozen=True, slots=True)
class ProgramRecipe:
    """What a program's image is made of.

    Attributes:
        folder: the program.
        base: the name of the image to put it on.
        base_id: the id of that image.
        start: how it is built and started.
    """

    folder: Path
    base: str
    base_id: str
    start: Start

    @property
    def wanted(self) -> str:
        """What is to be done while the image is built, for `build.py` in there."""
        words = {"python": "python3", "folder": PLACE}
        build = [[part.format_map(words) for part in each] for each in self.start.build]
        told = {"build": build, "start": self._started, "seconds": BUILD_SECONDS}
        return json.dumps(told | {"place": PLACE, "packed": PACKED, "user": USER})

    @property
    def _started(self) -> str:
        """The program that starts it, which must be there; empty where that is sure or unsure."""
        first = (self.start.words("container") or [""])[0].replace("{folder}", PLACE)
        return "" if "{" in first or first == "python3" else first

    @property
    def dockerfile(self) -> str:
        """How its image is made."""
        is_built = self.start.build or self._started
        return _DOCKERFILE.format(base=self.base, user=USER) + (_BUILD if is_built else "")

    def source(self) -> str:
        """Return a digest of all that the image is made from; the whole folder is read."""
        # The path as well: else one folder's next image would replace another's alike.
        where, scripts = str(self.folder), [script.read_bytes() for script in _scripts()]
        held = folder_digest(self.folder)
        facts = (self.dockerfile, where, self.base_id, self.wanted, scripts, held)
        return hashlib.sha256(repr(facts).encode()).hexdigest()


def _scripts() -> list[Path]:
    return [_INSIDE / "build.py", _INSIDE / "start.py"]


def ensure_image(say: Callable[[str], None], recipe: ProgramRecipe) -> str:
    """Return the name of a program's image, building it where needed.

    Args:
        say: told one short line for each phase; silent when nothing is to be done.
        recipe: what it is made of.

    Raises:
        BuildError: the program cannot be built, or there is nothing that would start it.
        LabError: the folder cannot be read, or Docker fails.
    """
    source = recipe.source()
    name = f"{_NAME}:{source[:12]}"
    with _BUILDING[name]:
        if name in _REFUSED:
            raise BuildError(_REFUSED[name].what, hint=_REFUSED[name].hint)
        if name not in _SEEN_TO:
            _see_to(say, name, recipe, source)
            _SEEN_TO.add(name)
    return name


def _see_to(say: Callable[[str], None], name: str, recipe: ProgramRecipe, source: str) -> None:
    if not image.present(name, f"label={_PROGRAM}={source}"):
        say(f"building {name} from {recipe.folder}")
        _build(name, recipe, source)
        _drop_others(name, recipe.folder)


def _build(name: str, recipe: ProgramRecipe, source: str) -> None:
    """Build an image from a copy, in which no .dockerignore of the program's own counts."""
    with TemporaryDirectory(prefix="peerlab-program-") as context:
        dockerfile, place = Path(context, "Dockerfile"), Path(context, "peerlab")
        place.mkdir()
        for script in _scripts():
            shutil.copy(script, place)
        (place / "wanted.json").write_text(recipe.wanted)
        copy_folder(recipe.folder, place / "program")
        labels = {_PROGRAM: source, _FOLDER: str(recipe.folder), _HOST: socket.gethostname()}
        given = " ".join(f"{key}={_quoted(value)}" for key, value in labels.items())
        dockerfile.write_text(f"{recipe.dockerfile}LABEL {given}\n")
        words = ("--network", "none", "--memory", _MEMORY, "--memory-swap", _MEMORY)
        try:
            image.build(name, Path(context), dockerfile, {}, *words)
        except CommandError as error:
            if found := refusal(recipe.folder, error.printed):
                _REFUSED[name] = found
                raise found from error
            raise


def _quoted(value: str) -> str:
    """Return a value as a Dockerfile's instruction takes it, whatever is in it."""
    return '"' + re.sub(r'(["\\$])', r"\\\1", value) + '"'


def refusal(folder: Path, printed: str) -> BuildError | None:
    """Return what a build said of a program; None where something else went wrong.

    Args:
        folder: the program's.
        printed: all that the build printed.
    """
    found = re.search(rf"{re.escape(SIGN)}({{.*}})\s*$", printed, re.MULTILINE)
    if found is None:
        return None
    told = json.loads(found[1])
    words, why = _shortened(" ".join(told["command"])), told["why"]
    done = f"built: `{words}`" if "printed" in told else f"started: {words}"
    lines = [line.rstrip() for line in told.get("printed", "").splitlines() if line.strip()]
    quoted = quote(lines[-QUOTED_LINES:])
    return BuildError(
        f"the program in {folder} cannot be {done}: {why}{quoted}",
        hint="see `start` in its profile",
    )


def _shortened(words: str) -> str:
    """Return a command in one line that is not too long."""
    return cut(" ".join(words.split()), _LONGEST)


def _drop_others(name: str, folder: Path) -> None:
    """Drop the images of what the folder held before, and those of folders that are gone.

    One that is in use stays.
    """
    for other in [*_images(f"{_FOLDER}={folder}"), *_of_gone_folders()]:
        if other != name:
            _SEEN_TO.discard(other)
            with contextlib.suppress(LabError):
                command.run("docker", "image", "rm", other)


def _images(label: str) -> list[str]:
    """Return the names of the programs' images with a label."""
    filters = ("--filter", f"reference={_NAME}", "--filter", f"label={label}")
    form = "{{.Repository}}:{{.Tag}}"
    return command.run("docker", "image", "ls", "--format", form, *filters).split()


def _of_gone_folders() -> list[str]:
    """Return the images that were made on this machine of folders that are not there any more."""
    mine = _images(f"{_HOST}={socket.gethostname()}")
    form = f"{{{{json (index .Config.Labels {json.dumps(_FOLDER)})}}}}"
    try:
        told = command.run("docker", "image", "inspect", "--format", form, *mine).splitlines()
    except LabError:  # somebody else has dropped one by now; the next build sees to the others
        return []
    return [each for each, where in zip(mine, told, strict=True) if not _is_there(where)]


def _is_there(told: str) -> bool:
    """Tell whether a folder, told as JSON, is still there."""
    return Path(json.loads(told)).is_dir()
