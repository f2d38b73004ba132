"""NIfTI files in and out.

A fourth axis, and any after it, is read as channels.

Source:
    NIfTI-1.1 header (R. Cox et al., 2004): ``scl_slope`` scales where it is not 0; "EXTENDED
    HEADER" code 6 is a comment.
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from isal import igzip, isal_zlib
from nibabel.filebasedimages import ImageFileError
from nibabel.nifti1 import Nifti1Extension, Nifti1Header, Nifti1Image
from nibabel.nifti2 import Nifti2Image
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from vesalius.errors import DecodeError, ImagingError
from vesalius.imaging.extent import Header
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image, LabelMap, Origin
from vesalius.imaging.marks import SOFTWARE
from vesalius.imaging.nifti_grid import contradictions, extent, grid, locate
from vesalius.imaging.sidecar import Sidecar, read_sidecar
from vesalius.imaging.unpacked import Unpacked
from vesalius.imaging.values import (
    DEFLATED,
    Values,
    classes,
    filled,
    floats,
    narrowed,
    refuse_infinite,
    require_room,
    singles,
)
from vesalius.shapes import Labels, Voxels
from vesalius.storage import written

_DAMAGED = (
    HeaderDataError,
    ImageFileError,
    WrapStructError,
    ArithmeticError,
    EOFError,
    MemoryError,
    OSError,
    ValueError,
)
_LARGEST_HEAD = 64 << 20
_LONGEST = 32767
_COMMENT = 6
_ZIPPED = b"\x1f\x8b"
_SIZE_OF_SECOND = 540
_TYPES = (np.uint8, np.int16, np.int32, np.float32, np.float64)


class _Decoded(NamedTuple):
    array: Values
    geometry: Geometry
    sidecar: Sidecar
    is_scaled: bool
    notes: tuple[str, ...]


def read_nifti(path: Path) -> Image:
    """A picture from a NIfTI file, in the unit that its sidecar tells.

    Values are float32 where that holds them exactly, or where the file itself scales them;
    float64 otherwise.

    Args:
        path: A ``.nii`` or ``.nii.gz`` file.

    Raises:
        DecodeError: The file is damaged, too large or no NIfTI file.
        ImagingError: A value is not finite, or not a real number.
    """
    array, geometry, sidecar, is_scaled, notes = _decoded(path, is_float=True)
    voxels = torch.from_numpy(floats(array, is_scaled))
    return Image(voxels, geometry, sidecar.unit, sidecar.mark.origin, sidecar.modality, notes=notes)


def read_nifti_labels(path: Path) -> LabelMap:
    """A label map from a NIfTI file, with the codes that its sidecar tells.

    Args:
        path: A ``.nii`` or ``.nii.gz`` file of whole numbers.

    Raises:
        DecodeError: The file is damaged, too large or no NIfTI file.
        ImagingError: A value is no whole number, or there are several channels.
    """
    array, geometry, sidecar, is_scaled, _ = _decoded(path, is_float=False)
    labels = classes(array, path, is_scaled)
    origin = max(sidecar.mark.origin, Origin.DERIVED)
    return LabelMap(torch.from_numpy(labels), geometry, sidecar.codes, origin)


def nifti_header(path: Path) -> Header:
    """Extent and spacing without the voxels.

    Raises:
        DecodeError: The file is damaged or no NIfTI file.
    """
    with _opened(path) as stream:
        header = _header(stream)
        _voxels_of(header, stream, path)
    channels, *_ = extent(header)
    geometry = grid(header)
    sidecar = _sidecar(header, path)
    modality, mark = sidecar.modality, sidecar.mark
    return Header(geometry.shape, channels, geometry.spacing, modality, mark, contradictions(header))


def write_nifti(values: Voxels | Labels, geometry: Geometry, sidecar: Sidecar, path: Path) -> None:
    """Write values losslessly: as whole numbers where they all are, as floats otherwise.

    Args:
        values: ``c z y x``; one channel gives three axes, several give four.
        geometry: Where they lie.
        sidecar: What else is known; goes into an extension, and its origin into ``descrip``, too.
        path: Ends in ``.nii`` or ``.nii.gz``.

    Raises:
        ImagingError: An axis is too long for the format, or a value is not finite.
        StorageError: It could not be written whole.
    """
    if max(values.shape) > _LONGEST:
        raise ImagingError(
            f"{path}: extent is {tuple(values.shape)}, wanted at most {_LONGEST} along each axis"
        )
    array = narrowed(values.double().numpy(force=True), _TYPES, path).transpose(3, 2, 1, 0)
    picture = Nifti1Image(array[..., 0] if array.shape[3] == 1 else array, None)
    locate(picture.header, geometry)
    picture.header["descrip"] = f"{SOFTWARE} {sidecar.mark.origin.name}"
    picture.header.extensions.append(Nifti1Extension(_COMMENT, sidecar.to_json().encode()))
    whole = picture.to_bytes()
    with written(path) as target:
        target.write_bytes(igzip.compress(whole, mtime=0) if path.suffix.lower() == ".gz" else whole)


@contextmanager
def _opened(path: Path) -> Iterator[BufferedIOBase]:
    """The unpacked bytes of a file; what three libraries call its damages is told once."""
    try:
        with path.open("rb") as file:
            is_zipped = file.read(2) == _ZIPPED
            file.seek(0)
            yield igzip.IGzipFile(fileobj=file) if is_zipped else file
    except _DAMAGED as error:
        raise DecodeError(path, "NIfTI", str(error) or type(error).__name__) from error
    except (zlib.error, isal_zlib.error) as error:  # pyright: ignore[reportGeneralTypeIssues] # a class
        raise DecodeError(path, "NIfTI", f"damaged gzip: {error}") from error


def _header(stream: BufferedIOBase) -> Nifti1Header:
    """The header with its extensions."""
    kind = _kind(stream.read(4)).header_class
    stream.seek(0)
    # Extensions reach up to the voxels, so this comes before they are unpacked.
    offset = kind(stream.read(kind.template_dtype.itemsize), check=False).get_data_offset()
    if not 0 <= offset <= _LARGEST_HEAD:
        raise ValueError(f"voxels begin at byte {offset}, wanted at most {_LARGEST_HEAD}")
    stream.seek(0)
    header = kind.from_fileobj(stream)
    shape = header.get_data_shape()
    if not shape or min(shape) < 1:
        raise ValueError(f"extent is {shape}, wanted at least one voxel along each axis")
    return header


def _kind(start: bytes) -> type[Nifti1Image]:
    """Which version of the format: both begin with the size of their header, in either byte order."""
    sizes = (int.from_bytes(start[:4], order) for order in ("little", "big"))
    return Nifti2Image if _SIZE_OF_SECOND in sizes else Nifti1Image


def _decoded(path: Path, is_float: bool) -> _Decoded:
    """What a file holds, as it is stored; of short whole numbers, if that is wanted, as single precision."""
    with _opened(path) as stream:
        header = _header(stream)
        end = _voxels_of(header, stream, path)
        slope, intercept = (
            default if said is None else float(said)
            for said, default in zip(header.get_slope_inter(), (1.0, 0.0), strict=True)
        )
        is_scaled = (slope, intercept) != (1, 0)
        is_short = is_float and _fits_single(header.get_data_dtype(), slope, intercept)
        array = _stored(header, path, end, (slope, intercept) if is_short else None)
        array = _channels_first(array.reshape(header.get_data_shape(), order="F"))
        if is_scaled and not is_short:
            array = _scaled(array, slope, intercept)
        if is_float and not is_short:
            refuse_infinite(array, path)
    return _Decoded(array, grid(header), _sidecar(header, path), is_scaled, contradictions(header))


def _fits_single(dtype: np.dtype, slope: float, intercept: float) -> bool:
    """Whether whole numbers are short, and finite when scaled, in single precision."""
    is_short = dtype.kind in "iu" and dtype.itemsize < 4
    return is_short and 2.0**16 * abs(slope) + abs(intercept) < 2.0**127


def _stored(header: Nifti1Header, path: Path, end: int, scale: tuple[float, float] | None) -> np.ndarray:
    """The voxels in the order of the file, as they stand there or scaled to single precision."""
    dtype, count = header.get_data_dtype(), prod(map(int, header.get_data_shape()))
    with path.open("rb", buffering=0) as file:
        is_zipped = file.read(2) == _ZIPPED
        file.seek(0)
        readinto = Unpacked(file).readinto if is_zipped else file.readinto
        _require(filled(np.empty(end - count * dtype.itemsize, np.uint8), readinto))
        if scale is None:
            values = np.empty(count, dtype)
            _require(filled(values, readinto))
        else:
            values = singles(readinto, count, dtype, scale)
        # gzip compares its check sum only on the way to what comes next
        readinto(memoryview(bytearray(1)))
    return values


def _require(is_whole: bool) -> None:
    if not is_whole:
        raise EOFError("the file ends within its voxels")


def _voxels_of(header: Nifti1Header, stream: BufferedIOBase, path: Path) -> int:
    """Where the voxels end, once it is sure that the file can hold them.

    Raises:
        ValueError: It cannot, or they are too many.
    """
    dtype = header.get_data_dtype()
    count = prod(map(int, header.get_data_shape())) * max(1, len(dtype.names or ()))
    end = int(header.get_data_offset()) + prod(map(int, header.get_data_shape())) * dtype.itemsize
    growth = DEFLATED if isinstance(stream, igzip.IGzipFile) else 1
    require_room(count, end, path.stat().st_size, growth)
    return end


def _scaled(array: Values, slope: float, intercept: float) -> Values:
    doubles = array.astype(np.float64)
    doubles *= slope
    doubles += intercept
    return doubles


def _channels_first(array: np.ndarray) -> Values:
    if array.dtype.names:
        array = np.stack([array[name] for name in array.dtype.names], -1)
        array = array.reshape((*array.shape[:-1], *(1,) * (4 - array.ndim), array.shape[-1]))
    if array.dtype.kind not in "iuf":
        raise ValueError(f"values are {array.dtype}, wanted real numbers")
    x, y, z, *_ = (*array.shape, 1, 1)
    return array.reshape((x, y, z, -1), order="F").transpose(3, 2, 1, 0)


def _sidecar(header: Nifti1Header, path: Path) -> Sidecar:
    comments = (extension.content for extension in header.extensions if extension.code == _COMMENT)
    texts = [comment.decode(errors="replace").rstrip("\0") for comment in comments]
    ours = next((text for text in texts if f'"{SOFTWARE}"' in text), None)
    software, _, origin = header["descrip"].tobytes().decode(errors="replace").rstrip("\0").partition(" ")
    said = Origin[origin] if software == SOFTWARE and origin in Origin.__members__ else Origin.ACQUIRED
    return read_sidecar(path, ours, said)
