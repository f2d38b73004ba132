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
from vesalius.imaging.sandbox import filled
from vesalius.imaging.sidecar import Sidecar, read_sidecar
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
    array, geometry, sidecar, is_scaled, notes = _decoded(path)
    refuse_infinite(array, path)
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
    array, geometry, sidecar, is_scaled, _ = _decoded(path)
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
            is_zipped = file.read(2) == b"\x1f\x8b"
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


def _decoded(path: Path) -> _Decoded:
    with _opened(path) as stream:
        header = _header(stream)
        end = _voxels_of(header, stream, path)
        array = _channels_first(_stored(header, stream, end))
        slope, intercept = header.get_slope_inter()
        is_scaled = (slope or 1, intercept or 0) != (1, 0)
        if is_scaled:
            array = _scaled(array, slope or 1.0, intercept or 0.0)
    return _Decoded(array, grid(header), _sidecar(header, path), is_scaled, contradictions(header))


def _stored(header: Nifti1Header, stream: BufferedIOBase, end: int) -> np.ndarray:
    """The voxels as they stand in the file, the first axis fastest."""
    shape = header.get_data_shape()
    values = np.empty(prod(map(int, shape)), header.get_data_dtype())
    stream.seek(end - values.nbytes)
    if not filled(values, stream.readinto):
        raise EOFError(f"the file ends within the {values.nbytes} bytes of its voxels")
    # gzip compares its check sum only at the end
    stream.read(1)
    return values.reshape(shape, order="F")


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
