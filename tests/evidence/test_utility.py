"""Whether made pictures teach anything is learnt from the made pictures."""

from dataclasses import replace

import numpy as np
import pytest

from vesalius.evidence.contract import admit
from vesalius.evidence.effort import QUICK
from vesalius.evidence.features import texture_space
from vesalius.evidence.lessons import utility_of
from vesalius.evidence.verdict import Thresholds
from vesalius.evidence.verdicts import utility_verdict

_CLASSES = ("healthy", "lesion")


def _useful(train, test, made):
    sets = admit(train, test, made, None, _CLASSES)
    return utility_of(sets, texture_space(train.stack), QUICK, 0, False)[0]


def _areas(utility, name):
    return [arm.auc.value for arm in utility.arms if arm.name == name]


@pytest.fixture(scope="module")
def others(make):
    people = make.people(2000, 120)
    return make.of(people.stack, people.labels)


def test_made_pictures_with_shuffled_labels_are_of_no_use(train, test_people, others):
    labels = np.random.default_rng(1).permutation(others.labels)
    found = _useful(train, test_people, replace(others, labels=labels))
    assert utility_verdict(found, "", Thresholds()).code == "NO USE SHOWN"
    assert min(_areas(found, "real")) > 0.75
    assert max(ratio.value for ratio in found.ratios) < 0.85


def test_made_pictures_with_exchanged_labels_teach_the_opposite(train, test_people, others):
    found = _useful(train, test_people, replace(others, labels=1 - others.labels))
    assert utility_verdict(found, "", Thresholds()).code == "NO USE SHOWN"
    assert max(_areas(found, "made")) < 0.3


def test_other_real_people_given_as_made_are_a_substitute_if_the_test_people_are_many(
    train, test_people, others
):
    found = _useful(train, test_people, others)
    assert found.fewest_patients == 60
    few = replace(found, fewest_patients=9)
    codes = [utility_verdict(one, "", Thresholds()).code for one in (found, few, None)]
    assert codes == ["SUBSTITUTE", "INSUFFICIENT DATA", "NOT TESTED"]
