"""Whether pictures that are said to be a model's own carry its mark."""

from collections.abc import Iterator
from pathlib import Path

from vesalius.cohort.cohort import Cohort, Stored
from vesalius.errors import EvidenceError
from vesalius.imaging.dataset import is_dicom
from vesalius.imaging.dicom_mark import read_mark
from vesalius.imaging.extent import ACQUIRED
from vesalius.imaging.formats import header
from vesalius.imaging.marks import Mark


def remarks_on_marks(made: Cohort, weights: str) -> tuple[str, ...]:
    """What the report has to say of the marks of made pictures; nothing when all are the model's own.

    Args:
        made: Cases of the made pictures.
        weights: SHA-256 of the model that is to have made them.

    Raises:
        EvidenceError: A picture carries the mark of another model.
        ImagingError: A mark cannot be read.
    """
    files = list(_files(made))
    unmarked = 0
    for file in files:
        mark = _mark_of(file)
        if not mark.model:
            unmarked += 1
        elif mark.model != weights:
            raise EvidenceError(
                f"{file}: made by model {mark.model[:12]}, wanted pictures of model {weights[:12]}"
            )
    if not unmarked:
        return ()
    which = "the pictures" if unmarked == len(files) else f"{unmarked} of {len(files)} made files"
    return (f"{which} carry no mark of the model; that they are its own is not proven",)


def _files(made: Cohort) -> Iterator[Path]:
    for case in made.cases:
        for picture in case.pictures.values():
            if isinstance(picture, Stored):
                yield from picture.paths


def _mark_of(file: Path) -> Mark:
    return (read_mark(file) or ACQUIRED) if is_dicom(file) else header(file).mark
