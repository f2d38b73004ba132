"""``vesalius cohort`` prints every count and pair, and writes its table where nothing was."""

import shutil

import numpy as np
import pytest
from PIL import Image as Raster

from vesalius.cli.cohort import show_cohort
from vesalius.cli.verbs import Cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.cohort.table import read_table
from vesalius.errors import StorageError
from vesalius.imaging.formats import write_image


@pytest.fixture
def scans(tmp_path):
    for case in phantom_cohort(2, size=16).cases:
        write_image(case.image(), tmp_path / "scans" / f"{case.patient}.nii.gz")
    return tmp_path / "scans"


def test_a_table_is_written(scans, tmp_path, capsys):
    show_cohort(Cohort(source=scans, out=tmp_path / "people.parquet"))
    assert len(read_table(tmp_path / "people.parquet")) == 2
    assert "written: " in capsys.readouterr().out


def test_a_file_that_is_there_already_is_not_overwritten(scans, tmp_path, capsys):
    (tmp_path / "people.parquet").write_text("another study")
    with pytest.raises(StorageError, match=r"people\.parquet.*it exists already, wanted a new file"):
        show_cohort(Cohort(source=scans, out=tmp_path / "people.parquet"))
    assert (tmp_path / "people.parquet").read_text() == "another study"
    assert not capsys.readouterr().out


def test_every_count_is_printed_and_every_picture_that_occurs_twice(tmp_path, capsys):
    cohort = phantom_cohort(3, size=16)
    for case, name in zip(cohort.cases, ("a", "b", "c"), strict=True):
        write_image(case.image(), tmp_path / f"{name}.nii.gz")
    shutil.copy(tmp_path / "a.nii.gz", tmp_path / "d.nii.gz")
    rows = ("a.nii.gz,ill,p,train", "b.nii.gz,well,q,train", "c.nii.gz,well,r,train", "d.nii.gz,well,s,test")
    (tmp_path / "metadata.csv").write_text("\n".join(("file,label,patient,split", *rows)))
    show_cohort(Cohort(source=tmp_path))
    said = capsys.readouterr().out
    assert f"{tmp_path.name}: 4 cases of 4 patients (metadata)" in said
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in said.splitlines()]
    assert [row for row in cells if len(row) == 3] == [
        ["label", "well", "3"],
        ["label", "ill", "1"],
        ["split", "train", "3"],
        ["split", "test", "1"],
        ["modality", "CT", "4"],
        ["size (z, y, x)", "1 x 16 x 16", "4"],
        ["channels", "1", "4"],
        ["spacing in mm", "8 x 23.8 x 23.8", "4"],
    ]
    assert "1 picture(s) that occur twice" in said
    assert {"a.nii.gz ~ d.nii.gz: exact", "d.nii.gz ~ a.nii.gz: exact"} & {
        line.strip() for line in said.splitlines()
    }


def test_a_picture_that_nearly_occurs_twice_is_printed_with_its_correlation(tmp_path, capsys):
    (case,) = phantom_cohort(1, size=32).cases
    image = case.image()
    write_image(image, tmp_path / "a.nii.gz")
    write_image(image.derive(image.voxels * 2 + 1), tmp_path / "b.nii.gz")
    show_cohort(Cohort(source=tmp_path))
    assert "a.nii.gz ~ b.nii.gz: correlation 1.000" in capsys.readouterr().out


def test_a_split_that_training_refuses_is_noted(tmp_path, capsys):
    for case, name in zip(phantom_cohort(3, size=16).cases, "abc", strict=True):
        write_image(case.image(), tmp_path / f"{name}.nii.gz")
    rows = ("a.nii.gz,p,dev", "b.nii.gz,q,dev", "c.nii.gz,r,holdout")
    (tmp_path / "metadata.csv").write_text("\n".join(("file,patient,split", *rows)))
    show_cohort(Cohort(source=tmp_path))
    said = " ".join(capsys.readouterr().out.split())
    assert "note: cohort" in said
    assert "'split' is 'dev', wanted one of" in said
    assert "it cannot be learnt from before that is mended" in said


def test_the_split_that_training_would_make_is_told(tmp_path, capsys):
    cohort = phantom_cohort(40, size=16)
    for case in cohort.cases:
        write_image(case.image(), tmp_path / f"{case.patient}.nii.gz")
    show_cohort(Cohort(source=tmp_path))
    said = capsys.readouterr().out
    counts = [
        int(part.split()[1]) for part in said.split("no split is recorded: ")[1].splitlines()[0].split(", ")
    ]
    assert sum(counts) == 40
    assert counts[0] > counts[1] > 0
    assert counts[2] > 0


def test_coloured_pictures_among_grey_ones_are_told(tmp_path, capsys):
    values = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
    # Colour whose channels agree is grey.
    for name, picture in zip(
        "abc", (values[0, ..., :1].repeat(3, -1), values[1, ..., 0], values[2]), strict=True
    ):
        Raster.fromarray(picture).save(tmp_path / f"{name}.png")
    show_cohort(Cohort(source=tmp_path))
    said = capsys.readouterr().out
    assert "note: pictures of 1 and of 3 channels: training learns the most frequent kind" in said
    (tmp_path / "c.png").unlink()
    show_cohort(Cohort(source=tmp_path))
    assert "note: pictures of" not in capsys.readouterr().out


def test_a_table_is_given_no_name_of_another_format(tmp_path):
    with pytest.raises(StorageError, match=r"people\.csv.*suffix is '.csv', wanted .parquet"):
        show_cohort(Cohort(source=tmp_path, out=tmp_path / "people.csv"))
