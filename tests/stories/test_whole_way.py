"""The whole way on phantoms: folder of pictures to marked DICOM files and a report, by the command line."""

import contextlib
import csv
import html
import io
import re
import shutil

import pydicom
import pytest

from vesalius import cli
from vesalius.cohort.folder import read_cohort
from vesalius.cohort.inspection import NAMELESS
from vesalius.cohort.phantom import phantom_cohort
from vesalius.evidence.record import read_evidence
from vesalius.imaging.dicom_write import read_mark, write_dicom
from vesalius.imaging.formats import write_image
from vesalius.imaging.image import Origin
from vesalius.imaging.marks import Mark
from vesalius.model.standing import read_standing


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Ninety CT slices of phantoms as NIfTI, one folder for each label."""
    folder = tmp_path_factory.mktemp("Grace-Hopper-1906")
    for case in phantom_cohort(90, size=32).cases:
        write_image(case.image(), folder / str(case.facts["label"]) / f"{case.patient}.nii.gz")
    return folder


@pytest.fixture(scope="module")
def expanded(study, tmp_path_factory):
    """What the command made of it."""
    out = tmp_path_factory.mktemp("expanded") / "out"
    words = ["expand", study, "--out", out, "--minutes", "0.05", "--size", "32", "--per-class", "15"]
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        status = cli.main([str(word) for word in [*words, "--quick"]])
    assert status == 0, said.getvalue()
    return out


def test_everything_is_where_it_was_promised(expanded):
    assert {entry.name for entry in expanded.iterdir()} == {
        "run",
        "evidence.json",
        "report.html",
        "synthetic",
    }
    assert (expanded / "run" / "model" / "card.json").exists()


def test_the_verdict_stands_with_the_model(expanded):
    evidence, standing = read_evidence(expanded), read_standing(expanded / "run" / "model")
    assert (standing.model, standing.evidence) == (evidence.subject.model_sha256, evidence.sha256)
    assert standing.copying == evidence.verdict("Copying").code
    assert standing.report == str(expanded / "report.html")


def test_every_made_file_says_what_it_is_and_what_proves_it(expanded):
    evidence = read_evidence(expanded)
    files = sorted((expanded / "synthetic").rglob("*.dcm"))
    assert len(files) == 30
    for file in files:
        mark = read_mark(file)
        assert mark.origin is Origin.SYNTHETIC
        assert mark.evidence == evidence.sha256
        assert mark.model == evidence.subject.model_sha256
    dataset = pydicom.dcmread(files[0])
    assert dataset.SyntheticData == "YES"
    assert dataset.SeriesDescription.startswith("SYNTHETIC")
    assert "SourceImageSequence" not in dataset


def test_the_evidence_that_travels_with_the_pictures_shows_no_real_people(expanded):
    inside, outside = read_evidence(expanded), read_evidence(expanded / "synthetic")
    assert outside.sha256 == inside.sha256
    assert all(not picture.png for picture in outside.pictures if picture.contains_real)
    assert any(picture.png for picture in outside.pictures)
    assert "Public version" in (expanded / "synthetic" / "report.html").read_text()


def test_nothing_that_travels_with_the_pictures_bears_the_name_of_the_folder(study, expanded):
    assert read_evidence(expanded).subject.name == study.name
    files = [path for path in (expanded / "synthetic").rglob("*") if path.is_file()]
    assert len(files) > 30
    for file in files:
        assert study.name.encode() not in file.read_bytes(), file.name


def test_no_two_made_files_share_an_identity(expanded):
    datasets = [pydicom.dcmread(file) for file in (expanded / "synthetic").rglob("*.dcm")]
    for name in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "PatientID"):
        assert len({dataset[name].value for dataset in datasets}) == len(datasets), name


def test_classes_are_balanced(expanded):
    with (expanded / "synthetic" / "metadata.csv").open() as source:
        labels = [row["label"] for row in csv.DictReader(source)]
    assert {label: labels.count(label) for label in labels} == {"healthy": 15, "lesion": 15}


def test_the_report_stands_alone_and_carries_every_verdict(expanded):
    page = (expanded / "report.html").read_text()
    assert not re.search(r"<script|(src|href)\s*=\s*[\"']?(https?:)?//|url\((?!#)", page)
    for verdict in read_evidence(expanded).verdicts:
        assert verdict.text.split(".")[0] in html.unescape(page)


def test_a_study_without_patient_ids_is_called_one_beside_the_verdicts(expanded):
    assert NAMELESS in read_evidence(expanded).subject.remarks
    assert NAMELESS in html.unescape((expanded / "report.html").read_text())


def test_a_finished_folder_is_not_touched_again(study, expanded, capsys):
    before = (expanded / "evidence.json").read_bytes()
    assert cli.main(["expand", str(study), "--out", str(expanded)]) == 1
    assert "it exists already" in capsys.readouterr().err
    assert (expanded / "evidence.json").read_bytes() == before


def test_the_same_way_step_by_step_with_one_picture_that_nobody_marked(study, expanded, tmp_path, capsys):
    run, made, proof = expanded / "run", tmp_path / "made", tmp_path / "proof"
    assert cli.main(["sample", str(run), "--out", str(made), "--per-class", "15", "--seed", "3"]) == 0
    write_image(phantom_cohort(1, size=32, seed=9).cases[0].image(), made / "foreign.nii.gz")
    with (made / "metadata.csv").open("a", newline="") as table:
        csv.writer(table).writerow(("foreign.nii.gz", "healthy", "foreign", "", ""))
    capsys.readouterr()
    assert cli.main(["assess", str(run), str(study), str(made), "--out", str(proof), "--quick"]) == 0
    evidence, said = read_evidence(proof), capsys.readouterr().err
    assert evidence.copying.copied.n == 31
    assert "1 of 31 made files carry no mark of the model" in " ".join(evidence.subject.remarks)
    told = [line.strip(" .") for line in said.splitlines() if line.startswith("  ")]
    assert told == list(evidence.runtime_s)
    assert "decoding the made pictures" in said


def test_a_model_whose_pictures_were_found_to_be_copies_makes_no_more(study, expanded, tmp_path, capsys):
    run = shutil.copytree(expanded / "run", tmp_path / "run")
    weights = read_evidence(expanded).subject.model_sha256
    rows = []
    for case in read_cohort(study).cases:
        mark = Mark(Origin.SYNTHETIC, model=weights)
        (file,) = write_dicom(
            case.image(), tmp_path / "copies" / str(len(rows)), mark, patient=f"x{len(rows)}"
        )
        rows.append(f"{file.relative_to(tmp_path / 'copies')},x{len(rows)},{case.facts['label']}")
    (tmp_path / "copies" / "metadata.csv").write_text("\n".join(["file,patient,label", *rows]))
    words = ["assess", run, study, tmp_path / "copies", "--out", tmp_path / "proof", "--quick"]
    assert cli.main([str(word) for word in words]) == 1
    assert "ReleaseError: " in capsys.readouterr().err
    assert cli.main(["sample", str(run), "--out", str(tmp_path / "made")]) == 1
    assert f"see {tmp_path / 'proof' / 'report.html'}" in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


def test_pictures_without_a_mark_are_assessed_but_decide_nothing_of_the_model(
    study, expanded, tmp_path, capsys
):
    run = shutil.copytree(expanded / "run", tmp_path / "run")
    before = (run / "model" / "verdict.json").read_text()
    words = ["assess", run, study, study, "--out", tmp_path / "proof", "--quick"]
    assert cli.main([str(word) for word in words]) == 1
    said = "".join(capsys.readouterr())
    assert "ReleaseError: " in said
    assert "the verdict is not left with the model" in " ".join(said.split())
    assert (run / "model" / "verdict.json").read_text() == before


def test_pictures_of_another_model_are_not_assessed(study, expanded, tmp_path, capsys):
    other = Mark(Origin.SYNTHETIC, model="b2" * 32)
    write_dicom(phantom_cohort(1, size=32).cases[0].image(), tmp_path / "made", other, patient="x")
    words = ["assess", expanded / "run", study, tmp_path / "made", "--out", tmp_path / "proof"]
    assert cli.main([str(word) for word in words]) == 1
    said = capsys.readouterr().err
    assert "EvidenceError: " in said
    assert "made by model b2b2b2b2b2b2" in said
    assert read_evidence(expanded).subject.model_sha256[:12] in said
    assert not (tmp_path / "proof").exists()
