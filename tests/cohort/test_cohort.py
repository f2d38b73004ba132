"""Cases and cohorts say what they lack."""

import pytest

from vesalius.cohort.cohort import Case, Cohort, gather, require, separate
from vesalius.cohort.phantom import phantom_cohort
from vesalius.errors import CohortError, EmptyCohortError, LeakageError


def test_a_case_names_the_roles_it_has():
    case = phantom_cohort(1, size=16, modality="MR").cases[0]
    with pytest.raises(CohortError, match=r"no picture 'flair'; it has \['image', 't1', 't2'\]"):
        case.image("flair")
    with pytest.raises(CohortError, match=r"no label map 'brain'; it has \['mask'\]"):
        case.mask("brain")


def test_two_cases_with_one_key_are_refused():
    with pytest.raises(CohortError, match="key 'a' names 2"):
        Cohort((Case("a", "p"), Case("a", "q")))


def test_a_missing_fact_is_named_with_those_there():
    with pytest.raises(CohortError, match=r"case b has no column 'age'; it has \['sex'\]"):
        Cohort((Case("a", "p", facts={"age": 1}), Case("b", "q", facts={"sex": "F"}))).fact("age")


def test_nobody_is_not_a_study():
    with pytest.raises(EmptyCohortError, match="wanted at least one"):
        require(Cohort(()))


def test_one_person_on_two_sides_is_named():
    with pytest.raises(LeakageError, match=r"'first' and 'second': p;"):
        separate(first=Cohort((Case("a", "p"),)), second=Cohort((Case("b", "p"), Case("c", "q"))))


def test_gathering_sorts_by_key():
    assert [case.key for case in gather([Case("b", "p"), Case("a", "p")], "study").cases] == ["a", "b"]


def test_a_recorded_split_is_kept():
    sides = ("train", "test", "val", "train")
    cohort = Cohort(tuple(Case(str(i), str(i), facts={"split": side}) for i, side in enumerate(sides)))
    assert [len(part) for part in cohort.parts()] == [2, 1, 1]


def test_a_split_recorded_for_some_only_is_refused():
    cohort = Cohort((Case("a", "p", facts={"split": "train"}), Case("b", "q")))
    with pytest.raises(CohortError, match="wanted all or none"):
        cohort.parts()


def recorded(*words: str) -> Cohort:
    return Cohort(tuple(Case(str(i), str(i), facts={"split": word}) for i, word in enumerate(words)))


def test_a_recorded_split_is_known_by_other_words():
    assert [len(part) for part in recorded("Train", "training", "valid", "TESTING").parts()] == [2, 1, 1]


def test_a_split_with_an_unknown_word_is_refused_and_not_replaced():
    with pytest.raises(CohortError, match="'split' is 'held-out', wanted one of"):
        recorded("train", "val", "held-out").parts()


def test_one_word_for_everybody_divides_nobody():
    cohort = recorded(*["dev"] * 40)
    plain = Cohort(tuple(Case(case.key, case.patient) for case in cohort.cases))
    assert [part.patients for part in cohort.parts()] == [part.patients for part in plain.parts()]


def test_a_name_that_is_no_utf8_has_a_side():
    assert sum(map(len, Cohort((Case("k", "bild_\udcfc"),)).parts())) == 1
