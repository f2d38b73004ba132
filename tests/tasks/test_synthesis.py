"""Synthesis: what a case becomes, and what comes back."""

from dataclasses import replace

import pytest
import torch

from vesalius.cohort.cohort import Case, Cohort, Held
from vesalius.cohort.phantom import phantom_cohort
from vesalius.errors import CohortError, ImagingError, RecipeError
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import HOUNSFIELD, Image, Origin
from vesalius.imaging.intensity import Percentile, Window
from vesalius.tasks.synthesis import ANYBODY, synthesis_of


def _cohort(*voxels, unit="1", **facts):
    cases = []
    for index, values in enumerate(voxels):
        image = Image(values, Geometry.plain(tuple(values.shape[1:]), (1.0, 0.5, 0.5)), unit)
        known = {"label": "ab"[index % 2]} | facts
        cases.append(Case(f"c{index}", f"p{index}", {"image": Held(image)}, facts=known))
    return Cohort(tuple(cases))


def test_hounsfield_units_keep_a_fixed_window_and_come_back():
    task = synthesis_of(phantom_cohort(12), 32, "label")
    assert task.classes == ("healthy", "lesion")
    assert isinstance(task.intensity, Window)
    assert task.made.unit == HOUNSFIELD
    example = task.encode(phantom_cohort(12).cases[0])
    assert example.image.shape == (1, 1, 1, 32, 32)
    made = task.decode(example.image[0])
    assert made.origin is Origin.SYNTHETIC
    assert made.unit == HOUNSFIELD
    assert made.modality == "CT"
    air, bone = float(made.voxels.min()), float(made.voxels.max())
    assert -1100 < air < -800
    assert bone > 100


def test_bytes_keep_their_scale():
    values = torch.randint(0, 256, (1, 1, 32, 32)).float()
    task = synthesis_of(_cohort(values, values), 32, "label")
    assert (task.made.low, task.made.high) == (0.0, 255.0)
    back = task.decode(task.encode(_cohort(values).cases[0]).image[0])
    assert torch.equal(back.voxels, values)


def test_arbitrary_units_are_scaled_picture_by_picture():
    values = torch.rand(1, 1, 32, 32)
    task = synthesis_of(_cohort(values * 900, values * 300_000), 32, None)
    assert isinstance(task.intensity, Percentile)
    assert task.classes == (ANYBODY,)
    low = task.encode(_cohort(values * 900).cases[0]).image
    high = task.encode(_cohort(values * 300_000).cases[0]).image
    assert torch.allclose(low, high, atol=1e-3)


def test_spacing_is_that_of_the_resized_picture():
    task = synthesis_of(_cohort(torch.rand(1, 1, 64, 48) * 255), 32, None)
    assert task.spacing == (1.0, 1.0, 1.0)


def test_mixed_units_claim_no_unit_and_mixed_modalities_none():
    values = torch.rand(1, 1, 32, 32)
    mixed = _cohort(values * 900).cases + phantom_cohort(1, size=32).cases
    task = synthesis_of(Cohort(mixed), 32, None)
    assert (task.made.unit, task.modality) == ("1", "OT")


def test_one_class_only_is_refused_with_a_way_out():
    values = torch.rand(1, 1, 32, 32)
    with pytest.raises(CohortError, match=r"one class only, site = 'x'; wanted two or more"):
        synthesis_of(_cohort(values, values, site="x"), 32, "site")


def test_an_unknown_column_is_named_with_those_there():
    with pytest.raises(CohortError, match=r"no column 'grade'; it has \['label'\]"):
        synthesis_of(_cohort(torch.rand(1, 1, 32, 32)), 32, "grade")


def test_a_size_that_no_network_takes_is_refused():
    with pytest.raises(RecipeError, match=r"task\.size is 50, wanted a multiple of 16"):
        synthesis_of(_cohort(torch.rand(1, 1, 32, 32)), 50, None)


def test_a_volume_or_other_channels_are_refused_by_name():
    task = synthesis_of(_cohort(torch.rand(1, 1, 32, 32)), 32, None)
    with pytest.raises(ImagingError, match="picture has 3 slices, wanted one"):
        task.encode(_cohort(torch.rand(1, 3, 32, 32)).cases[0])
    with pytest.raises(ImagingError, match=r"picture has 3 channel\(s\), wanted 1"):
        task.encode(_cohort(torch.rand(3, 1, 32, 32)).cases[0])


def test_a_class_the_task_never_saw_is_refused():
    task = replace(synthesis_of(phantom_cohort(4), 32, "label"), classes=("healthy", "other"))
    sick = next(case for case in phantom_cohort(4).cases if case.facts["label"] == "lesion")
    with pytest.raises(CohortError, match="has label 'lesion', wanted one of"):
        task.encode(sick)
