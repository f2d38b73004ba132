"""One CT slice that is whole, and NIfTI files that others wrote, for tests to change."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

SERIES = generate_uid(entropy_srcs=["series"])


@pytest.fixture
def ct():
    """Make one CT slice of 4 x 6 voxels, 0.5 x 0.8 mm, at a height in millimetres."""

    def make(z: float, values: np.ndarray | None = None, **changes) -> Dataset:
        values = np.full((4, 6), int(z), np.int16) if values is None else values
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3", SERIES
        dataset.PatientID, dataset.Modality, dataset.SeriesDescription = "P1", "CT", "head"
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.ImagePositionPatient = [10, 20, z]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.PixelSpacing, dataset.SliceThickness = [0.5, 0.8], 2
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.Rows, dataset.Columns = values.shape[:2]
        dataset.BitsAllocated = dataset.BitsStored = 8 * values.dtype.itemsize
        dataset.HighBit = dataset.BitsStored - 1
        dataset.PixelRepresentation = int(values.dtype.kind == "i")
        dataset.add_new("PixelData", "OW", values.tobytes())
        for keyword, value in changes.items():
            setattr(dataset, keyword, value)
        return dataset

    return make


@pytest.fixture
def saved():
    """Write datasets to files whose names say nothing of their order."""

    def write(folder: Path, *datasets: Dataset) -> list[Path]:
        folder.mkdir(exist_ok=True)
        paths = [folder / f"{7 * (n + 3) % 11}-{n}.dcm" for n in range(len(datasets))]
        for path, dataset in zip(paths, datasets, strict=True):
            dataset.save_as(path, enforce_file_format=True)
        return paths

    return write


AFFINE = np.array([[-2.0, 0, 0, 11], [0, 3.0, 0, -7], [0, 0, 4.0, 5], [0, 0, 0, 1]])


@pytest.fixture
def affine():
    """Where the voxels of a foreign NIfTI file lie."""
    return AFFINE.copy()


@pytest.fixture
def foreign():
    """Write a NIfTI file as nibabel does, with some fields of its header changed."""

    def write(path: Path, array: np.ndarray, sform: np.ndarray | None = AFFINE, **fields) -> Path:
        picture = nibabel.Nifti1Image(array, sform)
        for name, value in fields.items():
            picture.header[name] = value
        path.write_bytes(picture.to_bytes())
        return path

    return write


@pytest.fixture
def ramp():
    """Count the voxels of a grid of 4 x 3 x 2, in numbers of a type."""

    def count(dtype=np.int16) -> np.ndarray:
        return np.arange(24).reshape(4, 3, 2).astype(dtype)

    return count
