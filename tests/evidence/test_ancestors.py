"""People of an earlier run whose weights a model started from are training people, too."""

from dataclasses import replace

import numpy as np
import pytest

from vesalius.errors import LeakageError
from vesalius.evidence.assess import assess
from vesalius.evidence.contract import admit, subset
from vesalius.evidence.memorisation import hashed
from vesalius.evidence.record import Evidence, Subject
from vesalius.evidence.report import report
from vesalius.evidence.verdict import Thresholds
from vesalius.evidence.verdicts import copying_verdict


@pytest.fixture(scope="module")
def nobody(train):
    return subset(train, np.zeros(len(train), bool))


def test_copies_of_people_of_an_earlier_run_are_found_and_named(make, nobody):
    few, earlier = make.people(0, 40), make.people(500, 40)
    noise = np.random.default_rng(0).normal(0, 0.01, earlier.stack[:12].shape)
    made = make.of(earlier.stack[:12] + noise, earlier.labels[:12])
    told = {"train": few, "test": nobody, "made": made, "classes": ("a", "b"), "quick": True}
    found: Evidence = assess(**told, earlier=earlier)
    assert found.verdict("Copying").code == "COPIES FOUND"
    assert {pair.patient for pair in found.copying.pairs} <= {hashed(name) for name in earlier.patients}
    assert {one.role: one.patients for one in found.data.sets}["earlier"] == 40
    assert "<td>earlier</td>" in report(found)
    assert assess(**told).verdict("Copying").code != "COPIES FOUND"


def test_nobody_of_an_earlier_run_is_a_holdout(make, train, test_people):
    earlier = subset(test_people, np.arange(len(test_people)) < 15)
    with pytest.raises(LeakageError, match="15 patient"):
        admit(train, test_people, train, None, ("a", "b"), earlier)


def test_a_picture_of_an_earlier_run_under_another_name_is_set_aside(make, train, test_people):
    earlier = make.of(test_people.stack[:15], test_people.labels[:15])
    sets = admit(train, test_people, train, None, ("a", "b"), earlier)
    assert len(sets.holdout) == len(test_people) - 15
    assert len(sets.learnt) == len(train) + 15


def test_what_is_normal_is_told_by_the_people_of_this_run_alone(make, train, test_people):
    between = make.people(900, 60)
    # Every other name sorts before those of this run, the rest after them: no number of a person may shift.
    named = tuple(f"{'0' if number % 2 else '~'}{name}" for number, name in enumerate(between.patients))
    earlier = replace(between, patients=named)
    told = {"train": train, "test": test_people, "made": make.people(700, 40)}
    alone = assess(**told, classes=("a", "b"), quick=True)
    joined = assess(**told, classes=("a", "b"), quick=True, earlier=earlier)
    assert alone.copying.tests
    assert joined.copying.tests == alone.copying.tests


def test_no_absence_of_copies_is_claimed_of_people_who_were_not_searched(honest):
    said = copying_verdict(honest.copying, 160, Thresholds())
    assert said.code == "NONE DETECTED"
    unsure = copying_verdict(honest.copying, 160, Thresholds(), unsearched=300)
    assert unsure.code == "INSUFFICIENT DATA"
    assert "a model of 300 other people" in unsure.text


def test_a_record_from_before_has_nobody_unsearched():
    assert Subject().unsearched == 0
