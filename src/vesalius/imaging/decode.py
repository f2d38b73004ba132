"""Stored pixels of a DICOM file: plain ones by arithmetic, all others through a child process."""

from pathlib import Path

import numpy as np

from vesalius.errors import DecodeError
from vesalius.imaging.decoder import LIMITS, Limits, Request
from vesalius.imaging.header import Header, read_header
from vesalius.imaging.sandbox import codec_name, sandbox
from vesalius.imaging.values import filled

__all__ = ["LIMITS", "Limits", "mapped", "pixels", "stored"]


def pixels(path: Path, limits: Limits = LIMITS) -> np.ndarray:
    """The values of a file as they are stored, before any rescaling.

    Equal to ``pydicom.dcmread(path).pixel_array`` of pydicom 3.0, which passes over High Bit
    alone: axes are ``(frame, row, column, sample)``, without frame and sample where there is one
    of them; what old files hide in the bits around a sample, such as overlays, is left out; YBR
    colours are RGB; palettes are not applied. Plain data are read in this process with nothing
    but arithmetic; all others by a child process under limits, which is started again when it dies.

    Args:
        path: DICOM file.
        limits: What an encoded file may cost.

    Raises:
        DicomError: The file is no DICOM file, is cut off or has no pixel data.
        DecodeError: No codec reads it, the data are broken, or a limit was reached.

    Source:
        DICOM PS3.5 8 and annex A.
    """
    return stored(read_header(path, limits), limits)


def stored(header: Header, limits: Limits = LIMITS) -> np.ndarray:
    """The values of a file whose header was read; see `pixels`."""
    header.require_pixels()
    if header.plain is not None:
        return _plain(header)
    return _asked("stored", header, limits)


def mapped(header: Header, limits: Limits = LIMITS) -> np.ndarray:
    """The values of a file taken through its own colour palette or modality look-up table."""
    header.require_pixels()
    return _asked("mapped", header, limits)


def _asked(want: str, header: Header, limits: Limits) -> np.ndarray:
    with sandbox(limits) as child:
        return child.ask(Request(want, str(header.path), header.syntax, header.start))


def _plain(header: Header) -> np.ndarray:
    """Values that stand in the file as a computer holds them."""
    start, dtype = header.plain or (0, "")
    shape = (header.count, header.rows, header.columns, header.samples)
    values = np.empty([n for i, n in enumerate(shape) if n > 1 or i in (1, 2)], dtype)
    try:
        with header.path.open("rb", buffering=0) as file:
            file.seek(start)
            is_whole = filled(values, file.readinto)
    except OSError as error:
        raise DecodeError(header.path, codec_name(header.syntax), error.strerror or str(error)) from error
    if not is_whole:
        raise DecodeError(header.path, codec_name(header.syntax), "the file ends within the pixel data")
    unused = 8 * values.dtype.itemsize - header.bits
    return values if unused == 0 or values.dtype.kind == "f" else (values << (unused - header.low)) >> unused
