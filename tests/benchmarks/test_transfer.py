"""Of the comparison with and without a start: who is learnt from."""

from dataclasses import replace

import pytest

from vesalius.cohort.phantom import phantom_cohort
from vesalius.evidence.features import pixel_space


@pytest.fixture
def bench(script):
    return script("transfer")


@pytest.fixture
def train():
    """People who are named by their class, as those of many packs are."""
    cohort = phantom_cohort(60, size=16)
    pairs = zip(cohort.cases, cohort.fact("label"), strict=True)
    named = (replace(case, patient=f"{label} {case.patient}") for case, label in pairs)
    return replace(cohort, cases=tuple(named))


def test_few_and_many_are_people_of_every_class_and_nobody_is_both(bench, train):
    few, many = bench.cut(train, 20)
    assert (len(few.patients), len(many.patients)) == (20, 40)
    assert few.patients | many.patients == train.patients
    smaller = bench.some(few, 10)
    assert smaller.patients == bench.some(train, 10).patients < few.patients
    for side in (smaller, few, many):
        assert set(side.fact("label")) == set(train.fact("label"))


def test_all_cells_are_played_and_held_against_each_other(bench, tmp_path, monkeypatch, capsys):
    for name in ("ssl_space", "texture_space"):
        monkeypatch.setattr(bench, name, lambda stack, *_: pixel_space(stack))
    train, val = phantom_cohort(36, size=16), phantom_cohort(24, size=16, seed=1)
    better = bench.table(train, val, (12,), 1, 0.002, tmp_path)
    assert better.keys() == {12}
    assert 0 <= better[12] <= 3
    assert [line.split()[:3] for line in capsys.readouterr().out.splitlines()] == [
        ["12", "started", "0"],
        ["12", "fresh", "0"],
    ]
