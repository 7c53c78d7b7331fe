"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli import completion
from orchestrator.profile import FILE
from orchestrator.report.run_report import Detail
from orchestrator.scenario import EngineName

Programs = Annotated[
    list[Path],
    typer.Argument(
        metavar="PROFILE",
        autocompletion=completion.profiles,
        help=f"Profiles, folders with a {FILE}, or folders of such folders.",
    ),
]
Engine = Annotated[EngineName, typer.Option(help="Where programs run.")]
Jobs = Annotated[int, typer.Option(min=1, max=16, metavar="N", help="How many run side by side.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Details = Annotated[bool, typer.Option("--details", help="Print every table of every run.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print tables of every run.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print failures and the last line only.")
]
Again = Annotated[bool, typer.Option("--again", help="Ignore the results of earlier commands.")]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust", help="Let profiles in folders name a reader, or a folder outside their own."
    ),
]
PeerName = Annotated[
    str, typer.Argument(metavar="PEER", help="A peer's name.", autocompletion=completion.peers)
]
MeshName = Annotated[
    str,
    typer.Option(
        "--mesh",
        envvar="PEERLAB_MESH",
        show_envvar=False,
        show_default=False,
        metavar="NAME",
        help="Which of your meshes; PEERLAB_MESH sets it for all commands.",
    ),
]


def detail(*, details: bool, verbose: bool, quiet: bool) -> Detail:
    """Return how much is printed of a run; the option that asks for most counts."""
    if details:
        return Detail.EVERYTHING
    if verbose:
        return Detail.TABLES
    return Detail.FAILURES if quiet else Detail.LINES
