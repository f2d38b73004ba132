"""Volumes become slices of the same people."""

from dataclasses import replace
from pathlib import Path

import pytest

from vesalius.cohort.cohort import Case, Cohort, Held, HeldLabels
from vesalius.cohort.folder import read_cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.cohort.slices import slices
from vesalius.imaging.geometry import Geometry


def test_slices_with_an_empty_label_map_are_left_out(tmp_path: Path, nifti):
    nifti(tmp_path / "imagesTr/a_0000.nii.gz", 0, tmp_path / "labelsTr/a.nii.gz")
    cut = slices(read_cohort(tmp_path))
    assert [case.key for case in cut.cases] == ["a/z002", "a/z003", "a/z004"]
    assert {case.patient for case in cut.cases} == {"a"}
    whole = read_cohort(tmp_path).cases[0]
    for case, z in zip(cut.cases, (2, 3, 4), strict=True):
        assert case.image().voxels.equal(whole.image().voxels[:, z : z + 1])
        assert case.image().geometry.is_close(whole.image().geometry.slice(z))
        assert case.mask().labels.equal(whole.mask().labels[:, z : z + 1])


def test_people_without_any_label_stay(tmp_path: Path, nifti):
    nifti(tmp_path / "imagesTr/a_0000.nii.gz", 0, tmp_path / "labelsTr/a.nii.gz")
    (case,) = read_cohort(tmp_path).cases
    drawn = case.mask()
    empty = HeldLabels(replace(drawn, labels=drawn.labels * 0))
    cut = slices(Cohort((replace(case, masks={"mask": empty}),)))
    assert cut.fact("slice") == (1, 2, 3, 4, 5, 6)


def test_constant_slices_are_left_out_unless_asked_for(tmp_path: Path, nifti):
    nifti(tmp_path / "a.nii.gz")
    cohort = read_cohort(tmp_path)
    assert [case.facts["slice"] for case in slices(cohort).cases] == [1, 2, 3, 4, 5, 6]
    assert len(slices(cohort, skip_empty=False)) == 8
    assert [case.facts["slice"] for case in slices(cohort, step=2).cases] == [2, 4, 6]


def test_a_position_is_a_third_of_what_was_kept():
    cut = slices(phantom_cohort(2, size=32, slices=9), skip_empty=False)
    assert cut.fact("position")[:9] == ("inferior",) * 3 + ("middle",) * 3 + ("superior",) * 3
    assert cut.fact("height")[:9] == (0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1)


def test_a_position_follows_the_patient_not_the_index():
    (case,) = phantom_cohort(1, size=32, slices=9).cases
    image = case.image()
    matrix = image.geometry.matrix
    matrix[:3, 0] = -matrix[:3, 0]
    down = Held(replace(image, geometry=Geometry.from_matrix(image.geometry.shape, matrix)))
    cut = slices(Cohort((Case("k", "p", {"image": down}),)), skip_empty=False)
    assert cut.fact("position") == ("superior",) * 3 + ("middle",) * 3 + ("inferior",) * 3


def test_pictures_of_one_slice_stay_as_they_are():
    cohort = phantom_cohort(3, size=16)
    assert [case.key for case in slices(cohort).cases] == [case.key for case in cohort.cases]


def test_what_cannot_be_read_stays_to_be_named_later(tmp_path: Path, nifti):
    nifti(tmp_path / "a.nii.gz")
    cohort = read_cohort(tmp_path)
    (tmp_path / "a.nii.gz").write_bytes(b"broken")
    assert [case.key for case in slices(cohort).cases] == ["a.nii.gz"]


def test_a_step_below_one_is_refused():
    with pytest.raises(ValueError, match="step is 0"):
        slices(phantom_cohort(1, size=16), step=0)


def test_the_hippocampus_pack_becomes_a_balanced_slice_cohort(data):
    cohort = read_cohort(data("nifti_hippocampus"))
    some = cohort.where(lambda case: case.patient in sorted(cohort.patients)[:2])
    cut = slices(some)
    counts = [cut.fact("position").count(third) for third in ("inferior", "middle", "superior")]
    assert cut.patients == some.patients
    assert len(cut) > 20 * len(some)
    assert max(counts) < 1.3 * min(counts)
