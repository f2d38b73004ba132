"""What a DICOM dataset says of each of its frames: where it lies and what its values mean."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydicom import Dataset

from vesalius.imaging.image import ARBITRARY, HOUNSFIELD
from vesalius.imaging.plane import Plane

SAID_OF_FRAMES = (
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "NominalScannedPixelSpacing",
    "SpacingBetweenSlices",
    "SliceThickness",
    "GridFrameOffsetVector",
    "DoseGridScaling",
    "DoseUnits",
    "Units",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "RealWorldValueMappingSequence",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
)
"""Keywords of all elements at the top of a dataset from which `frames` reads."""

_SQUARE = 0.01
_RESCALE_UNITS = {"HU": HOUNSFIELD, "US": ARBITRARY}
_DOSE_UNITS = {"GY": "Gy"}
_PET_UNITS = {"BQML": "Bq/ml", "GML": "g/ml", "CNTS": "{counts}", "PROPCNTS": "{propcounts}"}


@dataclass(frozen=True)
class Scale:
    """How stored values become values with a unit: ``slope * stored + intercept``.

    Args:
        slope: Units for one stored step.
        intercept: Value of a stored zero.
        unit: UCUM code; ``"1"`` when the file does not name a unit clearly.
        note: What the file left out, and what is taken for it.

    Source:
        DICOM PS3.3 C.7.6.16.2.9 and C.11.1 (Rescale), C.7.6.16.2.11 (Real World Value Mapping).
    """

    slope: float = 1.0
    intercept: float = 0.0
    unit: str = ARBITRARY
    note: str = ""


@dataclass(frozen=True)
class Frame:
    """One frame of a file.

    Args:
        plane: Where it lies.
        scale: What its values mean.
    """

    plane: Plane
    scale: Scale


def frames(dataset: Dataset) -> tuple[Frame, ...]:
    """The frames of a dataset: one for each where they differ, else a single one for all.

    Raises:
        ValueError: Rows and columns are not at right angles.
    """
    shared = list(dataset.get("SharedFunctionalGroupsSequence") or [])[:1]
    groups = list(dataset.get("PerFrameFunctionalGroupsSequence") or [])
    if groups:
        return tuple(_frame(dataset, [group, *shared]) for group in groups)
    alone = _frame(dataset, shared)
    offsets = numbers(dataset, "GridFrameOffsetVector")
    if offsets and alone.plane.position is not None:
        return tuple(replace(alone, plane=_lifted(alone.plane, offset - offsets[0])) for offset in offsets)
    return (alone,)


def numbers(dataset: Dataset, keyword: str, count: int | None = None) -> tuple[float, ...] | None:
    """Finite numbers of an element; None where it is absent, empty or of another multiplicity."""
    value = dataset.get(keyword)
    if value is None or value == "":
        return None
    values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    found = tuple(float(v) for v in values)
    is_sound = bool(found) and all(map(math.isfinite, found)) and count in (None, len(found))
    return found if is_sound else None


def number(dataset: Dataset, keyword: str) -> float | None:
    """One finite number of an element, or None."""
    found = numbers(dataset, keyword, 1)
    return found[0] if found else None


def _frame(dataset: Dataset, groups: list[Dataset]) -> Frame:
    return Frame(_plane(dataset, groups), _scale(dataset, groups))


def _macro(dataset: Dataset, groups: list[Dataset], sequence: str) -> Dataset:
    """The item of a functional group, looked for frame first; the dataset itself without one."""
    found = (group[sequence].value[0] for group in groups if group.get(sequence))
    return next(found, dataset)


def _plane(dataset: Dataset, groups: list[Dataset]) -> Plane:
    position = numbers(_macro(dataset, groups, "PlanePositionSequence"), "ImagePositionPatient", 3)
    orientation = numbers(_macro(dataset, groups, "PlaneOrientationSequence"), "ImageOrientationPatient", 6)
    if orientation is None or not any(orientation[:3]) or not any(orientation[3:]):
        orientation = None
    if orientation is not None and abs(_cosine(orientation)) > _SQUARE:
        raise ValueError(f"Image Orientation is {orientation}, wanted rows at right angles to columns")
    measures = _macro(dataset, groups, "PixelMeasuresSequence")
    gap = number(measures, "SpacingBetweenSlices") or number(measures, "SliceThickness")
    return Plane(position, orientation, _spacing(measures), abs(gap) if gap else None)  # pyright: ignore[reportArgumentType]


def _cosine(orientation: Sequence[float]) -> float:
    """Of the angle between rows and columns."""
    right, down = np.array(orientation[:3]), np.array(orientation[3:])
    return float(right @ down / (np.linalg.norm(right) * np.linalg.norm(down)))


def _spacing(measures: Dataset) -> tuple[float, float]:
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        found = numbers(measures, keyword, 2)
        if found and min(found) > 0:
            return found[0], found[1]
    return 1.0, 1.0


def _lifted(plane: Plane, height: float) -> Plane:
    left, back, head = np.array(plane.position) + height * plane.normal
    return replace(plane, position=(float(left), float(back), float(head)))


def _scale(dataset: Dataset, groups: list[Dataset]) -> Scale:
    real = _macro(dataset, groups, "RealWorldValueMappingSequence")
    if real is dataset:
        real = _only(dataset, "RealWorldValueMappingSequence")
    mapping = _real_world(real) if real is not None else None
    if mapping is not None:
        return mapping
    if (dose := number(dataset, "DoseGridScaling")) is not None:
        return Scale(dose, 0.0, _DOSE_UNITS.get(str(dataset.get("DoseUnits")), ARBITRARY))
    values = _macro(dataset, groups, "PixelValueTransformationSequence")
    slope, intercept = number(values, "RescaleSlope"), number(values, "RescaleIntercept")
    if slope is None and intercept is None:
        return Scale()
    note = "Rescale Intercept is missing, taken for 0" if intercept is None else ""
    note = "Rescale Slope is missing, taken for 1" if slope is None else note
    return Scale(1.0 if slope is None else slope, intercept or 0.0, _unit(dataset, values), note)


def _only(dataset: Dataset, sequence: str) -> Dataset | None:
    items = dataset.get(sequence) or []
    return items[0] if len(items) == 1 else None


def _real_world(item: Dataset) -> Scale | None:
    """A linear mapping into a UCUM unit; None for tables and other vocabularies."""
    slope, intercept = number(item, "RealWorldValueSlope"), number(item, "RealWorldValueIntercept")
    code = _only(item, "MeasurementUnitsCodeSequence")
    if slope is None or intercept is None or code is None or code.get("CodingSchemeDesignator") != "UCUM":
        return None
    return Scale(slope, intercept, "".join(str(code.get("CodeValue") or ARBITRARY).split()))


def _unit(dataset: Dataset, values: Dataset) -> str:
    """Unit of rescaled values; CT is in Hounsfield units unless it says otherwise (C.11.1.1.2)."""
    if said := str(values.get("RescaleType") or ""):
        return _RESCALE_UNITS.get(said, ARBITRARY)
    if dataset.get("Modality") == "PT":
        return _PET_UNITS.get(str(dataset.get("Units")), ARBITRARY)
    is_scout = "LOCALIZER" in (dataset.get("ImageType") or ())
    return HOUNSFIELD if dataset.get("Modality") == "CT" and not is_scout else ARBITRARY
