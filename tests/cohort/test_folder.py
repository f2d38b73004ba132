"""Folders of every kind become cohorts; what cannot be read gets a line and stops nobody."""

import json
from pathlib import Path

import numpy as np
import pytest
from nibabel import Nifti1Image
from nibabel import save as save_nifti
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import MediaStorageDirectoryStorage

from vesalius.cohort.folder import read_cohort, survey
from vesalius.cohort.summary import summarise
from vesalius.cohort.table import write_cohort
from vesalius.errors import CohortError, EmptyCohortError, LeakageError


def table(folder: Path, *lines: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_a_table_tells_people_labels_masks_and_typed_facts(tmp_path: Path, png):
    for name in ("a.png", "b.png", "masks/a.png"):
        png(tmp_path / name)
    table(
        tmp_path,
        "file,label,patient,split,mask,age,dose,code",
        "a.png,1,p1,train,masks/a.png,40,0.5,007",
        "b.png,2,,test,,,2,12",
    )
    found = survey(tmp_path)
    first, second = found.cohort.cases
    assert found.kind == "metadata"
    assert not found.problems
    assert (first.patient, second.patient) == ("p1", "b")
    assert first.facts["label"] == "1"
    assert (first.facts["age"], first.facts["dose"], first.facts["code"]) == (40, 0.5, "007")
    assert "age" not in second.facts
    assert (first.facts["rows"], first.facts["columns"], first.facts["slices"]) == (16, 16, 1)
    assert first.mask().labels.shape == (1, 1, 16, 16)
    assert not second.masks


def test_what_is_wrong_in_a_table_gets_a_line_and_stops_nobody(tmp_path: Path, png):
    png(tmp_path / "pack/a.png")
    png(tmp_path / "outside.png")
    (tmp_path / "pack/cut.png").write_bytes((tmp_path / "pack/a.png").read_bytes()[:60])
    lines = ["a.png,x,", "gone.png,x,", "../outside.png,x,", "a.png,x,", "cut.png,x,", ",x,", "short"]
    found = survey(table(tmp_path / "pack", "file,label,mask", *lines), decode=True)
    assert [case.key for case in found.cohort.cases] == ["a.png"]
    reasons = sorted(problem.reason for problem in found.problems)
    assert len(reasons) == 6
    for part in ("no such file", "lies outside", "named twice", "cut.png", "without a file name", "cells"):
        assert any(part in reason for reason in reasons), part


def test_a_lost_label_map_costs_the_map_and_not_the_case(tmp_path: Path, png):
    png(tmp_path / "a.png")
    found = survey(table(tmp_path, "file,mask", "a.png,masks/a.png"))
    assert not found.cohort.cases[0].masks
    assert "'mask' left out" in found.problems[0].reason


def test_a_folder_for_each_class_is_read(tmp_path: Path, png):
    for i, name in enumerate(("cat/p1_1.png", "cat/p1_2.png", "dog/deep/p2_1.png")):
        png(tmp_path / name, i)
    found = survey(tmp_path, patient=r"(p\d+)_")
    assert found.kind == "classes"
    assert found.cohort.fact("label") == ("cat", "cat", "dog")
    assert found.cohort.patients == {"p1", "p2"}


def test_folders_called_train_and_test_are_parts(tmp_path: Path, png):
    for i, name in enumerate(("train/ill/a.png", "train/well/b.png", "test/ill/c.png")):
        png(tmp_path / name, i)
    cohort = read_cohort(tmp_path)
    assert cohort.fact("label") == ("ill", "ill", "well")
    assert cohort.fact("split") == ("test", "train", "train")


def test_folders_beside_pictures_are_no_classes_and_are_named(tmp_path: Path, png):
    for name in ("a.png", "b.png", "masks/a.png"):
        png(tmp_path / name)
    found = survey(tmp_path)
    assert found.kind == "flat"
    assert [case.key for case in found.cohort.cases] == ["a.png", "b.png"]
    assert [problem.path.name for problem in found.problems] == ["masks"]


def test_one_file_is_a_cohort_of_one(tmp_path: Path, png):
    (case,) = survey(png(tmp_path / "a.png")).cohort.cases
    assert (case.key, case.patient) == ("a.png", "a")


def test_a_pattern_that_does_not_fit_is_refused(tmp_path: Path, png):
    png(tmp_path / "a.png")
    with pytest.raises(CohortError, match=r"does not fit 'a\.png'"):
        survey(tmp_path, patient=r"p\d+")
    with pytest.raises(CohortError, match="no regular expression"):
        survey(tmp_path, patient="(")


def test_nnunet_channels_become_roles(tmp_path: Path, nifti):
    for case in ("head_01", "head_02"):
        labels = tmp_path / f"labelsTr/{case}.nii.gz"
        for channel in ("0000", "0001"):
            nifti(tmp_path / f"imagesTr/{case}_{channel}.nii.gz", int(channel), labels)
    (tmp_path / "dataset.json").write_text(json.dumps({"channel_names": {"0": "T1", "1": "T2"}}))
    found = survey(tmp_path, decode=True)
    case = found.cohort.cases[0]
    assert found.kind == "nnunet"
    assert (case.key, case.patient, case.facts["channel"]) == ("head_01", "head_01", "T1")
    assert set(case.pictures) == {"image", "image_1"}
    assert int(case.mask().labels.sum()) == 12
    assert (case.facts["slices"], case.facts["rows"], case.facts["columns"]) == (8, 6, 5)
    assert (case.facts["spacing_z"], case.facts["spacing_y"], case.facts["spacing_x"]) == (3.0, 2.0, 1.0)


def test_our_own_table_is_read_from_its_folder(tmp_path: Path, png):
    png(tmp_path / "images/a.png")
    write_cohort(read_cohort(tmp_path / "images"), tmp_path / "cohort.parquet")
    for source in (tmp_path, tmp_path / "cohort.parquet"):
        found = survey(source)
        assert found.kind == "parquet"
        assert found.cohort.cases[0].image().voxels.shape == (1, 1, 16, 16)


def test_a_text_file_named_dcm_among_pictures_is_a_problem_only(tmp_path: Path, png):
    for i in range(3):
        png(tmp_path / f"{i}.png", i)
    (tmp_path / "note.dcm").write_text("not a picture at all")
    found = survey(tmp_path)
    assert found.kind == "flat"
    assert len(found.cohort) == 3
    assert [problem.path.name for problem in found.problems] == ["note.dcm"]


def test_a_folder_of_one_text_file_named_dcm_is_empty_and_says_why(tmp_path: Path):
    (tmp_path / "note.dcm").write_text("not a picture at all")
    with pytest.raises(EmptyCohortError, match=r"no readable picture.*note\.dcm"):
        survey(tmp_path)


def test_a_volume_with_nan_is_a_problem_when_decoded(tmp_path: Path, nifti):
    nifti(tmp_path / "good.nii.gz")
    save_nifti(Nifti1Image(np.full((4, 4, 4), np.nan, np.float32), np.eye(4)), tmp_path / "bad.nii.gz")
    found = survey(tmp_path, decode=True)
    assert [case.key for case in found.cohort.cases] == ["good.nii.gz"]
    assert "bad.nii.gz" in found.problems[0].reason


def test_a_dicomdir_in_a_table_is_named(tmp_path: Path, png):
    png(tmp_path / "a.png")
    index = dcmread(str(get_testdata_file("CT_small.dcm")))
    index.SOPClassUID = MediaStorageDirectoryStorage
    index.save_as(tmp_path / "index.dcm")
    found = survey(table(tmp_path, "file", "a.png", "index.dcm"))
    assert [case.key for case in found.cohort.cases] == ["a.png"]
    assert "is a DICOMDIR" in found.problems[0].reason


def test_what_a_picture_measures_wins_over_the_table(tmp_path: Path, nifti):
    nifti(tmp_path / "a.nii.gz")
    lines = ("file,slices,rows,spacing_z,modality", "a.nii.gz,1,512x,unknown,MR")
    (case,) = read_cohort(table(tmp_path, *lines)).cases
    assert (case.facts["slices"], case.facts["rows"], case.facts["spacing_z"]) == (8, 6, 3.0)
    assert case.facts["modality"] == "MR"


def test_columns_named_like_measures_may_say_anything(tmp_path: Path, png):
    png(tmp_path / "a.png")
    summary = summarise(survey(table(tmp_path, "file,spacing_z,spacing_y,spacing_x", "a.png,unknown,1,1")))
    assert summary.spacing is None
    assert not summary.spacings


def test_files_of_one_name_in_two_folders_are_two_people(tmp_path: Path, png):
    for name in ("train/0.png", "test/0.png"):
        png(tmp_path / name)
    cohort = read_cohort(table(tmp_path, "file,split", "train/0.png,train", "test/0.png,test"))
    assert cohort.patients == {"train/0", "test/0"}


def test_an_empty_folder_and_a_missing_one_are_refused(tmp_path: Path):
    with pytest.raises(EmptyCohortError, match="holds no picture"):
        survey(tmp_path)
    with pytest.raises(CohortError, match="no such file or folder"):
        survey(tmp_path / "gone")


def test_a_table_without_files_is_refused(tmp_path: Path):
    with pytest.raises(CohortError, match=r"no column 'file'; it has \['picture', 'label'\]"):
        survey(table(tmp_path, "picture,label", "a.png,x"))


def test_an_unknown_label_column_is_refused_with_those_there(tmp_path: Path, png):
    png(tmp_path / "a.png")
    with pytest.raises(CohortError, match=r"no column 'finding'; there are \[.*'grade'.*\]"):
        survey(table(tmp_path, "file,grade", "a.png,2"), label="finding")


def test_another_column_can_be_the_label(tmp_path: Path, png):
    png(tmp_path / "a.png")
    assert survey(table(tmp_path, "file,grade", "a.png,2"), label="grade").cohort.fact("label") == ("2",)


def test_a_patient_in_two_recorded_parts_is_refused(tmp_path: Path, png):
    for name in ("a.png", "b.png"):
        png(tmp_path / name)
    with pytest.raises(LeakageError, match="p1"):
        survey(table(tmp_path, "file,patient,split", "a.png,p1,train", "b.png,p1,test"))


@pytest.mark.parametrize(
    ("name", "cases", "patients"),
    [
        ("chest_xray_pneumonia", 2000, 1679),
        ("seg_nuclei", 303, 302),
        ("nifti_hippocampus", 140, 12),
        ("nifti_brain_multimodal", 8, 2),
        ("detect_blood_cells", 364, 364),
    ],
)
def test_real_packs_are_read_whole(data, name: str, cases: int, patients: int):
    found = survey(data(name))
    assert found.kind == "metadata"
    assert not found.problems
    assert len(found.cohort) == cases
    assert len(found.cohort.patients) == patients


def test_every_file_of_the_dicom_pack_is_a_case_or_a_problem(data):
    found = survey(data("dicom_mixed"))
    assert len(found.cohort) + len(found.problems) == 210
    assert len(found.cohort) >= 200
    assert {"MR_truncated.dcm", "rtplan.dcm"} <= {problem.path.name for problem in found.problems}


def test_a_dicom_tree_has_a_case_for_each_series(data):
    found = survey(data("dicom_mixed") / "mr_pacsman_series")
    (case,) = found.cohort.cases
    assert found.kind == "dicom"
    assert (case.facts["slices"], case.facts["label"]) == (128, "MR")
    assert case.patient not in {"", "0"}


def test_a_dicom_series_that_is_no_grid_is_read_file_by_file_and_named(data):
    found = survey(data("dicom_mixed") / "ct_head_ge")
    assert len(found.cohort) == 28
    assert len(found.cohort.patients) == 1
    assert "slice spacing changes" in found.problems[0].reason
