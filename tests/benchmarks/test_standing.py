"""What is said of our method against the others counts what it says it counts."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from vesalius.evidence.estimate import Estimate


@pytest.fixture
def bench(script):
    loaded = script("standing")
    loaded.Everybody = import_module("rows").Everybody
    return loaded


def estimate(value, half=1.0, better="lower"):
    value = float(value)
    ends = (None, None) if half is None else (value - half, value + half)
    return Estimate("KID", value, *ends, "told", 100, better=better)


def row(bench, method, value, seed=0, cohort="chest", problem=""):
    scores = tuple(bench.Score(name, estimate(value), 0.0) for name in bench.DISTANCES)
    return bench.Row(cohort, method, seed, 10.0, False, scores=() if problem else scores, problem=problem)


@pytest.mark.parametrize(
    ("ours", "other", "said"),
    [
        (estimate(1), estimate(4), 1),
        (estimate(4), estimate(1), -1),
        (estimate(1), estimate(2), 0),
        (estimate(1, better="higher"), estimate(4, better="higher"), -1),
        (estimate(1, half=None), estimate(4), 0),
    ],
)
def test_only_intervals_apart_tell_methods_apart(bench, ours, other, said):
    assert bench.against(ours, other) == said


def test_over_seeds_the_median_counts_and_a_failure_is_worse(bench):
    ours = [row(bench, "ours", 5, seed) for seed in range(3)]
    once = [row(bench, "dcgan", value, seed) for seed, value in enumerate((1, 9, 9))]
    assert bench.standing(ours + once, "dcgan", "KID ssl") == 1
    failed = [row(bench, "dcgan", 1, seed, problem="it diverged") for seed in range(3)]
    assert bench.standing(ours + failed, "dcgan", "KID ssl") == 1
    assert bench.standing(ours + once, "dcgan", "TSTR network") is None
    split = [row(bench, "dcgan", value, seed) for seed, value in enumerate((1, 9))]
    assert bench.standing(ours[:2] + split, "dcgan", "KID ssl") == 0


@pytest.mark.parametrize(
    ("others", "code", "said"),
    [
        ((9, 9, 9, 9), 0, "4 and 4 of 4; target: 4 and 3; holds"),
        ((9, 9, 9, 5), 0, "4 and 3 of 4; target: 4 and 3; holds"),
        ((9, 9, 5, 5), 1, "4 and 2 of 4; target: 4 and 3; falls short"),
        ((9, 9, 9, 1), 1, "3 and 3 of 4; target: 4 and 3; falls short"),
    ],
)
def test_the_promise_is_over_cohorts(bench, others, code, said, capsys):
    rows = [row(bench, "ours", 5, cohort=str(at)) for at in range(4)]
    rows += [row(bench, "linear", value, cohort=str(at)) for at, value in enumerate(others)]
    with pytest.raises(SystemExit) as ended:
        bench.conclude(rows, ["linear"])
    assert ended.value.code == code
    assert capsys.readouterr().out.splitlines()[-1].endswith(said)


def test_person_by_person_methods_are_told_apart_whose_intervals_overlap(bench):
    def measured(method, value, made=0.0001):
        everybody = bench.Everybody(value, tuple(value + 0.02 * np.sin(np.arange(50))), made)
        told = tuple(bench.Score(name, estimate(value), 0.0, everybody) for name in bench.DISTANCES)
        return replace(row(bench, method, value), scores=told)

    def standing(ours, other):
        return bench.standing([measured("ours", *ours), other], "linear", "KID ssl", bench.by_people)

    rows = [measured("ours", 0.1), measured("linear", 0.3)]
    assert bench.standing(rows, "linear", "KID ssl") == 0
    assert standing((0.1,), measured("linear", 0.3)) == 1
    assert standing((0.1,), measured("linear", 0.3, 1.0)) == 0
    assert standing((0.3,), measured("linear", 0.1)) == -1
    assert standing((0.1,), row(bench, "linear", 0.3)) is None
    assert bench.compared(rows, ["linear"], bench.by_people) == (1, 1)


@pytest.mark.parametrize(
    ("held", "tally"),
    [
        ([(1, 1), (0, 1), (0, 0), (-1, 1)], (4, 3, 2, 1)),
        ([None, (0, 1), None], (1, 1, 1, 0)),
        ([], (0, 0, 0, 0)),
    ],
)
def test_better_in_one_space_counts_only_where_ours_is_worse_in_none(bench, held, tally):
    assert bench.tallied([one and bench.Held(*one) for one in held]) == tally


def test_the_method_that_ours_does_worst_against_counts(bench):
    def of(method, texture, ssl):
        told = zip(bench.DISTANCES, (texture, ssl), strict=True)
        return replace(
            row(bench, method, 0),
            scores=tuple(bench.Score(name, estimate(value), 0.0) for name, value in told),
        )

    rows = [of("ours", 5, 5), of("linear", 9, 5), of("dcgan", 5, 9), of("fastgan", 9, 9), of("vae", 9, 1)]
    assert bench.compared(rows, ["linear", "dcgan", "fastgan"]) == (0, 1)
    assert bench.compared(rows, ["fastgan"]) == (1, 1)
    assert bench.compared(rows, ["fastgan", "vae"]) == (-1, 1)
    assert bench.compared([*rows, of("wasserstein_gan", 5, 5)], ["fastgan", "wasserstein_gan"]) == (0, 0)


def test_what_is_not_known_person_by_person_is_not_told_as_worse(bench, capsys):
    with pytest.raises(SystemExit):
        bench.conclude([row(bench, "ours", 5), row(bench, "linear", 9)], ["linear"])
    said = capsys.readouterr().out
    assert "ours against linear             by people: not known" in said
    assert "by people, of 0 cohorts that are known: worse nowhere on 0" in said


def test_rows_of_other_feature_spaces_are_not_compared(bench):
    rows = [row(bench, "ours", 5), replace(row(bench, "linear", 9), spaces=("another",))]
    assert bench.standing(rows, "linear", "KID ssl") is None
    assert bench.compared(rows, ["linear"]) is None


def test_what_was_not_measured_keeps_no_promise(bench):
    rows = [row(bench, "ours", 5), replace(row(bench, "linear", 9), scores=())]
    assert bench.compared(rows, ["linear"]) is None
