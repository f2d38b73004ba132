"""How the samples of a DICOM file stand in its pixels, and whether all can be there."""

from dataclasses import dataclass, replace

from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from vesalius.imaging.dataset import Opened
from vesalius.imaging.decoder import WHOLE_WORDS, Limits

PLAIN = (str(ImplicitVRLittleEndian), str(ExplicitVRLittleEndian))
"""Transfer syntaxes whose pixels need no codec and no swapping of bytes."""

_GREY = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
_SAID = ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")
_SAID_OF_WHOLE = ("BitsStored", "PixelRepresentation")
_TYPES = {
    ("PixelData", 8): "<u1",
    ("PixelData", 16): "<u2",
    ("PixelData", 32): "<u4",
    ("FloatPixelData", 32): "<f4",
    ("DoubleFloatPixelData", 64): "<f8",
}


@dataclass(frozen=True)
class Samples:
    """The samples that a file declares.

    Args:
        count: Frames; a Number of Frames of 0, which there cannot be, counts as 1.
        rows: Along y.
        columns: Along x.
        channels: For each pixel.
        allocated: Bits of the word in which a sample stands.
        bits: Bits of the sample itself.
        low: Lowest of these bits in the word; 0 where a codec hands over the samples alone.
        plain: Offset and numpy type of pixels that a computer can take as they stand, else None.

    Source:
        DICOM PS3.5 8.1.1 (Bits Allocated, Bits Stored, High Bit).
    """

    count: int
    rows: int
    columns: int
    channels: int
    allocated: int
    bits: int
    low: int
    plain: tuple[int, str] | None

    @property
    def values(self) -> int:
        """How many samples there are in all frames."""
        return self.count * self.rows * self.columns * self.channels


def samples_of(opened: Opened, photometric: str) -> Samples:
    """What a file declares of its samples."""
    dataset = opened.dataset
    allocated = whole(dataset, "BitsAllocated")
    bits = whole(dataset, "BitsStored") or allocated
    declared = Samples(
        count=whole(dataset, "NumberOfFrames") or 1,
        rows=whole(dataset, "Rows"),
        columns=whole(dataset, "Columns"),
        channels=whole(dataset, "SamplesPerPixel", 1),
        allocated=allocated,
        bits=bits,
        low=whole(dataset, "HighBit", bits - 1) - (bits - 1) if opened.preface.syntax in WHOLE_WORDS else 0,
        plain=None,
    )
    return replace(declared, plain=_plain(opened, declared, photometric))


def _plain(opened: Opened, declared: Samples, photometric: str) -> tuple[int, str] | None:
    """Offset and type of pixels of which everything is said as the standard wants it."""
    dataset, element = opened.dataset, opened.pixels
    if opened.preface.syntax not in PLAIN or element.is_encapsulated:
        return None
    is_grey = declared.channels == 1 and photometric in _GREY
    is_rgb = declared.channels == 3 and photometric == "RGB" and whole(dataset, "PlanarConfiguration") == 0
    wanted = (*_SAID, *_SAID_OF_WHOLE) if element.keyword == "PixelData" else _SAID
    if not (is_grey or is_rgb) or any(dataset.get(keyword) is None for keyword in wanted):
        return None
    dtype = _TYPES.get((element.keyword, declared.allocated))
    is_signed = whole(dataset, "PixelRepresentation") == 1
    is_odd = not is_signed and whole(dataset, "PixelRepresentation") != 0
    # Where the file ends before its last element does, and yet all samples are there, it is damaged.
    is_cut = declared.values * declared.allocated // 8 <= element.available < element.length
    if dtype is None or is_odd or is_cut:
        return None
    return element.start, dtype.replace("u", "i") if is_signed else dtype


def lack_of(opened: Opened, samples: Samples, kind: str, limits: Limits) -> str:
    """Why a file declares no picture, or an impossible one; or nothing.

    Args:
        opened: The file.
        samples: What it declares.
        kind: Name of its SOP class.
        limits: What a file may cost.
    """
    if not opened.pixels.keyword:
        return f"has no Pixel Data ({kind or 'SOP class unknown'}), wanted a picture"
    if samples.values < 1:
        return f"has {samples.rows} Rows and {samples.columns} Columns, wanted at least 1"
    if samples.count > limits.frames:
        return f"declares {samples.count} frames, wanted at most {limits.frames}"
    # Plain pixels cost no more than the bytes that are there.
    if samples.plain is None and samples.values > limits.voxels:
        return f"has {samples.values} samples declared, wanted at most {limits.voxels}"
    if (most := samples.allocated - samples.bits) < 0:
        return f"has {samples.bits} Bits Stored, wanted at most {samples.allocated} (Bits Allocated)"
    if not 0 <= samples.low <= most:
        high = samples.bits - 1
        return f"has High Bit {high + samples.low}, wanted {high} to {high + most}"
    return ""


def short_of(opened: Opened, samples: Samples, groups: int) -> str:
    """Why the pixels that a file declares cannot all be there, or nothing."""
    if groups not in (1, samples.count):
        return f"describes {groups} frames, wanted {samples.count} (Number of Frames)"
    if samples.count > opened.pixels.available:
        return f"declares {samples.count} frames in {opened.pixels.available} bytes of Pixel Data"
    if samples.plain is None:
        return ""
    there = min(opened.pixels.available, opened.pixels.length)
    wanted = samples.values * int(samples.plain[1][-1])
    return f"holds {there} bytes of Pixel Data, wanted {wanted}" if there < wanted else ""


def whole(dataset: Dataset, keyword: str, absent: int = 0) -> int:
    """A whole number of an element; where it is absent or empty, another one."""
    value = dataset.get(keyword)
    return absent if value is None or value == "" else int(value)
