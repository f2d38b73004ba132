"""Which pictures a cohort holds, in one number that does not know their names."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from math import isfinite
from pathlib import Path

import numpy as np

from vesalius.cohort.cohort import Case, Cohort, Held, PictureSource
from vesalius.errors import ImagingError
from vesalius.imaging.image import Image

_THREADS = 4
_EXTENT = ("slices", "rows", "columns")
_SPACING = ("spacing_z", "spacing_y", "spacing_x")


@dataclass(frozen=True)
class Fingerprint:
    """What identifies a cohort, and what describes it.

    Args:
        sha256: Hash of the content of all pictures: equal for the same pictures in any order,
            under any path or name; another one as soon as one picture is added, lost or changed.
        cases: Number of cases.
        patients: Number of people.
        labels: Cases of each label.
        modalities: Cases of each modality.
        sizes: Cases of each extent, ``"slices x rows x columns"``.
        spacing: Median millimetres along ``(z, y, x)``, or None where no case says.
        units: UCUM units of pictures in memory.
        contents: What each case holds, in order: its roles, and the hashes of their pictures.
    """

    sha256: str
    cases: int
    patients: int
    labels: Mapping[str, int] = field(default_factory=dict)
    modalities: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    spacing: tuple[float, float, float] | None = None
    units: tuple[str, ...] = ()
    contents: tuple[str, ...] = ()


def fingerprint(cohort: Cohort) -> Fingerprint:
    """Identify a cohort by the content of its pictures.

    Files are hashed as they are, pictures in memory by their voxels; nothing is decoded, so a
    picture saved in another format counts as another one.

    Raises:
        ImagingError: A file cannot be read.
    """
    sources = [source for case in cohort.cases for source in case.pictures.values()]
    files = _files({path for source in sources if not isinstance(source, Held) for path in source.paths})
    contents = tuple(_case(case, files) for case in cohort.cases)
    held = [source.image for source in sources if isinstance(source, Held)]
    return Fingerprint(
        sha256=sha256("\n".join(sorted(contents)).encode()).hexdigest(),
        cases=len(cohort),
        patients=len(cohort.patients),
        labels=counted(cohort, "label"),
        modalities=counted(cohort, "modality"),
        sizes=sizes(cohort),
        spacing=spacing(cohort),
        units=tuple(sorted({image.unit for image in held})),
        contents=contents,
    )


def counted(cohort: Cohort, fact: str) -> dict[str, int]:
    """Cases of each value of a fact, the commonest first; cases without it are not counted."""
    return _ranked(str(case.facts[fact]) for case in cohort.cases if fact in case.facts)


def sizes(cohort: Cohort) -> dict[str, int]:
    """Cases of each extent, as ``"slices x rows x columns"``, the commonest first."""
    return _ranked(" x ".join(f"{length:.0f}" for length in shape) for shape in _measured(cohort, _EXTENT))


def spacings(cohort: Cohort) -> dict[str, int]:
    """Cases of each spacing, as ``"z x y x x"`` in millimetres, the commonest first."""
    return _ranked(" x ".join(f"{gap:.3g}" for gap in gaps) for gaps in _measured(cohort, _SPACING))


def spacing(cohort: Cohort) -> tuple[float, float, float] | None:
    """Median millimetres between voxel centres along ``(z, y, x)``; None where no case says."""
    known = list(_measured(cohort, _SPACING))
    if not known:
        return None
    z, y, x = (float(value) for value in np.median(known, axis=0).round(4))
    return z, y, x


def content(image: Image) -> str:
    """Hash of voxels, extent and unit of a picture in memory."""
    said = f"{tuple(image.voxels.shape)}/{image.unit}/".encode()
    return sha256(
        said + np.ascontiguousarray(image.voxels.detach().cpu().float().numpy()).tobytes()
    ).hexdigest()


def _files(paths: Iterable[Path]) -> dict[Path, str]:
    ordered = sorted(paths)
    with ThreadPoolExecutor(_THREADS) as threads:
        return dict(zip(ordered, threads.map(_file, ordered), strict=True))


def _file(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            return file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise ImagingError(f"{path}: not read: {error.strerror or error}") from error


def _case(case: Case, files: Mapping[Path, str]) -> str:
    return " ".join(sorted(f"{role}={_source(source, files)}" for role, source in case.pictures.items()))


def _source(source: PictureSource, files: Mapping[Path, str]) -> str:
    if isinstance(source, Held):
        return content(source.image)
    return "+".join(sorted(files[path] for path in source.paths)) + f"@{source.slice}"


def _ranked(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))


def _measured(cohort: Cohort, names: tuple[str, str, str]) -> Iterator[tuple[float, ...]]:
    """Three measures of each case: of its picture in memory, else its facts where all are numbers."""
    for case in cohort.cases:
        held = next((source for source in case.pictures.values() if isinstance(source, Held)), None)
        facts = _facts(held.image) if held else case.facts
        told = [facts.get(name) for name in names]
        values = tuple(value for value in told if isinstance(value, int | float) and isfinite(value))
        if len(values) == len(names):
            yield values


def _facts(image: Image) -> dict[str, int | float]:
    grid = image.geometry
    return dict(zip(_EXTENT + _SPACING, grid.shape + grid.spacing, strict=True))
