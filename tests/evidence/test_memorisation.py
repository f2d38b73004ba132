"""Copies are found, and strangers are not accused."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from vesalius.evidence.baselines import augmented, linear_samples
from vesalius.evidence.correlation import best_matches, body
from vesalius.evidence.memorisation import (
    Baseline,
    baseline,
    chance_limit,
    hashed,
    near_duplicates,
)


def _planes(people) -> np.ndarray:
    return people.stack[:, 0, 0]


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x + np.random.default_rng(0).normal(0, 0.02, x.shape),
        lambda x: np.roll(x, 2, axis=2),
        lambda x: x[:, :, ::-1],
        lambda x: np.rot90(x, 1, (1, 2)),
        lambda x: np.clip(1.1 * x + 0.1, -1, 1),
        lambda x: gaussian_filter(x, (0, 1, 1)),
    ],
    ids=["noised", "shifted", "mirrored", "turned", "brightened", "softened"],
)
def test_a_changed_copy_is_a_near_duplicate_of_its_original(change, train, test_people):
    planes, holdout = _planes(train), _planes(test_people)
    nobody = linear_samples(train.stack, train.labels, np.arange(160), train.labels[:80], 0)[:, 0, 0]
    made = np.ascontiguousarray(change(planes[:40]).astype(np.float32))
    test, matches, found = near_duplicates(planes, np.arange(160), holdout, nobody, made, 0.95, 0.3)
    assert found.mean() >= 0.95
    assert (matches.index == np.arange(40)).mean() >= 0.95
    assert test.holdout_found == 0


def test_strangers_and_smooth_pictures_of_nobody_are_not_near_duplicates(train, test_people, make):
    planes, holdout = _planes(train), _planes(test_people)
    smooth = linear_samples(train.stack, train.labels, np.arange(160) % 16, train.labels[:100], 1)[:, 0, 0]
    nobody = linear_samples(train.stack, train.labels, np.arange(160), train.labels[:80], 0)[:, 0, 0]
    made = np.concatenate([_planes(make.people(3000, 60)), smooth])
    test, _, _ = near_duplicates(planes, np.arange(160), holdout, nobody, made, 0.95, 0.3)
    assert test.near_duplicates == 0


def test_the_baselines_say_what_the_rule_calls_a_copy_and_what_not(train, test_people):
    planes, people = _planes(train), np.arange(160)
    nobody = linear_samples(train.stack, train.labels, np.arange(160), train.labels[:80], 0)[:, 0, 0]
    changed = augmented(train.stack[:40], 0)[:, 0, 0]
    made = planes[:60] + np.float32(0.001)
    search, _, _ = near_duplicates(planes, people, _planes(test_people), nobody, made, 0.95, 0.3)
    again = baseline("made", made, planes, people, search, 200)
    assert (again.found, again.n) == (search.near_duplicates, 60)
    fresh = linear_samples(train.stack, train.labels, np.arange(160), train.labels[:80], 7)[:, 0, 0]
    assert baseline("linear", fresh, planes, people, search, 60) == Baseline("linear", 0, 60)
    assert baseline("augmented", changed, planes, people, search, 60).found >= 10


def test_the_search_says_who_calibrated_it(train, test_people):
    planes, holdout = _planes(train), _planes(test_people)
    people, nobody = np.arange(160), planes[:0]
    for real, smooth, told in (
        (holdout, planes[:20], "holdout, linear model"),
        (holdout, nobody, "holdout"),
        (nobody, planes[:20], "linear model"),
        (nobody, nobody, "none"),
    ):
        search, _, _ = near_duplicates(planes, people, real, smooth, planes[:20], 0.95, 0.3)
        assert search.calibration == told


def test_a_constant_picture_matches_nobody(train):
    planes = _planes(train)
    matches = best_matches(np.zeros((2, 32, 32), np.float32), planes, np.arange(160), body(planes))
    assert np.abs(matches.correlation).max() < 0.01


def test_pictures_that_are_not_square_are_compared_too():
    planes = np.random.default_rng(0).normal(size=(20, 24, 40)).astype(np.float32)
    matches = best_matches(planes[:, :, ::-1], planes, np.arange(20), body(planes))
    assert matches.index.tolist() == list(range(20))


def test_the_chance_limit_falls_with_the_number_of_tries():
    strangers = np.random.default_rng(0).normal(0.8, 0.1, 200).clip(0.3, 1)
    assert 0.05 <= chance_limit(strangers, 1000) < chance_limit(strangers, 10) < 0.8


def test_a_few_true_duplicates_do_not_lower_the_chance_limit():
    strangers = np.random.default_rng(0).normal(0.8, 0.1, 200).clip(0.3, 1)
    doubled = np.concatenate([strangers, np.zeros(10)])
    assert chance_limit(doubled, 100) == pytest.approx(chance_limit(strangers, 100), abs=0.1)


def test_a_hashed_patient_does_not_show_the_name():
    assert hashed("patient-7") == hashed("patient-7") != hashed("patient-8")
    assert "patient" not in hashed("patient-7")
