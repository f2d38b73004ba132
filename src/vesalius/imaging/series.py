"""Which DICOM series lie in a folder, and what is wrong with them; pixels are not touched."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from errno import EACCES
from pathlib import Path

from vesalius.errors import DicomError, ImagingError
from vesalius.imaging import plane, stack
from vesalius.imaging.dataset import DICOM, is_dicom, is_index
from vesalius.imaging.decoder import LIMITS, Limits
from vesalius.imaging.header import Header
from vesalius.imaging.sketch import HeaderReader

_DIRECTORY = "Media Storage Directory Storage"


@dataclass(frozen=True)
class Problem:
    """A file that gives no picture.

    Args:
        path: The file.
        reason: Why, in one sentence that names the file, too.
    """

    path: Path
    reason: str


@dataclass(frozen=True)
class Series:
    """The files of one DICOM series.

    Args:
        uid: Series Instance UID.
        modality: DICOM modality, ``"OT"`` when unknown.
        patient: Patient ID; ``""`` when the files do not say.
        study: Study Instance UID.
        description: Series Description.
        paths: Files, from the lowest to the highest slice along the normal.
        rows: Voxels along y of the first slice.
        columns: Voxels along x of the first slice.
        slices: Number of frames of all files.
        spacing: Millimetres along ``(z, y, x)``; along z of a series that is no regular grid
            what its first file says.
        is_regular: Whether `read_dicom` can make one picture of all its files.
        warnings: What is unusual: named faults that keep it from being a regular grid
            (duplicate or missing slices, changing spacing, orientation or size), then what can
            be lived with (gantry tilt, changing rescale).
        attributes: What else the first header tells, by DICOM keyword.
    """

    uid: str
    modality: str
    patient: str
    study: str
    description: str
    paths: tuple[Path, ...]
    rows: int
    columns: int
    slices: int
    spacing: tuple[float, float, float]
    is_regular: bool
    warnings: tuple[str, ...]
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Found:
    """What a folder holds.

    Args:
        series: Sorted by patient, study and UID.
        problems: Files that look like DICOM but give no picture, folders that may not be read, and
            links that lead nowhere, sorted by path.
    """

    series: tuple[Series, ...]
    problems: tuple[Problem, ...]


def find_series(source: Path, limits: Limits = LIMITS) -> Found:
    """Find all pictures in a folder and below, or in one file.

    Only headers are read. A bad file never stops the rest; files of clearly another kind
    (no DICOM mark, no DICOM suffix) are passed over, and so are hidden ones and a DICOMDIR.
    Links are followed; one that leads nowhere is a problem.

    Raises:
        DicomError: There is no such file or folder.
    """
    if not source.exists():
        raise DicomError(f"{source}: no such file or folder, wanted DICOM files")
    reader = HeaderReader(limits)
    groups: dict[tuple[str, str, str], list[Header]] = defaultdict(list)
    problems = list(unreachable_below(source))
    for path in _candidates(source):
        try:
            header = reader.read(path)
            if header.kind == _DIRECTORY:
                continue
            header.require_pixels()
            # Careless anonymisation gives one Series Instance UID to several people.
            groups[header.patient, header.study, header.series or str(path)].append(header)
        except ImagingError as error:
            problems.append(Problem(path, str(error)))
    series = []
    for group in groups.values():
        try:
            series.append(_series(group))
        except ImagingError as error:
            first = min(each.path for each in group)
            problems.append(Problem(first, f"{first}: series of {len(group)} file(s) not read: {error}"))
    series.sort(key=lambda each: (each.patient, each.study, each.uid))
    return Found(tuple(series), tuple(sorted(problems, key=lambda each: each.path)))


def files_below(folder: Path) -> Iterator[Path]:
    """All files at any depth, sorted; hidden ones, and those in hidden folders, are passed over.

    Links are followed, but no folder is looked at twice.
    """
    found = (Path(place, name) for place, names in _walked(folder) for name in names)
    # Of a folder that may be listed but not entered, and of a broken link, `unreachable_below` tells.
    return (path for path in sorted(found) if not path.name.startswith(".") and os.path.isfile(path))


def unreachable_below(folder: Path) -> tuple[Problem, ...]:
    """Folders at any depth, this one included, that may not be read, and links that lead nowhere.

    Hidden ones are passed over.
    """
    if folder.is_file():
        return ()
    refused: dict[str, str] = {}
    for place, names in _walked(folder, lambda error: refused.update({error.filename: error.strerror})):
        if not os.access(place, os.X_OK):
            refused[place] = os.strerror(EACCES)
            continue
        for name in names:
            path = os.path.join(place, name)
            if os.path.islink(path) and not os.path.exists(path) and not name.startswith("."):
                refused[path] = f"is a link to {os.readlink(path)}, which leads nowhere"
    return tuple(
        Problem(Path(place), f"{place}: not read: {why}, wanted a folder that may be read, or a file")
        for place, why in sorted(refused.items())
    )


def _walked(
    folder: Path, refused: Callable[[OSError], None] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Each folder that is not hidden with the names of its files; once, however many links lead there."""
    seen: set[str] = set()
    for place, folders, names in os.walk(folder, onerror=refused, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and real not in seen)
        if real not in seen:
            yield place, names
        seen.add(real)


def _candidates(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
        return
    for path in files_below(source):
        if not is_index(path) and (path.suffix.lower() in DICOM or is_dicom(path)):
            yield path


def _series(headers: Sequence[Header]) -> Series:
    slices = stack.stacked(headers)
    faults = stack.faults(slices)
    first, planes = slices[0].header, [each.plane for each in slices]
    if faults:
        spacing = (planes[0].gap or 1.0, *planes[0].spacing)
    else:
        spacing = plane.geometry(planes, first.rows, first.columns, first.series).spacing
    return Series(
        uid=first.series,
        modality=first.modality,
        patient=first.patient,
        study=first.study,
        description=first.description,
        paths=tuple(dict.fromkeys(each.header.path for each in slices)),
        rows=first.rows,
        columns=first.columns,
        slices=len(slices),
        spacing=spacing,
        is_regular=not faults,
        warnings=(*faults, *stack.notes(slices)),
        attributes=first.facts,
    )
