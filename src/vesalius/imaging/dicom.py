"""DICOM files become pictures: one file, or all files of one series."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from vesalius.errors import DecodeError, DicomError, GeometryError
from vesalius.imaging import plane, stack
from vesalius.imaging.decode import LIMITS, Limits, mapped, stored
from vesalius.imaging.frames import Scale
from vesalius.imaging.header import Header, read_header
from vesalius.imaging.image import ARBITRARY, Image
from vesalius.imaging.sandbox import codec_name
from vesalius.imaging.series import Found, Problem, Series, find_series
from vesalius.imaging.sketch import HeaderReader
from vesalius.imaging.stack import Slice
from vesalius.imaging.values import floats

__all__ = ["Found", "Limits", "Problem", "Series", "find_series", "read_dicom", "read_frame", "read_frames"]


def read_dicom(paths: Sequence[Path], limits: Limits = LIMITS) -> Image:
    """Read one file, or all files of one series, as one picture.

    Slices are sorted by their position along the normal, never by name. Stored values are
    taken through the Real World Value Mapping, the dose scaling or the rescale slope and
    intercept of their own frame; CT is in Hounsfield units. A palette or YBR becomes three
    channels, red, green and blue. MONOCHROME1 of an arbitrary unit is inverted within the range
    of its stored bits before rescaling (``2^bits - 1 - v``), so that more is always brighter;
    values with a physical unit keep their sign. The origin is the farthest from the scanner
    that any file admits.

    Args:
        paths: Files of one series in any order.
        limits: What an encoded file may cost.

    Raises:
        DicomError: No file, files of several series, or a header that breaks the standard.
        DecodeError: Pixels that cannot be decoded within the limits.
        GeometryError: The slices are no regular grid; the message names why. Each can be read
            alone, by its path or with `read_frame`.

    Source:
        DICOM PS3.3 C.7.6.2 (Image Plane), C.7.6.3.1.2 (Photometric Interpretation), C.11.1
        (Modality LUT), C.7.6.16 (functional groups of multi-frame objects).
    """
    reader = HeaderReader(limits)
    headers = [reader.read(path) for path in paths]
    for header in headers:
        header.require_pixels()
    if len(found := sorted({header.series for header in headers})) != 1:
        raise DicomError(f"{len(paths)} file(s) belong to {len(found)} series, wanted files of one")
    return _image(stack.stacked(headers), limits)


def read_frame(path: Path, index: int = 0, limits: Limits = LIMITS) -> Image:
    """Read one frame of a file as a picture of one slice.

    Args:
        path: DICOM file.
        index: Number of the frame, from 0 in the order of the file.
        limits: What an encoded file may cost.

    Raises:
        DicomError: The header breaks the standard, or there is no such frame.
        DecodeError: Pixels that cannot be decoded within the limits.
    """
    slices = _slices(path, limits)
    frames = [each for each in slices if each.index == index]
    if not frames:
        raise DicomError(f"{path}: frame is {index}, wanted 0 to {len(slices) - 1}")
    return _image(frames, limits)


def read_frames(path: Path, limits: Limits = LIMITS) -> tuple[Image, ...]:
    """Read every frame of a file as a picture of one slice, also where they make no volume.

    Args:
        path: DICOM file; decoded once.
        limits: What an encoded file may cost.

    Returns:
        From the lowest to the highest along the normal; frames at one place as they come.

    Raises:
        DicomError: The header breaks the standard.
        DecodeError: Pixels that cannot be decoded within the limits.
    """
    slices = _slices(path, limits)
    values = _values(slices, limits)
    return tuple(_picture([each], values[:, [z]]) for z, each in enumerate(slices))


def _slices(path: Path, limits: Limits) -> tuple[Slice, ...]:
    header = read_header(path, limits)
    header.require_pixels()
    return stack.stacked([header])


def _image(slices: Sequence[Slice], limits: Limits) -> Image:
    if found := stack.faults(slices):
        reason = f"{'; '.join(found)}; wanted a regular grid, or slices read singly"
        raise GeometryError(f"{_name(slices)}: {reason}")
    return _picture(slices, _values(slices, limits))


def _name(slices: Sequence[Slice]) -> str:
    first = slices[0].header
    return f"{first.path}" if len(slices) == 1 else f"series {first.series}"


def _picture(slices: Sequence[Slice], values: Float[np.ndarray, "c z y x"]) -> Image:
    first = slices[0].header
    return Image(
        torch.from_numpy(values),
        plane.grid([each.plane for each in slices], first.rows, first.columns),
        unit=slices[0].scale.unit,
        origin=max(each.header.origin for each in slices),
        modality=first.modality,
        notes=stack.notes(slices),
    )


def _values(slices: Sequence[Slice], limits: Limits) -> Float[np.ndarray, "c z y x"]:
    """Rescaled values of sorted slices; each file is decoded once."""
    places: dict[Path, list[tuple[int, Slice]]] = {}
    for z, each in enumerate(slices):
        places.setdefault(each.header.path, []).append((z, each))
    volume: np.ndarray | None = None
    for members in places.values():
        frames = _frames(members[0][1].header, limits)
        if volume is None:
            volume = np.zeros((frames.shape[-1], len(slices), *frames.shape[1:3]), np.float32)
        # Whole numbers of 32 bits are more than single precision holds.
        volume = volume.astype(np.result_type(volume, frames), copy=False)
        for z, each in members:
            volume[:, z] = _rescaled(frames[each.index], each.scale).transpose(2, 0, 1)
    if volume is None:
        raise DicomError("no slice, wanted at least one")
    return floats(volume, is_scaled=any(_is_scaled(each.scale) for each in slices))


def _rescaled(frame: np.ndarray, scale: Scale) -> np.ndarray:
    if not _is_scaled(scale):
        return frame
    slope, intercept = scale.slope, scale.intercept
    is_exact = frame.dtype.itemsize <= 2 and slope.is_integer() and intercept.is_integer()
    if is_exact and 2**16 * abs(slope) + abs(intercept) <= 2**24:
        # Single precision holds all of them, at twice the speed.
        return frame * np.float32(slope) + np.float32(intercept)
    return frame * slope + intercept


def _is_scaled(scale: Scale) -> bool:
    return (scale.slope, scale.intercept) != (1.0, 0.0)


def _frames(header: Header, limits: Limits) -> np.ndarray:
    """Values of a file before rescaling, ``frame row column channel``; more is brighter."""
    values = mapped(header, limits) if header.has_table else stored(header, limits)
    pixels = header.count * header.rows * header.columns
    if values.size % pixels or values.size // pixels not in (1, 3, 4):
        reason = f"{values.size} samples for {pixels} pixels of {header.count} frame(s)"
        raise DecodeError(header.path, codec_name(header.syntax), reason)
    values = values.reshape(header.count, header.rows, header.columns, -1)[..., :3]
    is_inverse = header.photometric == "MONOCHROME1" and header.frame(0).scale.unit == ARBITRARY
    return _inverted(values, header) if is_inverse else values


def _inverted(values: np.ndarray, header: Header) -> np.ndarray:
    bits = 8 * values.dtype.itemsize if header.has_table else header.bits
    if values.dtype.kind == "i":
        return -1 - values
    return (2**bits - 1) - values
