"""Folders that speak by their shape."""

from pathlib import Path
from shutil import copy

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from vesalius.cli.cohort import show_cohort
from vesalius.cli.verbs import Cohort as Ask
from vesalius.cohort.folder import read_cohort, survey
from vesalius.cohort.slices import slices
from vesalius.cohort.summary import summarise
from vesalius.cohort.table import write_cohort
from vesalius.errors import DicomError
from vesalius.imaging.formats import read_image


def test_parts_without_classes_are_parts_and_no_labels(tmp_path: Path, png):
    for name in ("train/0.png", "train/1.png", "test/0.png"):
        png(tmp_path / name)
    cohort = read_cohort(tmp_path)
    assert cohort.fact("split") == ("test", "train", "train")
    assert not any("label" in case.facts for case in cohort.cases)
    assert len(cohort.patients) == 3


def test_pictures_of_a_part_beside_its_classes_are_named(tmp_path: Path, png):
    for name in ("train/ill/a.png", "train/loose.png", "test/ill/c.png"):
        png(tmp_path / name)
    found = survey(tmp_path)
    assert len(found.cohort) == 2
    assert [problem.path.name for problem in found.problems] == ["loose.png"]


def series(folder: Path, step: tuple[float, float, float] = (0, 0, 2), **changes: object) -> Path:
    """Three slices, each further by a step."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(3):
        slice_ = dcmread(str(get_testdata_file("CT_small.dcm")))
        slice_.SOPInstanceUID = f"1.2.3.{i}"
        slice_.ImagePositionPatient = [i * length for length in step]
        for keyword, value in changes.items():
            setattr(slice_, keyword, value)
        slice_.save_as(folder / f"{i}.dcm")
    return folder


def test_a_gantry_tilt_is_noted(tmp_path: Path):
    found = survey(series(tmp_path, (0, 0.5, 2)))
    assert len(found.cohort) == 1
    assert not found.problems
    assert "gantry tilt" in found.notes[0].reason
    assert summarise(found).notes == found.notes


def test_the_verb_tells_a_note_once_for_all_pictures_it_holds_for(tmp_path: Path, capsys):
    for name in ("1", "2"):
        series(tmp_path / name, (0, 0.5, 2), SeriesInstanceUID=f"1.2.{name}")
    show_cohort(Ask(source=tmp_path))
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("note:"))
    assert "0.dcm and 1 more: " in line
    assert "gantry tilt" in line


def adrift(path: Path) -> Path:
    """One slice that does not say where it lies."""
    slice_ = dcmread(str(get_testdata_file("CT_small.dcm")))
    del slice_.ImagePositionPatient
    path.parent.mkdir(parents=True, exist_ok=True)
    slice_.save_as(path)
    return path


@pytest.mark.parametrize("kind", ["metadata", "classes", "flat", "nnunet", "dicom"])
@pytest.mark.parametrize("decode", [True, False])
def test_what_is_unusual_about_a_file_is_noted_once_in_every_layout(tmp_path: Path, png, kind, decode):
    folder = {"classes": "ill", "nnunet": "imagesTr"}.get(kind, ".")
    path = adrift(tmp_path / folder / "a.dcm")
    if kind != "dicom":
        for i in range(2):
            png(path.with_name(f"{i}.png"), i)
    if kind == "metadata":
        (tmp_path / "metadata.csv").write_text("file\na.dcm\n")
    found = survey(tmp_path, decode=decode)
    assert found.kind == kind
    (note,) = found.notes
    assert note.path == path
    assert "no position in the patient" in note.reason


def test_what_is_unusual_about_a_series_is_noted_once_from_our_own_table(tmp_path: Path):
    cohort = read_cohort(series(tmp_path / "scans", (0, 0.5, 2)))
    found = survey(write_cohort(slices(cohort), tmp_path / "cohort.parquet"), decode=True)
    assert len(found.cohort) == 3
    (note,) = found.notes
    assert "gantry tilt" in note.reason


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    """What a hospital burns: a series without suffixes, and an index."""
    for path in series(tmp_path / "disc" / "PT000000").iterdir():
        path.rename(path.with_name(f"IM00000{path.stem}"))
    copy(str(get_testdata_file("DICOMDIR")), tmp_path / "disc")
    return tmp_path / "disc"


def test_the_index_of_a_disc_is_no_picture_and_no_problem(disc: Path):
    found = survey(disc, decode=True)
    assert (disc / "DICOMDIR").is_file()
    assert (found.kind, found.problems) == ("dicom", ())
    (case,) = found.cohort.cases
    assert case.facts["slices"] == 3


def test_a_disc_can_be_named_by_its_index(disc: Path):
    found = survey(disc / "DICOMDIR")
    assert found.cohort.name == "disc"
    assert [case.key for case in found.cohort.cases] == [case.key for case in read_cohort(disc).cases]


def test_an_index_under_another_name_is_known_by_its_class(disc: Path):
    (disc / "DICOMDIR").rename(disc / "index.dcm")
    assert survey(disc).problems == ()
    with pytest.raises(DicomError, match=r"index\.dcm: has no Pixel Data \(Media Storage Directory"):
        read_image([disc / "index.dcm"])


def test_an_index_of_any_syntax_and_make_is_known(disc: Path):
    index = disc / "DICOMDIR"
    made = sorted(Path(str(get_testdata_file("DICOMDIR"))).parent.glob("DICOMDIR*"))
    assert len(made) > 5
    index.unlink()
    for number, path in enumerate(made):
        copy(path, disc / f"{number}.dcm")
    assert survey(disc).problems == ()


def test_a_damaged_index_stops_nobody(disc: Path):
    index = disc / "DICOMDIR"
    index.write_bytes(index.read_bytes()[:200])
    found = survey(disc)
    assert (len(found.cohort), found.problems) == (1, ())


def test_leftovers_of_a_killed_writer_are_passed_over(tmp_path: Path):
    series(tmp_path)
    series(tmp_path / ".ab12cd34.syn")
    found = survey(tmp_path)
    assert len(found.cohort) == 1
    assert not found.problems


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
def test_a_modality_with_a_slash_is_no_folder(tmp_path: Path):
    (case,) = survey(series(tmp_path, Modality="CT/MR")).cohort.cases
    assert case.key.startswith("CT_MR-")
    assert case.facts["modality"] == "CT/MR"


def test_pictures_among_dicom_files_are_named(tmp_path: Path, png):
    png(series(tmp_path) / "a.png")
    found = survey(tmp_path)
    assert found.kind == "dicom"
    assert [problem.path.name for problem in found.problems] == ["a.png"]


def test_a_lone_folder_called_test_is_no_part_of_a_study(tmp_path: Path):
    series(tmp_path / "test")
    (case,) = read_cohort(tmp_path).cases
    assert "split" not in case.facts
