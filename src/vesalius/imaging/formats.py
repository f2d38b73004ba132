"""Any picture file to a picture and back."""

from collections.abc import Sequence
from pathlib import Path

from vesalius.errors import ImagingError
from vesalius.imaging.extent import Header
from vesalius.imaging.image import Image, LabelMap
from vesalius.imaging.marks import Mark
from vesalius.imaging.nifti import nifti_header, read_nifti, read_nifti_labels, write_nifti
from vesalius.imaging.sidecar import sidecar_of, write_sidecar


def read_image(paths: Sequence[Path]) -> Image:
    """Decode a picture."""
    return read_nifti(paths[0])


def read_labels(paths: Sequence[Path]) -> LabelMap:
    """Decode a label map."""
    return read_nifti_labels(paths[0])


def write_image(image: Image, path: Path, mark: Mark | None = None) -> Path:
    """Write a picture in the format of its suffix."""
    sidecar = sidecar_of(image, mark)
    write_nifti(image.voxels, image.geometry, sidecar, path)
    write_sidecar(sidecar, path)
    return path


def write_labels(labels: LabelMap, path: Path, mark: Mark | None = None) -> Path:
    """Write a label map in the format of its suffix."""
    sidecar = sidecar_of(labels, mark)
    write_nifti(labels.labels, labels.geometry, sidecar, path)
    write_sidecar(sidecar, path)
    return path


def is_picture(path: Path) -> bool:
    """Whether a file claims to be a picture."""
    return path.is_file()


def header(path: Path) -> Header:
    """Extent of a stored picture without its voxels."""
    if not path.is_file():
        raise ImagingError(f"{path}: no such file")
    return nifti_header(path)
