"""A table names each file once, by whatever path, from wherever it is read."""

from pathlib import Path

import pytest
import torch

from vesalius.cohort.folder import read_cohort, survey
from vesalius.errors import CohortError, EmptyCohortError
from vesalius.imaging.dicom_write import write_dicom
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image, Origin
from vesalius.imaging.marks import Mark


@pytest.fixture
def pack(tmp_path: Path, png) -> Path:
    for name in ("images/a.png", "images/b.png"):
        png(tmp_path / "pack" / name)
    (tmp_path / "pack/metadata.csv").write_text("file,mask\nimages/a.png,images/b.png\n")
    return tmp_path / "pack"


@pytest.mark.parametrize(("here", "source"), [("pack", "."), ("pack", "metadata.csv"), (".", "pack")])
def test_a_table_is_read_from_its_own_folder(pack: Path, monkeypatch, here, source):
    monkeypatch.chdir(pack.parent / here)
    found = survey(Path(source))
    assert found.problems == ()
    assert [case.key for case in found.cohort.cases] == ["images/a.png"]
    assert found.cohort.cases[0].masks


def test_a_whole_path_within_a_folder_named_in_short_is_within(pack: Path, monkeypatch):
    (pack / "metadata.csv").write_text(f"file\n{pack}/images/a.png\n{pack.parent}/c.png\n")
    monkeypatch.chdir(pack.parent)
    found = survey(Path("pack"))
    assert [case.key for case in found.cohort.cases] == ["images/a.png"]
    assert "c.png: lies outside" in found.problems[0].reason


def test_one_file_in_two_spellings_is_one_person(pack: Path):
    (pack / "metadata.csv").write_text("file\nimages/a.png\nimages/./a.png\nimages/../images/a.png\n")
    found = survey(pack)
    assert found.cohort.patients == {"images/a"}
    assert [problem.reason.split(",")[0] for problem in found.problems] == ["images/a.png: named twice"] * 2


def test_a_backslash_is_named_where_it_may_be_meant_as_a_slash(pack: Path):
    (pack / "metadata.csv").write_text("file\nimages\\a.png\n")
    with pytest.raises(EmptyCohortError, match=r"images\\a\.png: no such file, with \\ where / may be meant"):
        read_cohort(pack)


def test_a_column_that_stands_twice_is_refused(pack: Path):
    (pack / "metadata.csv").write_text("file,label,label\nimages/a.png,x,y\n")
    with pytest.raises(CohortError, match=r"metadata\.csv has column 'label' twice, wanted each once"):
        read_cohort(pack)


def test_a_table_with_other_commas_is_refused_also_among_dicom_files(tmp_path: Path, dicom):
    dicom(tmp_path / "a.dcm", "p", "1")
    (tmp_path / "metadata.csv").write_text("file;label\na.dcm;x\n")
    with pytest.raises(CohortError, match=r"no column 'file'; it has \['file;label'\]"):
        read_cohort(tmp_path)


@pytest.mark.parametrize(
    "column",
    ["patient_id", "PatientID", "Subject ID", "participant_id", "Patient", "SubjectID", "Patient-ID"],
)
def test_the_person_is_known_by_the_names_of_other_tools(pack: Path, column):
    (pack / "metadata.csv").write_text(f"file,{column}\nimages/a.png,p1\nimages/b.png,p1\n")
    found = read_cohort(pack)
    assert found.patients == {"p1"}
    assert not any(column in case.facts for case in found.cases)


def test_a_column_called_patient_comes_first(pack: Path):
    (pack / "metadata.csv").write_text("file,patient,subject\nimages/a.png,p1,s1\n")
    (case,) = read_cohort(pack).cases
    assert (case.patient, case.facts["subject"]) == ("p1", "s1")


def test_two_columns_that_may_name_the_person_are_refused(pack: Path):
    (pack / "metadata.csv").write_text("file,subject,patient_id\nimages/a.png,s1,p1\n")
    with pytest.raises(CohortError, match=r"has columns \['subject', 'patient_id'\] for the person, wanted"):
        read_cohort(pack)


def test_a_folder_in_a_table_is_one_series_in_the_order_of_its_slices(tmp_path):
    grid = Geometry.plain((5, 4, 3), (2.0, 1.0, 1.0))
    image = Image(torch.arange(60.0).reshape(1, 5, 4, 3), grid, modality="MR")
    write_dicom(image, tmp_path / "a" / "one", Mark(Origin.ACQUIRED), patient="p")
    for number, name in enumerate(("0005", "0003", "0001", "0002", "0004")):
        (tmp_path / "a" / "one" / f"{name}.dcm").rename(tmp_path / "a" / "one" / f"{number}")
    (tmp_path / "empty").mkdir()
    (tmp_path / "metadata.csv").write_text("file,label\na/one,x\nempty,x\n")
    found = survey(tmp_path)
    (case,) = found.cohort.cases
    assert torch.equal(case.image().voxels, image.voxels)
    assert case.image().geometry.is_close(grid)
    assert case.key == "a/one"
    assert [problem.path.name for problem in found.problems] == ["empty"]
