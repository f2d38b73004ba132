"""Who takes part: the cut, and what is left out by name."""

from dataclasses import replace
from functools import cache

import pytest

from vesalius.cli.people import gather_people, mention, split_people
from vesalius.cli.start import size_asked
from vesalius.cli.verbs import Selection
from vesalius.cohort.cohort import Cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.errors import CohortError, RecipeError
from vesalius.imaging.formats import write_image


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


def test_many_numbers_are_classes_where_a_recipe_lists_them(recorded):
    graded = [replace(case, facts={**case.facts, "grade": at}) for at, case in enumerate(recorded.cases)]
    cohort, selection = Cohort(tuple(graded), "graded"), Selection(label="grade")
    with pytest.raises(CohortError, match="grade has 24 different numbers"):
        split_people(cohort, selection)
    assert split_people(cohort, selection, are_known=True).fact == "grade"


def test_whom_a_recorded_split_keeps_aside_is_never_learnt_from(recorded):
    twin = replace(recorded.cases[0], pictures=recorded.cases[12].pictures)
    people = split_people(Cohort((twin, *recorded.cases[1:]), "recorded"), Selection())
    assert (len(people.parts.train), len(people.parts.test)) == (11, 12)
    assert people.notes[0].startswith("1 pair(s) of equal or nearly equal pictures across the split")
    assert "without them 23 patient(s) are too few" in people.notes[1]
    assert people.notes[1].endswith("the recorded split is kept")


@cache
def sides():
    """Two hundred people, cut by a hash of their names."""
    return phantom_cohort(200, size=16).parts()


def by_hash(train: int, test: int) -> Cohort:
    """People of whom the hash keeps some aside."""
    parts = sides()
    return Cohort((*parts.train.cases[:train], *parts.test.cases[:test]), "by hash")


def test_a_training_side_that_duplicates_leave_too_small_is_no_side():
    cohort = by_hash(12, 12)
    twin = replace(cohort.cases[0], pictures=cohort.cases[12].pictures)
    people = split_people(Cohort((twin, *cohort.cases[1:]), "by hash"), Selection())
    assert (len(people.parts.train), len(people.parts.test)) == (24, 0)
    (note,) = people.notes
    assert note.startswith("1 pair(s) of equal or nearly equal pictures across the split: without them 23")
    assert note.endswith("nothing can be said of other people")


@pytest.mark.parametrize(("validation", "learnt", "aside"), [(19, 31, 0), (20, 12, 20)])
def test_validation_people_who_are_too_few_to_choose_by_are_learnt_from(validation, learnt, aside):
    parts = sides()
    few = (*parts.train.cases[:12], *parts.val.cases[:validation], *parts.test.cases[:12])
    people = split_people(Cohort(few, "few"), Selection())
    assert tuple(map(len, people.parts)) == (learnt, aside, 12)
    said = (
        "19 picture(s) of 19 validation patient(s) are too few to choose the best moment by, "
        "wanted 20 of 10: they are learnt from"
    )
    assert people.notes == (() if aside else (said,))


def test_recorded_validation_people_are_never_learnt_from(recorded):
    moved = [replace(case, facts={**case.facts, "split": "val"}) for case in recorded.cases[:6]]
    more = phantom_cohort(30, size=16, seed=9).cases
    train = [
        replace(case, key=f"t{at}", patient=f"t{at}", facts={**case.facts, "split": "train"})
        for at, case in enumerate(more)
    ]
    people = split_people(Cohort((*train, *moved, *recorded.cases[12:]), "recorded"), Selection())
    assert tuple(map(len, people.parts)) == (30, 6, 12)


def test_a_class_that_only_duplicates_had_is_left_out_by_name():
    cohort = by_hash(13, 12)
    cases = [replace(case, facts={**case.facts, "label": "a"}) for case in cohort.cases]
    last = replace(cases[0], facts={"label": "b"}, pictures=cases[13].pictures)
    people = split_people(Cohort((last, *cases[1:]), "by hash"), Selection())
    assert (len(people.parts.train), len(people.parts.test)) == (12, 12)
    assert (
        people.notes[1] == "class 'b' left out: nobody to learn from; 0 patient(s) aside are left out with it"
    )


@pytest.mark.parametrize("is_recorded", [False, True])
def test_a_class_whose_people_all_stand_aside_is_left_out_and_the_rest_is_judged(is_recorded, capsys):
    parts = sides()
    rare = parts.test.cases[0]
    cases = [
        *parts.train.cases[:20],
        replace(rare, facts={**rare.facts, "label": "rare"}),
        *parts.test.cases[1:14],
    ]
    if is_recorded:
        stood = ["train"] * 20 + ["test"] * 14
        cases = [
            replace(case, facts={**case.facts, "split": side})
            for case, side in zip(cases, stood, strict=True)
        ]
    people = split_people(Cohort(tuple(cases)), Selection())
    assert (len(people.parts.train), len(people.parts.test)) == (20, 13)
    assert people.notes == (
        "class 'rare' left out: nobody to learn from; 1 patient(s) aside are left out with it",
    )
    assert f"note: {people.notes[0]}" in capsys.readouterr().err.splitlines()


def test_facts_that_come_with_the_slices_can_be_asked_for(tmp_path):
    for case in phantom_cohort(24, size=16, slices=6).cases:
        write_image(case.image(), tmp_path / str(case.facts["label"]) / f"{case.patient}.nii.gz")
    everybody = gather_people(tmp_path, Selection(label="none"))
    middle = gather_people(tmp_path, Selection(label="none", where=(("label=lesion",), ("position=middle",))))
    everyone = [case for part in everybody.parts for case in part.cases]
    chosen = [case for part in middle.parts for case in part.cases]
    assert {case.facts["position"] for case in chosen} == {"middle"}
    assert {case.facts["label"] for case in chosen} == {"lesion"}
    assert 0 < len(chosen) < len(everyone) / 2
    with pytest.raises(CohortError, match=r"no column 'stage'.*'position'"):
        gather_people(tmp_path, Selection(label="none", where=(("stage=1",),)))


def test_the_first_few_are_named_and_the_rest_are_counted(capsys):
    mention([f"p{index}: torn" for index in range(7)], "ask for them")
    assert capsys.readouterr().err.splitlines() == [
        *(f"left out: p{index}: torn" for index in range(5)),
        "left out: 2 more; ask for them",
    ]


@pytest.mark.parametrize("text", ["", "x", "32x", "-32", "32x32x32x32", "32 32", "32.0", "large"])
def test_a_size_that_is_none_is_refused_with_what_one_looks_like(text):
    with pytest.raises(RecipeError, match="wanted such as 64, 64x48, or 32x32x32 for volumes"):
        size_asked(text)


def test_volumes_stay_whole_when_they_are_asked_for(tmp_path):
    for case in phantom_cohort(24, size=16, slices=16).cases:
        write_image(case.image(), tmp_path / str(case.facts["label"]) / f"{case.patient}.nii.gz")
    people = gather_people(tmp_path, Selection(), are_volumes=True)
    assert sum(len(part) for part in people.parts) == 24
    assert {case.facts["slices"] for part in people.parts for case in part.cases} == {16}
    with pytest.raises(CohortError, match="no column 'position'"):
        gather_people(tmp_path, Selection(label="none", where=(("position=middle",),)), are_volumes=True)
