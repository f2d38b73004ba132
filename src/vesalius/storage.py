"""Files that are either whole or absent: written beside, then renamed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from uuid import uuid4

from vesalius.errors import StorageError, first_line


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """Give a path to write to; what was written there appears under `path` when all went well.

    The given path ends like `path`, so that formats chosen by suffix come out right.

    Raises:
        StorageError: The disk is full, read-only or otherwise unwilling; nothing is left behind.

    Examples:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "note.txt"
        >>> with written(target) as beside:
        ...     _ = beside.write_text("whole")
        >>> target.read_text()
        'whole'
    """
    beside = path.with_name(f".{uuid4().hex[:8]}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        os.replace(beside, path)
    except OSError as error:
        raise StorageError(path, _reason(error)) from error
    finally:
        # where even that fails, nothing was written
        with suppress(OSError):
            beside.unlink()


def flush(path: Path) -> None:
    """Wait until what was written to a file is on the disk itself: renaming alone outlives no power cut.

    Raises:
        OSError: The disk is unwilling.
    """
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def forget(path: Path) -> None:
    """Remove a file, if it is there, and what writers of it that were killed have left beside it.

    Raises:
        StorageError: The disk is unwilling.

    Examples:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "note.txt"
        >>> for name in ("note.txt", ".0a1b2c3d.note.txt", "other.txt"):
        ...     _ = target.with_name(name).write_text("")
        >>> forget(target)
        >>> [left.name for left in target.parent.iterdir()]
        ['other.txt']
    """
    forget_unfinished(path)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(path, _reason(error)) from error


def forget_unfinished(path: Path) -> None:
    """Remove what writers of a file that were killed have left beside it.

    Raises:
        StorageError: The disk is unwilling.
    """
    try:
        for each in path.parent.glob(f".{'[0-9a-f]' * 8}.{escape(path.name)}"):
            each.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(path, _reason(error)) from error


def refuse_in_file(path: Path) -> None:
    """Refuse a path that can never be written: one that lies in what is a file.

    Raises:
        StorageError: The nearest of its parents that exists is no folder.
    """
    there = next(parent for parent in path.absolute().parents if parent.exists())
    if not there.is_dir():
        raise StorageError(path, f"{there.name} is a file, wanted a folder")


def _reason(error: OSError) -> str:
    return error.strerror or first_line(error)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give a folder to fill; it appears under `path` when all went well.

    Raises:
        StorageError: `path` exists already, or the disk is unwilling; nothing is left behind.
    """
    if path.exists():
        raise StorageError(path, "it exists already, wanted a new folder")
    beside = path.with_name(f".{uuid4().hex[:8]}.{path.name}")
    try:
        beside.mkdir(parents=True)
        yield beside
        os.replace(beside, path)
    except OSError as error:
        raise StorageError(path, _reason(error)) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
