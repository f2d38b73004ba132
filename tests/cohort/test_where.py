"""Conditions in words."""

import pytest

from vesalius.cohort.cohort import Case, Cohort
from vesalius.cohort.where import parse_where
from vesalius.errors import CohortError

STUDY = Cohort(
    (
        Case("a", "p1", facts={"label": "CT", "age": 40}),
        Case("b", "p2", facts={"label": "MR"}),
        Case("c", "p2", facts={"label": "US", "age": 60}),
    )
)


@pytest.mark.parametrize(
    ("text", "keys"),
    [("label=CT", "a"), ("label = CT, MR", "ab"), ("age=60", "c"), ("patient=p2", "bc"), ("key=a,c", "ac")],
)
def test_a_condition_keeps_who_has_one_of_the_values(text: str, keys: str):
    assert "".join(case.key for case in STUDY.where(parse_where(text, STUDY)).cases) == keys


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("modality=CT", r"no column 'modality'.*\['age', 'label'\]"),
        ("label=PET", r"nobody has label 'PET'.*\['CT', 'MR', 'US'\]"),
        ("label", "wanted column=value"),
        ("=CT", "wanted column=value"),
        ("label=", "wanted column=value"),
    ],
)
def test_a_condition_that_cannot_hold_is_refused_with_what_there_is(text: str, said: str):
    with pytest.raises(CohortError, match=said):
        parse_where(text, STUDY)
