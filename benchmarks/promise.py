"""The last line of every benchmark, and its exit code."""

import sys
from typing import NoReturn


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
