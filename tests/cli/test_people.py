"""Who takes part: the cut, and what is left out by name."""

from dataclasses import replace

import pytest

from vesalius.cli.people import mention, split_people
from vesalius.cli.verbs import Selection
from vesalius.cohort.cohort import Cohort
from vesalius.cohort.phantom import phantom_cohort


@pytest.fixture(scope="module")
def recorded():
    """Twelve people on the training side, twelve on the test side."""
    cases = phantom_cohort(24, size=16).cases
    sides = ["train"] * 12 + ["test"] * 12
    told = [
        replace(case, facts={**case.facts, "split": side}) for case, side in zip(cases, sides, strict=True)
    ]
    return Cohort(tuple(told), "recorded")


def test_a_cut_of_enough_people_is_kept(recorded):
    people = split_people(recorded, Selection())
    assert (len(people.parts.train), len(people.parts.test), people.notes) == (12, 12, ())


def test_whom_a_recorded_split_keeps_aside_is_never_learnt_from(recorded):
    twin = replace(recorded.cases[0], pictures=recorded.cases[12].pictures)
    people = split_people(Cohort((twin, *recorded.cases[1:]), "recorded"), Selection())
    assert (len(people.parts.train), len(people.parts.test)) == (11, 12)
    assert people.notes[0].startswith("1 pair(s) of equal or nearly equal pictures across the split")
    assert "without them 23 patient(s) are too few" in people.notes[1]
    assert people.notes[1].endswith("the recorded split is kept")


def by_hash(train: int, test: int) -> Cohort:
    """People of whom the hash keeps some aside."""
    everybody = phantom_cohort(200, size=16)
    parts = everybody.parts()
    return Cohort((*parts.train.cases[:train], *parts.test.cases[:test]), "by hash")


def test_a_training_side_that_duplicates_leave_too_small_is_no_side():
    cohort = by_hash(12, 12)
    twin = replace(cohort.cases[0], pictures=cohort.cases[12].pictures)
    people = split_people(Cohort((twin, *cohort.cases[1:]), "by hash"), Selection())
    assert (len(people.parts.train), len(people.parts.test)) == (24, 0)
    (note,) = people.notes
    assert note.startswith("1 pair(s) of equal or nearly equal pictures across the split: without them 23")
    assert note.endswith("nothing can be said of other people")


def test_a_class_that_only_duplicates_had_is_not_lost():
    cohort = by_hash(13, 12)
    cases = [replace(case, facts={**case.facts, "label": "a"}) for case in cohort.cases]
    last = replace(cases[0], facts={"label": "b"}, pictures=cases[13].pictures)
    people = split_people(Cohort((last, *cases[1:]), "by hash"), Selection())
    assert len(people.parts.train) == 25
    assert "all people of class 'b' would be kept aside" in people.notes[0]


def test_the_first_few_are_named_and_the_rest_are_counted(capsys):
    mention([f"p{index}: torn" for index in range(7)], "ask for them")
    assert capsys.readouterr().err.splitlines() == [
        *(f"left out: p{index}: torn" for index in range(5)),
        "left out: 2 more; ask for them",
    ]
