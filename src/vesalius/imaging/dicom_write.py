"""Pictures become DICOM series that say where they come from.

Whole numbers within 16 bits are stored as they are; others are quantised to 65,536 steps of a
rescale slope (error at most half a step), because hardly a viewer reads Float Pixel Data. Three
channels become RGB of 8 bits (16 where values exceed 255), rounded to whole numbers. No identity,
date or link of any source is written. UIDs are made from the content, the mark and the names: the
same call gives the same UIDs, any change gives fresh ones. Slices of a mirrored grid come back in
the other order, where they lie.

Source:
    DICOM PS3.3 A.8.1 (Secondary Capture), C.12.1 (Synthetic Data), C.8.6.1 (Conversion Type SYN),
    PS3.5 B.2 (UIDs under 2.25).
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from pydicom.valuerep import format_number_as_ds

from vesalius.errors import DicomError, GeometryError, UnitError
from vesalius.imaging.dicom_mark import code_item, made_uid, put_mark, read_mark
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import ARBITRARY, HOUNSFIELD, Code, Image
from vesalius.imaging.marks import SOFTWARE, Mark
from vesalius.storage import new_folder

__all__ = ["read_mark", "write_dicom"]

_STEPS = 65535
_SQUARE = 1e-4


def write_dicom(
    image: Image,
    folder: Path,
    mark: Mark,
    *,
    patient: str,
    series_description: str = "",
    number: int = 1,
) -> tuple[Path, ...]:
    """Write a picture as a series of Secondary Capture files, one for each slice.

    Args:
        image: One channel, or three (red, green, blue), of slices with right angles.
        folder: New folder; files in it are ``0001.dcm`` and so on, along z.
        mark: What is said of the making; never closer to the scanner than the picture itself.
        patient: Patient ID; that of a synthetic picture gets the prefix ``SYN-``.
        series_description: For readers; of a synthetic picture begins with SYNTHETIC; ``\\`` becomes ``/``.
        number: Series Number.

    Raises:
        DicomError: Voxels not finite, neither 1 nor 3 channels, or a patient that is no text.
        GeometryError: Rows and columns are not at right angles.
        UnitError: A unit that DICOM cannot hold.
        StorageError: The folder exists already, or the disk is unwilling.
    """
    mark = mark.at_least(image.origin)
    stored = _stored(image)
    digest = _digest(image, f"{mark.to_json()}\0{patient}\0{series_description}\0{number}")
    dataset = _series(image, mark, digest, _patient(patient, mark))
    dataset.SeriesNumber = number
    dataset.SeriesDescription = series_description.replace("\\", "/")[:64]
    put_mark(dataset, mark)
    _put_values(dataset, stored, image.unit)
    _put_geometry(dataset, image.geometry)
    with new_folder(folder) as beside:
        return tuple(
            folder / _write_slice(dataset, stored, image.geometry, z, beside, digest)
            for z in range(image.geometry.shape[0])
        )


@dataclass(frozen=True, eq=False)
class _Stored:
    """Values as the file holds them, ``z y x c``, and the way back."""

    values: np.ndarray
    slope: float = 1.0
    intercept: float = 0.0


def _stored(image: Image) -> _Stored:
    values = image.voxels.detach().cpu().numpy().transpose(1, 2, 3, 0)
    if not np.isfinite(values).all():
        raise DicomError("picture has voxels that are not finite, wanted finite ones")
    if values.shape[-1] == 3:
        image.wants(ARBITRARY)
        return _colours(values)
    if values.shape[-1] != 1:
        raise DicomError(f"picture has {values.shape[-1]} channels, wanted 1 or 3")
    return _grey(values)


def _grey(values: np.ndarray) -> _Stored:
    low, high = float(values.min()), float(values.max())
    if (values == np.round(values)).all() and high - low <= _STEPS:
        for dtype in (np.uint16, np.int16):
            if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
                return _Stored(values.astype(dtype))
        return _Stored((values.astype(np.float64) - low).astype(np.uint16), 1.0, low)
    # Slope and intercept as the file will say them, so that reading inverts this exactly. The
    # slope is rounded up: 16 characters must not push the highest value out of range.
    slope = float(_decimal(max((high - low) / _STEPS * (1 + 1e-9), 1e-30)))
    intercept = float(_decimal(low))
    steps = np.round((values.astype(np.float64) - intercept) / slope)
    return _Stored(np.clip(steps, 0, _STEPS).astype(np.uint16), slope, intercept)


def _colours(values: np.ndarray) -> _Stored:
    if values.min() < 0 or values.max() > _STEPS:
        raise DicomError(f"colours reach from {values.min()} to {values.max()}, wanted 0 to 255 or 65535")
    return _Stored(np.round(values).astype(np.uint8 if values.max() <= 255 else np.uint16))


def _digest(image: Image, said: str) -> bytes:
    whole = sha256(image.voxels.detach().cpu().contiguous().numpy().tobytes())
    whole.update(
        f"{tuple(image.voxels.shape)}{image.geometry.affine}{image.unit}{image.modality}\0{said}".encode()
    )
    return whole.digest()


def _patient(patient: str, mark: Mark) -> str:
    name = f"SYN-{patient.removeprefix('SYN-')}" if mark.is_synthetic else patient
    if not patient or len(name) > 64 or not name.isprintable() or "\\" in name:
        raise DicomError(f"patient is {patient!r}, wanted 1 to 60 printable characters without a backslash")
    return name


def _series(image: Image, mark: Mark, digest: bytes, patient: str) -> Dataset:
    """What all slices have in common, apart from values and places."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = SecondaryCaptureImageStorage
    dataset.StudyInstanceUID = made_uid(digest, "study")
    dataset.SeriesInstanceUID = made_uid(digest, "series")
    dataset.FrameOfReferenceUID = made_uid(digest, "frame of reference")
    dataset.Modality = image.modality
    dataset.Manufacturer = dataset.ManufacturerModelName = SOFTWARE
    dataset.ConversionType = "SYN" if mark.is_synthetic else "WSD"
    dataset.PatientID, dataset.PatientName = patient, patient
    for empty in _EMPTY:
        setattr(dataset, empty, "")
    dataset.BurnedInAnnotation = "NO"
    if mark.is_synthetic:
        dataset.PatientName = f"SYNTHETIC^{patient.removeprefix('SYN-')}"
        dataset.IssuerOfPatientID = SOFTWARE
        dataset.PatientIdentityRemoved = "YES"
        dataset.DeidentificationMethod = "Synthetic content; no identity of a source was copied"
    return dataset


_EMPTY = (
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientBirthDate",
    "PatientSex",
    "PositionReferenceIndicator",
    "PatientOrientation",
)
"""Elements of type 2: they must stand there, and have nothing to say."""


def _put_values(dataset: Dataset, stored: _Stored, unit: str) -> None:
    values = stored.values
    bits = 8 * values.dtype.itemsize
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = values.shape[1:]
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    if values.shape[-1] == 3:
        dataset.PhotometricInterpretation, dataset.PlanarConfiguration = "RGB", 0
        return
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.RescaleSlope = _decimal(stored.slope)
    dataset.RescaleIntercept = _decimal(stored.intercept)
    dataset.RescaleType = "HU" if unit == HOUNSFIELD else "US"
    low, high = (float(bound) * stored.slope + stored.intercept for bound in (values.min(), values.max()))
    dataset.WindowCenter = _decimal((low + high) / 2)
    dataset.WindowWidth = _decimal(max(high - low, stored.slope))
    if unit not in (ARBITRARY, HOUNSFIELD):
        dataset.RealWorldValueMappingSequence = [_real_world(stored, unit)]


def _real_world(stored: _Stored, unit: str) -> Dataset:
    """The unit of values that Rescale Type has no word for."""
    if not 0 < len(unit) <= 16:
        raise UnitError("picture", unit, "a UCUM code of at most 16 characters")
    vr = "SS" if stored.values.dtype.kind == "i" else "US"
    item = Dataset()
    item.LUTExplanation, item.LUTLabel = f"Values in {unit}", "UNIT"
    item.MeasurementUnitsCodeSequence = [code_item(Code(unit, "UCUM", unit))]
    item.add_new("RealWorldValueFirstValueMapped", vr, int(stored.values.min()))
    item.add_new("RealWorldValueLastValueMapped", vr, int(stored.values.max()))
    item.RealWorldValueSlope, item.RealWorldValueIntercept = stored.slope, stored.intercept
    return item


def _put_geometry(dataset: Dataset, geometry: Geometry) -> None:
    across, down, right = (geometry.matrix[:3, i] for i in range(3))
    _, y, x = geometry.spacing
    right, down = right / x, down / y
    if abs(float(right @ down)) > _SQUARE:
        raise GeometryError(f"cosine of rows and columns is {right @ down:.4f}, wanted 0 (right angles)")
    gap = abs(float(across @ np.cross(right, down)))
    dataset.ImageOrientationPatient = _decimals(*right, *down)
    dataset.PixelSpacing = _decimals(y, x)
    dataset.SliceThickness = dataset.SpacingBetweenSlices = _decimal(gap)


def _write_slice(
    dataset: Dataset, stored: _Stored, geometry: Geometry, z: int, folder: Path, digest: bytes
) -> str:
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = made_uid(digest, f"slice {z}")
    dataset.InstanceNumber = z + 1
    dataset.ImagePositionPatient = _decimals(*geometry.position((z, 0, 0)))
    values = stored.values[z]
    data = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
    dataset.add_new("PixelData", "OW" if values.dtype.itemsize == 2 else "OB", data + b"\0" * (len(data) % 2))
    name = f"{z + 1:04d}.dcm"
    dataset.save_as(folder / name, enforce_file_format=True)
    return name


def _decimals(*values: float) -> list[str]:
    return [_decimal(value) for value in values]


def _decimal(value: float) -> str:
    """A number in the 16 characters that DICOM gives it (PS3.5 6.2, DS)."""
    return format_number_as_ds(float(value))
