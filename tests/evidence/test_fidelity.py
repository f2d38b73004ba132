"""Distances between sets of features: reference values, and intervals that hold."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from vesalius.errors import EvidenceError
from vesalius.evidence.fidelity import (
    distance_difference,
    frechet_distance,
    kernel_distance,
    leave_one_out,
    permutation_p,
)
from vesalius.evidence.separability import two_sample_area


def _exact(mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Rows whose sample mean and covariance are exactly these."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, len(mean)))
    rows -= rows.mean(0)
    rows = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T)).T)
    return rows @ np.linalg.cholesky(covariance).T + mean


def test_kernel_distance_of_four_points():
    value, _ = kernel_distance(np.array([[0.0, 0], [1, 0]]), np.array([[0.0, 1], [1, 1]]))
    assert value == pytest.approx(1.1875, abs=1e-12)


def test_kernel_distance_of_a_set_to_itself_is_negative_and_not_clipped():
    rows = np.random.default_rng(0).normal(size=(40, 8))
    assert kernel_distance(rows, rows)[0] < 0


def test_kernel_distance_is_unbiased():
    values = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        values.append(kernel_distance(rng.normal(size=(60, 8)), rng.normal(size=(60, 8)))[0])
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(40)


def test_the_jackknife_equals_leaving_one_out_by_hand():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 3)), rng.normal(0.5, 1, size=(10, 3))
    value, interval = kernel_distance(x, y)
    xs = np.array([kernel_distance(np.delete(x, i, 0), y)[0] for i in range(12)])
    ys = np.array([kernel_distance(x, np.delete(y, j, 0))[0] for j in range(10)])
    variance = 11 * xs.var() + 9 * ys.var()
    assert interval == pytest.approx(
        (value - 1.959964 * variance**0.5, value + 1.959964 * variance**0.5), rel=1e-6
    )


def test_the_difference_of_two_distances_equals_leaving_one_out_by_hand():
    rng = np.random.default_rng(0)
    x, who = rng.normal(size=(16, 3)), np.repeat(np.arange(8), 2)
    near, far = rng.normal(0.2, 1, size=(10, 3)), rng.normal(0.6, 1, size=(12, 3))

    def apart(keep, near, far):
        people = np.unique(who[keep], return_inverse=True)[1]
        return kernel_distance(x[keep], far, people)[0] - kernel_distance(x[keep], near, people)[0]

    everybody = np.full(16, True)
    by_person = [apart(who != person, near, far) for person in range(8)]
    by_near = [apart(everybody, np.delete(near, at, 0), far) for at in range(10)]
    by_far = [apart(everybody, near, np.delete(far, at, 0)) for at in range(12)]
    half = 1.959964 * sum((len(side) - 1) * np.var(side) for side in (by_person, by_near, by_far)) ** 0.5
    value = apart(everybody, near, far)
    found = distance_difference(leave_one_out(x, near, who), leave_one_out(x, far, who))
    assert found == pytest.approx((value - half, value + half), rel=1e-6)


def test_the_same_people_tell_sets_apart_whose_intervals_overlap():
    rng = np.random.default_rng(5)
    real = rng.normal(0.5, 1, size=(60, 4))
    near, far = rng.normal(size=(2, 800, 4)) + np.array([0.0, -0.15])[:, None, None]
    ours, theirs = leave_one_out(real, near), leave_one_out(real, far)
    assert ours.interval is not None
    assert theirs.interval is not None
    assert ours.interval.high > theirs.interval.low
    low, high = distance_difference(ours, theirs)
    assert 0 < low < theirs.value - ours.value < high
    assert distance_difference(theirs, ours) == pytest.approx((-high, -low))


def test_the_interval_of_a_difference_is_as_wide_as_differences_are_spread():
    values, halves = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        real = rng.normal(size=(40, 3))
        sides = [leave_one_out(real, rng.normal(shift, 1, size=(80, 3))) for shift in (0.3, 0.6)]
        low, high = distance_difference(*sides)
        values.append((low + high) / 2)
        halves.append((high - low) / 2)
    assert 0.8 < np.mean(halves) / (1.96 * np.std(values)) < 1.3


def test_distances_to_other_people_are_not_held_against_each_other():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(9, 3))
    few, more, none = (leave_one_out(rng.normal(size=(count, 3)), y) for count in (5, 6, 2))
    with pytest.raises(EvidenceError, match="leave out 5 and 6 people, wanted the same number"):
        distance_difference(few, more)
    with pytest.raises(EvidenceError, match="leave out 0 and 0 people"):
        distance_difference(none, none)


def test_fewer_than_three_people_have_no_interval_and_one_has_no_distance():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 3)), rng.normal(size=(9, 3))
    value, interval = kernel_distance(x, y, np.arange(12) % 2)
    assert np.isfinite(value)
    assert interval is None
    assert kernel_distance(x, y, np.arange(12) % 3)[1] is not None
    with pytest.raises(EvidenceError, match="1 people and 9 made pictures, wanted two or more"):
        kernel_distance(x, y, np.zeros(12, int))


def test_leaving_out_a_patient_leaves_out_all_their_pictures():
    rng = np.random.default_rng(0)
    x, y, people = rng.normal(size=(12, 3)), rng.normal(size=(9, 3)), np.repeat(np.arange(4), 3)
    value, interval = kernel_distance(x, y, people)
    xs = np.array([kernel_distance(x[people != g], y, np.repeat(np.arange(3), 3))[0] for g in range(4)])
    ys = np.array([kernel_distance(x, np.delete(y, j, 0), people)[0] for j in range(9)])
    variance = 3 * xs.var() + 8 * ys.var()
    assert interval.high == pytest.approx(value + 1.959964 * variance**0.5, rel=1e-6)


def test_the_jackknife_covers_and_the_naive_bootstrap_does_not():
    rng = np.random.default_rng(0)
    truth = kernel_distance(rng.normal(size=(6000, 4)), rng.normal(0.4, 1, size=(6000, 4)))[0]
    covered, naive = 0, 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(80, 4)), rng.normal(0.4, 1, size=(80, 4))
        _, (low, high) = kernel_distance(x, y)
        covered += low <= truth <= high
        if seed < 20:
            picks = rng.integers(0, 80, size=(30, 2, 80))
            draws = [kernel_distance(x[i], y[j])[0] for i, j in picks]
            naive += np.quantile(draws, 0.025) <= truth <= np.quantile(draws, 0.975)
    assert 0.88 <= covered / 100 <= 1
    assert naive / 20 < covered / 100


def test_permutation_p_is_small_only_where_sets_differ():
    rng = np.random.default_rng(0)
    x, same, other = rng.normal(size=(60, 5)), rng.normal(size=(60, 5)), rng.normal(1, 1, size=(60, 5))
    assert permutation_p(x, same, np.arange(60), rng) > 0.05
    assert permutation_p(x, other, np.arange(60), rng) == pytest.approx(1 / 200)


def test_pictures_of_one_patient_alike_do_not_count_as_a_difference():
    small = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = np.repeat(rng.normal(size=(20, 5)), 3, axis=0) + 0.1 * rng.normal(size=(60, 5))
        p = permutation_p(x, rng.normal(size=(60, 5)), np.repeat(np.arange(20), 3), rng, 59)
        small += p <= 0.05
    assert small <= 4


def test_frechet_distance_of_known_gaussians():
    eye3, eye4 = np.eye(3), np.eye(4)
    assert frechet_distance(_exact(np.zeros(3), eye3), _exact(np.array([1.0, 2, 2]), eye3)) == pytest.approx(
        9
    )
    assert frechet_distance(_exact(np.zeros(4), eye4), _exact(np.zeros(4), 4 * eye4)) == pytest.approx(4)
    left, right = np.array([[2.0, 1], [1, 2]]), np.diag([1.0, 3])
    found = frechet_distance(_exact(np.zeros(2), left), _exact(np.zeros(2), right))
    assert found == pytest.approx(0.5166852264521147, abs=1e-10)


def test_frechet_distance_of_the_published_six_rows():
    x, y = np.array([[1.0, 2]] * 3), np.array([[2.0, 2], [1, 2], [1, 2]])
    assert frechet_distance(x, y) == pytest.approx(0.444444, abs=1e-6)


def test_frechet_distance_by_singular_values_is_that_by_matrix_root():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 6)), rng.normal(0.3, 1.5, size=(60, 6))
    cx, cy = np.cov(x.T), np.cov(y.T)
    wanted = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(cx + cy - 2 * sqrtm(cx @ cy).real)
    assert frechet_distance(x, y) == pytest.approx(wanted, abs=1e-10)
    assert np.isfinite(frechet_distance(x[:4], y[:4]))


@pytest.mark.parametrize("seed", range(6))
def test_five_people_leave_a_real_picture_in_every_fold(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(10, 60))
    people = np.concatenate([np.arange(5), rng.integers(0, 5, count)])
    found = two_sample_area(rng.normal(size=(count + 5, 3)), rng.normal(size=(count + 5, 3)), people)
    assert 0 <= found.value <= 1


def test_two_samples_of_one_population_are_not_told_apart():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(100, 10)), rng.normal(size=(100, 10))
    assert two_sample_area(x, y, np.arange(100)).interval.low < 0.5
    assert two_sample_area(x, y + 1, np.arange(100)).value > 0.95
