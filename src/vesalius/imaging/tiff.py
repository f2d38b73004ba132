"""The pages of a TIFF file as slices.

tifffile reads what is stored plainly; palettes, CMYK, YCbCr and the compressions for which it
would need another codec are read page by page through Pillow (libtiff).

Source:
    TIFF 6.0 (Adobe, 1992), tags 262 (photometric interpretation) and 274 (orientation).
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tifffile
from tifffile import COMPRESSION, PHOTOMETRIC

from vesalius.errors import DecodeError, ImagingError
from vesalius.imaging.values import DEFLATED, Values, narrowed, require_room

_PLAIN = {PHOTOMETRIC.MINISWHITE, PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.RGB}
_CODECS = {
    COMPRESSION.NONE,
    COMPRESSION.ADOBE_DEFLATE,
    COMPRESSION.DEFLATE,
    COMPRESSION.PACKBITS,
    COMPRESSION.LZMA,
}
_GROWTH: dict[int, int] = {
    COMPRESSION.NONE: 1,
    COMPRESSION.ADOBE_DEFLATE: DEFLATED,
    COMPRESSION.DEFLATE: DEFLATED,
    COMPRESSION.PACKBITS: 64,
}
_TYPES = (np.uint8, np.uint16, np.int16, np.int32, np.float32, np.float64)
_DAMAGED = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    struct.error,
    zlib.error,
)


class Pages(NamedTuple):
    """What a TIFF file holds.

    Args:
        shape: Channels, slices, rows, columns.
        description: Text of the first page.
        is_plain: Whether tifffile alone can give the values.
    """

    shape: tuple[int, int, int, int]
    description: str
    is_plain: bool


def pages(path: Path) -> Pages:
    """What a TIFF file holds, without its values.

    Raises:
        DecodeError: Damaged, too large or larger than the file can hold, turned, or pages of
            different extent.
    """
    with _opened(path) as file:
        series, page = file.series[0], file.pages.first
        if len(file.series) != 1:
            raise ValueError(f"{len(file.series)} pictures of different extent, wanted the slices of one")
        if min(extent := _extent(series)) < 1:
            raise ValueError(f"extent is {extent}, wanted at least one pixel along each axis")
        is_plain = page.photometric in _PLAIN and page.compression in _CODECS
        count, growth = prod(extent), _GROWTH.get(page.compression, 0)
        size = count * page.bitspersample // 8 if is_plain and growth else 0
        require_room(count, size, path.stat().st_size, growth)
        orientation = page.tags.valueof("Orientation", 1)
        if orientation != 1:
            raise ValueError(f"orientation is {orientation}, wanted 1 (first row on top, first column left)")
        return Pages(extent, page.description, is_plain)


def read_pages(path: Path) -> Values:
    """The values of all pages; black is least, transparent pixels are laid on black.

    Raises:
        DecodeError: Damaged.
    """
    with _opened(path) as file:
        series, page = file.series[0], file.pages.first
        array = series.asarray()
        colours = [axis for axis, letter in enumerate(series.axes) if letter in "SC"]
        array = np.moveaxis(array, colours, range(len(colours))).reshape(_extent(series))
        if page.photometric == PHOTOMETRIC.MINISWHITE:
            array = ~array
        if array.dtype.kind == "b":
            array = array * np.uint8(255)
        if array.dtype.kind not in "uif":
            raise ValueError(f"values are {array.dtype}, wanted real numbers")
        return _on_black(array) if page.extrasamples else array


def write_pages(array: Values, description: str, path: Path) -> None:
    """Write slices as pages, losslessly, in the first fitting type of whole numbers or floats.

    Args:
        array: ``c z y x``, one or three channels.
        description: Text of the first page; ASCII.
        path: Where to.

    Raises:
        ImagingError: Neither one nor three channels.
    """
    if len(array) not in (1, 3):
        raise ImagingError(f"{path}: picture has {len(array)} channels, wanted 1 or 3 for {path.suffix}")
    slices = narrowed(array, _TYPES, path).transpose(1, 2, 3, 0)
    tifffile.imwrite(
        path,
        slices if len(array) == 3 else slices[..., 0],
        photometric="rgb" if len(array) == 3 else "minisblack",
        compression="zlib",
        description=description,
        metadata=None,
        software=False,
    )


@contextmanager
def _opened(path: Path) -> Iterator[tifffile.TiffFile]:
    try:
        with tifffile.TiffFile(path) as file:
            yield file
    except _DAMAGED as error:
        raise DecodeError(path, "TIFF", str(error) or type(error).__name__) from error


def _extent(series: tifffile.TiffPageSeries) -> tuple[int, int, int, int]:
    lengths = dict(zip(series.axes, series.shape, strict=True))
    y, x = lengths.pop("Y"), lengths.pop("X")
    channels = lengths.pop("S", 1) * lengths.pop("C", 1)
    return channels, int(np.prod(list(lengths.values()), dtype=int)), y, x


def _on_black(array: np.ndarray) -> Values:
    """Colours under the alpha channel that comes last."""
    if array.dtype.kind != "u":
        raise ValueError(f"transparency of {array.dtype} values, wanted unsigned whole numbers")
    share = array[-1:] / np.iinfo(array.dtype).max
    return np.rint(array[:-1] * share).astype(array.dtype)
