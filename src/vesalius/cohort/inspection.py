"""What a picture says of itself: extent, spacing and modality become facts, faults become problems."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from vesalius.cohort.cohort import Case, Fact, MaskSource, PictureSource, Stored
from vesalius.cohort.threads import each
from vesalius.errors import DicomError, GeometryError, ImagingError
from vesalius.imaging.dataset import is_dicom
from vesalius.imaging.extent import Header
from vesalius.imaging.formats import DICOM, header
from vesalius.imaging.image import Image
from vesalius.imaging.series import Problem, find_series

Facts = dict[str, Fact]

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


def nameless(count: int, total: int, things: str) -> tuple[str, ...]:
    """The remark on people whom nobody but the names of their files tells apart, if there are any.

    Args:
        count: How many things say nobody's name.
        total: Of how many.
        things: What is counted.
    """
    share = "" if count == total else f"{count} of {total} {things} have "
    return (share + NAMELESS,) if count else ()


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

    A case without a picture, or with one that cannot be read, is left out. One with a label map
    that cannot be read, or has another extent than the first picture, stays without it, and without
    further pictures that have another number of slices. The others gain the facts ``rows``,
    ``columns``, ``slices``, spacing in millimetres (``spacing_z``, ``spacing_y``, ``spacing_x``)
    where the file knows it, ``modality``, and ``channels`` where it is decoded: colour may turn out to be
    grey. All but modality are as the picture says, whatever a table said before; all else that a table said
    is kept. What is unusual is noted: of a file always, of the files of a series when they are decoded.

    Args:
        cases: Cases of stored pictures.
        decode: Decode all voxels; otherwise headers only.
    """
    # Headers are read by the interpreter itself, of which there is one.
    looks = tuple(each(lambda case: _inspected(case, decode), cases, None if decode else 1))
    return Inspected(
        tuple(chain.from_iterable(look.cases for look in looks)),
        tuple(chain.from_iterable(look.problems for look in looks)),
        tuple(chain.from_iterable(look.notes for look in looks)),
    )


def _inspected(case: Case, decode: bool) -> Inspected:
    try:
        measured, unusual = _measured(case, decode)
    except ImagingError as error:
        return Inspected((), (Problem(_path(case), str(error)),))
    first = next(iter(measured.values()))
    extent = {name: value for name, value in first.items() if name != "modality"}
    known = first | dict(case.facts) | extent
    pictures, others = _alike(case, known, measured)
    masks, faults = _masks(case, known, decode)
    whole = replace(case, pictures=pictures, masks=masks, facts=known)
    return Inspected((whole,), (*others, *faults), tuple(unusual))


def _measured(case: Case, decode: bool) -> tuple[dict[str, Facts], list[Problem]]:
    """Facts of each picture, and notes on all."""
    if not case.pictures:
        raise ImagingError(f"case {case.key} has no picture, wanted one")
    found = {role: _picture(source, decode) for role, source in case.pictures.items()}
    notes = [note for _, unusual in found.values() for note in unusual]
    return {role: facts for role, (facts, _) in found.items()}, notes


def _alike(
    case: Case, known: Mapping[str, Fact], measured: Mapping[str, Facts]
) -> tuple[dict[str, PictureSource], list[Problem]]:
    """The pictures that can be cut into slices together."""
    wanted = known.get("slices")
    counts = {role: facts.get("slices", wanted) for role, facts in measured.items()}
    odd = {role: count for role, count in counts.items() if wanted is not None and count != wanted}
    return {role: source for role, source in case.pictures.items() if role not in odd}, [
        Problem(_path(case), f"picture {role!r} left out: has {count} slices, wanted {wanted} as the first")
        for role, count in odd.items()
    ]


def _picture(source: PictureSource, decode: bool) -> tuple[Facts, list[Problem]]:
    if not isinstance(source, Stored):
        image, grid = source.image, source.image.geometry
        return _extent(grid.shape, grid.spacing) | _modality(image.modality) | _channels(image), []
    _require_files(source)
    read = source.read() if decode else None
    seen = {} if read is None else _channels(read)
    first, *others = source.paths
    if others:
        # The header of one file of a series says nothing of the whole; whoever grouped it knows.
        return seen, [Problem(first, note) for note in (() if read is None else read.notes)]
    said, notes = _header(first, source.slice is None)
    size = said.size if source.slice is None else (1, *said.size[1:])
    facts = _extent(size, said.spacing) | _modality(said.modality) | seen
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


def _modality(modality: str) -> Facts:
    return {} if modality == "OT" else {"modality": modality}


def _channels(image: Image) -> Facts:
    return {"channels": image.voxels.shape[0]}


def _extent(size: tuple[int, int, int], spacing: tuple[float, float, float] | None) -> Facts:
    facts: Facts = dict(zip(("slices", "rows", "columns"), size, strict=True))
    if spacing is not None:
        facts |= {f"spacing_{axis}": round(gap, 6) for axis, gap in zip("zyx", spacing, strict=True)}
    return facts


def _masks(
    case: Case, known: Mapping[str, Fact], decode: bool
) -> tuple[dict[str, MaskSource], list[Problem]]:
    masks: dict[str, MaskSource] = {}
    problems = []
    wanted = tuple(known.get(length) for length in ("slices", "rows", "columns"))
    for role, source in case.masks.items():
        try:
            size = _drawn(source, decode)
            if size is not None and None not in wanted and size != wanted:
                raise GeometryError(f"it has {_told(size)} voxels, wanted {_told(wanted)} as the picture")
            masks[role] = source
        except ImagingError as error:
            problems.append(Problem(_path(case), f"label map {role!r} left out: {error}"))
    return masks, problems


def _drawn(source: MaskSource, decode: bool) -> tuple[int, int, int] | None:
    """Extent of a label map; None where only decoding could tell."""
    if not isinstance(source, Stored):
        return source.labels.geometry.shape
    _require_files(source)
    first = source.paths[0]
    if decode:
        return source.read_labels().geometry.shape
    if first.suffix.lower() in DICOM or is_dicom(first):
        return None
    slices, rows, columns = header(first).size
    return slices if source.slice is None else 1, rows, columns


def _told(size: tuple[object, ...]) -> str:
    return " x ".join(map(str, size))


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
    return sources[0].paths[0] if sources else Path(case.key)
