"""The whole way refuses early, names what it left out, and releases whole folders only."""

import csv
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from vesalius import cli
from vesalius.cli import expand as verb
from vesalius.cli.judge import Bench
from vesalius.cohort.phantom import phantom_cohort
from vesalius.errors import StorageError
from vesalius.evidence.record import Evidence, read_evidence
from vesalius.imaging.formats import write_image
from vesalius.model.standing import Standing, leave_standing
from vesalius.training.fit import fit

SIDES = ("train", "val", "test")


@pytest.fixture
def study(tmp_path):
    """Thirteen people on each side, recorded in a table, as NIfTI."""
    people = phantom_cohort(39, size=16).cases
    rows = []
    for index, case in enumerate(people):
        write_image(case.image(), tmp_path / "study" / f"{index}.nii.gz")
        rows.append((f"{index}.nii.gz", case.facts["label"], case.patient, SIDES[index // 13]))
    with (tmp_path / "study" / "metadata.csv").open("w", newline="") as target:
        csv.writer(target).writerows([("file", "label", "patient", "split"), *rows])
    return tmp_path / "study"


@pytest.fixture
def asked(study, tmp_path):
    """Words of a small run on it."""
    out = str(tmp_path / "out")
    return ["expand", str(study), "--out", out, "--size=16", "--minutes=0.01", "--per-class=20"]


def spoil(study, *indices):
    """Put values that are no numbers into pictures: their headers still read."""
    for index in indices:
        hole = np.full((16, 16, 1), np.nan, np.float32)
        nibabel.save(nibabel.Nifti1Image(hole, np.eye(4)), study / f"{index}.nii.gz")


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        (range(26, 39), "EmptyCohortError: "),
        (range(26, 28), "EvidenceError: test side: 11 usable pictures, wanted at least 12"),
        (range(13, 26), "EmptyCohortError: "),
    ],
)
def test_sides_that_cannot_be_used_are_refused_before_anything_is_begun(
    spoilt, message, study, asked, tmp_path, monkeypatch, capsys
):
    spoil(study, *spoilt)
    monkeypatch.setattr(verb, "train_with_bar", None)
    assert cli.main(asked) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_channels_that_no_dicom_file_holds_are_refused_before_the_training(
    study, asked, tmp_path, monkeypatch, capsys
):
    for index, case in enumerate(phantom_cohort(39, size=16).cases):
        image = case.image()
        two = replace(image, voxels=image.voxels.repeat(2, 1, 1, 1))
        write_image(two, study / f"{index}.nii.gz")
    monkeypatch.setattr(verb, "begin_with_bar", None)
    assert cli.main(asked) == 1
    assert "DicomError: pictures have 2 channels, wanted 1 or 3, or --nifti" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    with pytest.raises(TypeError, match="not callable"):
        cli.main([*asked, "--nifti"])


def test_too_few_pictures_to_learn_from_are_refused_before_the_training(study, asked, monkeypatch, capsys):
    spoil(study, 0, 1)
    monkeypatch.setattr(verb, "train_with_bar", None)
    assert cli.main(asked) == 1
    assert "EvidenceError: training side: 11 usable pictures, wanted at least 12" in capsys.readouterr().err


@pytest.mark.parametrize("index", [3, 15, 30])
def test_a_picture_that_fails_only_when_decoded_is_named(index, study, asked, monkeypatch, capsys):
    spoil(study, index)

    def stop(run):
        raise KeyboardInterrupt

    monkeypatch.setattr(verb, "train_with_bar", stop)
    assert cli.main(asked) == 130
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("left out: ")]
    assert len(lines) == 1
    assert f"{index}.nii.gz" in lines[0]


def test_pictures_that_copy_patients_are_not_released(asked, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(verb, "Bench", lambda train, test, made, earlier: Bench(train, test, train))
    assert cli.main([*asked, "--quick"]) == 1
    assert "ReleaseError: " in capsys.readouterr().err
    assert {entry.name for entry in (tmp_path / "out").iterdir()} == {"evidence.json", "report.html", "run"}
    assert read_evidence(tmp_path / "out").verdict("Copying").code == "COPIES FOUND"
    assert cli.main(["sample", str(tmp_path / "out" / "run"), "--out", str(tmp_path / "more")]) == 1
    assert not (tmp_path / "more").exists()


def test_a_way_that_is_stopped_again_and_again_ends_with_the_same_command(
    asked, tmp_path, monkeypatch, capsys
):
    def stop(*told, **named):
        raise KeyboardInterrupt

    for stage in ("begin_with_bar", "train_with_bar", "stack_made", "judge", "write_samples"):
        with monkeypatch.context() as patched:
            patched.setattr(verb, stage, stop)
            assert cli.main([*asked, "--quick"]) == 130, stage
        assert "the same command goes on from here" in capsys.readouterr().err
        assert not (tmp_path / "out" / "synthetic").exists()
    assert cli.main([*asked, "--quick"]) == 0
    assert (tmp_path / "out" / "synthetic" / "metadata.csv").exists()


def test_a_disk_that_was_full_at_the_first_write_does_not_block_the_folder(asked, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full_disk)
        assert cli.main(asked) == 1
    assert [entry.name for entry in (tmp_path / "out").rglob("*")] == ["run"]
    verb.check(
        verb.Plan(out=tmp_path / "out", minutes=1.0, per_class=None, size=(16, 16), seed=0, quick=True)
    )


def full_disk(path, content):
    """What a full disk says."""
    raise OSError(28, "No space left on device")


@pytest.fixture
def model(tmp_path):
    """Of a few steps, with the plan that is to release its pictures."""
    people = phantom_cohort(12, size=16)
    task = verb.synthesis_of(people, 16, "label")
    recipe = verb.conditional_gan(task, people, 1.0)
    return fit(recipe, people, tmp_path / "out" / "run", minutes=0.001)


@pytest.fixture
def plan(tmp_path):
    return verb.Plan(out=tmp_path / "out", minutes=1.0, per_class=12, size=(16, 16), seed=0, quick=True)


class Blank(Evidence):
    """Evidence of nothing."""

    sha256 = "e" * 64

    def __init__(self):
        pass


def test_pictures_appear_with_their_evidence_or_not_at_all(model, plan, monkeypatch):
    def full(evidence, folder, public=False):
        (folder / "evidence.json").write_text("half")
        raise StorageError(folder / "report.html", "No space left on device")

    monkeypatch.setattr(verb, "gate", lambda evidence: ())
    monkeypatch.setattr(verb, "write_evidence", full)
    with pytest.raises(StorageError, match="No space left on device"):
        verb.release(plan, model, [0, 1], Blank())
    assert [entry.name for entry in plan.out.iterdir()] == ["run"]
    verb.check(plan)


def test_a_model_that_was_found_to_copy_makes_nothing_more(model, tmp_path, capsys):
    run = tmp_path / "out" / "run"
    words = ["sample", str(run), "--per-class", "1"]
    assert cli.main([*words, "--out", str(tmp_path / "before")]) == 0
    found = Standing(
        model=model.card.weights, copying="COPIES FOUND", evidence="e" * 64, report="proof/report.html"
    )
    leave_standing(found, run / "model")
    capsys.readouterr()
    assert cli.main([*words, "--out", str(tmp_path / "after")]) == 1
    assert "ReleaseError: " in (said := capsys.readouterr().err)
    assert "see proof/report.html" in said
    assert not (tmp_path / "after").exists()


def test_a_negative_seed_makes_no_pictures(model, tmp_path, capsys):
    words = [
        "sample",
        tmp_path / "out" / "run",
        "--per-class",
        "1",
        "--seed",
        "-1",
        "--out",
        tmp_path / "made",
    ]
    assert cli.main([str(word) for word in words]) == 1
    assert "ModelError: seed is -1, wanted 0 or more" in capsys.readouterr().err
    assert not (tmp_path / "made").exists()
