"""A program that writes each note into a folder, and into a file beside itself."""

from __future__ import annotations

import sys
from pathlib import Path

KEPT, BESIDE = Path(sys.argv[1]) / "notes.txt", Path("draft.txt")


def shown(file: Path) -> str:
    return ", ".join(file.read_text().splitlines()) if file.exists() else "nothing"


def main() -> None:
    sys.stdout.write("READY\n")
    for line in sys.stdin:
        word, _, text = line.strip().partition(" ")
        if word == "note":
            for file in (KEPT, BESIDE):
                with file.open("a") as notes:
                    notes.write(f"{text}\n")
        sys.stdout.write(f"ok: kept {shown(KEPT)}; beside it {shown(BESIDE)}\n")
        if word == "exit":
            return


main()
