"""What a picture says of itself: extent, spacing and modality become facts, faults become problems."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from vesalius.cohort.cohort import Case, Fact, MaskSource, PictureSource, Stored
from vesalius.errors import DicomError, GeometryError, ImagingError
from vesalius.imaging.dataset import is_dicom
from vesalius.imaging.extent import Header
from vesalius.imaging.formats import DICOM, header
from vesalius.imaging.series import Problem, find_series

NAMELESS = (
    "no patient ids: each file name is taken for a person of its own; "
    "if one person has several files, splits leak and counts are too high"
)
"""What has to be said of people whom nobody but the names of their files tells apart."""

NAMELESS_STUDIES = (
    "no patient id: each study is taken for a person of its own; "
    "if one person has several studies, splits leak and counts are too high"
)
"""What has to be said of DICOM series without Patient ID, after their number."""


class Inspected(NamedTuple):
    """What a look at pictures gives.

    Args:
        cases: Those that can be used.
        problems: What is wrong with the others.
        notes: What is unusual about pictures that can be used.
        remarks: What has to be said of all cases together.
    """

    cases: tuple[Case, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...] = ()
    remarks: tuple[str, ...] = ()


def inspect(cases: Iterable[Case], decode: bool) -> Inspected:
    """Look at every picture; a bad one never stops the rest.

    A case with a picture that cannot be read is left out. One with a label map that cannot be
    read stays without it. The others gain the facts ``rows``, ``columns``, ``slices``, spacing in
    millimetres (``spacing_z``, ``spacing_y``, ``spacing_x``) where the file knows it, and
    ``modality``. Extent and spacing are as the picture says, whatever a table said before; all
    else that a table said is kept. What is unusual is noted: of a file always, of the files of a
    series when they are decoded.

    Args:
        cases: Cases of stored pictures.
        decode: Decode all voxels; otherwise headers only.
    """
    kept, problems, notes = [], [], []
    for case in cases:
        try:
            facts, unusual = _facts(case, decode)
        except ImagingError as error:
            problems.append(Problem(_path(case), str(error)))
            continue
        masks, faults = _masks(case, decode)
        problems += faults
        measured = {name: value for name, value in facts.items() if name != "modality"}
        kept.append(replace(case, masks=masks, facts=facts | dict(case.facts) | measured))
        notes += unusual
    return Inspected(tuple(kept), tuple(problems), tuple(notes))


def _facts(case: Case, decode: bool) -> tuple[dict[str, Fact], list[Problem]]:
    """Facts of the first picture, and notes on all."""
    found = [_picture(source, decode) for source in case.pictures.values()]
    notes = [note for _, unusual in found for note in unusual]
    return found[0][0] if found else {}, notes


def _picture(source: PictureSource, decode: bool) -> tuple[dict[str, Fact], list[Problem]]:
    if not isinstance(source, Stored):
        geometry = source.image.geometry
        return _extent(geometry.shape, geometry.spacing) | _modality(source.image.modality), []
    _require_files(source)
    notes = source.read().notes if decode else ()
    first, *others = source.paths
    if others:
        # The header of one file of a series says nothing of the whole; whoever grouped it knows.
        return {}, [Problem(first, note) for note in notes]
    said, notes = _header(first, source.slice is None)
    size = said.size if source.slice is None else (1, *said.size[1:])
    facts = _extent(size, said.spacing) | _modality(said.modality)
    return facts, [Problem(first, note) for note in notes]


def _header(path: Path, is_whole: bool) -> tuple[Header, tuple[str, ...]]:
    """Extent of the picture in a file, and what is unusual about it."""
    if path.suffix.lower() not in DICOM and not is_dicom(path):
        found = header(path)
        return found, found.notes
    tree = find_series(path)
    if tree.problems:
        raise DicomError(tree.problems[0].reason)
    series = next(iter(tree.series), None)
    if series is None:
        raise DicomError(f"{path}: is a DICOMDIR, wanted a picture")
    if not series.is_regular and is_whole:
        raise GeometryError(f"{path}: is no regular grid: {'; '.join(series.warnings)}")
    extent = series.slices, series.rows, series.columns
    return Header(extent, 1, series.spacing, series.modality), series.warnings


def _modality(modality: str) -> dict[str, Fact]:
    return {} if modality == "OT" else {"modality": modality}


def _extent(size: tuple[int, int, int], spacing: tuple[float, float, float] | None) -> dict[str, Fact]:
    facts: dict[str, Fact] = dict(zip(("slices", "rows", "columns"), size, strict=True))
    if spacing is not None:
        facts |= {f"spacing_{axis}": round(gap, 6) for axis, gap in zip("zyx", spacing, strict=True)}
    return facts


def _masks(case: Case, decode: bool) -> tuple[dict[str, MaskSource], list[Problem]]:
    masks: dict[str, MaskSource] = {}
    problems = []
    for role, source in case.masks.items():
        try:
            if isinstance(source, Stored):
                _try(source, decode)
            masks[role] = source
        except ImagingError as error:
            problems.append(Problem(_path(case), f"label map {role!r} left out: {error}"))
    return masks, problems


def _try(source: Stored, decode: bool) -> None:
    _require_files(source)
    if decode:
        source.read_labels()


def _require_files(source: Stored) -> None:
    for path in source.paths:
        try:
            is_there = path.is_file()
        except OSError as error:
            raise ImagingError(f"{path}: {error.strerror}, wanted a picture") from error
        if not is_there:
            raise ImagingError(f"{path}: no such file, wanted a picture")


def _path(case: Case) -> Path:
    sources = [source for source in case.pictures.values() if isinstance(source, Stored)]
    return sources[0].paths[0]
