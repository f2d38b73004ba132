"""Combinations of facts: what is asked for, what there is, and what is not known."""

from dataclasses import replace

import pytest

from vesalius.cohort.cohort import Case, Cohort
from vesalius.cohort.crossing import Factor, complete, crossing, factors_of
from vesalius.errors import CohortError


def people(*facts):
    """A cohort of cases that are nothing but their facts."""
    return Cohort(tuple(Case(f"c{at}", f"p{at}", facts=each) for at, each in enumerate(facts)), "study")


STUDY = people(
    {"label": "b", "sex": "M", "age": 60},
    {"label": "a", "sex": "F", "age": 9},
    {"label": "a", "sex": "M", "age": 39.9},
    {"label": "a", "sex": "F", "age": 40},
)


def test_the_words_say_the_facts_and_say_them_again():
    asked = factors_of("label, age:40,60,sex", STUDY)
    assert [(each.fact, each.limits) for each in asked] == [("label", ()), ("age", (40, 60)), ("sex", ())]
    assert factors_of(",".join(map(str, asked)), STUDY) == asked
    assert str(Factor(fact="dose", limits=(-0.5, 1234567.25))) == "dose:-0.5,1234567.25"


def test_a_column_of_that_very_name_is_meant_before_anything_else():
    odd = people({"label,sex": "a", "label": 1, "sex": 2}, {"label,sex": "b", "label": 1, "sex": 2})
    assert factors_of("label,sex", odd) == (Factor(fact="label,sex"),)


def test_classes_are_the_combinations_that_occur_in_the_order_of_names_and_numbers():
    found = crossing(STUDY, factors_of("label,age:10,40", STUDY))
    assert found.names == ("a, under 10", "a, 10 to under 40", "a, 40 or more", "b, 40 or more")
    assert found.levels == (("a", "b"), ("under 10", "10 to under 40", "40 or more"))
    assert found.table == ((0, 0), (0, 1), (0, 2), (1, 2))
    assert [found.index(case) for case in STUDY.cases] == [3, 0, 1, 2]


def test_a_class_gives_facts_that_are_of_that_class_again():
    found = crossing(STUDY, factors_of("label,sex,age:40", STUDY))
    for index in range(len(found.names)):
        assert found.index(Case("made", "made", facts=found.facts(index))) == index


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"label": "c", "sex": "F"}, r"label 'c', wanted one of \['a', 'b'\]"),
        ({"label": "a"}, r"no value of 'sex'; it has one of \['label'\]"),
        (
            {"label": "b", "sex": "F"},
            r"label 'b', sex 'F'; wanted a combination of \['a, F', 'a, M', ",
        ),
    ],
)
def test_who_is_of_no_class_is_refused_with_fact_value_and_what_there_is(facts, said):
    found = crossing(STUDY, factors_of("label,sex", STUDY))
    with pytest.raises(CohortError, match=said):
        found.index(Case("x", "x", facts=facts))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("label,stage", r"no column 'stage' in cohort study; there are \['age', 'label', 'sex'\]"),
        ("label,label", "wanted 'label' once"),
        ("age:60,40", "age is cut at 60, 40; wanted numbers that rise"),
        ("age:40,nan", "wanted numbers that rise"),
        ("age:old", "wanted numbers after a colon, such as age:40,60"),
        ("", "no column ''"),
    ],
)
def test_words_that_mean_nothing_are_refused(asked, said):
    with pytest.raises(CohortError, match=said):
        factors_of(asked, STUDY)


def test_combinations_of_one_name_are_refused():
    alike = people({"site": "a, b", "arm": "c"}, {"site": "a", "arm": "b, c"})
    with pytest.raises(CohortError, match="'a, b, c' is the name of two combinations"):
        crossing(alike, factors_of("site,arm", alike))


def test_many_numbers_are_refused_with_where_they_could_be_cut():
    many = people(*({"age": age, "grade": age % 12} for age in range(20, 80)))
    with pytest.raises(CohortError, match=r"age has 60 different numbers from 20 to 79.*such as age:40,60"):
        factors_of("age", many)
    assert factors_of("grade", many) == (Factor(fact="grade"),)
    assert len(crossing(many, factors_of("age:40,60", many)).names) == 3


def test_many_numbers_of_enough_people_each_are_names_and_so_are_those_that_a_recipe_lists():
    organs = people(*({"organ": at % 24 + 1} for at in range(8 * 24)))
    assert len(crossing(organs, factors_of("organ", organs)).names) == 24
    fewer = replace(organs, cases=organs.cases[1:])
    with pytest.raises(CohortError, match=r"organ has 24 different.*wanted at most 12, or 8 people of each"):
        factors_of("organ", fewer)
    assert factors_of("organ", fewer, are_known=True) == (Factor(fact="organ"),)
    again = [replace(case, key=f"{case.key} again") for case in fewer.cases]
    with pytest.raises(CohortError, match="organ has 24 different"):
        factors_of("organ", replace(fewer, cases=(*fewer.cases, *again)))


def test_what_is_to_be_cut_and_is_no_number_is_refused_by_name():
    told = people({"age": "45"}, {"age": "89+"})
    assert Factor(fact="age", limits=(40.0,)).level(told.cases[0]) == "40 or more"
    with pytest.raises(CohortError, match=r"case c1 has age '89\+', wanted a number to cut as age:40"):
        crossing(told, factors_of("age:40", told))


@pytest.mark.parametrize("nothing", [{}, {"sex": ""}, {"sex": "  "}, {"sex": float("nan")}])
def test_of_whom_a_fact_is_not_known_is_left_out_and_counted(nothing):
    unknown = Case("c9", "p9", facts={"label": "a"} | nothing)
    some = Cohort((*STUDY.cases, unknown, replace(unknown, key="c10")), "study", ("before",))
    kept = complete(some, factors_of("label,sex", some))
    assert [case.key for case in kept.cases] == ["c0", "c1", "c2", "c3"]
    assert kept.remarks == ("before", "sex is not known of 2 picture(s): left out, with 1 patient(s)")
    with pytest.raises(CohortError, match=r"case c9 has no value of 'sex'; it has one of \['label'\]"):
        crossing(some, factors_of("label,sex", some))


def test_nobody_of_whom_all_is_known_is_nobody_to_learn_from():
    with pytest.raises(CohortError, match="of nobody label, sex are all known"):
        complete(people({"label": "a"}, {"sex": "F"}), (Factor(fact="label"), Factor(fact="sex")))
