"""DICOM files become pictures: places, values, colours and origin, whatever the files are called."""

import random
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from vesalius.errors import DicomError, GeometryError, ImagingError
from vesalius.imaging.dicom import find_series, read_dicom, read_frame
from vesalius.imaging.image import HOUNSFIELD, Origin


def test_a_series_is_sorted_by_position_not_by_name(tmp_path, ct, saved):
    paths = saved(tmp_path, *(ct(z, InstanceNumber=n) for n, z in enumerate([6, 0, 4, 2])))
    image = read_dicom(paths)
    assert image.voxels[0, :, 0, 0].tolist() == [-1024, -1022, -1020, -1018]
    assert image.geometry.position((0, 0, 0)) == (10, 20, 0)
    assert image.geometry.position((3, 1, 1)) == pytest.approx((10.8, 20.5, 6))
    assert (image.unit, image.modality, image.origin) == (HOUNSFIELD, "CT", Origin.ACQUIRED)


def test_slices_of_a_reversed_normal_stay_where_they_lie(tmp_path, ct, saved):
    paths = saved(tmp_path, *(ct(z, ImageOrientationPatient=[-1, 0, 0, 0, 1, 0]) for z in (0, 2, 4)))
    image = read_dicom(paths)
    for z in range(3):
        height = image.geometry.position((z, 0, 0))[2]
        assert float(image.voxels[0, z, 0, 0]) == height - 1024


def test_each_slice_is_rescaled_by_its_own_slope_and_named_so(tmp_path, ct, saved):
    ones = np.ones((4, 6), np.int16)
    paths = saved(tmp_path, *(ct(z, ones, RescaleSlope=z + 1) for z in (0, 2)))
    assert read_dicom(paths).voxels[0, :, 0, 0].tolist() == [-1023, -1021]
    (series,) = find_series(tmp_path).series
    assert any("rescale" in warning for warning in series.warnings)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ([{}, {}, {}, {"ImagePositionPatient": [10, 20, 2]}], "1 slice.* at a place where another one lies"),
        ([{}, {}, {}, {"ImagePositionPatient": [10, 20, 10]}], "2 slice.* missing above 4.00 mm"),
        ([{}, {}, {}, {"ImagePositionPatient": [10, 20, 7]}], "slice spacing changes between 2.00 and 3.00"),
        ([{}, {}, {"ImageOrientationPatient": [0, 1, 0, 0, 0, 1]}], "2 orientations"),
        ([{}, {}, {"ImagePositionPatient": [10, 26, 4]}], "shifted sideways"),
        ([{}, {}, {"PixelSpacing": [0.5, 0.9]}], "2 pixel spacings"),
        ([{}, {}, {"ImagePositionPatient": None}], "without a position"),
        ([{}, {"Rows": 2, "Columns": 12}], "2 sizes: 2x12, 4x6"),
        ([{}, {"RescaleType": "US"}], "2 units"),
    ],
)
def test_what_is_no_regular_grid_is_named_and_its_slices_can_be_read(changes, named, tmp_path, ct, saved):
    paths = saved(tmp_path, *(ct(2 * n, **change) for n, change in enumerate(changes)))
    (series,) = find_series(tmp_path).series
    assert not series.is_regular
    with pytest.raises(GeometryError, match=named) as caught:
        read_dicom(paths)
    assert any(warning in str(caught.value) for warning in series.warnings)
    assert all(read_dicom([path]).geometry.shape[0] == 1 for path in paths)


def test_a_steady_tilt_is_named_and_kept_in_the_affine(tmp_path, ct, saved):
    saved(tmp_path, *(ct(z, ImagePositionPatient=[10, 20 + z, z]) for z in (0, 2, 4)))
    (series,) = find_series(tmp_path).series
    assert series.is_regular
    assert any("45.0 degrees" in warning for warning in series.warnings)
    assert read_dicom(series.paths).geometry.position((2, 0, 0)) == pytest.approx((10, 24, 4))


def test_the_changing_head_ct_is_named(data):
    (series,) = find_series(data("dicom_mixed") / "ct_head_ge").series
    assert len(series.paths) == 28
    assert not series.is_regular
    assert any("slice spacing changes between 1.08 and 7.00 mm" in warning for warning in series.warnings)
    assert any("18.5 degrees" in warning for warning in series.warnings)
    assert [path.name for path in series.paths] == [f"{n:02d}.dcm" for n in range(1, 29)]


def test_a_whole_series_is_equal_to_pydicom(data):
    folder = data("dicom_mixed") / "mr_pacsman_series"
    image = read_dicom(list(folder.iterdir()))
    slices = [pydicom.dcmread(path) for path in folder.iterdir()]
    slices.sort(key=lambda dataset: dataset.ImagePositionPatient[2])
    assert np.array_equal(image.voxels[0].numpy(), np.stack([d.pixel_array for d in slices]))
    assert image.geometry.position((0, 0, 0)) == (-63, 0, 0)


def test_unknown_grey_is_inverted_so_that_more_is_brighter(tmp_path, ct, saved):
    values = np.array([[0, 100], [1000, 4095]], np.uint16)
    film = {"Modality": "DX", "PhotometricInterpretation": "MONOCHROME1", "BitsStored": 12, "HighBit": 11}
    dataset = ct(0, values, **film, RescaleSlope=None, RescaleIntercept=None)
    image = read_dicom(saved(tmp_path, dataset))
    assert image.voxels[0, 0].tolist() == [[4095, 3995], [3095, 0]]
    assert image.unit == "1"


def test_hounsfield_units_are_never_inverted(tmp_path, ct, saved):
    dataset = ct(0, np.array([[0, 100]], np.int16), PhotometricInterpretation="MONOCHROME1")
    assert read_dicom(saved(tmp_path, dataset)).voxels[0, 0].tolist() == [[-1024, -924]]


def test_bits_above_the_stored_ones_are_left_out(tmp_path, ct, saved):
    values = np.array([[0x8001, 0x0801]], np.uint16)
    dataset = ct(0, values, BitsStored=12, HighBit=11, RescaleIntercept=0)
    assert read_dicom(saved(tmp_path, dataset)).voxels[0, 0].tolist() == [[1, 0x801]]
    signed = ct(0, values.view(np.int16), BitsStored=12, HighBit=11, RescaleIntercept=0)
    assert read_dicom(saved(tmp_path, signed)).voxels[0, 0].tolist() == [[1, 0x801 - 0x1000]]


def test_a_modality_table_takes_the_place_of_slope_and_intercept(tmp_path, ct, saved):
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [4, 0, 16])
    table.add_new("LUTData", "US", [7, 70, 700, 7000])
    table.ModalityLUTType = "US"
    values = np.array([[0, 1], [2, 3]], np.uint8)
    dataset = ct(0, values, ModalityLUTSequence=[table], RescaleSlope=None, RescaleIntercept=None)
    assert read_dicom(saved(tmp_path, dataset)).voxels[0, 0].tolist() == [[7, 70], [700, 7000]]


def test_a_table_and_a_slope_are_never_both_applied(tmp_path, ct, saved):
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [4, 0, 16])
    table.add_new("LUTData", "US", [7, 70, 700, 7000])
    table.ModalityLUTType = "US"
    values = np.array([[0, 1], [2, 3]], np.uint8)
    both = ct(0, values, ModalityLUTSequence=[table], RescaleSlope=2, RescaleIntercept=5)
    assert read_dicom(saved(tmp_path, both)).voxels[0, 0].tolist() == [[7, 70], [700, 7000]]
    empty = ct(0, values, ModalityLUTSequence=[], RescaleSlope=2, RescaleIntercept=5)
    assert read_dicom(saved(tmp_path, empty)).voxels[0, 0].tolist() == [[5, 7], [9, 11]]


def test_more_bits_stored_than_allocated_are_refused(tmp_path, ct, saved):
    film = {"Modality": "DX", "PhotometricInterpretation": "MONOCHROME1", "BitsStored": 16}
    dataset = ct(0, np.zeros((4, 6), np.uint8), **film, RescaleSlope=None, RescaleIntercept=None)
    with pytest.raises(DicomError, match=r"has 16 Bits Stored, wanted at most 8"):
        read_dicom(saved(tmp_path, dataset))


@pytest.mark.parametrize("name", ["OBXXXX1A.dcm", "OBXXXX1A_rle.dcm", "OT-PAL-8-face.dcm"])
def test_a_palette_becomes_red_green_and_blue(name, data):
    path = data("dicom_mixed") / "variety" / name
    dataset = pydicom.dcmread(path, force=True)
    index = read_indices(dataset)
    image = read_dicom([path])
    assert image.voxels.shape == (3, 1, dataset.Rows, dataset.Columns)
    for channel, colour in enumerate(("Red", "Green", "Blue")):
        table = np.frombuffer(dataset[f"{colour}PaletteColorLookupTableData"].value, np.uint16)
        assert np.array_equal(image.voxels[channel, 0].numpy(), table[index])


def read_indices(dataset: Dataset) -> np.ndarray:
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return dataset.pixel_array


@pytest.mark.parametrize("name", ["SC_ybr_full_uncompressed.dcm", "SC_rgb.dcm", "SC_rgb_jpeg_dcmtk.dcm"])
def test_colours_are_red_green_and_blue(name, data):
    image = read_dicom([data("dicom_mixed") / "variety" / name])
    assert image.voxels.shape == (3, 1, 100, 100)
    # The first stripe of this test picture is pure red.
    assert np.abs(image.voxels[:, 0, 5, 50].numpy() - (255, 0, 0)).max() <= 2


def test_frames_of_an_enhanced_object_lie_where_their_groups_say(data):
    image = read_dicom([data("dicom_mixed") / "variety" / "eCT_Supplemental.dcm"])
    assert image.geometry.shape == (2, 512, 512)
    assert image.geometry.position((1, 0, 0)) == pytest.approx((99.5, -301.5, -159.0))
    assert image.unit == "ml/100ml/s"
    assert image.origin is Origin.DERIVED


def test_a_dose_grid_is_laid_by_its_offsets_and_scaled():
    path = Path(get_testdata_file("rtdose.dcm"))
    image = read_dicom([path])
    stored = pydicom.dcmread(path)
    assert image.geometry.spacing == pytest.approx((5, 10, 10))
    assert np.allclose(image.voxels[0].numpy(), stored.pixel_array * float(stored.DoseGridScaling))


def test_real_numbers_are_read_as_they_stand(data):
    for name in ("parametric_map_float.dcm", "parametric_map_double_float.dcm"):
        path = data("dicom_mixed") / "variety" / name
        assert np.allclose(read_dicom([path]).voxels[0, 0].numpy(), pydicom.dcmread(path).pixel_array)


def test_one_frame_of_many_can_be_read(data):
    path = data("dicom_mixed") / "variety" / "emri_small.dcm"
    frame = read_frame(path, 3)
    assert np.array_equal(frame.voxels[0, 0].numpy(), pydicom.dcmread(path).pixel_array[3])
    with pytest.raises(DicomError, match="frame is 10, wanted 0 to 9"):
        read_frame(path, 10)


@pytest.mark.parametrize(
    ("changes", "origin"),
    [
        ({}, Origin.ACQUIRED),
        ({"ImageType": ["DERIVED", "PRIMARY"]}, Origin.DERIVED),
        ({"SyntheticData": "YES"}, Origin.SYNTHETIC),
        ({"ConversionType": "SYN"}, Origin.SYNTHETIC),
    ],
)
def test_one_slice_that_is_not_acquired_speaks_for_the_series(changes, origin, tmp_path, ct, saved):
    paths = saved(tmp_path, ct(0), ct(2, **changes), ct(4))
    assert read_dicom(paths).origin is origin


def test_two_series_are_no_picture(tmp_path, ct, saved):
    paths = saved(tmp_path, ct(0), ct(2, SeriesInstanceUID="1.2.4"))
    with pytest.raises(DicomError, match="belong to 2 series"):
        read_dicom(paths)
    with pytest.raises(DicomError, match="0 file"):
        read_dicom([])
    assert len(find_series(tmp_path).series) == 2


def test_mutilated_files_give_a_picture_or_one_clear_line(tmp_path):
    rng = random.Random(0)
    wholes = [
        Path(get_testdata_file(f"{name}.dcm")).read_bytes() for name in ("CT_small", "MR_small_RLE", "rtdose")
    ]
    path = tmp_path / "mutilated.dcm"
    clear = 0
    for _ in range(100):
        bytes_ = bytearray(rng.choice(wholes))
        for _ in range(rng.choice([1, 2, 5, 20])):
            bytes_[rng.randrange(min(len(bytes_), 3000))] = rng.choice([0, 127, 128, 255, rng.randrange(256)])
        path.write_bytes(bytes_)
        find_series(path)
        try:
            read_dicom([path])
        except ImagingError as error:
            clear += "\n" not in str(error)
            continue
        clear += 1
    assert clear == 100
