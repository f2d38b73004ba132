"""A user's mistake: one clear line, exit code 1, nothing half written."""

import re
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
import torch

from vesalius import cli
from vesalius.imaging.dicom_write import write_dicom
from vesalius.imaging.formats import write_image
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image, Origin
from vesalius.imaging.marks import Mark
from vesalius.training import checkpoint, stream


def refused(capsys, *words: object) -> str:
    """The one line that a refused command gives."""
    assert cli.main([str(word) for word in words]) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if "Error: " in line]
    assert len(lines) == 1
    return lines[0]


def grey(value: int = 0) -> Image:
    """A small radiograph."""
    values = (torch.arange(1024).reshape(1, 1, 32, 32) + value) % 256
    return Image(values.float(), Geometry.plain((1, 32, 32)))


@pytest.fixture
def study(tmp_path):
    """Twelve people in a folder for each class."""
    for index in range(12):
        write_image(grey(index), tmp_path / "study" / "ab"[index % 2] / f"p{index}.png")
    return tmp_path / "study"


def test_an_empty_folder(tmp_path, capsys):
    (tmp_path / "nothing").mkdir()
    said = refused(capsys, "expand", tmp_path / "nothing", "--out", tmp_path / "out")
    assert said.startswith("EmptyCohortError: ")
    assert "nothing" in said
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_there(tmp_path, capsys):
    said = refused(capsys, "expand", tmp_path / "gone", "--out", tmp_path / "out")
    assert "gone" in said
    assert not (tmp_path / "out").exists()


def test_no_readable_picture(tmp_path, capsys):
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "text.dcm").write_text("this is not DICOM")
    (folder / "half.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    said = refused(capsys, "cohort", folder)
    assert said.startswith("EmptyCohortError: ")
    assert "text.dcm" in said or "half.png" in said


def cut_off(folder):
    """A DICOM file that ends amid its pixels."""
    (written,) = write_dicom(grey(), folder / "whole", Mark(Origin.DERIVED), patient="x")
    whole = written.read_bytes()
    written.unlink()
    (folder / "cut.dcm").write_bytes(whole[:-500])


def text(folder):
    """A text that is called DICOM."""
    (folder / "text.dcm").write_text("this is not DICOM")


def holes(folder):
    """NIfTI files of values that are no numbers, which only decoding can see."""
    for index in range(24):
        hole = np.full((32, 32, 1), np.nan, np.float32)
        (folder / "ab"[index % 2]).mkdir(exist_ok=True)
        nibabel.save(nibabel.Nifti1Image(hole, np.eye(4)), folder / "ab"[index % 2] / f"hole{index}.nii.gz")


@pytest.mark.parametrize("spoilt", [cut_off, text, holes])
@pytest.mark.parametrize(
    "words", [("cohort",), ("train", "synthesis.conditional_gan"), ("expand",)], ids=lambda words: words[0]
)
def test_nothing_but_pictures_that_cannot_be_used(spoilt, words, tmp_path, capsys):
    (tmp_path / "study").mkdir()
    spoilt(tmp_path / "study")
    out = () if words == ("cohort",) else ("--out", tmp_path / "out")
    said = refused(capsys, *words, tmp_path / "study", *out)
    assert said.startswith(("EmptyCohortError: ", "ImagingError: ")), said
    assert "wanted at least one" in said or "study" in said
    assert [entry.name for entry in tmp_path.iterdir()] == ["study"]


def full(*seen):
    """What a full disk says."""
    raise OSError(28, "No space left on device")


def test_a_full_disk_while_pictures_are_decoded(study, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(stream, "_header", full)
    said = refused(capsys, "train", "synthesis.conditional_gan", study, "--out", tmp_path / "out")
    assert re.fullmatch(r"StorageError: .*pictures.npy: not written: No space left on device", said)
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["cohort.sha256"]


def test_a_full_disk_while_the_game_is_saved(study, tmp_path, capsys, monkeypatch):
    def half(tensors, target, said):
        target.write_bytes(b"half")
        full()

    words = ["train", "synthesis.conditional_gan", study, "--out", tmp_path / "out"]
    words += ["--minutes", "0.01", "--size", "16"]
    monkeypatch.setattr(checkpoint, "save_file", half)
    said = refused(capsys, *words)
    assert re.fullmatch(
        r"StorageError: .*(checkpoint|shelter).safetensors: not written: No space left on device", said
    )
    left = {entry.name for entry in (tmp_path / "out").iterdir()}
    files = {"cohort.sha256", "recipe.json", "pictures.npy", "pictures.json"}
    assert left - {"rhythm.json", "ledger.jsonl"} == files
    monkeypatch.undo()
    assert cli.main([str(word) for word in words]) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is missing: a Linux device")
def test_a_full_disk_while_the_ledger_grows(study, tmp_path, capsys):
    words = ["train", "synthesis.conditional_gan", study, "--out", tmp_path / "out"]
    words += ["--minutes", "0.01", "--size", "16"]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "cohort.sha256").touch()
    ledger = tmp_path / "out" / "ledger.jsonl"
    ledger.symlink_to("/dev/full")
    said = refused(capsys, *words)
    assert re.fullmatch(r"StorageError: .*ledger.jsonl: not written: No space left on device", said)
    left = {entry.name for entry in (tmp_path / "out").iterdir()}
    files = {"cohort.sha256", "recipe.json", "pictures.npy", "pictures.json", "ledger.jsonl"}
    # A look before the first note keeps its moment whole.
    kept = {f"{name}{age}.safetensors" for name in ("checkpoint", "shelter") for age in ("", ".before")}
    assert left - {"rhythm.json", *kept} == files
    ledger.unlink()
    assert cli.main([str(word) for word in words]) == 0


@pytest.mark.parametrize("name", ["recipe.json", "generator.safetensors", "card.json"])
def test_a_full_disk_while_the_model_is_saved(name, study, tmp_path, capsys, monkeypatch):
    whole = Path.write_bytes

    def half(path, content):
        whole(path, content[: len(content) // 2] if path.name.endswith(name) else content)
        if path.name.endswith(name):
            full()

    words = ["train", "synthesis.conditional_gan", study, "--out", tmp_path / "out"]
    words += ["--minutes", "0.01", "--size", "16"]
    monkeypatch.setattr(Path, "write_bytes", half)
    said = refused(capsys, *words)
    assert re.fullmatch(rf"StorageError: .*{name}: not written: No space left on device", said)
    assert not any(name in entry.name for entry in (tmp_path / "out" / "model").iterdir())
    assert not (tmp_path / "out" / "model" / "card.json").exists()
    monkeypatch.undo()
    assert cli.main([str(word) for word in words]) == 0


def test_one_class_only(study, tmp_path, capsys):
    said = refused(capsys, "expand", study, "--where", "label=a", "--out", tmp_path / "out")
    assert "one class only, label = 'a'; wanted two or more" in said
    assert not (tmp_path / "out").exists()


def test_conditions_after_several_flags_all_hold(study, tmp_path, capsys):
    words = ["cohort", study, "--where", "patient=p0,p1,p2", "--where", "label=a"]
    assert cli.main([str(word) for word in words]) == 0
    assert "2 cases of 2 patients" in capsys.readouterr().out


def test_an_unknown_column(study, tmp_path, capsys):
    said = refused(capsys, "expand", study, "--label", "grade", "--out", tmp_path / "out")
    assert "no column 'grade'" in said
    assert not (tmp_path / "out").exists()


def test_an_unknown_value_of_a_condition(study, tmp_path, capsys):
    said = refused(capsys, "expand", study, "--where", "label=c", "--out", tmp_path / "out")
    assert "nobody has label 'c'" in said


def test_a_patient_in_two_splits(study, tmp_path, capsys):
    rows = ["file,label,patient,split", "a/p0.png,a,P,train", "b/p1.png,b,P,test", "a/p2.png,a,Q,train"]
    (study / "metadata.csv").write_text("\n".join(rows))
    said = refused(capsys, "expand", study, "--out", tmp_path / "out")
    assert said.startswith("LeakageError: ")
    assert "P" in said
    assert not (tmp_path / "out").exists()


def test_files_that_cannot_be_used_are_named_and_do_not_stop_the_rest(study, capsys):
    mark = Mark(Origin.DERIVED)
    (written,) = write_dicom(grey(), study / "a" / "series", mark, patient="x")
    whole = written.read_bytes()
    (study / "a" / "cut.dcm").write_bytes(whole[: len(whole) - 500])
    (study / "a" / "text.dcm").write_text("this is not DICOM")
    broken = np.full((8, 8, 2), np.nan, np.float32)
    nibabel.save(nibabel.Nifti1Image(broken, np.eye(4)), study / "b" / "hole.nii.gz")
    assert cli.main(["cohort", str(study)]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, reason in (("cut.dcm", "Pixel Data"), ("text.dcm", "DICOM"), ("hole.nii.gz", "finite")):
        assert [line for line in lines if name in line and reason in line], (name, lines)


def test_a_folder_that_exists(study, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    said = refused(capsys, "expand", study, "--out", tmp_path / "out")
    assert said.startswith("StorageError: ")
    assert "it exists already, wanted a new folder" in said
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seed", "-1"], "seed is -1, wanted 0 or more"),
        (["--per-class", "3"], "per_class is 3, wanted at least 12"),
    ],
)
def test_numbers_that_cannot_be(study, tmp_path, capsys, words, message):
    assert message in refused(capsys, "expand", study, "--out", tmp_path / "out", *words)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("minutes", ["0", "-3", "inf"])
def test_a_budget_of_no_minutes(study, tmp_path, capsys, minutes):
    said = refused(capsys, "expand", study, "--out", tmp_path / "out", "--minutes", minutes)
    assert f"budget is {minutes} minutes, wanted {'an end' if minutes == 'inf' else 'more than 0'}" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("people", ["0", "-5"])
def test_a_demo_with_nobody(tmp_path, capsys, people):
    said = refused(capsys, "demo", "--out", tmp_path / "out", "--people", people)
    assert said == f"EvidenceError: people is {people}, wanted at least 12"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", ["train", "expand", "assess"])
def test_results_that_would_lie_in_a_file_are_refused_before_anything_is_read(tmp_path, capsys, verb):
    (tmp_path / "notes").write_text("a file")
    nowhere = tmp_path / "nowhere"
    words = {"train": ["synthesis.conditional_gan", nowhere], "expand": [nowhere], "assess": [nowhere] * 3}
    said = refused(capsys, verb, *words[verb], "--out", tmp_path / "notes" / "out")
    assert said.startswith("StorageError: ")
    assert said.endswith("notes is a file, wanted a folder")
    assert (tmp_path / "notes").read_text() == "a file"


def test_an_unknown_recipe(study, tmp_path, capsys):
    said = refused(capsys, "train", "synthesis.magic", study, "--out", tmp_path / "out")
    assert "recipe is 'synthesis.magic', wanted one of" in said
    assert not (tmp_path / "out").exists()


def test_a_seed_that_is_none(study, tmp_path, capsys):
    words = ["--out", tmp_path / "out", "--seed", "-1"]
    said = refused(capsys, "train", "synthesis.conditional_gan", study, *words)
    assert said == "RecipeError: seed is -1, wanted 0 or more"
    assert not (tmp_path / "out").exists()


def test_a_run_that_is_not_there(tmp_path, capsys):
    said = refused(capsys, "sample", tmp_path / "gone", "--out", tmp_path / "made")
    assert said.startswith("ModelError: ")
    assert "a run that was stopped has none until the command that began it is given again" in said
    assert not (tmp_path / "made").exists()


def test_a_file_that_claims_to_be_huge(tmp_path, capsys):
    dataset = pydicom.dcmread(write_dicom(grey(), tmp_path / "a", Mark(Origin.DERIVED), patient="x")[0])
    dataset.Rows = dataset.Columns = 65535
    dataset.save_as(tmp_path / "huge.dcm")
    said = refused(capsys, "cohort", tmp_path / "huge.dcm")
    assert "huge.dcm" in said
