"""Small folders of pictures of known content."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
import torch
from PIL import Image as Raster

from vesalius.imaging.dicom_write import write_dicom
from vesalius.imaging.formats import write_image, write_labels
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image, LabelMap, Origin
from vesalius.imaging.marks import Mark


@pytest.fixture
def png():
    """Write a PNG of noise; the same seed gives the same pixels."""

    def write(path: Path, seed: int = 0, size: int = 16) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Raster.fromarray(np.random.default_rng(seed).integers(0, 256, (size, size), np.uint8)).save(path)
        return path

    return write


@pytest.fixture
def nifti():
    """Write a volume of noise whose first and last slices are empty, with or without its label map."""

    def write(path: Path, seed: int = 0, labels: Path | None = None) -> Path:
        voxels = torch.from_numpy(np.random.default_rng(seed).random((1, 8, 6, 5), np.float32))
        voxels[:, 0] = voxels[:, -1] = 0
        grid = Geometry.plain((8, 6, 5), (3.0, 2.0, 1.0))
        path.parent.mkdir(parents=True, exist_ok=True)
        if labels is not None:
            drawn = torch.zeros((1, 8, 6, 5), dtype=torch.long)
            drawn[:, 2:5, 2:4, 1:3] = 1
            labels.parent.mkdir(parents=True, exist_ok=True)
            write_labels(LabelMap(drawn, grid), labels)
        return write_image(Image(voxels, grid), path)

    return write


@pytest.fixture
def dicom():
    """Write a slice of DICOM in a series of its own."""

    def write(path: Path, patient: str, study: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        grey = Image(torch.arange(64.0).reshape(1, 1, 8, 8), Geometry.plain((1, 8, 8)))
        (made,) = write_dicom(grey, path.with_name(f"{path.stem}-made"), Mark(Origin.DERIVED), patient="x")
        said = pydicom.dcmread(made)
        said.PatientID, said.StudyInstanceUID = patient, f"1.2.3.{study}"
        said.save_as(path)
        made.unlink()
        return path

    return write
