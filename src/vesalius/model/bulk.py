"""Very many made pictures, in shares that are whole or absent: whoever is stopped goes on from there."""

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from uuid import uuid4

from vesalius.errors import ModelError, StorageError
from vesalius.model.export import columns_of, write_table, written_pictures
from vesalius.model.model import Model, load_model, together
from vesalius.storage import forget, new_folder, written

BATCHES = 16
"""Batches of a share: whole ones, so that each picture is made beside the same others as in a row."""

_ROWS = "rows.csv"
_ASKED = "asked.json"


@dataclass(frozen=True)
class Share:
    """Some pictures in a row, made by whoever takes them.

    Args:
        model: Folder of the model.
        weights: SHA-256 of its weights: it must not have become another one.
        classes: Class of each picture.
        seed: Of the latents.
        first: Number of the first picture.
        evidence: SHA-256 of the evidence record, for the files to carry.
        folder: Where they go; there when all of them are written.
        nifti: Whether NIfTI files are written instead of DICOM.
        device: Where they are made, by whoever takes them: of another kind of device they would differ.
    """

    model: Path
    weights: str
    classes: tuple[int, ...]
    seed: int
    first: int
    evidence: str
    folder: Path
    nifti: bool = False
    device: str = "cpu"


Spread = Callable[[Sequence[Share]], Iterable[Share]]
"""Has every share filled, and gives each when it is done, in any order."""


def in_a_row(shares: Sequence[Share]) -> Iterator[Share]:
    """Fill one share after the other, in this process."""
    for share in shares:
        fill(share)
        yield share


def fill(share: Share) -> None:
    """Write the pictures of a share.

    Raises:
        ModelError: There is no model, or it has not such classes, or there is no such device here.
        StorageError: The disk is unwilling; nothing of the share is left behind.
    """
    if share.folder.exists():
        return
    model = replace(_model(share.model, share.weights), device=share.device)
    try:
        with new_folder(share.folder) as beside:
            rows = written_pictures(
                model, share.classes, share.seed, beside, share.evidence, share.first, share.nifti
            )
            write_table(beside / _ROWS, rows)
    except StorageError:
        # One that was given up for dead may have lived long enough to make the same pictures.
        if not share.folder.exists():
            raise


def write_in_bulk(
    model: Path,
    classes: Sequence[int],
    seed: int,
    folder: Path,
    spread: Spread = in_a_row,
    evidence: str = "",
    watch: Callable[[int], None] = lambda done: None,
    nifti: bool = False,
) -> Path:
    """The folder that `write_samples` makes, in shares; stopped, the same call goes on with those that lack.

    Until all of it is there, shares lie in a hidden folder beside.

    Args:
        model: Folder of the model.
        classes: Class of each picture.
        seed: Of the latents; picture ``i`` depends on it and ``i`` alone.
        folder: New folder.
        spread: Who fills the shares, for example `vesalius.model.workers.over`.
        evidence: SHA-256 of the evidence record, for the files to carry.
        watch: Called with the number of pictures written so far.
        nifti: Write NIfTI files instead of DICOM.

    Raises:
        ModelError: There is no model, or it has not such classes, or the seed is negative.
        StorageError: The folder exists, other pictures were begun there, or the disk is unwilling.
    """
    if folder.exists():
        raise StorageError(folder, "it exists already, wanted a new folder")
    known = load_model(model)
    known.refuse(classes, seed)
    # Workers need not stand where this process stands.
    work = folder.resolve().with_name(f".{folder.name}.shares")
    told = known.card.weights, tuple(classes), seed, 0, evidence
    asked = Share(model.resolve(), *told, work, nifti, known.device)
    shares = _claimed(asked, BATCHES * together(known.recipe))
    _filled(shares, spread, watch)
    _join(work, shares, known, folder)
    return folder


def _filled(shares: Sequence[Share], spread: Spread, watch: Callable[[int], None]) -> None:
    """Have the shares that lack filled."""
    lacking = [share for share in shares if not share.folder.exists()]
    done = sum(len(share.classes) for share in shares) - sum(len(share.classes) for share in lacking)
    watch(done)
    try:
        for share in spread(lacking):
            done += len(share.classes)
            watch(done)
    finally:
        _sweep(shares[0].folder.parent)


def _parts(asked: Share, size: int) -> Iterator[Share]:
    """All that is asked for, a share of some size at a time."""
    for first in range(0, len(asked.classes), size):
        some = asked.classes[first : first + size]
        yield replace(asked, classes=some, first=first, folder=asked.folder / f"{first:09d}")


def _claimed(asked: Share, size: int) -> list[Share]:
    """The shares of all that is asked for, in a folder that says for which pictures it is."""
    work = asked.folder
    said = json.dumps([asked.weights, asked.classes, asked.seed, asked.evidence, asked.nifti, asked.device])
    if not (work / _ASKED).exists():
        with written(work / _ASKED) as beside:
            beside.write_text(said)
    elif (work / _ASKED).read_text() != said:
        wanted = "wanted the same model, classes, seed and device"
        raise StorageError(work, f"other pictures were begun there, {wanted}")
    _sweep(work)
    return [*_parts(asked, size)]


def _sweep(work: Path) -> None:
    """Remove what those who were killed have left half done: a full disk has no room for it."""
    for half in work.glob(f".{'[0-9a-f]' * 8}.{'[0-9]' * 9}"):
        shutil.rmtree(half, ignore_errors=True)


def _join(work: Path, shares: Sequence[Share], model: Model, folder: Path) -> None:
    """All shares as one folder. What was moved before is passed over: this, too, may be stopped."""
    whole = work / "pictures"
    done = work.with_name(f".{uuid4().hex[:8]}.{folder.name}")
    try:
        forget(whole / "metadata.csv")
        write_table(whole / "metadata.csv", chain([columns_of(model)], _moved(shares, whole)))
        # Taken away first: shares whose pictures are gone must never be found and believed.
        os.replace(work, done)
        try:
            os.replace(done / whole.name, folder)
        except OSError:
            os.replace(done, work)
            raise
        shutil.rmtree(done)
    except OSError as error:
        raise StorageError(folder, error.strerror or str(error)) from error


def _moved(shares: Sequence[Share], whole: Path) -> Iterator[list[str]]:
    """Lines of the table of each share, whose pictures are then where all others are."""
    for share in shares:
        with (share.folder / _ROWS).open(newline="") as source:
            yield from csv.reader(source)
        for made in share.folder.glob("*/*"):
            label = whole / made.parent.name
            label.mkdir(parents=True, exist_ok=True)
            os.replace(made, label / made.name)


@lru_cache(maxsize=1)
def _model(folder: Path, weights: str) -> Model:
    """The model of a folder, read once for all shares that a process fills."""
    model = load_model(folder)
    if model.card.weights != weights:
        raise ModelError(
            f"{folder}: model is {model.card.weights[:12]}, wanted {weights[:12]} as at the start"
        )
    return model
