"""Halves of a pool: of one known size, by patient."""

import numpy as np
import pytest

from vesalius.evidence.sampling import half_size, halves


@pytest.mark.parametrize("crowd", [1, 3, 40, 80])
def test_halves_have_the_size_that_was_known_before_and_share_nobody(crowd):
    rng = np.random.default_rng(crowd)
    people = np.concatenate([np.repeat(0, crowd), rng.integers(1, 30, 60)])
    people = np.unique(people, return_inverse=True)[1]
    size = half_size(people, 50)
    for _ in range(200):
        first, second = halves(people, size, rng)
        assert len(set(first) | set(second)) == 2 * size > 0
        assert not set(people[first]) & set(people[second])


def test_where_each_picture_is_of_another_person_nothing_is_lost():
    assert half_size(np.arange(100), 50) == 50
    assert half_size(np.arange(100), 30) == 30


def test_a_person_with_many_pictures_leaves_smaller_halves():
    assert half_size(np.array([0] * 60 + list(range(1, 41))), 50) == 20
