"""`python -m tests.hostile --jobs 4`: six good programs graded among four hostile ones.

Exit status 0 if the six get the grades that they get alone, 1 if not, 2 if the lab failed.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import typer

from tests import trials
from tests.hostile.crowd import Crowd


def main(jobs: Annotated[int, typer.Option(min=1, max=16, help="Tests in parallel.")] = 4) -> None:
    """Grade all of them at the same time, and print the differences."""
    console = trials.console()
    folder, began = Path(mkdtemp(prefix="peerlab-crowd-")), time.monotonic()
    console.print(f"the runs are kept in {folder}")
    crowd = Crowd.graded(folder, jobs=jobs)
    for grade in [*crowd.hostile, *crowd.good]:
        counts = ", ".join(f"{count} {word}" for word, count in grade.counts().items() if count)
        console.print(f"{grade.program}: {grade.points:g} of {grade.total:g} points; {counts}")
    for line in crowd.differences:
        console.print(line, soft_wrap=True)
    console.print(f"everything took {time.monotonic() - began:.0f} s")
    raise typer.Exit(1 if crowd.differences else 0)


if __name__ == "__main__":
    trials.run(main)
