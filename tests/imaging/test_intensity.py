"""Value maps: to [-1, 1] and back, in the right unit."""

import pytest
import torch
from pydantic import TypeAdapter

from vesalius.errors import ImagingError, UnitError
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import HOUNSFIELD, Image, Origin
from vesalius.imaging.intensity import AnyIntensity, Percentile, Window, ZScore, rounded, windowed, zscore


def _image(values, unit: str = HOUNSFIELD) -> Image:
    voxels = torch.as_tensor(values, dtype=torch.float32).reshape(1, 1, 1, -1)
    return Image(voxels, Geometry.plain((1, 1, voxels.shape[-1])), unit)


def test_a_window_takes_its_ends_to_minus_one_and_one_and_clips_beyond():
    window = Window(low=-100.0, high=300.0, unit=HOUNSFIELD)
    scaled = window.forward(_image([-2000, -100, 100, 300, 3000]).voxels)
    assert scaled.flatten().tolist() == [-1, -1, 0, 1, 1]


@pytest.mark.parametrize(
    "intensity",
    [
        Window(low=-1024.0, high=3071.0, unit=HOUNSFIELD),
        ZScore(mean=40.0, std=700.0, unit=HOUNSFIELD, deviations=5.0),
        Percentile(low=0.0, high=100.0),
    ],
)
def test_inside_the_window_the_way_back_is_exact(intensity):
    image = _image(torch.linspace(-1000, 3000, 801))
    scaled, window = windowed(image, intensity)
    assert scaled.abs().max() <= 1
    assert torch.allclose(window.backward(scaled), image.voxels, rtol=0, atol=2e-3)


@pytest.mark.parametrize(
    "intensity",
    [Window(low=0.0, high=1.0, unit=HOUNSFIELD), ZScore(mean=0.0, std=1.0, unit=HOUNSFIELD)],
)
def test_a_picture_in_another_unit_is_refused(intensity):
    with pytest.raises(UnitError, match=r"is in unit '1', wanted \"\[hnsf'U\]\""):
        windowed(_image([0.0, 1.0], unit="1"), intensity)


def test_percentiles_are_those_of_the_picture():
    window = Percentile(low=10.0, high=90.0).fit(_image(torch.arange(101.0), unit="1"))
    assert (window.low, window.high, window.unit) == (pytest.approx(10), pytest.approx(90), "1")


def test_a_picture_that_is_nearly_all_background_is_scaled_by_its_extremes():
    window = Percentile().fit(_image([0.0] * 999 + [7.0]))
    assert (window.low, window.high) == (0.0, 7.0)


def test_a_picture_without_contrast_has_no_percentile_window():
    with pytest.raises(ImagingError, match="3 everywhere, wanted at least two values"):
        Percentile().fit(_image([3.0] * 5))


def test_a_z_score_is_in_shares_of_its_reach():
    score = ZScore(mean=10.0, std=2.0, unit="1", deviations=4.0)
    assert score.forward(_image([2, 10, 12, 18, 99]).voxels).flatten().tolist() == [-1, 0, 0.25, 1, 1]
    assert score.backward(torch.tensor([[[[0.25]]]])).item() == 12


def test_the_z_score_of_a_cohort_is_that_of_all_voxels():
    first, second = torch.randn(500) * 3 + 5, torch.randn(300) * 9
    score = zscore(iter([_image(first), _image(second)]), deviations=3.0)
    both = torch.cat([first, second])
    assert score.mean == pytest.approx(both.mean().item(), abs=1e-4)
    assert score.std == pytest.approx(both.std(correction=0).item(), rel=1e-4)
    assert (score.unit, score.deviations) == (HOUNSFIELD, 3.0)


def test_pictures_of_two_units_have_no_common_z_score():
    with pytest.raises(UnitError):
        zscore([_image([1, 2]), _image([1, 2], unit="1")])
    with pytest.raises(ImagingError, match="no picture"):
        zscore([])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Window(low=1.0, high=1.0, unit="1"),
        lambda: Window(low=0.0, high=float("inf"), unit="1"),
        lambda: Percentile(low=50.0, high=50.0),
        lambda: Percentile(low=-1.0, high=50.0),
        lambda: ZScore(mean=0.0, std=0.0, unit="1"),
        lambda: ZScore(mean=float("nan"), std=1.0, unit="1"),
    ],
)
def test_an_impossible_map_is_refused(make):
    with pytest.raises(ImagingError, match="wanted"):
        make()


@pytest.mark.parametrize(
    "intensity",
    [
        Window(low=-1.0, high=2.0, unit="1"),
        Percentile(low=1.0, high=99.0),
        ZScore(mean=1.0, std=2.0, unit="1"),
    ],
)
def test_every_map_survives_json(intensity):
    adapter = TypeAdapter(AnyIntensity)
    assert adapter.validate_json(adapter.dump_json(intensity)) == intensity


def test_rounding_derives():
    image = rounded(_image([0.4, 0.6]))
    assert image.voxels.flatten().tolist() == [0, 1]
    assert image.origin is Origin.DERIVED
