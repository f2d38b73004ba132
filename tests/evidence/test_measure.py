"""Floors are measured like what stands on them."""

from dataclasses import replace

import numpy as np
import pytest

from vesalius.evidence import measure
from vesalius.evidence.diversity import neighbourhoods
from vesalius.evidence.measure import Views, compare


def _views(people: np.ndarray, count: int, group: str = "one class") -> Views:
    """A hundred pictures in the pool, of which `count` are compared."""
    rows = np.random.default_rng(0).normal(size=(len(people), 4))
    real = rows[:count]
    return Views("toy", group, real, np.arange(count), (real + 1,), {}, rows, people, 12, 0)


@pytest.mark.parametrize("crowd", [1, 30])
def test_every_split_of_a_floor_has_the_size_that_the_floor_says(crowd, monkeypatch):
    sizes, measured = set(), measure.frechet_distance

    def spy(x: np.ndarray, y: np.ndarray) -> float:
        sizes.add((len(x), len(y)))
        return measured(x, y)

    people = np.unique([0] * crowd + list(range(1, 101 - crowd)), return_inverse=True)[1]
    views = _views(people, 45)
    monkeypatch.setattr(measure, "frechet_distance", spy)
    floors = {one.floor.n for one in compare(views).values()}
    size = 45 if crowd == 1 else 35
    assert floors == {size}
    assert sizes == {(45, 45), (size, size)}


def test_a_distance_without_an_interval_says_why():
    views = _views(np.arange(100), 45)
    of_two = compare(replace(views, people=np.arange(45) % 2))["KID"].estimate
    assert (of_two.low, of_two.high) == (None, None)
    assert of_two.method == "none claimed: fewer than three people"
    assert compare(views)["KID"].estimate.method == "jackknife by patient"


def test_a_floor_of_fewer_pictures_than_the_comparison_says_so():
    people = np.unique([0] * 60 + list(range(1, 41)), return_inverse=True)[1]
    for one in compare(_views(people, 45)).values():
        assert one.estimate.n == 45
        assert one.floor.n == 20


def test_coverage_and_its_floor_reach_to_the_fifth_neighbour():
    views = _views(np.arange(400), 200)
    views = replace(views, made=(views.pool[200:],))
    found = compare(views)["coverage"]
    by_five, by_four, by_six = (
        float(neighbourhoods(views.real, views.made[0], k).covered.mean()) for k in (5, 4, 6)
    )
    assert found.estimate.value == by_five
    assert by_four < by_five < by_six
    assert found.floor.median == pytest.approx(31 / 32, abs=0.012)
    assert "k = 5" in found.estimate.method
