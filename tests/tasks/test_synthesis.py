"""Synthesis: what a case becomes, and what comes back."""

import json
from dataclasses import replace

import pytest
import torch

from vesalius.cohort.cohort import Case, Cohort, Held
from vesalius.cohort.phantom import phantom_cohort
from vesalius.errors import CohortError, ImagingError, RecipeError
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import HOUNSFIELD, Image, Origin
from vesalius.imaging.intensity import Percentile, Window
from vesalius.objectives.hinge import Hinge
from vesalius.recipes.recipe import Recipe
from vesalius.recipes.synthesis import conditional_gan
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


@pytest.mark.parametrize(
    ("most", "high"), [(2, 3), (40, 63), (127, 127), (128, 255), (255, 255), (1, 1), (0, 1)]
)
def test_whole_numbers_are_scaled_by_the_bits_that_they_use(most, high):
    values = torch.zeros(1, 1, 32, 32)
    values[..., 5:20, 7:11] = float(most)
    task = synthesis_of(_cohort(values, torch.zeros(1, 1, 32, 32)), 32, None)
    assert task.intensity == task.made == Window(low=0.0, high=float(high), unit="1")


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


def _slide(values, rim):
    """A picture twice as high as wide, with one value all around."""
    framed = torch.full((1, 1, 64, 32), float(rim))
    framed[..., 4:-4, 4:-4] = values[..., 4:-4, 4:-4]
    return framed


@pytest.mark.parametrize("largest", [1000.0, 255.0])
def test_a_crop_of_a_body_is_filled_up_with_the_lowest_value(largest):
    pictures = [(torch.rand(1, 1, 64, 32) * 0.9 + 0.1).mul(largest).round() for _ in range(8)]
    cohort = _cohort(*pictures)
    task = synthesis_of(cohort, 64, None)
    assert task.outside == "low"
    image = task.encode(cohort.cases[0]).image
    bars = torch.cat([image[..., :15], image[..., 49:]], dim=-1)
    assert torch.allclose(bars, torch.tensor(-1.0), atol=1e-5)
    assert image[..., 16:48].mean() > -0.5


def test_what_surrounds_a_body_goes_on_where_a_picture_is_filled_up():
    cohort = _cohort(*(_slide(torch.rand(1, 1, 64, 32) * 1000, rim) for rim in (300, 500, 700)))
    task = synthesis_of(cohort, 64, None)
    assert task.outside == "edge"
    image = task.encode(cohort.cases[1]).image
    assert torch.allclose(image[..., :15], image[0, 0, 0, 32, 17])


def test_volumes_that_are_crops_are_filled_up_with_the_lowest_value():
    voxels = torch.rand(1, 32, 32, 32) * 900 + 100
    cohort = _cohort(voxels[..., 8:24], voxels, voxels)
    task = synthesis_of(cohort, (32, 32, 32), None)
    assert task.outside == "low"
    image = task.encode(cohort.cases[0]).image
    assert (image[..., :8] == -1).all()
    assert (image[..., 24:] == -1).all()
    assert image[..., 8:24].mean() > -0.5


def test_a_task_of_before_fills_up_with_the_edge():
    task = synthesis_of(_cohort(torch.rand(1, 1, 64, 32) * 1000), 64, None)
    kept = json.loads(Recipe(task=task, objective=Hinge(), steps=1, batch=4, half_life=1.0, seed=0).to_json())
    assert kept["task"].pop("outside") == "low"
    assert Recipe.from_json(json.dumps(kept)).task.outside == "edge"


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
    with pytest.raises(CohortError, match=r"no column 'grade' in cohort cohort; there are \['label'\]"):
        synthesis_of(_cohort(torch.rand(1, 1, 32, 32)), 32, "grade")


def test_a_size_that_no_network_takes_is_refused():
    with pytest.raises(RecipeError, match=r"task\.size is \(50, 50\), wanted multiples of 16"):
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


def test_volumes_are_taken_whole_and_come_back_on_the_grid_that_is_told():
    cohort = phantom_cohort(12, size=30, slices=17)
    task = synthesis_of(cohort, (16, 32, 32), "label")
    assert (task.size, task.shape, task.is_volume) == ((16, 32, 32), (1, 16, 32, 32), True)
    assert task.spacing == pytest.approx((240 / 17, 380 / 30, 380 / 30), abs=1e-3)
    example = task.encode(cohort.cases[0])
    assert example.image.shape == (1, 1, 16, 32, 32)
    made = task.decode(example.image[0])
    assert (made.geometry.shape, made.unit, made.origin) == ((16, 32, 32), HOUNSFIELD, Origin.SYNTHETIC)
    assert made.geometry.spacing == pytest.approx(task.spacing)
    inner = cohort.cases[0].image().voxels[:, :16]
    assert torch.equal(made.voxels[..., 1:31, 1:31], inner.clamp(task.made.low, task.made.high).round())


def test_one_volume_is_learnt_alike_however_its_axes_lie():
    task = synthesis_of(phantom_cohort(12, size=16, slices=16), (16, 16, 16), "label")
    case = phantom_cohort(1, size=16, slices=16).cases[0]
    image = case.image()
    matrix = image.geometry.matrix[:, [2, 0, 1, 3]]
    other = Image(image.voxels.permute(0, 3, 1, 2), Geometry.from_matrix((16, 16, 16), matrix), image.unit)
    turned = replace(case, pictures={"image": Held(other)})
    assert torch.equal(task.encode(turned).image, task.encode(case).image)


def test_the_size_of_a_volume_and_of_a_picture_of_one_slice_are_told_by_the_same_field():
    volumes, pictures = phantom_cohort(12, size=16, slices=16), phantom_cohort(12, size=16)
    for cohort, size in ((volumes, (16, 16, 16)), (pictures, (16, 32)), (pictures, 16)):
        recipe = conditional_gan(synthesis_of(cohort, size, "label"), cohort, 1.0)
        said = json.loads(recipe.to_json())["task"]["size"]
        assert tuple(said) == ((16, 16) if size == 16 else size)
        assert Recipe.from_json(recipe.to_json()) == recipe


def test_a_volume_of_a_side_that_no_network_takes_is_refused():
    volumes = phantom_cohort(2, size=16, slices=16)
    for size in ((16, 16, 24), (8, 16, 16), (144, 144, 144)):
        with pytest.raises(RecipeError, match=r"task\.size is \(.*\), wanted multiples of 16 from 16 to 128"):
            synthesis_of(volumes, size, "label")


def test_pictures_of_one_slice_are_no_volumes():
    with pytest.raises(ImagingError, match=r"last: picture has extent \(1, 32, 32\).*wanted a volume"):
        synthesis_of(phantom_cohort(2, size=32), (16, 16, 16), None)
    volumes = phantom_cohort(2, size=16, slices=16)
    task = synthesis_of(volumes, (16, 16, 16), None)
    with pytest.raises(ImagingError, match="wanted a volume of several slices"):
        task.encode(phantom_cohort(1, size=32).cases[0])


def test_a_large_volume_is_thinned_before_its_values_are_looked_at(monkeypatch):
    volumes = phantom_cohort(4, size=32, slices=32)
    whole = synthesis_of(volumes, (32, 32, 32), "label")
    monkeypatch.setattr("vesalius.tasks.looks._SEEN_OF_VOLUME", 4096)
    few = synthesis_of(volumes, (32, 32, 32), "label")
    assert few.spacing == whole.spacing
    assert few.made.low == pytest.approx(whole.made.low, abs=50)


@pytest.mark.parametrize("beside", [32, 96])
def test_what_is_filled_up_comes_back_as_bright_as_it_was(beside):
    pictures = [(torch.rand(1, 1, 96, beside) * 900 + 100).round() for _ in range(8)]
    cohort = _cohort(*pictures)
    task = synthesis_of(cohort, 96, None)
    assert isinstance(task.intensity, Percentile)
    first = (96 - beside) // 2
    again = task.decode(task.encode(cohort.cases[0]).image[0]).voxels[..., first : first + beside]
    inside = (pictures[0] > 200) & (pictures[0] < 900)
    assert (again - pictures[0])[inside].abs().max() < 10


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"spacing": (1.0, 0.0, 1.0)}, "task.spacing is"),
        ({"spacing": (1.0, float("inf"), 1.0)}, "task.spacing is"),
        ({"channels": 0}, "task.channels is 0"),
        ({"classes": ()}, "task.classes is 0"),
        ({"classes": ("a", "a")}, "wanted each once"),
    ],
)
def test_a_task_of_what_cannot_be_is_refused_by_name(change, said):
    task = synthesis_of(_cohort(torch.rand(1, 1, 32, 32)), 32, None)
    with pytest.raises(RecipeError, match=said):
        replace(task, **change)
