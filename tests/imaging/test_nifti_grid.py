"""The grid of a NIfTI file: where its voxels lie, in either words of its header."""

import struct

import nibabel
import numpy as np
import pytest
import torch

from vesalius.cohort.folder import survey
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.nifti import nifti_header, read_nifti, write_nifti
from vesalius.imaging.sidecar import Sidecar


def test_the_voxel_of_a_foreign_file_lies_where_nibabel_says(tmp_path, foreign, ramp, affine):
    array = ramp()
    image = read_nifti(foreign(tmp_path / "a.nii", array))
    assert image.geometry.shape == (2, 3, 4)
    assert image.voxels[0, 1, 2, 3] == array[3, 2, 1]
    right, front, head, _ = affine @ (3, 2, 1, 1)
    assert image.geometry.position((1, 2, 3)) == (-right, -front, head)


def test_an_sform_and_a_qform_that_mirror_each_other_are_named(tmp_path, ramp, affine):
    picture = nibabel.Nifti1Image(ramp(), affine)
    for turned, notes in ((affine, 0), (affine @ np.diag([-1.0, 1, 1, 1]), 1)):
        picture.set_qform(turned, 1)
        (tmp_path / "a.nii").write_bytes(picture.to_bytes())
        image = read_nifti(tmp_path / "a.nii")
        assert image.geometry.position((0, 0, 0)) == (-11, 7, 5)
        assert len(image.notes) == notes
        assert nifti_header(tmp_path / "a.nii").notes == image.notes
        assert [note.reason for note in survey(tmp_path).notes] == list(image.notes)


def test_the_sform_goes_before_the_qform_and_the_qform_before_the_sizes(tmp_path, ramp, affine):
    picture = nibabel.Nifti1Image(ramp(), None)
    other = np.diag([1.0, 1.0, 6.0, 1.0])
    places = []
    for sform, qform in ((1, 1), (0, 1), (0, 0)):
        picture.header.set_qform(other, code=qform)
        picture.header.set_sform(affine, code=sform)
        picture.header["pixdim"][1:4] = 1, 1, 6
        (tmp_path / "a.nii").write_bytes(picture.to_bytes())
        places.append(read_nifti(tmp_path / "a.nii").geometry)
    assert places[0].position((1, 2, 3)) == (-5.0, 1.0, 9.0)
    assert places[1].position((1, 2, 3)) == (-3.0, -2.0, 6.0)
    assert places[2].is_close(Geometry.plain((2, 3, 4), (6.0, 1.0, 1.0)))


@pytest.mark.parametrize("broken", [np.zeros((4, 4)), np.full((4, 4), np.nan)])
def test_an_sform_that_spans_no_space_is_passed_over(tmp_path, broken, foreign, ramp):
    path = foreign(tmp_path / "a.nii", ramp())
    whole = bytearray(path.read_bytes())
    whole[280:328] = broken[:3].astype("<f4").tobytes()
    path.write_bytes(whole)
    assert read_nifti(path).geometry.spacing == (4.0, 3.0, 2.0)


def test_sizes_that_are_missing_count_as_a_millimetre(tmp_path, foreign, ramp):
    path = foreign(tmp_path / "a.nii", ramp(), None, sform_code=0, qform_code=0)
    whole = bytearray(path.read_bytes())
    whole[80:92] = struct.pack("<3f", 0.0, float("nan"), -2.5)
    path.write_bytes(whole)
    assert read_nifti(path).geometry.spacing == (2.5, 1.0, 1.0)


@pytest.mark.parametrize(("unit", "scale"), [("meter", 1000.0), ("micron", 0.001), ("mm", 1.0)])
def test_lengths_become_millimetres(tmp_path, unit, scale, ramp, affine):
    picture = nibabel.Nifti1Image(ramp(), affine)
    picture.header.set_xyzt_units(unit)
    (tmp_path / "a.nii").write_bytes(picture.to_bytes())
    assert np.allclose(read_nifti(tmp_path / "a.nii").geometry.spacing, np.multiply((4, 3, 2), scale))


def test_a_sheared_grid_has_no_qform(tmp_path):
    matrix = Geometry.plain((2, 3, 4)).matrix
    matrix[0, 1] = 0.5
    geometry = Geometry.from_matrix((2, 3, 4), matrix)
    write_nifti(torch.rand(1, 2, 3, 4), geometry, Sidecar(), tmp_path / "a.nii")
    assert int(nibabel.load(tmp_path / "a.nii").header["qform_code"]) == 0
    assert read_nifti(tmp_path / "a.nii").geometry.is_close(geometry)
