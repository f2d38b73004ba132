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
from vesalius.evidence.verdicts import diversity_verdict, fidelity_verdict
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


def _with(likeness, name: str, space: str, value: float):
    """The same numbers but for one."""

    def changed(found):
        return tuple(
            replace(one, estimate=replace(one.estimate, value=value))
            if (one.group, one.estimate.name, one.space) == ("all", name, space)
            else one
            for one in found
        )

    return replace(likeness, fidelity=changed(likeness.fidelity), diversity=changed(likeness.diversity))


@pytest.mark.parametrize(
    ("texture", "ssl", "code", "word"),
    [
        (0.97, 0.97, "COVERED", "No loss of variety"),
        (0.03, 0.97, "PARTIAL", "cannot be told from a lack of sharpness"),
        (0.97, 0.7, "PARTIAL", "Variety is reduced"),
        (0.97, 0.3, "COLLAPSE", "Part of the variety is lost"),
    ],
)
def test_diversity_is_covered_only_where_both_kinds_of_feature_say_so(texture, ssl, code, word, honest):
    likeness = _with(_with(honest.likeness, "coverage", "texture", texture), "coverage", "ssl", ssl)
    verdict = diversity_verdict(likeness, 100, Thresholds())
    assert verdict.code == code
    assert word in verdict.text
    assert f"by the texture features they cover {texture:.0%}" in verdict.text


def test_fidelity_is_partial_where_coverage_alone_is_short(honest):
    likeness = _with(honest.likeness, "coverage", "texture", 0.5)
    assert fidelity_verdict(honest.likeness, 100, Thresholds()).code == "CLOSE"
    assert fidelity_verdict(likeness, 100, Thresholds()).code == "PARTIAL"
