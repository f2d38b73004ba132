"""The area under the ROC curve and its error."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from vesalius.evidence.auc import area, macro_area, ratio
from vesalius.evidence.verdict import Thresholds


def _scores(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    positive = rng.integers(0, 2, n)
    return np.round(rng.normal(size=n) + positive, 1), positive


def test_the_area_is_scikit_learns_even_with_ties():
    scores, positive = _scores(0)
    assert area(scores, positive, np.arange(200)).value == pytest.approx(
        roc_auc_score(positive, scores), abs=1e-12
    )


def test_delong_by_hand():
    scores, positive = _scores(1)
    a, b = scores[positive == 1], scores[positive == 0]
    wins = (a[:, None] > b) + 0.5 * (a[:, None] == b)
    variance = wins.mean(1).var(ddof=1) / len(a) + wins.mean(0).var(ddof=1) / len(b)
    found = area(scores, positive, np.arange(200))
    assert (found.influence**2).sum() == pytest.approx(variance, rel=1e-10)


def test_repeated_pictures_of_the_same_patients_do_not_narrow_the_interval():
    scores, positive = _scores(2)
    once = area(scores, positive, np.arange(200)).interval
    again = area(np.tile(scores, 4), np.tile(positive, 4), np.tile(np.arange(200), 4)).interval
    assert again.high - again.low == pytest.approx(once.high - once.low, rel=0.02)


def test_delong_covers_the_truth():
    truth, hits = 0.7602499389065233, 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        scores = np.concatenate([rng.normal(1, 1, 60), rng.normal(0, 1, 60)])
        low, high = area(scores, np.repeat([1, 0], 60), np.arange(120)).interval
        hits += low <= truth <= high
    assert 0.9 <= hits / 200 <= 0.985


def test_macro_averages_one_against_rest():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 120)
    scores = rng.normal(size=(120, 3)) + np.eye(3)[labels]
    wanted = np.mean([roc_auc_score(labels == k, scores[:, k]) for k in range(3)])
    assert macro_area(scores, labels, np.arange(120)).value == pytest.approx(wanted, abs=1e-12)


def test_equal_classifiers_have_a_ratio_of_one_without_error():
    one = area(*_scores(3), np.arange(200))
    assert ratio(one, one) == (1.0, (1.0, 1.0))


def test_a_classifier_that_is_always_wrong_still_has_a_ratio():
    positive, people = np.repeat([1, 0], 5), np.arange(10)
    never, always = area(-positive.astype(float), positive, people), area(positive + 0.0, positive, people)
    assert (never.value, always.value) == (0, 1)
    assert ratio(always, never)[0] == pytest.approx(1000)
    assert ratio(never, always)[0] == pytest.approx(0.001)


@pytest.mark.parametrize(
    ("people", "visits", "most"), [(3, 1, 0.065), (5, 1, 0.05), (5, 20, 0.04), (10, 20, 0.035), (50, 1, 0.04)]
)
def test_guessing_is_seldom_called_better_than_guessing(people, visits, most):
    labels, who = np.repeat([1, 0], people * visits), np.repeat(np.arange(2 * people), visits)
    above = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        scores = rng.normal(size=2 * people)[who] + 0.5 * rng.normal(size=len(who)) * (visits > 1)
        above.append(area(scores, labels, who).interval.low > 0.5)
    assert np.mean(above) <= most
    assert Thresholds().utility_patients == 10


def test_a_perfect_order_of_few_people_is_not_certain():
    labels, who = np.repeat([1, 0], 5), np.arange(10)
    perfect = area(labels + 0.0, labels, who)
    assert (perfect.value, perfect.interval.high) == (1, 1)
    assert 0.5 < perfect.interval.low < 0.7
    value, (low, high) = ratio(perfect, perfect)
    assert value == 1
    assert low < 0.75 < 1.3 < high
