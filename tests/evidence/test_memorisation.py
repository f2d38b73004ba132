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
    copy_test,
    hashed,
    near_duplicates,
)


def _features(seed: int, n: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 64)) / np.sqrt(np.arange(1, 65))


def _planes(people) -> np.ndarray:
    return people.stack[:, 0, 0]


def test_five_per_cent_of_copies_among_five_hundred_are_found():
    recalls, false = [], []
    for seed in range(4):
        train, made = _features(seed, 500), _features(100 + seed, 500)
        made[:25] = train[:25] + 0.1 * _features(200 + seed, 25)
        _, _, flagged = copy_test("toy", train, np.arange(500), _features(300 + seed, 500), made, 0.1)
        recalls.append(flagged[:25].mean())
        false.append(flagged[25:].sum())
    assert np.mean(recalls) >= 0.95
    assert np.mean(false) < 10


def test_where_nothing_is_copied_fewer_than_two_are_accused():
    accused = []
    for seed in range(10):
        people = np.arange(300)
        test, _, _ = copy_test(
            "toy", _features(seed, 300), people, _features(50 + seed, 300), _features(90 + seed, 300), 0.1
        )
        accused.append(test.flagged)
    assert np.mean(accused) < 2


def test_pictures_of_one_patient_do_not_blind_the_test():
    people = np.repeat(np.arange(150), 3)
    train = np.repeat(_features(0, 150), 3, axis=0) + 0.05 * _features(1, 450)
    made = _features(2, 200)
    made[:40] = train[:120:3] + 0.05 * _features(3, 40)
    _, _, flagged = copy_test("toy", train, people, _features(4, 150), made, 0.1)
    assert flagged[:40].mean() > 0.95


def test_the_detection_limit_is_that_of_the_calibration_count():
    test, _, _ = copy_test("toy", _features(0, 99), np.arange(99), _features(1, 60), _features(2, 60), 0.1)
    assert test.detection_limit == pytest.approx(0.1)


def test_a_space_that_knows_its_training_pictures_is_calibrated_on_the_holdout():
    train = _features(0, 200)
    test, _, _ = copy_test("toy", train, np.arange(200), _features(1, 200) * 3, _features(2, 50), 0.1)
    assert test.control_p < 0.01
    assert test.calibration == "holdout"


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
    nobody = linear_samples(train.stack, train.labels, 160, train.labels[:80], 0)[:, 0, 0]
    made = np.ascontiguousarray(change(planes[:40]).astype(np.float32))
    test, matches, found = near_duplicates(planes, np.arange(160), holdout, nobody, made, 0.95, 0.3)
    assert found.mean() >= 0.95
    assert (matches.index == np.arange(40)).mean() >= 0.95
    assert test.holdout_found == 0


def test_strangers_and_smooth_pictures_of_nobody_are_not_near_duplicates(train, test_people, make):
    planes, holdout = _planes(train), _planes(test_people)
    smooth = linear_samples(train.stack, train.labels, 16, train.labels[:100], 1)[:, 0, 0]
    nobody = linear_samples(train.stack, train.labels, 160, train.labels[:80], 0)[:, 0, 0]
    made = np.concatenate([_planes(make.people(3000, 60)), smooth])
    test, _, _ = near_duplicates(planes, np.arange(160), holdout, nobody, made, 0.95, 0.3)
    assert test.near_duplicates == 0


def test_the_baselines_say_what_the_rule_calls_a_copy_and_what_not(train, test_people):
    planes, people = _planes(train), np.arange(160)
    nobody = linear_samples(train.stack, train.labels, 160, train.labels[:80], 0)[:, 0, 0]
    changed = augmented(train.stack[:40], 0)[:, 0, 0]
    made = planes[:60] + np.float32(0.001)
    search, _, _ = near_duplicates(planes, people, _planes(test_people), nobody, made, 0.95, 0.3)
    again = baseline("made", made, planes, people, search, 200)
    assert (again.found, again.n) == (search.near_duplicates, 60)
    fresh = linear_samples(train.stack, train.labels, 160, train.labels[:80], 7)[:, 0, 0]
    assert baseline("linear", fresh, planes, people, search, 60) == Baseline("linear", 0, 60)
    assert baseline("augmented", changed, planes, people, search, 60).found >= 10


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
