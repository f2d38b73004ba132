"""PNG, JPEG, BMP and TIFF files in and out.

They know no patient. Where a sidecar, inside or beside, tells nothing else, voxels are 1 mm apart:
printed resolutions (dots per inch) are not believed. Colour is red, green, blue; a colour file
without our mark whose three channels agree everywhere is the grey picture that it shows. Palettes
and CMYK become RGB, transparent pixels are laid on black, and a camera's EXIF orientation is
applied. The pages of a TIFF file are slices.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np
import SimpleITK
import torch
from jaxtyping import Num
from PIL import ExifTags, ImageOps, ImageSequence
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from vesalius.errors import DecodeError, ImagingError
from vesalius.imaging.extent import Header
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image, LabelMap, Origin
from vesalius.imaging.marks import SOFTWARE
from vesalius.imaging.sidecar import Sidecar, read_sidecar
from vesalius.imaging.tiff import pages, read_pages, write_pages
from vesalius.imaging.values import (
    DEFLATED,
    Values,
    classes,
    floats,
    narrowed,
    refuse_infinite,
    require_room,
)
from vesalius.shapes import Labels, Voxels
from vesalius.storage import written

PNG, JPEG, TIFF, BMP = (".png",), (".jpg", ".jpeg"), (".tif", ".tiff"), (".bmp",)
RASTERS = PNG + JPEG + TIFF + BMP
"""How the names of raster pictures end."""

_FORMATS = ("PNG", "JPEG", "BMP", "TIFF")
_DEEP_COLOUR = tuple(bytes((16, kind)) for kind in (2, 4, 6))
_TURNED = (5, 6, 7, 8)
# a warning is an error where the caller has made it one
_DAMAGED = (
    ArithmeticError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    Pillow.DecompressionBombError,
    struct.error,
    zlib.error,
)


def read_raster(path: Path) -> Image:
    """A picture from a PNG, JPEG, BMP or TIFF file.

    Raises:
        DecodeError: The file is damaged, too large or holds another format.
        ImagingError: A value is not finite.
    """
    array, inside = _decoded(path, as_classes=False)
    refuse_infinite(array, path)
    if len(array) == 3 and inside is None and (array[1:] == array[0]).all():
        array = array[:1]
    sidecar = read_sidecar(path, inside)
    voxels = torch.from_numpy(floats(array))
    grid, notes = _grid(array, sidecar), sidecar.notes
    return Image(voxels, grid, sidecar.unit, sidecar.mark.origin, sidecar.modality, notes=notes)


def read_raster_labels(path: Path) -> LabelMap:
    """A label map from a PNG, BMP or TIFF file.

    Palette files keep their indices. Where all values are 0 or 255, as drawing programs store a
    mask, 255 becomes 1, unless we wrote the file ourselves.

    Raises:
        DecodeError: The file is damaged, too large or holds another format.
        ImagingError: The file is a JPEG or in colour, or a value is no whole number.
    """
    if path.suffix.lower() in JPEG:
        raise ImagingError(f"{path}: JPEG does not keep classes, wanted a label map as PNG, TIFF or NIfTI")
    array, inside = _decoded(path, as_classes=True)
    if len(array) == 3 and (array[1:] == array[0]).all():
        array = array[:1]
    labels, sidecar = classes(array, path), read_sidecar(path, inside)
    if not sidecar.labels and np.isin(labels, (0, 255)).all():
        labels = labels // 255
    origin = max(sidecar.mark.origin, Origin.DERIVED)
    return LabelMap(torch.from_numpy(labels), _grid(array, sidecar), sidecar.codes, origin)


def raster_header(path: Path) -> Header:
    """Extent without the pixels; channels as stored, also where the three of them will agree.

    Raises:
        DecodeError: The file is damaged, too large or holds another format.
    """
    if path.suffix.lower() in TIFF:
        (channels, *size), inside, _ = pages(path)
    else:
        with _opened(path) as picture:
            size, inside = _size(picture, path), _text(picture)
            channels = 1 if picture.mode in ("1", "L", "LA", "I", "I;16", "F") else 3
    sidecar = read_sidecar(path, _ours(inside))
    z, y, x = size
    spacing = sidecar.affine and sidecar.grid((z, y, x)).spacing
    return Header((z, y, x), channels, spacing, sidecar.modality, sidecar.mark, sidecar.notes)


def _size(picture: Pillow.Image, path: Path) -> tuple[int, int, int]:
    """Slices, rows and columns as they will be read."""
    if _is_deep_colour(path):
        return 1, picture.height, picture.width
    is_turned = picture.getexif().get(ExifTags.Base.Orientation) in _TURNED
    rows, columns = picture.size if is_turned else picture.size[::-1]
    return _count(picture), rows, columns


def _count(picture: Pillow.Image) -> int:
    """Slices of a file; a telephone adds gain maps and previews to a JPEG (MPO), which are none."""
    return 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)


def write_raster(values: Voxels | Labels, sidecar: Sidecar, path: Path) -> None:
    """Write values that the format can hold, and refuse others; nothing is clipped or rounded.

    Args:
        values: PNG: one channel of whole numbers from 0 to 65,535, or three from 0 to 255; JPEG: from 0
            to 255, and not exactly kept; TIFF: any. One slice, but for TIFF.
        sidecar: What else is known; goes into the file, too.
        path: Ends in ``.png``, ``.jpg``, ``.jpeg``, ``.tif`` or ``.tiff``.

    Raises:
        ImagingError: The format cannot hold the values, the slices, the channels or the mark.
        StorageError: It could not be written whole.
    """
    suffix, array = path.suffix.lower(), values.double().numpy(force=True)
    with written(path) as target:
        if suffix in TIFF:
            write_pages(array, sidecar.to_json(), target)
        elif suffix in PNG:
            deep = (np.uint8, np.uint16) if len(array) == 1 else (np.uint8,)
            text = PngInfo()
            text.add_text(SOFTWARE, sidecar.to_json())
            _flat(narrowed(array, deep, path), path).save(target, pnginfo=text)
        elif suffix in JPEG and not sidecar.labels:
            picture = _flat(narrowed(array, (np.uint8,), path), path)
            picture.save(target, quality=95, subsampling=0, comment=sidecar.to_json().encode())
        else:
            raise ImagingError(f"{path}: {suffix} cannot hold the picture and its mark, wanted .png or .tif")


def _flat(array: Values, path: Path) -> Pillow.Image:
    channels, depth, *_ = array.shape
    if depth != 1 or channels not in (1, 3):
        raise ImagingError(
            f"{path}: picture has {channels} channel(s) and {depth} slice(s), "
            f"wanted 1 or 3 and one for {path.suffix}"
        )
    return Pillow.fromarray(array[0, 0] if channels == 1 else array[:, 0].transpose(1, 2, 0))


def _decoded(path: Path, as_classes: bool) -> tuple[Values, str | None]:
    """Values, and our JSON inside the file."""
    found = pages(path) if path.suffix.lower() in TIFF else None
    if found and found.is_plain:
        return read_pages(path), _ours(found.description)
    with _opened(path) as picture:
        inside = _ours(found.description if found else _text(picture))
        if _is_deep_colour(path):
            return _deep_colour(path), inside
        slices = [
            _array(page, as_classes) for page in islice(ImageSequence.Iterator(picture), _count(picture))
        ]
        return np.stack(slices, 1), inside


@contextmanager
def _opened(path: Path) -> Iterator[Pillow.Image]:
    try:
        with Pillow.open(path, formats=_FORMATS) as picture:
            pixels = picture.width * picture.height
            if pixels > (most := Pillow.MAX_IMAGE_PIXELS or pixels):
                raise ValueError(f"{pixels} pixels, wanted at most {most}")
            count = pixels * len(picture.getbands()) * _count(picture)
            # One bit is the least that PNG keeps of a pixel; other formats are bounded by their pixels.
            size = pixels // 8 if picture.format == "PNG" else 0
            require_room(count, size, path.stat().st_size, DEFLATED)
            yield picture
    except _DAMAGED as error:
        raise DecodeError(
            path, path.suffix.lstrip(".").upper(), str(error) or type(error).__name__
        ) from error


def _array(picture: Pillow.Image, as_classes: bool) -> Num[np.ndarray, "c y x"]:
    """One page."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode == "P" and as_classes:
        return np.asarray(picture)[None]
    if picture.mode.startswith("I") and (clear := picture.info.get("transparency")) is not None:
        # Pillow would cut to 8 bits what it makes transparent.
        array = np.asarray(picture)
        return np.where(array == clear, 0, array)[None]
    if picture.mode == "1":
        picture = picture.convert("L")
    if "A" in picture.getbands() or "transparency" in picture.info:
        is_grey = picture.mode in ("L", "LA")
        picture = picture.convert("RGBA")
        black = Pillow.new("RGBA", picture.size, (0, 0, 0, 255))
        picture = Pillow.alpha_composite(black, picture).convert("L" if is_grey else "RGB")
    if picture.mode not in ("L", "RGB", "F") and not picture.mode.startswith("I"):
        picture = picture.convert("RGB")
    array = np.asarray(picture)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def _is_deep_colour(path: Path) -> bool:
    """Whether a PNG file has colours of 16 bits, which Pillow would cut to 8."""
    with path.open("rb") as file:
        start = file.read(26)
    return start[1:4] == b"PNG" and start[24:26] in _DEEP_COLOUR


def _deep_colour(path: Path) -> Values:
    try:
        array = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path), imageIO="PNGImageIO"))
    except RuntimeError as error:
        raise DecodeError(path, "PNG", str(error).strip().splitlines()[-1]) from error
    planes = np.moveaxis(array, 2, 0)
    count = 3 if len(planes) > 2 else 1
    if (planes[count:] != np.iinfo(planes.dtype).max).any():
        raise DecodeError(path, "PNG", "transparent pixels of 16 bits, wanted opaque ones")
    return planes[:count, None]


def _text(picture: Pillow.Image) -> str | None:
    text = picture.info.get(SOFTWARE) or picture.info.get("comment")
    return text.decode(errors="replace") if isinstance(text, bytes) else text


def _ours(text: str | None) -> str | None:
    return text if text and f'"{SOFTWARE}"' in text else None


def _grid(array: Values, sidecar: Sidecar) -> Geometry:
    _, z, y, x = array.shape
    return sidecar.grid((z, y, x))
