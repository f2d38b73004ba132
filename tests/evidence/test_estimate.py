"""Numbers and their intervals."""

import math

import numpy as np
import pytest

from vesalius.errors import EvidenceError
from vesalius.evidence.estimate import Estimate
from vesalius.evidence.intervals import (
    bootstrap_mean,
    clopper_pearson,
    effective_count,
    jackknife_variance,
    normal_interval,
    numbered,
    zero_hits_bound,
)


def test_an_estimate_refuses_numbers_that_are_none():
    with pytest.raises(EvidenceError, match="finite"):
        Estimate("KID", math.nan, None, None, "none", 10)


def test_an_interval_has_two_ends_or_none():
    with pytest.raises(EvidenceError, match="both ends"):
        Estimate("KID", 0.1, 0.0, None, "half", 10)


def test_clopper_pearson_gives_the_published_limits():
    assert clopper_pearson(0, 100) == pytest.approx((0, 0.036217), abs=1e-6)
    assert clopper_pearson(5, 100) == pytest.approx((0.016432, 0.112835), abs=1e-6)
    assert clopper_pearson(100, 100)[1] == 1


def test_no_hit_in_a_hundred_excludes_three_per_cent():
    assert zero_hits_bound(100) == pytest.approx(0.02951, abs=1e-5)


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(0).normal(size=50)
    without = (values.sum() - values) / 49
    low, high = normal_interval(float(values.mean()), jackknife_variance(without))
    assert (high - low) / 2 == pytest.approx(1.959964 * values.std(ddof=1) / math.sqrt(50), rel=1e-6)


def test_a_bootstrap_over_patients_is_wider_than_one_over_their_pictures():
    rng = np.random.default_rng(0)
    values = np.repeat(rng.normal(size=30), 5)
    by_patient = bootstrap_mean(values, np.repeat(np.arange(30), 5), rng)
    by_picture = bootstrap_mean(values, np.arange(150), rng)
    assert by_patient.high - by_patient.low > 1.6 * (by_picture.high - by_picture.low)


def test_people_with_most_of_the_pictures_are_worth_fewer_than_their_number():
    assert effective_count(np.arange(7)) == 7
    assert effective_count(np.repeat(np.arange(7), 4)) == 7
    assert 1 < effective_count(np.array([0] * 20 + [1, 2, 3])) < 1.5


def test_patients_are_numbered_from_zero():
    assert numbered(("b", "a", "b")).tolist() == [1, 0, 1]
