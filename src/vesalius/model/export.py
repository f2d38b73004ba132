"""Made pictures as marked files: DICOM, or NIfTI with a mark beside it."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from vesalius.errors import StorageError
from vesalius.imaging.dicom_write import write_dicom
from vesalius.imaging.formats import write_image
from vesalius.imaging.image import Origin
from vesalius.imaging.marks import Mark
from vesalius.model.model import Model
from vesalius.storage import new_folder, written


def balanced(model: Model, per_class: int) -> list[int]:
    """Class indices with as many pictures of every class that was learnt."""
    return [index for index in model.learnt for _ in range(per_class)]


def write_samples(
    model: Model,
    classes: Sequence[int],
    seed: int,
    folder: Path,
    evidence: str = "",
    watch: Callable[[int], None] = lambda done: None,
    add: Callable[[Path], None] = lambda folder: None,
    nifti: bool = False,
) -> Path:
    """Make pictures and write each as a DICOM series (or NIfTI file) of a person who does not exist.

    Beside them stands ``metadata.csv`` with file, label, patient, seed, index and every other conditioning
    fact, so that the folder reads as a cohort again. A DICOM volume is the folder of its series.

    Args:
        model: Who makes them.
        classes: Class of each picture.
        seed: Of the latents; picture ``i`` depends on it and ``i`` alone.
        folder: New folder.
        evidence: SHA-256 of the evidence record, for the files to carry.
        watch: Called with the number of pictures written so far.
        add: Called with the filled folder before it appears, to put more files into it.
        nifti: Write NIfTI files, each with a JSON file of the same name that holds its mark.

    Raises:
        ModelError: A class that the model does not have, or a negative seed.
        StorageError: The folder exists, or the disk is unwilling; nothing is left behind.
    """

    def lines() -> Iterator[Sequence[object]]:
        yield columns_of(model)
        for done, row in enumerate(written_pictures(model, classes, seed, beside, evidence, nifti=nifti), 1):
            yield row
            watch(done)

    with new_folder(folder) as beside:
        write_table(beside / "metadata.csv", lines())
        add(beside)
    return folder


def columns_of(model: Model) -> tuple[str, ...]:
    """Columns of ``metadata.csv``, and of the lines of `written_pictures`."""
    others = (fact for fact in model.recipe.task.facts(0) if fact != "label")
    return ("file", "label", "patient", "seed", "index", *others)


def write_table(file: Path, rows: Iterable[Sequence[object]]) -> None:
    """Write the lines of a table as CSV, each as it comes.

    Args:
        file: Where to.
        rows: All as wide as the first.

    Raises:
        StorageError: One is not: it would stand under the wrong columns; or the disk is unwilling.
    """
    with written(file) as beside, beside.open("w", newline="") as target:
        table, width = csv.writer(target), None
        for place, row in enumerate(rows, 1):
            width = width or len(row)
            if len(row) != width:
                raise StorageError(file, f"line {place} has {len(row)} cells, wanted {width}")
            table.writerow(row)


def written_pictures(
    model: Model,
    classes: Sequence[int],
    seed: int,
    folder: Path,
    evidence: str,
    first: int = 0,
    nifti: bool = False,
) -> Iterator[tuple[object, ...]]:
    """Write one picture after the other; give the line of the table of each.

    Args:
        model: Who makes them.
        classes: Class of each picture.
        seed: Of the latents.
        folder: Where they go.
        evidence: SHA-256 of the evidence record, for the files to carry.
        first: Number of the first of them.
        nifti: Write NIfTI files, as `write_samples` does.

    Raises:
        ModelError: A class that the model does not have, or a negative seed.
        StorageError: The disk is unwilling.
    """
    task = model.recipe.task
    for index, image in enumerate(model.images(classes, seed, first), first):
        label, facts = task.classes[classes[index - first]], task.facts(classes[index - first])
        patient = f"SYN-{model.card.weights[:8]}-{seed}-{index + 1:05d}"
        place = f"{_plain(label)}/{index + 1:05d}"
        mark = _mark(model, label, index, seed, evidence)
        if nifti:
            file = write_image(image, folder / f"{place}.nii.gz", mark).relative_to(folder).as_posix()
        else:
            words = f"SYNTHETIC {label}"
            write_dicom(image, folder / place, mark, patient=patient, series_description=words)
            file = place if task.is_volume else f"{place}/0001.dcm"
        others = (level for fact, level in facts.items() if fact != "label")
        yield file, facts.get("label", label), patient, seed, index, *others


def _mark(model: Model, label: str, index: int, seed: int, evidence: str) -> Mark:
    game = model.recipe.objective
    method = f"class-conditional {game.family} ({game.kind}), class {label}, picture {index} of seed {seed}"
    return Mark(
        Origin.SYNTHETIC,
        method=method,
        model=model.card.weights,
        seed=seed,
        evidence=evidence,
        version=version("vesalius"),
    )


def _plain(label: str) -> str:
    """A label as a folder name."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in label) or "_"
