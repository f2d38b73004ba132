"""Label maps become DICOM segmentations of the pictures they belong to, and come back."""

from collections.abc import Sequence
from dataclasses import astuple, replace
from hashlib import sha256
from pathlib import Path

import highdicom
import numpy as np
import torch
from jaxtyping import Float, Int
from pydicom import Dataset
from pydicom.sr.coding import Code as Concept

from vesalius.errors import DicomError, GeometryError
from vesalius.imaging import plane, stack
from vesalius.imaging.categories import TISSUE, category_of
from vesalius.imaging.dataset import Opened, broken, open_dataset, quiet
from vesalius.imaging.decode import LIMITS, Limits, stored
from vesalius.imaging.decoder import BROKEN
from vesalius.imaging.dicom_mark import made_uid, put_mark
from vesalius.imaging.frames import number
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.header import Header, header_of, read_header
from vesalius.imaging.image import Code, LabelMap, Origin
from vesalius.imaging.marks import SOFTWARE, Mark
from vesalius.imaging.plane import Plane
from vesalius.imaging.stack import Slice
from vesalius.storage import written

_OWN = "99VESALIUS"
_AI = Concept("123110", "DCM", "Artificial Intelligence")
_TOLERANCE_MM = 0.01


def write_segmentation(labels: LabelMap, path: Path, sources: Sequence[Path], mark: Mark) -> None:
    """Write a label map as a binary DICOM SEG beside the pictures it was drawn on.

    Patient, study and frame of reference are those of the sources. Every slice of every class
    is written, empty ones, too, so that the grid comes back whole. A map of synthetic pictures
    is marked as synthetic, whatever `mark` says.

    Args:
        labels: Classes on the grid of the sources; a class without a code gets one of our own.
        path: File to write.
        sources: Files of the series, in any order.
        mark: What is said of the making.

    Raises:
        GeometryError: The labels are not on the grid of the sources.
        DicomError: No source, one that is no picture, or labels outside 0 to 255.

    Source:
        DICOM PS3.3 A.51 and C.8.20 (Segmentation), C.12.1 (content derived from synthetic data).
    """
    if not sources:
        raise DicomError(f"{path}: labels have no source, wanted the files on which they were drawn")
    slices = stack.stacked([read_header(source) for source in sources])
    first = slices[0].header
    grid = plane.geometry(
        [each.plane for each in slices], first.rows, first.columns, f"series {first.series}"
    )
    if not grid.is_close(labels.geometry, _TOLERANCE_MM):
        raise GeometryError(f"labels lie on {labels.geometry}, wanted the grid of their sources {grid}")
    said = mark.at_least(max(labels.origin, Origin.DERIVED, *(each.header.origin for each in slices)))
    try:
        # Names without a caret are common in real files, and not ours to mend.
        with quiet():
            dataset = _segmentation(labels, slices, said)
    except BROKEN as error:
        raise DicomError(f"{path}: no segmentation of {first.path}: {error}") from error
    put_mark(dataset, said)
    with written(path) as beside:
        dataset.save_as(beside)


def read_segmentation(path: Path, limits: Limits = LIMITS) -> LabelMap:
    """Read a DICOM SEG, binary or label map, on the grid of its own frames.

    Slices that the file leaves out between others are background; how many those are, Spacing
    Between Slices tells where all frames lie on such steps, the least distance elsewhere. A code
    bears a category where the file says another one than `vesalius.imaging.categories.category_of`
    would.

    Raises:
        DicomError: The file is no such segmentation, or its segments overlap.
        DecodeError: Its frames cannot be decoded within the limits.
        GeometryError: Its frames lie on no regular grid.

    Source:
        DICOM PS3.3 C.8.20.2 (Segmentation Image), C.7.6.16 (functional groups).
    """
    opened = open_dataset(path, limits)
    header = header_of(path, opened, limits)
    try:
        return _labels(opened, header, limits)
    except BROKEN as error:
        raise broken(path, error) from error


def _labels(opened: Opened, header: Header, limits: Limits) -> LabelMap:
    path = header.path
    kind = str(opened.dataset.get("SegmentationType"))
    if kind not in ("BINARY", "LABELMAP"):
        raise DicomError(f"{path}: Segmentation Type is {kind!r}, wanted BINARY or LABELMAP")
    masks = stored(header, limits).reshape(header.count, header.rows, header.columns)
    segments = _segments(opened, header) if kind == "BINARY" else [0] * header.count
    heights, geometry = _grid(header, segments, _step_said(opened.dataset), limits)
    labels = np.zeros(geometry.shape, np.int64)
    for mask, segment, z in zip(masks, segments, heights, strict=True):
        values = mask.astype(np.int64) * (segment or 1)
        if ((labels[z] > 0) & (values > 0) & (labels[z] != values)).any():
            raise DicomError(
                f"{path}: segment {segment} overlaps another one, wanted one class for each voxel"
            )
        labels[z] = np.maximum(labels[z], values)
    return LabelMap(torch.from_numpy(labels)[None], geometry, _codes(opened.dataset), header.origin)


def _segmentation(labels: LabelMap, slices: Sequence[Slice], mark: Mark) -> Dataset:
    values = labels.labels[0].detach().cpu().numpy()
    if values.min() < 0 or values.max() > 255:
        raise DicomError(f"labels reach from {values.min()} to {values.max()}, wanted 0 to 255")
    count = max(int(values.max()), *labels.codes, 1)
    digest = sha256(np.ascontiguousarray(values).tobytes() + mark.to_json().encode())
    digest.update("".join(each.header.instance for each in slices).encode())
    digest.update(repr(sorted((number, *astuple(code)) for number, code in labels.codes.items())).encode())
    files = list(dict.fromkeys(each.header.path for each in slices))
    frames = np.zeros(values.shape, np.uint8)
    for z, each in enumerate(slices):
        frames[files.index(each.header.path) if len(files) > 1 else each.index] = values[z]
    return highdicom.seg.Segmentation(
        source_images=[open_dataset(path).dataset for path in files],
        pixel_array=frames,
        segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_description(n, labels, mark) for n in range(1, count + 1)],
        series_instance_uid=made_uid(digest.digest(), "series"),
        series_number=1,
        sop_instance_uid=made_uid(digest.digest(), "instance"),
        instance_number=1,
        manufacturer=SOFTWARE,
        manufacturer_model_name=SOFTWARE,
        software_versions=mark.version or "unknown",
        device_serial_number="1",
        series_description="Segmentation",
        omit_empty_frames=False,
    )


def _description(number: int, labels: LabelMap, mark: Mark) -> highdicom.seg.SegmentDescription:
    code = labels.codes.get(number, Code(str(number), _OWN, f"Class {number}", TISSUE))
    kinds = highdicom.seg.SegmentAlgorithmTypeValues
    algorithm = highdicom.AlgorithmIdentificationSequence(SOFTWARE, _AI, mark.version or "unknown")
    return highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=code.meaning[:64],
        segmented_property_category=_concept(category_of(code)),
        segmented_property_type=_concept(code),
        algorithm_type=kinds.AUTOMATIC if mark.model else kinds.MANUAL,
        algorithm_identification=algorithm if mark.model else None,
    )


def _concept(code: Code) -> Concept:
    return Concept(code.value, code.scheme, code.meaning)


def _segments(opened: Opened, header: Header) -> list[int]:
    """The segment of each frame."""
    shared = list(opened.dataset.get("SharedFunctionalGroupsSequence") or [])
    groups = list(opened.dataset.get("PerFrameFunctionalGroupsSequence") or [])
    if len(groups) != header.count:
        raise DicomError(f"{header.path}: describes {len(groups)} frames, wanted {header.count}")
    found = []
    for group in groups:
        items = [
            g.SegmentIdentificationSequence
            for g in (group, *shared)
            if g.get("SegmentIdentificationSequence")
        ]
        if not items or "ReferencedSegmentNumber" not in items[0][0]:
            raise DicomError(f"{header.path}: a frame has no Referenced Segment Number, wanted one for each")
        found.append(int(items[0][0].ReferencedSegmentNumber))
    return found


def _step_said(dataset: Dataset) -> float:
    """Spacing Between Slices, which is also true of slices that the file leaves out; 0 when silent."""
    groups = [*(dataset.get("SharedFunctionalGroupsSequence") or []), dataset]
    groups += list(dataset.get("PerFrameFunctionalGroupsSequence") or [])[:1]
    measures = [item for group in groups for item in group.get("PixelMeasuresSequence") or []]
    found = (number(item, "SpacingBetweenSlices") for item in measures)
    return abs(next((step for step in found if step), 0.0))


def _grid(
    header: Header, segments: Sequence[int], said: float, limits: Limits
) -> tuple[Int[np.ndarray, "n"], Geometry]:
    """The slice of each frame, and the grid that all frames span."""
    planes = [header.frame(index).plane for index in range(header.count)]
    if any(each.position is None for each in planes) and len(set(segments)) < len(segments):
        raise GeometryError(f"{header.path}: frames have no positions, wanted a Plane Position for each")
    heights = np.array([each.height for each in planes])
    order = np.argsort(heights)
    steps = np.diff(heights[order])
    least = float(min(steps[steps > _TOLERANCE_MM], default=1.0))
    slots = next(
        filter(_is_whole, ((heights - heights.min()) / step for step in (said, least) if step)), None
    )
    if slots is None:
        raise GeometryError(f"{header.path}: slice spacing changes, wanted a regular grid")
    whole = np.round(slots).astype(np.int64)
    if (count := (int(whole.max()) + 1) * header.rows * header.columns) > limits.voxels:
        raise GeometryError(f"{header.path}: its frames span {count} voxels, wanted at most {limits.voxels}")
    lowest, highest = planes[order[0]], planes[order[-1]]
    spanned = _spanned(lowest, highest, int(whole.max()) + 1)
    return whole, plane.geometry(spanned, header.rows, header.columns, str(header.path))


def _is_whole(slots: Float[np.ndarray, "n"]) -> bool:
    """Whether frames lie on the slices of a grid."""
    return bool(np.abs(slots - np.round(slots)).max() <= 0.1)


def _spanned(lowest: Plane, highest: Plane, count: int) -> list[Plane]:
    if count == 1 or lowest.position is None or highest.position is None:
        return [lowest]
    positions = np.linspace(lowest.position, highest.position, count)
    return [
        Plane((float(left), float(back), float(head)), lowest.orientation, lowest.spacing, lowest.gap)
        for left, back, head in positions
    ]


def _codes(dataset: Dataset) -> dict[int, Code]:
    codes = {}
    for segment in dataset.get("SegmentSequence") or []:
        code = _code(segment, "SegmentedPropertyTypeCodeSequence") or Code("", "", "")
        category = _code(segment, "SegmentedPropertyCategoryCodeSequence")
        if code.scheme != _OWN:
            is_told = category is None or _concept(category) == _concept(category_of(code))
            codes[int(segment.SegmentNumber)] = code if is_told else replace(code, category=category)
    return codes


def _code(segment: Dataset, keyword: str) -> Code | None:
    for item in segment.get(keyword) or []:
        value = str(item.get("CodeValue") or item.get("LongCodeValue") or "")
        return Code(value, str(item.get("CodingSchemeDesignator")), str(item.get("CodeMeaning")))
    return None
