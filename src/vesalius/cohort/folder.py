"""A folder becomes a cohort, and everything that is wrong with it gets a line."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from vesalius.cohort import metadata, nnunet
from vesalius.cohort.bids import read_bids, subjects
from vesalius.cohort.cohort import Case, Cohort, gather, separate, sides
from vesalius.cohort.inspection import Inspected, inspect
from vesalius.cohort.layouts import class_folders, pictures_below, pictures_in, read_classes, read_flat
from vesalius.cohort.naming import legible
from vesalius.cohort.table import read_table
from vesalius.cohort.tree import read_dicom_tree
from vesalius.errors import CohortError, EmptyCohortError
from vesalius.imaging.dataset import is_index
from vesalius.imaging.formats import NIFTI
from vesalius.imaging.raster import RASTERS
from vesalius.imaging.series import Problem, unreachable_below

Kind = Literal["metadata", "parquet", "dicom", "nnunet", "bids", "classes", "flat"]
"""How a folder tells who is in it."""

TABLE = "cohort.parquet"
"""Our own table of a folder; see `table`."""

_SHOWN = 3


@dataclass(frozen=True, eq=False)
class Survey:
    """What was found in a folder.

    Args:
        cohort: Cases whose pictures can be read, in the order of their keys.
        problems: Files that cannot be used, with the reason.
        kind: How the folder tells who is in it.
        notes: What is unusual about pictures that can be used, such as a gantry tilt.
    """

    cohort: Cohort
    problems: tuple[Problem, ...]
    kind: Kind
    notes: tuple[Problem, ...] = ()


def survey(
    source: Path, *, label: str | None = None, patient: str | None = None, decode: bool = False
) -> Survey:
    """Find out who is in a folder, and what is wrong with it.

    The first of these that fits: a metadata.csv, a cohort.parquet, DICOM files, ``imagesTr``,
    folders ``sub-XX`` as BIDS has them, sub-folders with pictures (one a class) and no picture
    beside them, a flat folder. Pictures that cannot be used become problems and never stop the
    rest; so does a metadata.csv without a column ``file`` among DICOM files.

    Args:
        source: A folder, a table in it, or one picture; a DICOMDIR stands for its folder.
        label: Which fact is the label; by default ``label`` as the folder tells it.
        patient: Regular expression searched in the path of a case; its first group, or all of it,
            names the person. By default as the folder tells it.
        decode: Decode every picture; otherwise only headers are read.

    Raises:
        EmptyCohortError: Nothing there, or no picture can be read; the message gives reasons.
        LeakageError: A patient in two recorded parts.
        CohortError: An unknown column, a pattern that does not fit, or a table that cannot be read.
    """
    source = Path(source)
    _require(source)
    if is_index(source):
        source = source.parent
    kind = _kind(source)
    drafted = _read(source, kind)
    inspected = inspect(drafted.cases, decode)
    passed_over = _passed_over(source) if kind not in ("metadata", "parquet") else ()
    problems = tuple(dict.fromkeys((*passed_over, *drafted.problems, *inspected.problems)))
    if not inspected.cases:
        raise EmptyCohortError(_nobody(source, problems))
    cases = _with_patient(inspected.cases, patient) if patient else inspected.cases
    name = legible(Path(source.stem if source.is_file() else source.resolve().name))
    remarks = () if patient else drafted.remarks
    cohort = gather(_with_label(cases, label) if label else cases, name, remarks)
    separate(**sides(cohort))
    # What the headers of a series said is said again where the series is decoded.
    return Survey(cohort, problems, kind, tuple(dict.fromkeys((*drafted.notes, *inspected.notes))))


def read_cohort(
    source: Path, *, label: str | None = None, patient: str | None = None, decode: bool = False
) -> Cohort:
    """Everybody in a folder whose picture can be read; see `survey` for the rest and for the arguments.

    Args:
        source: A folder, a table in it, or one picture.
        label: Which fact is the label.
        patient: Regular expression that names the person.
        decode: Decode every picture; otherwise only headers are read.

    Raises:
        CohortError: As `survey`.
    """
    return survey(source, label=label, patient=patient, decode=decode).cohort


def _require(source: Path) -> None:
    """Refuse what is not there, or may not be read at all."""
    try:
        if source.stat() and source.is_dir():
            next(source.iterdir(), None)
            (source / metadata.NAME).exists()
    except FileNotFoundError as error:
        raise CohortError(f"{source}: no such file or folder, wanted a folder of pictures") from error
    except OSError as error:
        raise CohortError(f"{source}: {error.strerror}, wanted a folder of pictures") from error


def _kind(source: Path) -> Kind:
    is_tabled = source.name == metadata.NAME or (source / metadata.NAME).is_file()
    if is_tabled and (source.is_file() or metadata.tells_files(source)):
        return "metadata"
    if source.suffix == ".parquet" or (source / TABLE).is_file():
        return "parquet"
    if _is_dicom_tree(source):
        return "dicom"
    if is_tabled:
        # Without its columns people would be told apart by the names of files: let it be refused.
        return "metadata"
    if (source / nnunet.IMAGES).is_dir():
        return "nnunet"
    if source.is_file() or any(pictures_in(source)) or not class_folders(source):
        return "flat"
    return "bids" if subjects(source) else "classes"


def _passed_over(source: Path) -> tuple[Problem, ...]:
    """What no layout looks at: what cannot be reached, and a table of another tool."""
    table = source / metadata.NAME
    if not table.is_file():
        return unreachable_below(source)
    reason = f"{table}: not read: has no column 'file'; the DICOM files themselves are"
    return (Problem(table, reason), *unreachable_below(source))


def _is_dicom_tree(source: Path) -> bool:
    """Whether at least half of the pictures are DICOM: a stray one among others makes no tree."""
    pictures = [source] if source.is_file() else list(pictures_below(source))
    dicom = [path for path in pictures if not path.name.lower().endswith(NIFTI + RASTERS)]
    return bool(dicom) and 2 * len(dicom) >= len(pictures)


def _read(source: Path, kind: Kind) -> Inspected:
    folder = source.parent if source.is_file() else source
    match kind:
        case "metadata":
            return metadata.read_metadata(folder)
        case "parquet":
            known = read_table(source if source.is_file() else source / TABLE)
            return Inspected(known.cases, (), remarks=known.remarks)
        case "dicom":
            return read_dicom_tree(source)
        case "nnunet":
            return nnunet.read_nnunet(folder)
        case "bids":
            return read_bids(folder)
        case "classes":
            return read_classes(folder)
        case "flat":
            return read_flat(source)


def _nobody(source: Path, problems: tuple[Problem, ...]) -> str:
    if not problems:
        return f"{source} holds no picture, wanted DICOM, NIfTI, PNG, JPEG or TIFF files"
    reasons = "; ".join(problem.reason for problem in problems[:_SHOWN])
    more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return f"{source} holds no readable picture, wanted at least one: {reasons}{more}"


def _with_label(cases: tuple[Case, ...], label: str) -> list[Case]:
    columns = sorted({name for case in cases for name in case.facts})
    if label not in columns:
        raise CohortError(f"no column {label!r}; there are {columns}")
    known = [case for case in cases if label in case.facts]
    return [replace(case, facts={**case.facts, "label": str(case.facts[label])}) for case in known]


def _with_patient(cases: tuple[Case, ...], pattern: str) -> tuple[Case, ...]:
    try:
        search = re.compile(pattern).search
    except re.error as error:
        raise CohortError(f"patient pattern {pattern!r} is no regular expression: {error}") from error
    found = [(case, search(case.key)) for case in cases]
    for case, match in found:
        if match is None:
            raise CohortError(
                f"patient pattern {pattern!r} does not fit {case.key!r}, wanted one for all cases"
            )
    return tuple(
        replace(case, patient=match[1] if match.re.groups else match[0]) for case, match in found if match
    )
