"""The new folder that a benchmark begins with, and the last line and exit code that it ends with."""

import sys
from pathlib import Path
from typing import NoReturn


def new_out(out: Path) -> None:
    """Make the folder of ``--out``; one that exists ends the program: old figures are not told as new."""
    if out.exists():
        sys.exit(f"--out is {out}, which exists already; wanted a new folder")
    out.mkdir(parents=True)


def promise(what: str, figure: str, target: str, holds: bool) -> NoReturn:
    """Say figure and target, and whether the promise holds; exit with 0 or 1.

    Args:
        what: Was measured.
        figure: What it was.
        target: What was promised.
        holds: Whether it was kept.
    """
    print(f"{what}: {figure}; target: {target}; {'holds' if holds else 'falls short'}")
    sys.exit(0 if holds else 1)
