"""How samples stand in their words, in every syntax that keeps whole words."""

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from vesalius.errors import DicomError
from vesalius.imaging.decode import pixels
from vesalius.imaging.dicom import find_series, read_dicom
from vesalius.imaging.image import ARBITRARY, HOUNSFIELD

SYNTAXES = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
]


@pytest.fixture
def read(tmp_path, ct):
    """Write words of 16 bits in a syntax, and read them as a picture."""

    def read(words, syntax=ExplicitVRLittleEndian, **changes):
        words = np.array([words], np.uint16)
        dataset = ct(0, words, **{"RescaleIntercept": 0, **changes})
        if syntax == RLELossless:
            dataset.compress(RLELossless)
        dataset.file_meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian:
            dataset.PixelData = words.astype(">u2").tobytes()
        is_little = syntax != ExplicitVRBigEndian
        path = tmp_path / "a.dcm"
        dataset.save_as(path, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=is_little)
        return read_dicom([path])

    return read


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_samples_are_taken_from_the_bits_where_they_stand(read, syntax):
    words = [0x8001, 0x0801, 0x7FF0, 0xFFFF]
    low, high = {"BitsStored": 12, "HighBit": 11}, {"BitsStored": 12, "HighBit": 15}
    assert read(words, syntax, **low).voxels.flatten().tolist() == [0x001, 0x801, 0xFF0, 0xFFF]
    assert read(words, syntax, **high).voxels.flatten().tolist() == [0x800, 0x080, 0x7FF, 0xFFF]
    signed = read(words, syntax, **high, PixelRepresentation=1)
    assert signed.voxels.flatten().tolist() == [-0x800, 0x080, 0x7FF, -1]
    assert any("begin at bit 4" in note for note in signed.notes)
    assert not read(words, syntax, **low).notes


@pytest.mark.parametrize("high", [3, 16])
def test_a_high_bit_that_cannot_be_is_refused(read, high):
    with pytest.raises(DicomError, match=f"has High Bit {high}, wanted 11 to 15"):
        read([1, 2], BitsStored=12, HighBit=high)


def test_whole_numbers_of_32_bits_are_not_rounded(tmp_path, ct, saved):
    values = np.array([[2**24 + 1, 3]], np.uint32)
    whole, small = ct(0, values, RescaleIntercept=0), ct(2, values.astype(np.uint16), RescaleIntercept=0)
    assert read_dicom(saved(tmp_path, whole)).voxels.double().flatten().tolist() == [2**24 + 1, 3]
    mixed = read_dicom(saved(tmp_path, small, ct(4, values, RescaleIntercept=0)))
    assert mixed.voxels.double().flatten().tolist() == [1, 3, 2**24 + 1, 3]
    assert read_dicom(saved(tmp_path, small)).voxels.dtype.itemsize == 4


@pytest.mark.parametrize(
    ("left_out", "values", "note"),
    [
        ("RescaleIntercept", [3, 6], "Rescale Intercept is missing, taken for 0"),
        ("RescaleSlope", [8, 9], "Rescale Slope is missing, taken for 1"),
    ],
)
def test_half_a_rescaling_is_applied_and_named(read, left_out, values, note):
    image = read([1, 2], **({"RescaleSlope": 3, "RescaleIntercept": 7} | {left_out: None}))
    assert (image.voxels.flatten().tolist(), image.unit) == (values, HOUNSFIELD)
    assert note in image.notes


def test_each_frame_is_rescaled_as_its_own_group_says(tmp_path, ct, saved):
    dataset = ct(0, np.ones((1, 2), np.uint16), NumberOfFrames=3)
    dataset.PixelData = np.arange(6, dtype=np.uint16).tobytes()
    groups = []
    for z in range(3):
        group, place, scale = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = [0, 0, 2 * z]
        scale.RescaleSlope, scale.RescaleIntercept, scale.RescaleType = 10**z, -z, "US"
        group.PlanePositionSequence, group.PixelValueTransformationSequence = [place], [scale]
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = groups
    image = read_dicom(saved(tmp_path, dataset))
    assert image.voxels[0, :, 0].tolist() == [[0, 1], [19, 29], [398, 498]]
    assert image.unit == ARBITRARY


def test_pixels_whose_length_looks_like_letters_are_not_taken_for_another_syntax(tmp_path, ct):
    values = np.arange(193 * 229, dtype=np.uint16).reshape(193, 229)
    # In implicit VR the length stands where explicit VR has its letters: "JY" here.
    assert values.nbytes.to_bytes(4, "little")[:2] == b"JY"
    dataset = ct(0, values, RescaleIntercept=0)
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.add_new(0xFFFCFFFC, "OB", bytes(64))
    dataset.save_as(tmp_path / "a.dcm", implicit_vr=True, little_endian=True)
    assert np.array_equal(read_dicom([tmp_path / "a.dcm"]).voxels[0, 0].numpy(), values)


def test_explicit_vr_under_the_name_of_implicit_is_read(tmp_path, ct, saved):
    dataset = ct(0, np.array([[1, 2]], np.uint16), RescaleIntercept=0)
    (path,) = saved(tmp_path, dataset)
    lie = f"{ImplicitVRLittleEndian}\0\0\0".encode()
    path.write_bytes(path.read_bytes().replace(f"{ExplicitVRLittleEndian}\0".encode(), lie))
    assert lie in path.read_bytes()
    assert read_dicom([path]).voxels.flatten().tolist() == [1, 2]


def test_big_endian_without_a_preamble_is_read(tmp_path, ct):
    dataset = ct(0, RescaleIntercept=0)
    dataset.PixelData = np.arange(24).astype(">i2").tobytes()
    pydicom.dcmwrite(tmp_path / "bare", Dataset(dataset), implicit_vr=False, little_endian=False)
    assert (tmp_path / "bare").read_bytes()[:2] == b"\0\x08"
    (series,) = find_series(tmp_path).series
    assert read_dicom(series.paths).voxels.flatten().tolist() == list(range(24))


def test_no_frames_are_one_frame(tmp_path, ct, saved):
    assert read_dicom(saved(tmp_path, ct(0, NumberOfFrames=0))).voxels.shape == (1, 1, 4, 6)


def test_overlay_bits_are_left_out_as_pydicom_leaves_them_out(tmp_path, ct, saved):
    values = np.array([[0x8001, 0x0801, 0x7FF0]], np.uint16)
    for sign in (0, 1):
        (path,) = saved(tmp_path, ct(0, values, BitsStored=12, HighBit=11, PixelRepresentation=sign))
        assert np.array_equal(pixels(path), pydicom.dcmread(path).pixel_array)
