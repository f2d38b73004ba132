"""Verdicts say what could have gone unseen, counted in people."""

import re
from dataclasses import replace

import numpy as np
import pytest

from vesalius.evidence.auc import area
from vesalius.evidence.contract import admit
from vesalius.evidence.effort import Effort
from vesalius.evidence.features import texture_space
from vesalius.evidence.likeness import likeness_of
from vesalius.evidence.verdict import Thresholds
from vesalius.evidence.verdicts import fidelity_verdict
from vesalius.evidence.views import references, seen

_LEAST_EFFORT = Effort(1, 8, 2, 9, 1, 2, 1, 1, 1, False)


def _unseen(limits: str) -> float:
    return float(re.search(r"an area of ([\d.]+) or less", limits)[1])


def test_pictures_of_one_person_count_once_in_what_could_have_gone_unseen(honest):
    people, thresholds = honest.likeness, Thresholds()
    visits = replace(people, effective_n=people.effective_n / 4)
    alone, together = (fidelity_verdict(one, 100, thresholds).limits for one in (people, visits))
    assert "each of another person" in alone
    assert "counted as 30, for several pictures of one person count together" in together
    assert _unseen(alone) == pytest.approx(0.57, abs=0.006)
    assert _unseen(together) == pytest.approx(0.62, abs=0.006)


def test_what_could_have_gone_unseen_is_what_chance_reaches_with_as_many_people(honest):
    rng, people = np.random.default_rng(0), np.repeat(np.arange(30), 4)
    is_made, who = np.repeat([0, 1], 120), np.concatenate([people, 30 + np.arange(120)])
    reached = [
        area(np.concatenate([rng.normal(size=30)[people], rng.normal(size=120)]), is_made, who).value
        for _ in range(400)
    ]
    visits = replace(honest.likeness, effective_n=30.0)
    limit = _unseen(fidelity_verdict(visits, 100, Thresholds()).limits)
    assert 0.95 < np.mean(np.array(reached) <= limit) < 1
    assert np.mean(np.array(reached) <= 0.57) < 0.93


@pytest.mark.parametrize("visits", [1, 2])
def test_a_record_counts_the_people_behind_the_pictures_compared(visits, make):
    train, test, made = (make.people(first, 24, visits) for first in (0, 1000, 2000))
    sets = admit(train, test, made, None, ("healthy", "lesion"))
    refs = references(sets, 0, False)
    space = seen(texture_space(train.stack), sets, refs)
    learnt = replace(space, space=replace(space.space, record=replace(space.space.record, name="ssl")))
    likeness = likeness_of(sets, refs, space, learnt, _LEAST_EFFORT, 0)
    assert likeness.vendi.n <= likeness.pooled("KID")["ssl"].estimate.n == 24 * visits
    assert likeness.effective_n == 24
