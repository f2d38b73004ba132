"""What a DICOM file says of its picture, taken once and checked; the pixels stay where they are."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydicom import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from vesalius.errors import DicomError
from vesalius.imaging.dataset import Opened, broken, open_dataset
from vesalius.imaging.decoder import BROKEN, LIMITS, Limits
from vesalius.imaging.frames import SAID_OF_FRAMES, Frame, Scale, frames
from vesalius.imaging.image import Origin

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
    "PixelRepresentation",
    "PlanarConfiguration",
    "ModalityLUTSequence",
    "SyntheticData",
    "ConversionType",
    "ContributingEquipmentSequence",
    *SAID_OF_FRAMES,
)
"""Keywords of all that a header is made of: files equal in these are equal in their headers."""

PLAIN = (str(ImplicitVRLittleEndian), str(ExplicitVRLittleEndian))
"""Transfer syntaxes whose pixels need no codec and no swapping of bytes."""

_TYPES = {
    ("PixelData", 8): "<u1",
    ("PixelData", 16): "<u2",
    ("PixelData", 32): "<u4",
    ("FloatPixelData", 32): "<f4",
    ("DoubleFloatPixelData", 64): "<f8",
}
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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _header(path, opened, limits)
    except BROKEN as error:
        raise broken(path, error) from error


def _header(path: Path, opened: Opened, limits: Limits) -> Header:
    dataset = opened.dataset
    kind = UID(_text(dataset, "SOPClassUID") or opened.preface.kind).name
    if not kind and "Rows" not in dataset:
        raise DicomError(f"{path}: is no DICOM file, wanted SOP Class UID or Rows")
    photometric = _text(dataset, "PhotometricInterpretation")
    extent = _whole(dataset, "Rows"), _whole(dataset, "Columns")
    shape = _Shape(_whole(dataset, "NumberOfFrames", 1), *extent, _whole(dataset, "SamplesPerPixel", 1))
    plain = _plain(opened, shape, photometric)
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
        number=_whole(dataset, "InstanceNumber"),
        rows=shape.rows,
        columns=shape.columns,
        samples=shape.samples,
        count=shape.count,
        photometric=photometric or "MONOCHROME2",
        bits=_whole(dataset, "BitsStored") or _whole(dataset, "BitsAllocated"),
        is_signed=_whole(dataset, "PixelRepresentation") == 1,
        has_table=has_table,
        frames=found,
        origin=origin_of(dataset),
        plain=plain,
        lack=_lack(opened, shape, plain, kind, limits) or _short(opened, shape, plain, len(found)),
        facts={keyword: text for keyword in FACTS if (text := _text(dataset, keyword))},
    )


def _without_scale(found: tuple[Frame, ...]) -> tuple[Frame, ...]:
    # A table takes the place of slope and intercept (PS3.3 C.11.1).
    return tuple(replace(frame, scale=Scale()) for frame in found)


@dataclass(frozen=True)
class _Shape:
    count: int
    rows: int
    columns: int
    samples: int

    @property
    def values(self) -> int:
        return self.count * self.rows * self.columns * self.samples


def _plain(opened: Opened, shape: _Shape, photometric: str) -> tuple[int, str] | None:
    """Offset and numpy type of pixels that a computer can take as they stand, else None."""
    dataset, element = opened.dataset, opened.pixels
    if opened.preface.syntax not in PLAIN or element.is_encapsulated:
        return None
    is_grey = shape.samples == 1
    is_rgb = shape.samples == 3 and photometric == "RGB" and _whole(dataset, "PlanarConfiguration") == 0
    bits = _whole(dataset, "BitsAllocated")
    if not (is_grey or is_rgb) or (element.keyword, bits) not in _TYPES:
        return None
    dtype = _TYPES[element.keyword, bits]
    return element.start, dtype.replace("u", "i") if _whole(dataset, "PixelRepresentation") == 1 else dtype


def _lack(opened: Opened, shape: _Shape, plain: tuple[int, str] | None, kind: str, limits: Limits) -> str:
    """Why a file declares no picture, or an impossible one; or nothing."""
    if not opened.pixels.keyword:
        return f"has no Pixel Data ({kind or 'SOP class unknown'}), wanted a picture"
    if shape.values < 1:
        return f"has {shape.rows} Rows and {shape.columns} Columns, wanted at least 1"
    if shape.count > limits.frames:
        return f"declares {shape.count} frames, wanted at most {limits.frames}"
    # Plain pixels cost no more than the bytes that are there.
    if plain is None and shape.values > limits.voxels:
        return f"has {shape.values} samples declared, wanted at most {limits.voxels}"
    kept, allocated = (_whole(opened.dataset, keyword) for keyword in ("BitsStored", "BitsAllocated"))
    return f"has {kept} Bits Stored, wanted at most {allocated} (Bits Allocated)" if kept > allocated else ""


def _short(opened: Opened, shape: _Shape, plain: tuple[int, str] | None, groups: int) -> str:
    """Why the pixels that a file declares cannot all be there, or nothing."""
    if groups not in (1, shape.count):
        return f"describes {groups} frames, wanted {shape.count} (Number of Frames)"
    if shape.count > opened.pixels.available:
        return f"declares {shape.count} frames in {opened.pixels.available} bytes of Pixel Data"
    if plain is None:
        return ""
    there = min(opened.pixels.available, opened.pixels.length)
    wanted = shape.values * int(plain[1][-1])
    return f"holds {there} bytes of Pixel Data, wanted {wanted}" if there < wanted else ""


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


def _whole(dataset: Dataset, keyword: str, absent: int = 0) -> int:
    value = dataset.get(keyword)
    return absent if value is None or value == "" else int(value)
