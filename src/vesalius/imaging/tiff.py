"""The pages of a TIFF file as slices.

tifffile reads what is stored plainly. The compressions for which it would need another codec are
unpacked by libtiff: samples of more than 8 bits through ITK, which keeps them as they are; all else,
and palettes, CMYK and YCbCr, page by page through Pillow, which has 8 bits for a colour.

Source:
    TIFF 6.0 (Adobe, 1992), tags 262 (photometric interpretation), 274 (orientation) and 338 (extra
    samples).
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np
import SimpleITK
import tifffile
from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC, PLANARCONFIG

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
    # A code of 12 bits stands for 4096 bytes at most.
    COMPRESSION.LZW: 2731,
}
_ALPHA = {EXTRASAMPLE.ASSOCALPHA, EXTRASAMPLE.UNASSALPHA}
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
        is_plain: Whether `read_pages` can give the values.
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
        is_plain = page.photometric in _PLAIN and (page.compression in _CODECS or page.bitspersample > 8)
        count, growth = prod(extent), _GROWTH.get(page.compression, 0)
        size = count * page.bitspersample // 8 if is_plain and growth else 0
        require_room(count, size, path.stat().st_size, growth)
        orientation = page.tags.valueof("Orientation", 1)
        if orientation != 1:
            raise ValueError(f"orientation is {orientation}, wanted 1 (first row on top, first column left)")
        return Pages(extent, page.description, is_plain)


def read_pages(path: Path) -> Values:
    """The values of all pages; black is least, transparent pixels are laid on black.

    Extra samples are transparency where the file calls them so (tag 338), channels elsewhere.

    Raises:
        DecodeError: Damaged.
    """
    with _opened(path) as file:
        series, page = file.series[0], file.pages.first
        array = series.asarray() if page.compression in _CODECS else _unpacked(path, page, series.shape)
        colours = [axis for axis, letter in enumerate(series.axes) if letter in "SC"]
        array = np.moveaxis(array, colours, range(len(colours))).reshape(_extent(series))
        if page.photometric == PHOTOMETRIC.MINISWHITE:
            array = ~array
        if array.dtype.kind == "b":
            array = array * np.uint8(255)
        if array.dtype.kind not in "uif":
            raise ValueError(f"values are {array.dtype}, wanted real numbers")
        return _on_black(array, page.extrasamples)


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


def _unpacked(path: Path, page: tifffile.TiffPage, shape: tuple[int, ...]) -> np.ndarray:
    """Samples as they are stored, by libtiff."""
    array = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path), imageIO="TIFFImageIO"))
    is_mixed = page.planarconfig == PLANARCONFIG.CONTIG or page.samplesperpixel == 1
    if not is_mixed or array.dtype != page.dtype:
        raise ValueError(f"{page.bitspersample} bits in this compression, wanted none or Deflate")
    return array.reshape(shape)


def _on_black(array: np.ndarray, extras: tuple[int, ...]) -> Values:
    """Colours under the samples that are called alpha, which are left out."""
    kinds = dict(enumerate(extras, len(array) - len(extras)))
    alphas = [place for place, kind in kinds.items() if kind in _ALPHA]
    colours = np.delete(array, alphas, 0)
    if not alphas or kinds[alphas[0]] == EXTRASAMPLE.ASSOCALPHA:
        # Associated alpha was multiplied in by the writer.
        return colours
    if array.dtype.kind != "u":
        raise ValueError(f"transparency of {array.dtype} values, wanted unsigned whole numbers")
    share = array[alphas[:1]] / np.iinfo(array.dtype).max
    return np.rint(colours * share).astype(array.dtype)
