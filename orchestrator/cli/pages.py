"""`docs`: the documentation, which comes with an installation."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from orchestrator.cli import completion
from orchestrator.cli.commands import Commands
from orchestrator.cli.consoles import out
from orchestrator.errors import LabError
from orchestrator.paths import DOCS
from orchestrator.report.printing import safe
from orchestrator.scenario.values import among

commands = Commands()


@commands.command(epilog="Example: peerlab docs profiles | less")
def docs(
    page: Annotated[
        str,
        typer.Argument(
            metavar="PAGE", autocompletion=completion.pages, help="A page; all are listed without."
        ),
    ] = "",
) -> None:
    """Print a page of the documentation, or list the pages and say where they are."""
    pages = {path.stem: path for path in sorted(DOCS.glob("*.md"))}
    if page in pages:
        sys.stdout.write(pages[page].read_text(encoding="utf-8"))
        return
    if page:
        raise LabError(
            f"there is no page {page!r}{among(page, [*pages])}", hint="peerlab docs lists them"
        )
    width = max(map(len, pages))
    for name, path in pages.items():
        title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        out.print(f"{name:{width}}  {safe(title)}")
    out.print(f"they are in {safe(DOCS)}", soft_wrap=True)
