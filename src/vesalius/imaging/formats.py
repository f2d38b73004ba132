"""Any picture file to a picture and back."""

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from vesalius.errors import GeometryError, ImagingError
from vesalius.imaging.dataset import DICOM, is_dicom, is_index
from vesalius.imaging.dicom import read_dicom, read_frames
from vesalius.imaging.extent import Header
from vesalius.imaging.image import Image, LabelMap
from vesalius.imaging.marks import Mark
from vesalius.imaging.nifti import nifti_header, read_nifti, read_nifti_labels, write_nifti
from vesalius.imaging.raster import (
    BMP,
    JPEG,
    PNG,
    RASTERS,
    raster_header,
    read_raster,
    read_raster_labels,
    write_raster,
)
from vesalius.imaging.segmentation import read_segmentation
from vesalius.imaging.sidecar import beside, handmade, sidecar_of, write_sidecar
from vesalius.shapes import Labels, Voxels

NIFTI = (".nii", ".nii.gz")

VOLUMES = 4
"""How many volumes stay in memory: as many as are read at the same time."""

_FLAT = PNG + JPEG + BMP

Stamps = tuple[tuple[int, int], ...]


def read_image(paths: Sequence[Path]) -> Image:
    """Decode a picture.

    The volumes that were read last stay in memory while their files do not change, so reading
    slice after slice decodes once. Do not change the voxels in place.

    Args:
        paths: One file, or all files of one DICOM series.

    Raises:
        ImagingError: A file cannot be what it claims to be; the message names it.
    """
    paths = tuple(paths)
    return _read_image(paths) if _is_flat(paths) else _kept_image(paths, _stamps(paths))


def read_slice(paths: Sequence[Path], index: int) -> Image:
    """Decode one slice of a picture, or one frame of a DICOM file whose frames are no regular grid.

    Args:
        paths: One file, or all files of one DICOM series; kept in memory as by `read_image`.
        index: Which slice or frame, from the lowest along the normal.

    Raises:
        ImagingError: A file cannot be what it claims to be, or there is no such frame; the message names it.
    """
    paths = tuple(paths)
    found = (_read_image(paths),) if _is_flat(paths) else _kept_pieces(paths, _stamps(paths))
    if len(found) == 1:
        return found[0].slice(index)
    if index >= len(found):
        raise ImagingError(f"{paths[0]}: frame is {index}, wanted 0 to {len(found) - 1}")
    return found[index]


def read_labels(paths: Sequence[Path]) -> LabelMap:
    """Decode a label map: NIfTI, PNG, TIFF or DICOM SEG; kept in memory as by `read_image`.

    Args:
        paths: One file.

    Raises:
        ImagingError: The file cannot be what it claims to be; the message names it.
    """
    paths = tuple(paths)
    return _read_labels(paths) if _is_flat(paths) else _kept_labels(paths, _stamps(paths))


def write_image(image: Image, path: Path, mark: Mark | None = None) -> Path:
    """Write a picture in the format of its suffix, and its sidecar beside it.

    DICOM has more to say than a picture knows: see `vesalius.imaging.dicom_write.write_dicom`.

    Args:
        image: What to write. NIfTI and TIFF hold any values, PNG whole numbers from 0 to 65,535
            (to 255 in colour), JPEG from 0 to 255 and not exactly.
        path: Ends in ``.nii``, ``.nii.gz``, ``.png``, ``.tif``, ``.tiff``, ``.jpg`` or ``.jpeg``.
        mark: Who made it; never closer to the scanner than the picture itself.

    Returns:
        `path`.

    Raises:
        ImagingError: The format is unknown or cannot hold the picture; nothing is clipped.
        StorageError: It could not be written whole.
    """
    return _write(image.voxels, image, path, mark)


def write_labels(labels: LabelMap, path: Path, mark: Mark | None = None) -> Path:
    """Write a label map in the format of its suffix, and its codes in the sidecar beside it.

    Args:
        labels: What to write; PNG holds classes from 0 to 65,535, NIfTI and TIFF any.
        path: Ends in ``.nii``, ``.nii.gz``, ``.png``, ``.tif`` or ``.tiff``.
        mark: Who made it; never closer to the scanner than the map itself.

    Returns:
        `path`.

    Raises:
        ImagingError: The format is unknown, lossy, or cannot hold the classes.
        StorageError: It could not be written whole.
    """
    return _write(labels.labels, labels, path, mark)


def is_picture(path: Path) -> bool:
    """Whether a file claims to be a picture: by its name, or as a DICOM file without one."""
    if is_index(path) or not path.is_file():
        return False
    return path.name.lower().endswith(NIFTI + RASTERS + DICOM) or is_dicom(path)


def header(path: Path) -> Header:
    """Extent of a NIfTI or raster picture, without its voxels.

    DICOM headers come from `vesalius.imaging.dicom.find_series`.

    Raises:
        ImagingError: There is no such file, it is damaged, or it is DICOM.
    """
    kind = _kind(path)
    if kind == "dicom":
        raise ImagingError(f"{path}: looks like DICOM, wanted NIfTI, PNG, JPEG, BMP or TIFF")
    return nifti_header(path) if kind == "nifti" else raster_header(path)


@lru_cache(maxsize=VOLUMES)
def _kept_image(paths: tuple[Path, ...], _stamps: Stamps) -> Image:
    return _read_image(paths)


@lru_cache(maxsize=VOLUMES)
def _kept_pieces(paths: tuple[Path, ...], stamps: Stamps) -> tuple[Image, ...]:
    """The volume, or the frames that make none."""
    try:
        return (_kept_image(paths, stamps),)
    except GeometryError:
        if len(paths) != 1 or _kind(paths[0]) != "dicom":
            raise
        return read_frames(paths[0])


@lru_cache(maxsize=VOLUMES)
def _kept_labels(paths: tuple[Path, ...], _stamps: Stamps) -> LabelMap:
    return _read_labels(paths)


def _read_image(paths: tuple[Path, ...]) -> Image:
    kind = _kind(paths[0])
    if kind == "dicom":
        return read_dicom(paths)
    return read_nifti(_only(paths)) if kind == "nifti" else read_raster(_only(paths))


def _read_labels(paths: tuple[Path, ...]) -> LabelMap:
    path, kind = _only(paths), _kind(paths[0])
    if kind == "dicom":
        return read_segmentation(path)
    return read_nifti_labels(path) if kind == "nifti" else read_raster_labels(path)


def _write(values: Voxels | Labels, picture: Image | LabelMap, path: Path, mark: Mark | None) -> Path:
    sidecar = sidecar_of(picture, mark)
    if path.name.lower().endswith(NIFTI):
        write_nifti(values, picture.geometry, sidecar, path)
    elif path.suffix.lower() in RASTERS:
        write_raster(values, sidecar, path)
    else:
        raise ImagingError(f"{path}: suffix is {path.suffix!r}, wanted {', '.join(NIFTI + RASTERS)}")
    write_sidecar(sidecar, path)
    return path


def _kind(path: Path) -> Literal["nifti", "raster", "dicom"]:
    """By name, unless the content says DICOM; a file without a telling name can only be DICOM."""
    try:
        with path.open("rb") as file:
            start = file.read(132)
    except OSError as error:
        raise ImagingError(f"{path}: cannot be opened: {error.strerror}, wanted a picture") from error
    if start[128:] == b"DICM":
        return "dicom"
    name = path.name.lower()
    return "nifti" if name.endswith(NIFTI) else "raster" if name.endswith(RASTERS) else "dicom"


def _only(paths: tuple[Path, ...]) -> Path:
    if len(paths) != 1:
        raise ImagingError(
            f"{paths[0]} and {len(paths) - 1} more file(s), wanted one file, or a DICOM series"
        )
    return paths[0]


def _is_flat(paths: tuple[Path, ...]) -> bool:
    if not paths:
        raise ImagingError("no file to read a picture from, wanted at least one")
    return paths[0].suffix.lower() in _FLAT


def _stamps(paths: tuple[Path, ...]) -> Stamps:
    """What changes with the files and the sidecars."""
    return tuple(_stamp(path) for path in (*paths, beside(paths[0]), handmade(paths[0])))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        # A missing file is told by who opens it.
        return 0, 0
    return found.st_mtime_ns, found.st_size
