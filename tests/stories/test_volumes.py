"""The whole way on volumes: folder of volumes to marked volumes and a report, by the command line."""

import contextlib
import csv
import html
import io

import numpy as np
import pydicom
import pytest

from vesalius import cli
from vesalius.cohort.folder import read_cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.evidence.record import read_evidence
from vesalius.imaging.dicom_write import read_mark
from vesalius.imaging.formats import write_image
from vesalius.imaging.image import HOUNSFIELD, Origin
from vesalius.recipes.recipe import read_recipe

SIZE = (16, 16, 16)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Ninety noisy CT volumes of phantoms as NIfTI, one folder for each label.

    In so few voxels bodies without noise are nearly copies of each other.
    """
    folder = tmp_path_factory.mktemp("volumes")
    for case in phantom_cohort(90, size=16, slices=17, noise=4.0).cases:
        write_image(case.image(), folder / str(case.facts["label"]) / f"{case.patient}.nii.gz")
    return folder


def called(*words):
    """Give a command; what it said where it fails."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        status = cli.main([str(word) for word in words])
    assert status == 0, said.getvalue()
    return said.getvalue()


@pytest.fixture(scope="module")
def expanded(study, tmp_path_factory):
    """What the command made of it."""
    out = tmp_path_factory.mktemp("expanded") / "out"
    words = ("--minutes", "0.05", "--size", "16x16x16", "--per-class", "12", "--quick")
    called("expand", study, "--out", out, *words)
    return out


def test_volumes_are_learnt_whole_on_the_grid_that_the_recipe_tells(expanded):
    task = read_recipe(expanded / "run" / "model" / "recipe.json").task
    assert (task.size, task.shape) == (SIZE, (1, *SIZE))
    assert task.spacing == pytest.approx((240 / 17, 380 / 16, 380 / 16), abs=1e-3)


def test_every_made_volume_is_a_marked_series_that_reads_as_a_volume_in_its_unit(expanded):
    made = read_cohort(expanded / "synthetic")
    assert len(made) == 24
    assert len(list((expanded / "synthetic").rglob("*.dcm"))) == 24 * 16
    image = made.cases[0].image()
    assert (image.geometry.shape, image.unit) == (SIZE, HOUNSFIELD)
    assert read_mark(next((expanded / "synthetic").rglob("*.dcm"))).origin is Origin.SYNTHETIC
    series = {pydicom.dcmread(file).SeriesInstanceUID for file in (expanded / "synthetic").rglob("*.dcm")}
    assert len(series) == 24


def test_the_report_says_what_of_a_volume_it_has_looked_at(expanded):
    evidence, page = read_evidence(expanded), html.unescape((expanded / "report.html").read_text())
    (note,) = (note for note in evidence.data.notes if note.startswith("Volumes"))
    assert note in page
    assert {space.name for space in evidence.features} == {"texture", "ssl", "pixel"}


def test_made_volumes_can_be_sampled_as_nifti_and_assessed_again(study, expanded, tmp_path):
    called("sample", expanded / "run", "--out", tmp_path / "made", "--per-class", "12", "--nifti")
    with (tmp_path / "made" / "metadata.csv").open() as table:
        files = [row["file"] for row in csv.DictReader(table)]
    assert len(files) == 24
    assert all(file.endswith(".nii.gz") for file in files)
    image = read_cohort(tmp_path / "made").cases[0].image()
    assert image.geometry.shape == SIZE
    assert image.geometry.spacing == pytest.approx((240 / 17, 380 / 16, 380 / 16), abs=1e-3)
    assert image.origin is Origin.SYNTHETIC
    said = called("assess", expanded / "run", study, tmp_path / "made", "--out", tmp_path / "seen", "--quick")
    assert "warning: the pictures carry no mark" not in said
    assert read_evidence(tmp_path / "seen").data.sets[-1].images == 24
    assert np.isfinite(image.voxels.numpy()).all()
