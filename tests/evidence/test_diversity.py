"""Coverage and variety: reference values."""

import numpy as np
import pytest

from vesalius.errors import EvidenceError
from vesalius.evidence.diversity import cluster_shares, neighbourhoods, vendi_of, vendi_score


def _column(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)[:, None]


def _means(real: np.ndarray, made: np.ndarray, k: int) -> list[float]:
    found = neighbourhoods(real, made, k)
    return [float(found.of(name).mean()) for name in ("precision", "recall", "density", "coverage")]


def test_four_real_and_three_made_points():
    assert _means(_column(0, 1, 2, 3), _column(0.5, 1.5, 10), 1) == pytest.approx([2 / 3, 1, 4 / 3, 0.75])


def test_a_set_covers_itself():
    assert _means(_column(0, 1, 2, 4), _column(0, 1, 2, 4), 1) == [1, 1, 1, 1]


def test_coverage_of_equal_distributions_is_31_of_32():
    found = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        found.append(_means(rng.normal(size=(300, 5)), rng.normal(size=(300, 5)), 5)[3])
    assert np.mean(found) == pytest.approx(0.969, abs=0.01)


def test_a_narrow_generator_is_precise_and_recalls_little():
    rng = np.random.default_rng(0)
    precision, recall, _, _ = _means(3 * rng.normal(size=(200, 16)), 0.1 * rng.normal(size=(200, 16)), 3)
    assert precision > 0.8
    assert recall < 0.3


def test_as_few_pictures_as_neighbours_are_refused():
    with pytest.raises(EvidenceError, match="more than k = 5"):
        neighbourhoods(np.zeros((5, 2)), np.zeros((9, 2)))


def test_vendi_scores_of_known_kernels():
    points = np.array([0, 0, 10, 10, 20, 20.0])
    assert vendi_of(np.exp(-np.abs(points[:, None] - points)) / 6) == pytest.approx(3, abs=1e-4)
    assert vendi_of(np.array([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1]]) / 3) == pytest.approx(2.1573005, abs=1e-7)
    assert vendi_score(np.eye(7)) == pytest.approx(7)
    assert vendi_score(np.ones((5, 3))) == pytest.approx(1)


@pytest.mark.parametrize("seed", [2**32 - 1, 2**32, 2**63 - 1])
def test_any_seed_of_a_recipe_clusters(seed):
    rows = np.random.default_rng(0).normal(size=(40, 3))
    assert cluster_shares(rows, rows, rows, seed, 2, np.arange(40)).seed == seed


def test_a_missing_kind_of_picture_is_noticed():
    rng = np.random.default_rng(0)
    kinds = 20 * np.eye(4)

    def sample(which: list[int], n: int) -> np.ndarray:
        return kinds[rng.choice(which, n)] + rng.normal(size=(n, 4))

    train, real = sample([0, 1, 2, 3], 200), sample([0, 1, 2, 3], 120)
    assert cluster_shares(train, real, sample([0, 1, 2, 3], 120), 0, 5, np.arange(120)).starved == 0
    assert cluster_shares(train, real, sample([0, 1, 2], 120), 0, 5, np.arange(120)).starved >= 1


def test_kinds_that_few_people_of_many_pictures_fill_are_not_missed_by_honest_pictures():
    spread, missed = 1 / np.sqrt(np.arange(1, 17)), []
    for seed in range(30):
        rng = np.random.default_rng(seed)

        def drawn(people, visits, rng=rng):
            own, each = rng.normal(size=(people, 16)), rng.normal(size=(people * visits, 16))
            return (np.sqrt(0.9) * np.repeat(own, visits, axis=0) + np.sqrt(0.1) * each) * spread

        sets = drawn(150, 20), drawn(50, 20), drawn(1000, 1)
        missed.append(cluster_shares(*sets, 0, 1, np.repeat(np.arange(50), 20)).starved >= 1)
    assert np.mean(missed) <= 0.05
