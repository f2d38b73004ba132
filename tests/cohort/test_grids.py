"""Label maps and further pictures fit their picture, or are left out by name."""

from pathlib import Path

import pytest
import torch

from vesalius.cohort.cohort import Case, Cohort, Held, HeldLabels
from vesalius.cohort.folder import survey
from vesalius.cohort.slices import slices
from vesalius.imaging.formats import write_image, write_labels
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image, LabelMap


def volume(depth: int) -> Image:
    return Image(torch.rand(1, depth, 6, 5) * 100, Geometry.plain((depth, 6, 5)))


def drawn(depth: int) -> LabelMap:
    labels = torch.zeros(1, depth, 6, 5, dtype=torch.long)
    labels[0, 1] = 1
    return LabelMap(labels, Geometry.plain((depth, 6, 5)))


@pytest.mark.parametrize("decode", [True, False])
def test_a_label_map_of_another_grid_costs_the_map_and_not_the_case(tmp_path: Path, decode):
    write_image(volume(4), tmp_path / "imagesTr/x_0000.nii.gz")
    write_labels(drawn(9), tmp_path / "labelsTr/x.nii.gz")
    found = survey(tmp_path, decode=decode)
    (problem,) = found.problems
    assert "label map 'mask' left out: it has 9 x 6 x 5 voxels, wanted 4 x 6 x 5" in problem.reason
    assert len(slices(found.cohort)) == 4


@pytest.mark.parametrize("decode", [True, False])
def test_a_channel_of_other_slices_is_left_out_by_name(tmp_path: Path, decode):
    write_image(volume(6), tmp_path / "imagesTr/x_0000.nii.gz")
    write_image(volume(3), tmp_path / "imagesTr/x_0001.nii.gz")
    found = survey(tmp_path, decode=decode)
    assert list(found.cohort.cases[0].pictures) == ["image"]
    (problem,) = found.problems
    assert "picture 'image_1' left out: has 3 slices, wanted 6" in problem.reason


def test_a_volume_whose_label_maps_differ_stays_whole_and_stops_nobody():
    masks = {"mask": HeldLabels(drawn(4)), "organ": HeldLabels(drawn(5))}
    case = Case("x", "p", {"image": Held(volume(4))}, masks)
    other = Case("y", "q", {"image": Held(volume(4))}, {"mask": HeldLabels(drawn(4))})
    assert [case.key for case in slices(Cohort((case, other))).cases] == ["x", "y/z001"]


def test_label_maps_beside_a_folder_of_images_are_label_maps_and_no_class(tmp_path: Path, png):
    for name in ("images/a.png", "images/b.png", "masks/a.png", "masks/c.png", "notes/d.png"):
        png(tmp_path / name)
    found = survey(tmp_path)
    assert [(case.key, list(case.masks)) for case in found.cohort.cases] == [
        ("images/a.png", ["mask"]),
        ("images/b.png", []),
    ]
    assert not any("label" in case.facts for case in found.cohort.cases)
    assert sorted(problem.path.name for problem in found.problems) == ["c.png", "notes"]


def test_parts_hold_images_and_label_maps_too(tmp_path: Path, png):
    for part in ("train", "test"):
        for kind in ("images", "labels"):
            png(tmp_path / part / kind / "a.png")
    cohort = survey(tmp_path).cohort
    assert [(case.facts["split"], list(case.masks)) for case in cohort.cases] == [
        ("test", ["mask"]),
        ("train", ["mask"]),
    ]


def test_a_folder_beside_the_parts_of_a_study_is_named_and_no_class(tmp_path: Path, png):
    for name in ("train/ill/a.png", "test/ill/b.png", "extra/c.png"):
        png(tmp_path / name)
    found = survey(tmp_path)
    assert found.cohort.fact("split") == ("test", "train")
    assert found.cohort.fact("label") == ("ill", "ill")
    assert [problem.path.name for problem in found.problems] == ["extra"]
