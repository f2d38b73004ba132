"""DICOM trees: people by Patient ID, classes and parts by folders, and nothing lost without a line."""

from pathlib import Path

import pytest
import torch

from vesalius.cohort.folder import survey
from vesalius.errors import LeakageError
from vesalius.imaging.dicom_write import write_dicom
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import HOUNSFIELD, Image, LabelMap, Origin
from vesalius.imaging.marks import Mark
from vesalius.imaging.segmentation import write_segmentation


def people(folder: Path, dicom, *names: str) -> Path:
    """A slice of each person; a path such as ``ill/ann.dcm`` is of Ann."""
    for study, name in enumerate(names):
        dicom(folder / name, Path(name).stem.split("-")[0], f"{study}")
    return folder


def test_folders_of_several_people_are_classes_and_that_is_said(tmp_path: Path, dicom):
    people(
        tmp_path, dicom, "ill/ann.dcm", "ill/bob.dcm", "well/deep/cem.dcm", "well/eva.dcm", "well/ann-2.dcm"
    )
    found = survey(tmp_path)
    assert found.kind == "dicom"
    assert found.cohort.fact("label") == ("ill", "ill", "well", "well", "well")
    assert found.cohort.fact("folder") == found.cohort.fact("label")
    assert len(found.cohort.patients) == 4
    (note,) = (note for note in found.notes if note.path == tmp_path)
    assert "each sub-folder holds several people, so their names are the labels" in note.reason
    assert set(survey(tmp_path, label="modality").cohort.fact("label")) == {"OT"}


def test_folders_of_one_person_each_are_people_and_no_classes(tmp_path: Path, dicom):
    people(tmp_path, dicom, "ann/ann-1.dcm", "ann/ann-2.dcm", "bob/bob.dcm")
    found = survey(tmp_path)
    assert set(found.cohort.fact("label")) == {"OT"}
    assert not any(note.path == tmp_path for note in found.notes)


def test_where_folders_may_be_classes_the_user_hears_how_to_say_so(tmp_path: Path, dicom):
    people(tmp_path, dicom, "ill/ann.dcm", "ill/bob.dcm", "well/deep/cem.dcm")
    found = survey(tmp_path)
    assert set(found.cohort.fact("label")) == {"OT"}
    (note,) = (note for note in found.notes if note.path == tmp_path)
    assert "not every sub-folder holds several Patient IDs" in note.reason
    assert survey(tmp_path, label="folder").cohort.fact("label") == ("ill", "ill", "well")


def test_folders_of_several_visits_without_patient_id_are_no_classes_and_that_is_said(tmp_path: Path, dicom):
    for study, name in enumerate(("p1/a.dcm", "p1/b.dcm", "p2/a.dcm", "p2/b.dcm")):
        dicom(tmp_path / name, "", f"{study}")
    found = survey(tmp_path)
    assert set(found.cohort.fact("label")) == {"OT"}
    assert any("none is taken for a class" in note.reason for note in found.notes)


def test_a_series_whose_slices_were_sorted_into_classes_is_read_in_each(tmp_path: Path):
    for who in ("ann", "bob"):
        grey = Image(torch.arange(256.0).reshape(1, 4, 8, 8), Geometry.plain((4, 8, 8)), HOUNSFIELD)
        paths = write_dicom(grey, tmp_path / who, Mark(Origin.ACQUIRED), patient=who)
        for index, path in enumerate(paths):
            place = tmp_path / "study" / ("ill" if index < 2 else "well") / f"{who}{index}.dcm"
            place.parent.mkdir(parents=True, exist_ok=True)
            path.rename(place)
    found = survey(tmp_path / "study")
    assert found.cohort.fact("label") == ("ill", "ill", "well", "well")
    assert {case.facts["slices"] for case in found.cohort.cases} == {2}
    assert not found.problems


def test_a_broken_file_of_a_class_or_beside_it_is_named_once(tmp_path: Path, dicom):
    people(tmp_path, dicom, "ill/ann.dcm", "ill/bob.dcm", "well/cem.dcm", "well/eva.dcm")
    (tmp_path / "odd").mkdir()
    for name in ("ill/torn.dcm", "odd/torn.dcm", "torn.dcm"):
        (tmp_path / name).write_text("torn")
    found = survey(tmp_path)
    assert found.cohort.fact("label") == ("ill", "ill", "well", "well")
    named = [problem.path.relative_to(tmp_path).as_posix() for problem in found.problems]
    assert sorted(named) == ["ill/torn.dcm", "odd/torn.dcm", "torn.dcm"]


def test_recorded_parts_of_a_dicom_tree_are_kept_with_their_classes(tmp_path: Path, dicom):
    names = [f"{part}/{kind}/{part}{kind}.dcm" for part in ("train", "test") for kind in ("ill", "well")]
    people(tmp_path, dicom, *names, "extra/x.dcm", "extra/y.dcm")
    found = survey(tmp_path)
    assert found.cohort.fact("split") == ("test", "test", "train", "train")
    assert found.cohort.fact("label") == ("ill", "well", "ill", "well")
    assert [problem.path.name for problem in found.problems] == ["extra"]


def test_one_person_in_two_recorded_parts_of_a_dicom_tree_is_refused(tmp_path: Path, dicom):
    people(tmp_path, dicom, "train/ann-1.dcm", "test/ann-2.dcm")
    with pytest.raises(LeakageError, match="'test' and 'train'"):
        survey(tmp_path)


def test_a_segmentation_beside_its_pictures_is_named_and_no_picture(tmp_path: Path):
    grid = Geometry.plain((3, 6, 8))
    grey = Image(torch.rand(1, 3, 6, 8) * 100, grid, HOUNSFIELD, Origin.ACQUIRED, "CT")
    sources = write_dicom(grey, tmp_path / "ct", Mark(Origin.ACQUIRED), patient="p")
    drawn = torch.zeros(1, 3, 6, 8, dtype=torch.long)
    drawn[0, 1, 2:4, 3:6] = 1
    write_segmentation(LabelMap(drawn, grid), tmp_path / "seg.dcm", sources, Mark(Origin.DERIVED))
    found = survey(tmp_path)
    assert found.cohort.fact("label") == ("CT",)
    (problem,) = found.problems
    assert problem.path == tmp_path / "seg.dcm"
    assert "is a segmentation, wanted a picture" in problem.reason


def test_a_table_of_another_tool_among_dicom_files_is_named_and_stops_nobody(tmp_path: Path, dicom):
    people(tmp_path, dicom, "ann/a.dcm", "bob/b.dcm")
    (tmp_path / "metadata.csv").write_text("Series UID,Collection,Subject ID,File Location\n1,X,Y,./z\n")
    found = survey(tmp_path)
    assert (found.kind, len(found.cohort)) == ("dicom", 2)
    (problem,) = found.problems
    assert "metadata.csv: not read: has no column 'file'" in problem.reason


@pytest.mark.parametrize("kind", ["flat", "classes", "metadata"])
def test_the_patient_id_of_a_dicom_file_names_the_person_in_every_layout(tmp_path: Path, png, dicom, kind):
    place = tmp_path / "ill" if kind == "classes" else tmp_path
    people(place, dicom, "ann-1.dcm", "ann-2.dcm")
    for index in range(3):
        png(place / f"{index}.png", index)
    if kind == "metadata":
        (tmp_path / "metadata.csv").write_text("file\nann-1.dcm\nann-2.dcm\n0.png\n1.png\n2.png\n")
    found = survey(tmp_path)
    assert (found.kind, len(found.cohort), len(found.cohort.patients)) == (kind, 5, 4)
    (remark,) = found.cohort.remarks
    assert remark.startswith("3 of 5 ")
