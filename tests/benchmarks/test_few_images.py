"""The curves over people: smaller sets within larger ones, arms that differ in augmentation alone."""

from dataclasses import replace
from importlib import import_module

import pytest

from vesalius.cohort.phantom import phantom_cohort
from vesalius.evidence.estimate import Estimate
from vesalius.recipes.synthesis import RECIPES


@pytest.fixture
def bench(script):
    return script("few_images")


def row(bench, method, value, seed=0):
    score = import_module("contest").Score
    told = Estimate("KID", value, None, None, "told", 100, better="lower")
    return bench.Row(
        "chest", method, seed, 10.0, False, scores=tuple(score(n, told, 0.0) for n in bench.DISTANCES)
    )


def test_smaller_sets_lie_within_larger_ones(bench):
    cohort = phantom_cohort(40, size=16)
    few, more = bench.some(cohort, 8), bench.some(cohort, 20)
    assert (len(few.patients), len(more.patients)) == (8, 20)
    assert few.patients < more.patients


def test_arms_differ_in_augmentation_and_follow_the_people(bench, contest):
    many = phantom_cohort(128, size=16)
    few = bench.some(many, 20)
    fixed, none, usual = (bench.recipe(contest, arm, few, 1.0) for arm in ("fixed", "none", "adaptive"))
    assert none.objective == replace(fixed.objective, augment=bench.OFF)
    assert usual.objective.adaptive is not None
    assert fixed.objective == replace(usual.objective, adaptive=None)
    assert usual == RECIPES["synthesis.conditional_gan"](usual.task, few, 1.0, contest.seed)
    assert (fixed.batch, bench.recipe(contest, "fixed", many, 1.0).batch) == (4, 8)


def test_who_has_few_people_has_few_to_choose_by(bench, contest):
    train = bench.stack(contest.side.people.parts.train, contest.side.task)
    shares = {count: bench.judge(contest, train, count) for count in (20, 100)}
    assert shares[20] is None
    assert shares[100].patients == min(23, len(contest.side.people.parts.val.patients))


def test_a_cell_is_measured_asked_for_leaks_and_kept(bench, contest, tmp_path, monkeypatch, capsys):
    learn = bench.learn_detector
    monkeypatch.setattr(bench, "learn_detector", lambda train, augment, seed: learn(train, augment, seed, 2))
    asked = bench.Row("phantoms", "fixed 20", 0, 0.003, True)
    told = bench.cell(contest, asked, 20, tmp_path)
    assert {*bench.DISTANCES} < {one.name for one in told.scores}
    words = (tmp_path / "leaks.txt").read_text()
    assert "cutout" in words
    assert "real halves" in words
    assert "fixed 20, seed 0: leaks: " in capsys.readouterr().out
    monkeypatch.setattr(bench, "entered", None)
    assert bench.cell(contest, asked, 20, tmp_path) == told
    with pytest.raises(SystemExit, match=r"played 0.003, quick minutes, wanted 10: name a new --out"):
        bench.cell(contest, replace(asked, minutes=10.0, quick=False), 20, tmp_path)


def test_gains_are_counted_where_both_arms_were_measured(bench):
    rows = [row(bench, "fixed 50", 1.0), row(bench, "none 50", 2.0), row(bench, "fixed 100", 1.0)]
    assert bench.gains(rows, [50, 100], 1, "fixed") == (2, 2)
    assert bench.gains(rows[::-1], [100], 1, "fixed") == (0, 0)
    assert bench.gains(rows, [50, 100], 1, "adaptive") == (0, 0)


def test_leaks_are_counted_by_arm(bench):
    def leaking(method, low):
        share = Estimate("share", 0.5, low, 0.9, "told", 100, better="lower")
        score = import_module("contest").Score("leak cutout", share, 0.1)
        return bench.Row("chest", method, 0, 10.0, False, scores=(score,))

    rows = [leaking("adaptive 50", 0.3), leaking("adaptive 100", 0.05), leaking("fixed 50", 0.2)]
    rows.append(row(bench, "none 50", 1.0))
    assert [bench.leaked(rows, arm) for arm in ("adaptive", "fixed", "none")] == [1, 1, 0]


@pytest.mark.parametrize("arm", ["none", "fixed"])
def test_a_cell_without_augmentation_is_asked_for_the_same_leaks(bench, contest, tmp_path, monkeypatch, arm):
    asked = []
    share = Estimate("share", 0.0, 0.0, 0.1, "told", 100, better="lower")
    monkeypatch.setattr(bench, "detector", lambda contest, augment: asked.append(augment))
    monkeypatch.setattr(bench, "leaks", lambda *whom: (bench.Leak("shift", share, 0.9, 0.04),))
    told = bench.cell(contest, bench.Row("phantoms", f"{arm} 20", 0, 0.003, True), 20, tmp_path)
    assert [augment.shift > 0 for augment in asked] == [True]
    assert told.score("leak shift").real == 0.04
