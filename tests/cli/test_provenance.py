"""Marks of made pictures: whose they say they are."""

import pytest
import torch

from vesalius.cli.provenance import remarks_on_marks
from vesalius.cohort.folder import read_cohort
from vesalius.errors import EvidenceError
from vesalius.imaging.dicom_write import write_dicom
from vesalius.imaging.formats import write_image
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image, Origin
from vesalius.imaging.marks import Mark

OURS, THEIRS = "a1" * 32, "b2" * 32


def picture() -> Image:
    """Small, made by somebody."""
    values = torch.arange(1024.0).reshape(1, 1, 32, 32) % 256
    return Image(values, Geometry.plain((1, 32, 32)), origin=Origin.SYNTHETIC)


def put(folder, name, model):
    """A made picture of a model in the format of its name."""
    mark = Mark(Origin.SYNTHETIC, model=model)
    if name.endswith(".dcm"):
        write_dicom(picture(), folder / name.removesuffix(".dcm"), mark, patient=name)
    else:
        write_image(picture(), folder / name, mark)


@pytest.mark.parametrize("name", ["x.dcm", "x.png", "x.nii.gz"])
def test_pictures_of_another_model_are_refused_naming_both(name, tmp_path):
    put(tmp_path, name, THEIRS)
    with pytest.raises(EvidenceError, match=r"x.* made by model b2b2b2b2b2b2, wanted .* a1a1a1a1a1a1"):
        remarks_on_marks(read_cohort(tmp_path), OURS)


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.tif", "x.nii.gz"])
def test_the_mark_inside_holds_though_the_file_beside_is_lost(name, tmp_path):
    put(tmp_path, name, THEIRS)
    (tmp_path / f"{name}.json").unlink()
    with pytest.raises(EvidenceError, match="made by model b2b2b2b2b2b2"):
        remarks_on_marks(read_cohort(tmp_path), OURS)


@pytest.mark.parametrize("name", ["x.dcm", "x.png", "x.nii.gz"])
def test_of_pictures_of_the_model_nothing_is_remarked(name, tmp_path):
    put(tmp_path, name, OURS)
    assert remarks_on_marks(read_cohort(tmp_path), OURS) == ()


def test_unmarked_pictures_are_remarked(tmp_path):
    for index in range(3):
        put(tmp_path, f"x{index}.png", "")
        (tmp_path / f"x{index}.png.json").unlink()
    (said,) = remarks_on_marks(read_cohort(tmp_path), OURS)
    assert said == "the pictures carry no mark of the model; that they are its own is not proven"


def test_it_is_said_how_many_of_the_pictures_are_unmarked(tmp_path):
    put(tmp_path, "x.png", OURS)
    put(tmp_path, "y.png", "")
    (said,) = remarks_on_marks(read_cohort(tmp_path), OURS)
    assert said.startswith("1 of 2 made files carry no mark")
