"""What happened in a run, a line of JSON at a time; nothing else logs."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from vesalius.errors import StorageError
from vesalius.networks.ranks import is_first
from vesalius.storage import written

Line = dict[str, float | int | str]
"""One entry: ``step``, and numbers by name or, in words, an ``event``."""


def append(path: Path, line: Mapping[str, float | int | str]) -> None:
    """Add an entry; of several processes the first alone does.

    Raises:
        StorageError: The disk is unwilling.
    """
    if not is_first():
        return
    try:
        with path.open("a") as ledger:
            ledger.write(json.dumps(dict(line)) + "\n")
    except OSError as error:
        raise StorageError(path, error.strerror or str(error)) from error


def read(path: Path) -> list[Line]:
    """Every whole entry; a last line cut off by a crash is left out."""
    return list(_lines(path)) if path.exists() else []


def _lines(path: Path) -> Iterator[Line]:
    for text in path.read_bytes().splitlines():
        try:
            yield json.loads(text)
        except ValueError:
            return


def rewind(path: Path, step: int) -> None:
    """Forget entries of steps after a step: they will be played again. The first process alone does.

    Raises:
        StorageError: The disk is unwilling; the ledger is untouched.
    """
    if not is_first():
        return
    kept = [line for line in read(path) if float(line.get("step", -1)) <= step]
    with written(path) as beside:
        beside.write_text("".join(json.dumps(line) + "\n" for line in kept))
