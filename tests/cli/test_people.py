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


def test_a_training_side_that_duplicates_leave_too_small_is_no_side(recorded):
    twin = replace(recorded.cases[0], pictures=recorded.cases[12].pictures)
    people = split_people(Cohort((twin, *recorded.cases[1:]), "recorded"), Selection())
    assert (len(people.parts.train), len(people.parts.test)) == (24, 0)
    (note,) = people.notes
    assert note.startswith("1 pair(s) of equal or nearly equal pictures across the split: without them 23")
    assert note.endswith("nothing can be said of other people")


def test_a_class_that_only_duplicates_had_is_not_lost(recorded):
    cases = [replace(case, facts={**case.facts, "label": "a"}) for case in recorded.cases]
    more = phantom_cohort(1, size=16, seed=9).cases[0]
    last = replace(more, facts={"label": "b", "split": "train"}, pictures=cases[12].pictures)
    people = split_people(Cohort((*cases, last), "recorded"), Selection())
    assert len(people.parts.train) == 25
    assert "all people of class 'b' would be kept aside" in people.notes[0]


def test_the_first_few_are_named_and_the_rest_are_counted(capsys):
    mention([f"p{index}: torn" for index in range(7)], "ask for them")
    assert capsys.readouterr().err.splitlines() == [
        *(f"left out: p{index}: torn" for index in range(5)),
        "left out: 2 more; ask for them",
    ]
