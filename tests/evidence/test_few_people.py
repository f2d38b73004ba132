"""A cohort of few people with many pictures each is measured as far as people go, and no further."""

from dataclasses import replace

import numpy as np
import pytest

from vesalius.cli.people import split_people
from vesalius.cli.verbs import Selection
from vesalius.cohort.cohort import Cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.evidence import assess as assessment
from vesalius.evidence.assess import assess
from vesalius.evidence.contract import admit
from vesalius.evidence.effort import Effort
from vesalius.evidence.features import pixel_space
from vesalius.evidence.lessons import obstacle
from vesalius.evidence.report import report
from vesalius.evidence.views import group_names, references, seen, uneven, view

_LEAST_EFFORT = Effort(2, 8, 2, 9, 1, 2, 1, 1, 1, True)


@pytest.fixture
def little(monkeypatch):
    """As little work for each number as there can be, but each class by itself too."""
    monkeypatch.setattr(assessment, "QUICK", _LEAST_EFFORT)


def _sets(make, people: int, visits: int = 24) -> dict:
    """Test people of many pictures each; every other picture is of the other class."""
    test = make.people(1000, people, visits)
    test = replace(test, labels=np.arange(len(test)) % 2)
    return {"train": make.people(0, 60), "test": test, "made": make.people(2000, 60)}


@pytest.mark.parametrize("people", [1, 2, 3, 4, 5])
def test_few_people_of_many_pictures_are_assessed_to_the_end(people, make, little):
    found = assess(**_sets(make, people), classes=("healthy", "lesion"), quick=True)
    codes = [found.verdict(area).code for area in ("Fidelity", "Diversity")]
    assert codes == ["INSUFFICIENT DATA"] * 2
    assert (found.likeness is None) == (people < 3)
    assert (found.utility is None) == (people < 3)
    assert found.verdict("Utility").code == ("NOT TESTED" if people < 3 else "INSUFFICIENT DATA")
    assert report(found)
    if found.likeness is not None:
        assert bool(found.likeness.pooled("C2ST")) == (people >= 5)
        assert {one.group for one in found.likeness.fidelity} == {"all", "healthy", "lesion"}
        assert all(one.estimate.low < one.estimate.high for one in found.likeness.pooled("KID").values())


def test_too_few_people_are_left_out_and_the_record_says_so(make):
    sets = admit(**_sets(make, 2), holdout=None, classes=("healthy", "lesion"))
    assert not sets.has_others
    assert len(sets.test) == 0
    assert "holdout: 48 picture(s) of 2 people are too few to compare with" in sets.notes[0]


def test_too_few_pictures_of_enough_people_are_left_out_too(make):
    sets = admit(**_sets(make, 5, visits=1), holdout=None, classes=("healthy", "lesion"))
    assert not sets.has_others


def test_a_class_of_one_person_is_not_compared_by_itself(make):
    sets = _sets(make, 4)
    sets["test"] = replace(sets["test"], labels=np.repeat([0, 0, 0, 1], 24))
    admitted = admit(**sets, holdout=None, classes=("healthy", "lesion"))
    assert group_names(admitted) == ("healthy",)
    assert obstacle(admitted) == "Class 'lesion' has 1 test people, wanted at least 3."


def test_where_one_person_has_nearly_all_pictures_that_can_be_compared_there_is_no_likeness(make, little):
    crowd = make.one_class(make.people(1000, 1, 200))
    others = make.one_class(make.people(1001, 3))
    test = replace(
        crowd,
        stack=np.concatenate([crowd.stack, others.stack]),
        labels=np.concatenate([crowd.labels, others.labels]),
        patients=crowd.patients + others.patients,
        keys=crowd.keys + others.keys,
    )
    train, made = make.one_class(make.people(0, 40)), make.one_class(make.people(2000, 12))
    found = assess(train=train, test=test, made=made, classes=("all",), quick=True)
    assert found.likeness is None
    assert found.verdict("Fidelity").code == "INSUFFICIENT DATA"


@pytest.fixture(scope="module")
def cut():
    """Names of people, by the side on which the hash has them."""
    parts = phantom_cohort(300, size=16).parts()
    return {"p": sorted(parts.test.patients), "q": sorted(parts.train.patients)}


@pytest.mark.parametrize(("people", "aside"), [(2, 0), (3, 3)])
def test_a_cohort_keeps_nobody_aside_where_they_would_be_too_few(people, aside, cut):
    cases = phantom_cohort(60, size=16).cases
    told = [
        replace(case, patient=f"p{place % people}" if place < 30 else f"q{place}")
        for place, case in enumerate(cases)
    ]
    told = [replace(case, patient=cut[case.patient[0]][int(case.patient[1:])]) for case in told]
    found = split_people(Cohort(tuple(told)), Selection(label="none"))
    assert len(found.parts.test.patients) == aside
    assert bool(aside) == (not any("too few to keep some aside" in note for note in found.notes))


@pytest.mark.parametrize(("scarce", "told"), [(60, ""), (5, "2.5%"), (0, "0.0%")])
def test_a_class_too_scarce_to_compare_in_equal_shares_is_told(scarce, told, make):
    train, test, made = (make.people(first, count) for first, count in ((0, 60), (1000, 100), (2000, 200)))
    made = replace(made, labels=(np.arange(200) < scarce).astype(int))
    sets = admit(train, test, made, None, ("healthy", "lesion"))
    refs = references(sets, 0, False)
    note = uneven(sets)
    assert told in note
    assert bool(note) == bool(told)
    assert not note or "'lesion' is" in note
    seen_by = seen(pixel_space(train.stack), sets, refs)
    cut = view(sets, refs, seen_by, "all", 2, 4, 0)
    assert len(cut.made) == 4
    assert len(cut.real) == 60
