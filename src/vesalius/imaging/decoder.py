"""The child process that decodes foreign pixels, so that a bad codec or file never harms its parent.

Started as a script by `vesalius.imaging.decode`: it reads one request a line from its input and
answers each with one line of JSON, followed by the bytes of an array. Whatever kills it (an
abort inside a codec, a limit of memory or time) ends this process only.
"""

import json
import os
import resource
import struct
import sys
import warnings
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass

import gdcm
import numpy as np
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGExtended12Bit,
    RLELossless,
)
from rle.rle import decode_segment

DEFLATED_FRAMES = UID("1.2.840.10008.1.2.8.1")
"""Deflated Image Frame Compression, younger than pydicom's dictionary (PS3.5 A.4.13)."""

WHOLE_WORDS = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    DEFLATED_FRAMES,
)
"""Transfer syntaxes that keep every bit of a word, whether it belongs to a sample or not."""

BROKEN = (
    ArithmeticError,
    AttributeError,
    BytesLengthException,
    EOFError,
    ImportError,
    InvalidDicomError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What pydicom and its codecs raise on files that break the standard (measured by mutation)."""

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


@dataclass(frozen=True)
class Limits:
    """How much one encoded file may cost.

    Args:
        voxels: Most samples an encoded file may declare: rows x columns x channels x frames.
        frames: Most frames any file may declare.
        ratio: Most times a file may grow when decoded ...
        ratio_from: ... once the decoded bytes are more than this.
        memory: Address space of the child in bytes.
        cpu_seconds: Processor time for one file.
        wall_seconds: Time from request to answer.
    """

    voxels: int = 2**28
    frames: int = 2**14
    ratio: int = 200
    ratio_from: int = 64 * 2**20
    memory: int = 2 * 2**30
    cpu_seconds: int = 60
    wall_seconds: float = 90.0

    def to_json(self) -> str:
        """One line, for the command line of the child."""
        return json.dumps(asdict(self))

    def check(self, declared: int, decoded: int, encoded: int) -> None:
        """Refuse before any work what is too large or grows too much.

        Raises:
            ValueError: More samples, or a larger growth, than allowed.
        """
        if declared > self.voxels:
            raise ValueError(f"{declared} samples declared, wanted at most {self.voxels}")
        if decoded > max(self.ratio_from, self.ratio * encoded):
            raise ValueError(
                f"{encoded} bytes would grow to {decoded} or more, wanted at most {self.ratio} times as many"
            )


LIMITS = Limits()
"""What a file may cost when nobody says otherwise: 2^28 samples, 2 GiB, one minute."""


@dataclass(frozen=True)
class Request:
    """One file and what its parent knows of it already.

    Args:
        want: Which function of this module is to answer: ``"stored"``, ``"mapped"`` or ``"inflated"``.
        path: The file.
        syntax: Its Transfer Syntax UID.
        start: Where its dataset begins, in bytes.
    """

    want: str
    path: str
    syntax: str
    start: int


def stored(request: Request, limits: Limits) -> np.ndarray:
    """The values of a file as they are stored; YBR colours become RGB."""
    return _stored(_dataset(request, limits), limits)


def mapped(request: Request, limits: Limits) -> np.ndarray:
    """The values of a file taken through its own colour palette or modality look-up table."""
    dataset = _dataset(request, limits)
    values = _stored(dataset, limits)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        return apply_color_lut(values, dataset)
    return apply_modality_lut(values, dataset)


def inflated(request: Request, limits: Limits) -> np.ndarray:
    """The dataset of a deflated file, as bytes in Explicit VR Little Endian."""
    with open(request.path, "rb") as file:
        file.seek(request.start)
        return np.frombuffer(_inflate(file.read(), limits), np.uint8)


def _dataset(request: Request, limits: Limits) -> Dataset:
    if request.syntax == DeflatedExplicitVRLittleEndian:
        # Grown piece by piece first, so that a bomb is refused before it goes off.
        inflated(request, limits)
    dataset = dcmread(request.path, force=True)
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = UID(request.syntax)
    return dataset


def _stored(dataset: Dataset, limits: Limits) -> np.ndarray:
    _check(dataset, limits)
    special = _SPECIAL.get(dataset.file_meta.TransferSyntaxUID)
    low = _lowest_bit(dataset)
    if low:
        # pydicom passes over High Bit, and would leave out what stands above the lowest bits.
        dataset.BitsStored += low
    values = special(dataset, limits) if special is not None else None
    values = dataset.pixel_array if values is None else values
    return values >> low if low else values


def _lowest_bit(dataset: Dataset) -> int:
    """Where a sample begins in its word; at 0 where a codec hands over the samples alone."""
    if "HighBit" not in dataset or dataset.file_meta.TransferSyntaxUID not in WHOLE_WORDS:
        return 0
    return int(dataset.HighBit) + 1 - int(dataset.BitsStored)


def _inflate(encoded: bytes, limits: Limits) -> bytes:
    """What raw deflated bytes hold, refused when it is more than the limits allow."""
    allowed = max(limits.ratio_from, limits.ratio * len(encoded))
    grown = zlib.decompressobj(-zlib.MAX_WBITS).decompress(encoded, allowed + 1)
    limits.check(0, len(grown), len(encoded))
    return grown


def _check(dataset: Dataset, limits: Limits) -> None:
    pixels = next((dataset[name].value for name in _PIXELS if name in dataset), None)
    if not pixels:
        raise ValueError("no pixel data, or cut off within them")
    samples = int(dataset.Rows) * int(dataset.Columns) * int(dataset.get("SamplesPerPixel") or 1)
    declared = samples * int(dataset.get("NumberOfFrames") or 1)
    limits.check(declared, declared * int(dataset.BitsAllocated) // 8, len(pixels))


def _frames(dataset: Dataset) -> list[bytes]:
    count = int(dataset.get("NumberOfFrames") or 1)
    return list(generate_frames(dataset.PixelData, number_of_frames=count))


def _native(dataset: Dataset, frames: list[bytes]) -> np.ndarray:
    """Frames whose codec is peeled off already."""
    if dataset.BitsAllocated == 1:
        return _bits(dataset, frames)
    dataset.PixelData = b"".join(frames)
    dataset["PixelData"].is_undefined_length = False
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset.pixel_array


def _bits(dataset: Dataset, frames: list[bytes]) -> np.ndarray:
    """Single bits, lowest first; each encoded frame begins with a byte of its own (PS3.5 8.2)."""
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    unpacked = [np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little") for frame in frames]
    planes = [bits[: rows * columns].reshape(rows, columns) for bits in unpacked]
    return np.stack(planes) if len(planes) > 1 else planes[0]


def _deflated_frames(dataset: Dataset, limits: Limits) -> np.ndarray:
    return _native(dataset, [_inflate(frame, limits) for frame in _frames(dataset)])


def _run_length_bits(dataset: Dataset, _: Limits) -> np.ndarray | None:
    """Frames of single bits, which pydicom 3.0 leaves alone; None for all others."""
    if dataset.BitsAllocated != 1:
        return None
    # The header of a frame is 64 bytes; single bits need one segment only (PS3.5 G.5).
    segments = [bytes(decode_segment(frame[64:])) for frame in _frames(dataset)]
    return _native(dataset, segments)


def _twelve_bits(dataset: Dataset, _: Limits) -> np.ndarray | None:
    """JPEG of 12 bits by GDCM itself, which pydicom's plugin does not dare; None for 8 bits."""
    if dataset.BitsStored == 8:
        return None
    if dataset.SamplesPerPixel != 1:
        raise ValueError(f"Samples per Pixel is {dataset.SamplesPerPixel} at 12 bits, wanted 1")
    reader = gdcm.ImageReader()
    reader.SetFileName(str(dataset.filename))
    if not reader.Read():
        raise ValueError("GDCM cannot read the file")
    # GDCM hands over bytes as text, one surrogate for each byte that is not ASCII.
    values = reader.GetImage().GetBuffer().encode("utf-8", "surrogateescape")
    return _native(dataset, [values])


_SPECIAL: dict[str, Callable[[Dataset, Limits], np.ndarray | None]] = {
    DEFLATED_FRAMES: _deflated_frames,
    RLELossless: _run_length_bits,
    JPEGExtended12Bit: _twelve_bits,
}
_WANTS = {"stored": stored, "mapped": mapped, "inflated": inflated}


def serve(limits: Limits) -> None:
    """Answer requests until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    # Codecs talk to standard output; what they say must not mix with the answers.
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    warnings.simplefilter("ignore")
    for line in sys.stdin.buffer:
        _more_time(limits.cpu_seconds)
        said, values = _answer(Request(**json.loads(line)), limits)
        answers.write(json.dumps(said).encode() + b"\n")
        answers.write(values)
        answers.flush()


def _answer(request: Request, limits: Limits) -> tuple[dict[str, object], memoryview]:
    try:
        values = np.ascontiguousarray(_WANTS[request.want](request, limits))
        values = values.astype(values.dtype.newbyteorder("<"), copy=False)
        return {"shape": values.shape, "dtype": values.dtype.str}, values.reshape(-1).view(np.uint8).data
    except BROKEN as error:
        return {"error": _sentence(error)}, memoryview(b"")


def _sentence(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "more memory needed than allowed"
    return " ".join(f"{error}".split()) or type(error).__name__


def _more_time(seconds: int) -> None:
    """Allow processor time for the next file; the limit of the system counts from the start."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds + 1, hard))


if __name__ == "__main__":
    serve(Limits(**json.loads(sys.argv[1])))
