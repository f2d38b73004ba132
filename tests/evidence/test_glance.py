"""The judge of the watch: nearer is better, and lost variety is never made up for."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from vesalius.cohort.phantom import phantom_cohort
from vesalius.evidence import glance
from vesalius.evidence.glance import glance_by
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.stream import Stacked, stack
from vesalius.training.watch import Judge


def part(whole: Stacked, rows: slice) -> Stacked:
    return Stacked(whole.stack[rows], whole.labels[rows], whole.patients[rows], whole.keys[rows])


@pytest.fixture(scope="module")
def sides():
    cohort = phantom_cohort(400, size=32, seed=1)
    whole = stack(cohort, synthesis_of(cohort, 32, "label"))
    return part(whole, slice(0, 200)), part(whole, slice(200, 260)), part(whole, slice(260, 400))


@pytest.fixture(scope="module")
def judge(sides):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(glance, "_ENCODER_STEPS", 20)
        return glance_by(sides[0], sides[1])


def wanted(judge, source: Stacked) -> np.ndarray:
    """Pictures of `source` with the classes that the judge wants."""
    pools = [np.flatnonzero(source.labels == index) for index in range(2)]
    rows = [pools[label][place % len(pools[label])] for place, label in enumerate(judge.labels)]
    return source.stack[rows]


def test_it_is_a_judge_who_knows_how_many_people_he_judges_by(judge):
    assert isinstance(judge, Judge)
    assert judge.patients == 60
    assert len(judge.labels) == 420


def test_other_people_rank_before_blurred_ones_and_blurred_before_noise(judge, sides):
    real = wanted(judge, sides[2])
    blurred = gaussian_filter(real, (0, 0, 0, 1, 1)).astype(np.float32)
    noise = np.random.default_rng(0).uniform(-1, 1, real.shape).astype(np.float32)
    ranks = [judge(made).rank for made in (real, blurred, noise)]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == 3


def test_one_picture_over_and_over_ranks_behind_blurred_pictures_of_all(judge, sides):
    real = wanted(judge, sides[2])
    same = np.repeat(sides[1].stack[:1], len(real), axis=0)
    blurred = gaussian_filter(real, (0, 0, 0, 1, 1)).astype(np.float32)
    assert judge(same).rank > judge(blurred).rank


def test_lost_variety_is_never_made_up_for_by_closeness(judge, sides):
    real = wanted(judge, sides[2])
    strict = replace(judge, kinds=(replace(judge.kinds[0], least=1.5), *judge.kinds[1:]))
    assert strict(real).rank > judge(real).rank + 25


def test_one_class_does_not_make_up_for_another(judge, sides):
    real = wanted(judge, sides[2])
    lost = real.copy()
    lost[judge.labels == 1] = real[judge.labels == 1][:1]
    whole, without = judge(real), judge(lost)
    name = "watch/coverage ssl of the worst class"
    assert {kind.label for kind in judge.kinds} == {None, 0, 1}
    assert without.numbers[name] < 0.3 < 0.7 < whole.numbers[name]
    alone = replace(judge, kinds=judge.kinds[:1])
    assert without.rank - whole.rank > alone(lost).rank - alone(real).rank + 5


def test_a_class_of_few_people_aside_is_not_judged_by_itself(sides):
    few = sides[1]
    rare = np.zeros_like(few.labels)
    rare[: glance.LEAST - 1] = 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(glance, "_ENCODER_STEPS", 2)
        judge = glance_by(sides[0], replace(few, labels=rare))
    assert {kind.label for kind in judge.kinds} <= {None, 0}


def test_nobody_judges_by_too_few_people(sides):
    assert glance_by(sides[0], part(sides[1], slice(0, glance.LEAST - 1))) is None


def test_many_pictures_of_few_people_are_not_judged_by(sides):
    for people in (1, glance.PEOPLE - 1):
        names = tuple(f"p{place % people}" for place in range(len(sides[1])))
        assert glance_by(sides[0], replace(sides[1], patients=names)) is None


def test_pairs_of_one_person_do_not_count(judge, sides):
    made = wanted(judge, sides[2])
    twice = replace(
        judge,
        real=tuple(np.repeat(rows, 2, axis=0) for rows in judge.real),
        people=np.repeat(judge.people, 2),
    )
    strangers = replace(twice, people=np.arange(2 * len(judge.people)))
    name = "watch/KID ssl"
    assert twice.patients == judge.patients
    assert twice(made).numbers[name] == pytest.approx(judge(made).numbers[name])
    assert strangers(made).numbers[name] > twice(made).numbers[name]
