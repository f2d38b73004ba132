"""What a DICOM file says of its picture, taken once and checked; the pixels stay where they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydicom import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import UID

from vesalius.errors import DicomError
from vesalius.imaging.dataset import Opened, broken, open_dataset, quiet
from vesalius.imaging.decoder import BROKEN, LIMITS, Limits
from vesalius.imaging.frames import SAID_OF_FRAMES, Frame, Scale, frames
from vesalius.imaging.image import Origin
from vesalius.imaging.samples import lack_of, samples_of, short_of, whole

FACTS = (
    "PatientSex",
    "PatientAge",
    "StudyDescription",
    "ProtocolName",
    "BodyPartExamined",
    "Laterality",
    "ImageLaterality",
    "ViewPosition",
    "Manufacturer",
    "ManufacturerModelName",
    "InstitutionName",
    "ContrastBolusAgent",
    "ConvolutionKernel",
    "KVP",
    "MagneticFieldStrength",
    "SliceThickness",
    "PhotometricInterpretation",
    "ImageType",
)
"""Keywords of what else a header tells about a picture."""

READ = (
    *FACTS,
    "SpecificCharacterSet",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "PatientID",
    "Modality",
    "SeriesDescription",
    "InstanceNumber",
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "NumberOfFrames",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PlanarConfiguration",
    "ModalityLUTSequence",
    "SyntheticData",
    "ConversionType",
    "ContributingEquipmentSequence",
    *SAID_OF_FRAMES,
)
"""Keywords of all that a header is made of: files equal in these are equal in their headers."""

_SYNTHESIZING = ("109100", "DCM")


@dataclass(frozen=True)
class Header:
    """The header of one file.

    Args:
        path: The file.
        syntax: Transfer Syntax UID.
        start: Where the dataset begins, in bytes.
        kind: Name of the SOP class, e.g. ``"CT Image Storage"``.
        instance: SOP Instance UID.
        series: Series Instance UID.
        study: Study Instance UID.
        patient: Patient ID; ``""`` when the file does not say.
        modality: DICOM modality, ``"OT"`` when unknown.
        description: Series Description.
        number: Instance Number; 0 when absent.
        rows: Voxels along y; 0 without a picture.
        columns: Voxels along x; 0 without a picture.
        samples: Values for each pixel as stored: 1, or 3 for colour.
        count: Number of frames.
        photometric: Photometric Interpretation.
        bits: Bits stored for each sample.
        low: Lowest of them in its word; 0 but in old files.
        is_signed: Whether stored values are two's complement.
        has_table: Whether a palette or modality look-up table stands in the file.
        frames: One for each frame, or a single one for all.
        origin: How far the picture stands from the scanner.
        plain: Offset and numpy type of pixels that need no codec; None for all others.
        lack: Why there are no pixels to be read, or ``""``.
        facts: What else the header tells, by DICOM keyword.
    """

    path: Path
    syntax: str
    start: int
    kind: str
    instance: str
    series: str
    study: str
    patient: str
    modality: str
    description: str
    number: int
    rows: int
    columns: int
    samples: int
    count: int
    photometric: str
    bits: int
    low: int
    is_signed: bool
    has_table: bool
    frames: tuple[Frame, ...]
    origin: Origin
    plain: tuple[int, str] | None
    lack: str
    facts: Mapping[str, str] = field(default_factory=dict)

    def require_pixels(self) -> None:
        """Refuse a file without a whole picture.

        Raises:
            DicomError: The file has no pixel data, or is cut off within them.
        """
        if self.lack:
            raise DicomError(f"{self.path}: {self.lack}")

    def frame(self, index: int) -> Frame:
        """What holds for one frame."""
        return self.frames[index if len(self.frames) > 1 else 0]


def read_header(path: Path, limits: Limits = LIMITS) -> Header:
    """Read what a file says of its picture; its pixels are not touched.

    Raises:
        DicomError: The file cannot be opened, breaks the standard, or is no DICOM file.
        DecodeError: A deflated file that cannot be inflated within the limits.
    """
    return header_of(path, open_dataset(path, limits), limits)


def header_of(path: Path, opened: Opened, limits: Limits = LIMITS) -> Header:
    """What a file that was opened says of its picture.

    Raises:
        DicomError: The dataset breaks the standard, or is none.
    """
    try:
        with quiet():
            return _header(path, opened, limits)
    except BROKEN as error:
        raise broken(path, error) from error


def _header(path: Path, opened: Opened, limits: Limits) -> Header:
    dataset = opened.dataset
    kind = UID(_text(dataset, "SOPClassUID") or opened.preface.kind).name
    if not kind and "Rows" not in dataset:
        raise DicomError(f"{path}: is no DICOM file, wanted SOP Class UID or Rows")
    photometric = _text(dataset, "PhotometricInterpretation")
    samples = samples_of(opened, photometric)
    has_table = photometric == "PALETTE COLOR" or bool(dataset.get("ModalityLUTSequence"))
    found = _without_scale(frames(dataset)) if has_table else frames(dataset)
    return Header(
        path=path,
        syntax=opened.preface.syntax,
        start=opened.preface.start,
        kind=kind,
        instance=_text(dataset, "SOPInstanceUID"),
        series=_text(dataset, "SeriesInstanceUID"),
        study=_text(dataset, "StudyInstanceUID"),
        patient=_text(dataset, "PatientID"),
        modality=_text(dataset, "Modality") or "OT",
        description=_text(dataset, "SeriesDescription"),
        number=whole(dataset, "InstanceNumber"),
        rows=samples.rows,
        columns=samples.columns,
        samples=samples.channels,
        count=samples.count,
        photometric=photometric or "MONOCHROME2",
        bits=samples.bits,
        low=samples.low,
        is_signed=whole(dataset, "PixelRepresentation") == 1,
        has_table=has_table,
        frames=found,
        origin=origin_of(dataset),
        plain=samples.plain,
        lack=lack_of(opened, samples, kind, limits) or short_of(opened, samples, len(found)),
        facts={keyword: text for keyword in FACTS if (text := _text(dataset, keyword))},
    )


def _without_scale(found: tuple[Frame, ...]) -> tuple[Frame, ...]:
    # A table takes the place of slope and intercept (PS3.3 C.11.1).
    return tuple(replace(frame, scale=Scale()) for frame in found)


def origin_of(dataset: Dataset) -> Origin:
    """How far content stands from the scanner; synthetic as soon as any of three marks says so."""
    equipment = dataset.get("ContributingEquipmentSequence") or []
    purposes = [code for item in equipment for code in item.get("PurposeOfReferenceCodeSequence") or []]
    codes = {(code.get("CodeValue"), code.get("CodingSchemeDesignator")) for code in purposes}
    marks = _text(dataset, "SyntheticData") == "YES", _text(dataset, "ConversionType") == "SYN"
    if any(marks) or _SYNTHESIZING in codes:
        return Origin.SYNTHETIC
    return Origin.DERIVED if _text(dataset, "ImageType").startswith("DERIVED") else Origin.ACQUIRED


def _text(dataset: Dataset, keyword: str) -> str:
    value = dataset.get(keyword)
    if value is None:
        return ""
    parts = value if isinstance(value, MultiValue) else [value]
    text = "\\".join(str(part) for part in parts).strip("\0 ")
    # Texts of a broken file end up in messages, which are one line.
    return text if text.isprintable() else "".join(filter(str.isprintable, text))
