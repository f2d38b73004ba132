"""Copies stand out by rank, and few people accuse nobody by accident."""

from dataclasses import replace

import numpy as np
import pytest

from vesalius.evidence.conformal import Crowd, Suspicion, copy_test
from vesalius.evidence.contract import admit
from vesalius.evidence.copies import find_copies
from vesalius.evidence.features import pixel_space
from vesalius.evidence.memorisation import hashed
from vesalius.evidence.verdict import Thresholds
from vesalius.evidence.verdicts import copying_verdict
from vesalius.evidence.views import references, seen


def _features(seed: int, n: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 64)) / np.sqrt(np.arange(1, 65))


def _tested(
    train: np.ndarray, holdout: np.ndarray, made: np.ndarray, people: np.ndarray | None = None
) -> Suspicion:
    who = np.arange(len(train)) if people is None else people
    return copy_test("toy", Crowd(train, who), Crowd(holdout, np.arange(len(holdout))), made, 0.1)


def test_five_per_cent_of_copies_among_five_hundred_are_found():
    recalls, false = [], []
    for seed in range(4):
        train, made = _features(seed, 500), _features(100 + seed, 500)
        made[:25] = train[:25] + 0.1 * _features(200 + seed, 25)
        found = _tested(train, _features(300 + seed, 500), made)
        recalls.append(found.flagged[:25].mean())
        false.append(found.flagged[25:].sum())
        assert (found.nearest[:25] == np.arange(25)).all()
    assert np.mean(recalls) >= 0.95
    assert np.mean(false) < 10


def test_where_nothing_is_copied_fewer_than_two_are_accused():
    sets = [[_features(first + seed, 300) for first in (0, 50, 90)] for seed in range(10)]
    assert np.mean([_tested(*one).test.flagged for one in sets]) < 2


def _fitted(train: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """All rows in axes in which the training rows are spread evenly, hence held apart from each other."""
    centre = train.mean(axis=0)
    _, spread, axes = np.linalg.svd(train - centre, full_matrices=False)
    kept = spread > 1e-3 * spread[0]
    return [(rows - centre) @ axes[kept].T / spread[kept] for rows in (train, *others)]


@pytest.mark.parametrize("visits", [1, 8])
@pytest.mark.parametrize("people", [12, 30, 99])
def test_few_people_accuse_somebody_in_at_most_one_of_ten_honest_runs(people, visits):
    who = np.repeat(np.arange(people), visits)
    accused = []
    for seed in range(60):
        train = _features(seed, people)[who] + 0.3 * _features(1000 + seed, people * visits)
        holdout, made = _features(2000 + seed, max(9, people // 4)), _features(3000 + seed, 40)
        accused.append(_tested(*_fitted(train, holdout, made), who).test.flagged > 0)
    assert np.mean(accused) <= 0.1


@pytest.mark.parametrize("people", [30, 99])
def test_a_set_made_wholly_of_copies_is_found_however_few_the_people(people):
    train = _features(0, people)
    made = train[np.arange(60) % people] + 0.1 * _features(1, 60)
    found = _tested(train, _features(2, 12), made)
    assert found.test.calibration == "both"
    assert found.test.n_calibration == 12
    assert found.flagged.mean() > 0.95


def test_few_people_must_be_too_close_by_training_and_by_holdout_pictures():
    train, holdout, made = _features(0, 60), 0.6 * _features(1, 12), 0.8 * _features(2, 40)
    crowds = Crowd(train, np.arange(60)), Crowd(holdout, np.arange(12))
    both, own = (copy_test("toy", *crowds, made, 0.1, enough).p for enough in (100, 0))
    assert (both >= own).all()
    assert (both > own).any()


def test_pictures_of_one_patient_do_not_blind_the_test():
    people = np.repeat(np.arange(150), 3)
    train = np.repeat(_features(0, 150), 3, axis=0) + 0.05 * _features(1, 450)
    made = _features(2, 200)
    made[:40] = train[:120:3] + 0.05 * _features(3, 40)
    assert _tested(train, _features(4, 150), made, people).flagged[:40].mean() > 0.95


def test_many_pictures_of_a_person_do_not_sharpen_the_test():
    people = np.repeat(np.arange(100), 5)
    train = np.repeat(_features(0, 100), 5, axis=0)
    once, again = (
        _tested(rows, _features(1, 60), _features(2, 60), who)
        for rows, who in ((train[::5], people[::5]), (train, people))
    )
    assert again.test.n_calibration == once.test.n_calibration == 100
    assert np.allclose(again.p, once.p)


@pytest.mark.parametrize(("people", "limit"), [(100, 0.099), (150, 0.066)])
def test_the_detection_limit_is_that_of_the_people_who_calibrate(people, limit):
    test = _tested(_features(0, people), _features(1, 60), _features(2, 60)).test
    assert test.calibration == "leave-one-out"
    assert test.detection_limit == pytest.approx(limit, abs=0.001)


def test_a_space_that_knows_its_training_pictures_is_calibrated_on_the_holdout():
    test = _tested(_features(0, 200), _features(1, 200) * 3, _features(2, 50)).test
    assert test.control_p < 0.01
    assert test.calibration == "holdout"


@pytest.mark.parametrize("people", [60, 99])
def test_few_training_people_forbid_to_say_that_there_are_no_copies_not_to_find_them(people, make):
    train, test = make.one_class(make.people(0, people)), make.one_class(make.people(1000, 40))
    noise = np.random.default_rng(5).normal(0, 0.25, (40, *train.stack.shape[1:]))
    copies = make.of(train.stack[:40] + noise, train.labels[:40])
    for made, code in (
        (copies, "COPIES FOUND"),
        (make.one_class(make.people(2000, 40)), "INSUFFICIENT DATA"),
    ):
        sets = admit(train, test, made, None, ("all",))
        refs = references(sets, 0, False)
        search = find_copies(sets, refs, (seen(pixel_space(train.stack), sets, refs),), Thresholds())
        assert copying_verdict(search.copying, people, Thresholds()).code == code
        assert (len(search.rows) > 30) == (code == "COPIES FOUND")
        assert search.copying.patients_copied == len(search.rows)


def test_who_is_copied_by_the_conformal_test_is_who_is_nearest_in_its_features(make):
    train, test, made = (make.one_class(make.people(first, 120)) for first in (0, 1000, 2000))
    sets = admit(train, test, made, None, ("all",))
    refs = references(sets, 0, False)
    features = [_features(seed, 120) for seed in range(3)]
    features[2][:30] = features[0][90:] + 0.01
    space = seen(pixel_space(train.stack), sets, refs)
    told = replace(space, train=features[0], holdout=features[1], made=features[2])
    pairs = find_copies(sets, refs, (told,), Thresholds()).copying.pairs
    named = {pair.made: pair.patient for pair in pairs}
    assert all(named[made.keys[row]] == hashed(train.patients[90 + row]) for row in range(30))
    assert all(pair.correlation < 0.95 for pair in pairs)
