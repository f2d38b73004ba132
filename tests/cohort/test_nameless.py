"""Where nobody tells who a picture is of, that is said wherever people are counted."""

from pathlib import Path

import pytest

from vesalius.cli.cohort import show_cohort
from vesalius.cli.people import gather_people, split_people
from vesalius.cli.verbs import Cohort as Ask
from vesalius.cli.verbs import Selection
from vesalius.cohort.folder import read_cohort, survey
from vesalius.cohort.inspection import NAMELESS, NAMELESS_STUDIES
from vesalius.cohort.phantom import phantom_cohort
from vesalius.cohort.slices import slices
from vesalius.cohort.table import write_cohort


def layout(folder: Path, kind: str, png) -> Path:
    places = {
        "classes": ("ill/a.png", "well/b.png"),
        "parts": ("train/a.png", "test/b.png"),
        "parts of classes": ("train/ill/a.png", "test/well/b.png"),
        "nnunet": ("imagesTr/a.png", "imagesTr/b.png"),
    }
    for name in places.get(kind, ("a.png", "b.png")):
        png(folder / name)
    if kind == "metadata":
        (folder / "metadata.csv").write_text("file,label\na.png,x\nb.png,y\n")
    return folder / "a.png" if kind == "one file" else folder


@pytest.mark.parametrize(
    "kind", ["classes", "parts", "parts of classes", "nnunet", "flat", "one file", "metadata"]
)
def test_a_layout_without_patient_ids_says_so(tmp_path: Path, png, kind):
    assert survey(layout(tmp_path, kind, png)).cohort.remarks == (NAMELESS,)


def test_studies_without_patient_id_are_people_of_their_own_and_counted(tmp_path: Path, dicom):
    for number, (who, study) in enumerate([("A", "1"), ("A", "2"), ("", "3"), ("", "3"), ("", "4")]):
        dicom(tmp_path / f"{number}.dcm", who, study)
    cohort = survey(tmp_path).cohort
    assert len(cohort) == 5
    assert len(cohort.patients) == 3
    assert cohort.remarks == (f"2 of 4 series have {NAMELESS_STUDIES}",)


def test_a_pattern_that_names_people_silences_the_remark(tmp_path: Path, png):
    assert survey(layout(tmp_path, "flat", png), patient=r"\w").cohort.remarks == ()


def test_a_table_that_names_some_people_says_how_many_it_does_not(tmp_path: Path, png):
    layout(tmp_path, "flat", png)
    table = tmp_path / "metadata.csv"
    table.write_text("file,patient\na.png,p\nb.png,\n")
    assert survey(tmp_path).cohort.remarks == (f"1 of 2 rows have {NAMELESS}",)
    table.write_text("file,patient\na.png,p\nb.png,q\n")
    assert survey(tmp_path).cohort.remarks == ()


def test_the_remark_stays_with_the_cohort_through_slices_splits_and_tables(tmp_path: Path, nifti):
    nifti(tmp_path / "scans/a.nii.gz")
    cohort = slices(read_cohort(tmp_path / "scans"))
    assert len(cohort) == 6
    for side in cohort.parts():
        assert side.remarks == (NAMELESS,)
    write_cohort(cohort, tmp_path / "table/cohort.parquet")
    assert survey(tmp_path / "table").cohort.remarks == (NAMELESS,)


def test_the_verb_says_it(tmp_path: Path, png, capsys):
    show_cohort(Ask(source=layout(tmp_path, "flat", png)))
    assert f"note: {NAMELESS}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("pictures", [3, 120])
def test_a_run_says_it_at_once_and_the_report_beside_the_verdicts(tmp_path: Path, png, pictures, capsys):
    for i in range(pictures):
        png(tmp_path / f"{i}.png", i)
    people = gather_people(tmp_path, Selection(label="none"))
    assert people.notes[0] == NAMELESS
    assert bool(len(people.parts.test)) == (pictures == 120)
    assert f"note: {NAMELESS}" in " ".join(capsys.readouterr().err.split())


def test_people_who_are_known_need_no_remark():
    assert not split_people(phantom_cohort(170, size=16), Selection()).notes
