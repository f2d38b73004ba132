"""NIfTI: values, grids, marks, and what is refused."""

import gzip
import struct

import nibabel
import numpy as np
import pytest
import torch
from nibabel.nifti1 import Nifti1Extension

from vesalius.errors import DecodeError, ImagingError, StorageError
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import HOUNSFIELD, Code, Image, LabelMap, Origin
from vesalius.imaging.marks import Mark
from vesalius.imaging.nifti import nifti_header, read_nifti, read_nifti_labels, write_nifti
from vesalius.imaging.sidecar import Sidecar, beside, sidecar_of, write_sidecar


def _written(tmp_path, voxels, sidecar=None, name="a.nii.gz"):
    path = tmp_path / name
    write_nifti(voxels, Geometry.plain(tuple(voxels.shape[1:])), sidecar or Sidecar(), path)
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.float32, np.float64, np.int32])
def test_every_type_of_number_is_read_exactly(tmp_path, dtype, foreign, ramp):
    array = ramp(dtype)
    image = read_nifti(foreign(tmp_path / "a.nii", array))
    assert image.voxels.dtype is torch.float32
    assert np.array_equal(image.voxels[0].numpy(), array.transpose(2, 1, 0))


def test_numbers_beyond_single_precision_are_read_in_double(tmp_path, foreign, ramp):
    array = ramp(np.int32) + 2**30
    assert read_nifti(foreign(tmp_path / "a.nii", array)).voxels.dtype is torch.float64
    assert read_nifti(foreign(tmp_path / "a.nii", array)).voxels.max() == array.max()


def test_slope_and_intercept_are_applied(tmp_path, ramp, affine):
    array = ramp()
    picture = nibabel.Nifti1Image(array, affine)
    picture.header.set_slope_inter(2.0, -1024.0)
    (tmp_path / "a.nii").write_bytes(picture.to_bytes())
    assert read_nifti(tmp_path / "a.nii").voxels[0, 1, 2, 3] == array[3, 2, 1] * 2.0 - 1024


def test_a_fourth_axis_is_channels_and_missing_ones_have_length_one(tmp_path, foreign):
    four = np.arange(48).reshape(4, 3, 2, 2).astype(np.int16)
    image = read_nifti(foreign(tmp_path / "four.nii", four))
    assert image.voxels.shape == (2, 2, 3, 4)
    assert image.voxels[1, 0, 2, 3] == four[3, 2, 0, 1]
    flat = read_nifti(foreign(tmp_path / "two.nii", four[..., 0, 0]))
    assert flat.voxels.shape == (1, 1, 3, 4)


def test_colour_voxels_are_three_channels(tmp_path, foreign):
    colour = np.zeros((4, 3, 2), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    colour["G"][3, 2, 1] = 9
    image = read_nifti(foreign(tmp_path / "a.nii", colour))
    assert image.voxels.shape == (3, 2, 3, 4)
    assert image.voxels[:, 1, 2, 3].tolist() == [0, 9, 0]
    assert nifti_header(tmp_path / "a.nii").channels == 3


@pytest.mark.parametrize(
    ("version", "header"),
    [
        (nibabel.Nifti2Image, None),
        (nibabel.Nifti1Image, nibabel.Nifti1Header(endianness=">")),
        (nibabel.Nifti2Image, nibabel.Nifti2Header(endianness=">")),
    ],
)
def test_the_second_version_and_either_byte_order_are_read(tmp_path, version, header, ramp, affine):
    (tmp_path / "a.nii").write_bytes(version(ramp(), affine, header).to_bytes())
    image = read_nifti(tmp_path / "a.nii")
    assert np.array_equal(image.voxels[0].numpy(), ramp().transpose(2, 1, 0))
    assert nifti_header(tmp_path / "a.nii").spacing == (4.0, 3.0, 2.0)


def test_nibabel_reads_what_we_write(tmp_path, foreign, ramp, affine):
    image = read_nifti(foreign(tmp_path / "a.nii", ramp()))
    write_nifti(image.voxels, image.geometry, Sidecar(), tmp_path / "b.nii.gz")
    again = nibabel.load(tmp_path / "b.nii.gz")
    assert np.array_equal(np.asarray(again.dataobj), ramp())
    assert np.allclose(again.get_sform(), affine)
    assert np.allclose(again.get_qform(), affine)
    assert again.header.get_xyzt_units()[0] == "mm"


@pytest.mark.parametrize(
    ("least", "most", "dtype"),
    [(0, 255, "u1"), (-1024, 3071, "i2"), (0, 65535, "i4"), (0.5, 1.5, "f4"), (0.0, 1 + 2**-40, "f8")],
)
def test_the_smallest_lossless_type_is_written(tmp_path, least, most, dtype):
    voxels = torch.tensor([least, most], dtype=torch.float64).reshape(1, 1, 1, 2)
    path = _written(tmp_path, voxels)
    assert nibabel.load(path).get_data_dtype() == np.dtype(dtype)
    assert torch.equal(read_nifti(path).voxels.double(), voxels)


def test_the_same_picture_gives_the_same_bytes(tmp_path):
    voxels = torch.rand(1, 2, 3, 4)
    first, second = (_written(tmp_path, voxels, name=f"{n}.nii.gz").read_bytes() for n in "ab")
    assert first == second


@pytest.mark.parametrize("origin", Origin)
def test_the_origin_survives_without_the_sidecar(tmp_path, origin):
    voxels = torch.rand(1, 2, 3, 4)
    sidecar = Sidecar(Mark(origin, "GAN", seed=5), HOUNSFIELD, "CT")
    image = read_nifti(_written(tmp_path, voxels, sidecar))
    assert (image.origin, image.unit, image.modality) == (origin, HOUNSFIELD, "CT")
    assert nifti_header(tmp_path / "a.nii.gz").modality == "CT"


def test_the_origin_survives_a_tool_that_drops_extensions(tmp_path):
    path = _written(tmp_path, torch.rand(1, 2, 3, 4), Sidecar(Mark(Origin.SYNTHETIC)))
    picture = nibabel.load(path)
    picture.header.extensions.clear()
    (tmp_path / "b.nii").write_bytes(picture.to_bytes())
    assert read_nifti(tmp_path / "b.nii").origin is Origin.SYNTHETIC


@pytest.mark.parametrize("inside", Origin)
@pytest.mark.parametrize("outside", Origin)
def test_of_two_origins_the_higher_holds(tmp_path, inside, outside):
    path = _written(tmp_path, torch.rand(1, 2, 3, 4), Sidecar(Mark(inside)))
    write_sidecar(Sidecar(Mark(outside)), path)
    assert read_nifti(path).origin is max(inside, outside)


def test_a_handwritten_sidecar_tells_the_unit_of_a_foreign_file(tmp_path, foreign, ramp):
    path = foreign(tmp_path / "a.nii", ramp())
    beside(path).write_text('{"unit": "[hnsf\'U]", "modality": "CT", "EchoTime": 3}')
    image = read_nifti(path)
    assert (image.unit, image.modality, image.origin) == (HOUNSFIELD, "CT", Origin.ACQUIRED)


def test_a_label_map_keeps_classes_and_codes(tmp_path):
    labels = torch.randint(0, 70000, (1, 2, 3, 4))
    codes = {1: Code("10200004", "SCT", "Liver")}
    whole = LabelMap(labels, Geometry.plain((2, 3, 4)), codes, Origin.SYNTHETIC)
    path = tmp_path / "a.nii.gz"
    write_nifti(whole.labels, whole.geometry, sidecar_of(whole, None), path)
    again = read_nifti_labels(path)
    assert torch.equal(again.labels, labels)
    assert (dict(again.codes), again.origin) == (codes, Origin.SYNTHETIC)


def test_labels_stored_as_floats_are_classes_if_they_are_whole(tmp_path, foreign, ramp):
    labels = read_nifti_labels(foreign(tmp_path / "a.nii", ramp(np.float32)))
    assert labels.labels.dtype is torch.int64
    assert labels.origin is Origin.DERIVED
    with pytest.raises(ImagingError, match="24 of 24 labels are no whole numbers"):
        read_nifti_labels(foreign(tmp_path / "b.nii", ramp(np.float32) + 0.5))


@pytest.mark.parametrize("most", [100, 255])
def test_classes_that_a_slope_rounds_are_the_classes_that_were_meant(tmp_path, most, foreign):
    mask = np.array([0, most, 0, most], np.uint8).reshape(2, 2, 1)
    slope = foreign(tmp_path / "a.nii", mask, scl_slope=1 / most, scl_inter=0)
    assert read_nifti_labels(slope).labels.flatten().tolist() == [0, 0, 1, 1]
    mask[0, 0, 0] = 1
    with pytest.raises(ImagingError, match="1 of 4 labels are no whole numbers"):
        read_nifti_labels(foreign(tmp_path / "b.nii", mask, scl_slope=1 / most, scl_inter=0))


def test_a_label_map_has_one_channel(tmp_path, foreign):
    path = foreign(tmp_path / "a.nii", np.zeros((4, 3, 2, 2), np.uint8))
    with pytest.raises(ImagingError, match="2 channels, wanted one"):
        read_nifti_labels(path)


@pytest.mark.parametrize("read", [read_nifti, read_nifti_labels])
def test_values_that_are_no_numbers_are_counted(tmp_path, read, foreign, ramp):
    array = ramp(np.float32)
    array[0, 0, :2] = np.nan, np.inf
    with pytest.raises(ImagingError, match=r"a\.nii: 2 of 24 values are NaN or infinite"):
        read(foreign(tmp_path / "a.nii", array))


def test_complex_values_are_refused(tmp_path, foreign, ramp):
    with pytest.raises(DecodeError, match="complex64, wanted real numbers"):
        read_nifti(foreign(tmp_path / "a.nii", ramp(np.complex64)))


def test_a_damaged_file_is_refused_in_the_words_of_the_house(tmp_path):
    rng = np.random.default_rng(0)
    whole = _written(tmp_path, torch.rand(1, 4, 16, 16)).read_bytes()
    path, told = tmp_path / "b.nii.gz", 0
    for _ in range(60):
        path.write_bytes(whole[: rng.integers(len(whole))])
        with pytest.raises(DecodeError, match=r"b\.nii\.gz: NIfTI pixels not decoded"):
            read_nifti(path)
        flipped = bytearray(whole)
        flipped[rng.integers(20, len(whole))] ^= 1 << rng.integers(8)
        path.write_bytes(flipped)
        try:
            read_nifti(path)
        except ImagingError:
            told += 1
    assert told > 50


@pytest.mark.parametrize("text", [b"", b"hello", b"x" * 400, gzip.compress(b"hello", mtime=0)])
def test_a_file_of_another_kind_is_refused(tmp_path, text):
    (tmp_path / "a.nii.gz").write_bytes(text)
    for read in (read_nifti, nifti_header):
        with pytest.raises(DecodeError, match="NIfTI"):
            read(tmp_path / "a.nii.gz")


def test_a_header_that_claims_too_much_is_refused_before_anything_is_unpacked(tmp_path, foreign, ramp):
    path = foreign(tmp_path / "a.nii", ramp())
    whole = bytearray(path.read_bytes())
    whole[40:56] = struct.pack("<8h", 3, 32000, 32000, 32000, 1, 1, 1, 1)
    path.write_bytes(whole)
    with pytest.raises(DecodeError, match="wanted at most"):
        read_nifti(path)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("offset", [-1e3, 1e9, 1e13, 1e30, np.inf, np.nan])
def test_voxels_that_begin_nowhere_are_refused_before_anything_is_unpacked(
    tmp_path, offset, zipped, foreign, ramp
):
    whole = bytearray(foreign(tmp_path / "a.nii", ramp()).read_bytes())
    whole[108:112] = struct.pack("<f", offset)
    (tmp_path / "b.nii").write_bytes(gzip.compress(whole) if zipped else whole)
    for read in (read_nifti, nifti_header):
        with pytest.raises(DecodeError, match=r"b\.nii: NIfTI"):
            read(tmp_path / "b.nii")


def test_a_comment_in_another_alphabet_does_no_harm(tmp_path, ramp, affine):
    picture = nibabel.Nifti1Image(ramp(), affine)
    picture.header.extensions.append(Nifti1Extension(6, "Schädel".encode("latin-1")))
    (tmp_path / "a.nii").write_bytes(picture.to_bytes())
    assert read_nifti(tmp_path / "a.nii").origin is Origin.ACQUIRED


def test_an_axis_too_long_for_the_format_is_refused(tmp_path):
    with pytest.raises(ImagingError, match="wanted at most 32767 along each axis"):
        _written(tmp_path, torch.zeros(1, 1, 1, 40000))
    assert not list(tmp_path.iterdir())


def test_what_is_not_finite_is_not_written(tmp_path):
    with pytest.raises(ImagingError, match="1 of 2 values"):
        _written(tmp_path, torch.tensor([0.0, float("nan")]).reshape(1, 1, 1, 2))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        _written(tmp_path / "file", torch.zeros(1, 1, 1, 1))


def test_real_hippocampi_are_read_with_their_labels(data):
    folder = data("nifti_hippocampus")
    for path in sorted((folder / "images").iterdir())[:10]:
        image, labels = read_nifti(path), read_nifti_labels(folder / "labels" / path.name)
        assert image.geometry.is_close(labels.geometry)
        assert set(labels.labels.unique().tolist()) == {0, 1, 2}
        header = nifti_header(path)
        assert (header.size, header.channels, header.spacing) == (
            image.geometry.shape,
            1,
            image.geometry.spacing,
        )


def test_a_real_person_has_four_pictures_on_one_grid(data):
    folder = data("nifti_brain_multimodal") / "patient19"
    flair, lesion = read_nifti(folder / "FLAIR.nii.gz"), read_nifti_labels(folder / "lesion.nii.gz")
    assert flair.geometry.is_close(lesion.geometry)
    # lesions of multiple sclerosis are bright in FLAIR
    assert flair.voxels[lesion.labels > 0].mean() > 1.5 * flair.voxels[flair.voxels > 0].mean()
    assert isinstance(flair, Image)
