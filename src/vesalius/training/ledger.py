"""What happened in a run, a line of JSON at a time; nothing else logs."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

Line = dict[str, float | int | str]
"""One entry: ``step`` or ``event``, and numbers by name."""


def append(path: Path, line: Mapping[str, float | int | str]) -> None:
    """Add an entry.

    Raises:
        OSError: The disk is unwilling; the caller names the run.
    """
    with path.open("a") as ledger:
        ledger.write(json.dumps(dict(line)) + "\n")


def read(path: Path) -> list[Line]:
    """Every whole entry; a last line cut off by a crash is left out."""
    return list(_lines(path)) if path.exists() else []


def _lines(path: Path) -> Iterator[Line]:
    for text in path.read_text().splitlines():
        try:
            yield json.loads(text)
        except ValueError:
            return


def rewind(path: Path, step: int) -> None:
    """Forget entries of steps at or after a step: they will be played again."""
    kept = [line for line in read(path) if float(line.get("step", -1)) < step]
    path.write_text("".join(json.dumps(line) + "\n" for line in kept))
