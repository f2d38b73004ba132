"""Folders in the style of nnU-Net and of BIDS."""

import json
from pathlib import Path

import pytest

from vesalius.cohort.folder import read_cohort, survey


def told(folder: Path) -> dict[str, list[str]]:
    return {case.key: sorted({**case.pictures, **case.masks}) for case in read_cohort(folder).cases}


@pytest.mark.parametrize("known", ["labelsTr", "dataset.json", "nothing"])
def test_four_digits_of_a_name_are_no_channel(tmp_path: Path, png, known):
    for name in ("amos_0001", "amos_0004"):
        png(tmp_path / f"imagesTr/{name}.png")
        if known == "labelsTr":
            png(tmp_path / f"labelsTr/{name}.png")
    if known == "dataset.json":
        (tmp_path / "dataset.json").write_text(json.dumps({"modality": {"0": "CT"}}))
    roles = ["image", "mask"] if known == "labelsTr" else ["image"]
    assert told(tmp_path) == {"amos_0001": roles, "amos_0004": roles}
    assert len(read_cohort(tmp_path).patients) == 2


@pytest.mark.parametrize("known", ["labelsTr", "dataset.json", "nothing"])
def test_channels_of_one_case_are_one_case(tmp_path: Path, png, known):
    for number in range(2):
        png(tmp_path / f"imagesTr/a_000{number}.png", number)
    if known == "labelsTr":
        png(tmp_path / "labelsTr/a.png")
    if known == "dataset.json":
        (tmp_path / "dataset.json").write_text(json.dumps({"channel_names": {"0": "T1", "1": "T2"}}))
    assert told(tmp_path) == {"a": ["image", "image_1", *(["mask"] if known == "labelsTr" else [])]}


def test_a_case_without_its_first_channel_is_named_and_stops_nobody(tmp_path: Path, png):
    png(tmp_path / "imagesTr/a_0001.png")
    png(tmp_path / "imagesTr/b_0000.png")
    found = survey(tmp_path)
    assert [case.key for case in found.cohort.cases] == ["b"]
    (problem,) = found.problems
    assert "a_0001.png: not read: case a has no channel 0000" in problem.reason


def test_folders_that_nnunet_keeps_aside_are_named(tmp_path: Path, png):
    png(tmp_path / "imagesTr/a_0000.png")
    png(tmp_path / "imagesTs/b_0000.png")
    assert [problem.path.name for problem in survey(tmp_path).problems] == ["imagesTs"]


def test_a_subject_of_bids_is_one_person_in_all_pictures(tmp_path: Path, nifti):
    for index, name in enumerate(
        (
            "sub-01/ses-a/anat/sub-01_ses-a_T1w.nii.gz",
            "sub-01/ses-b/anat/sub-01_ses-b_T1w.nii.gz",
            "sub-02/anat/sub-02_T1w.nii.gz",
            "sub-02/anat/sub-02_T2w.nii.gz",
            "derivatives/sub-02/sub-02_mask.nii.gz",
            "sub-02/anat/strange.nii.gz",
        )
    ):
        nifti(tmp_path / name, index)
    found = survey(tmp_path)
    assert found.kind == "bids"
    assert [case.patient for case in found.cohort.cases] == ["sub-01", "sub-01", "sub-02", "sub-02"]
    assert found.cohort.fact("label") == ("T1w", "T1w", "T1w", "T2w")
    assert found.cohort.cases[1].facts["session"] == "b"
    assert found.cohort.remarks == ()
    assert sorted(problem.path.name for problem in found.problems) == ["derivatives", "strange.nii.gz"]


def test_classes_that_are_only_called_sub_are_classes(tmp_path: Path, png):
    for name in ("sub-a/1.png", "sub-b/2.png"):
        png(tmp_path / name)
    assert survey(tmp_path).kind == "classes"
