"""A run of few steps is felt and looked at as often, in shares of its budget, as a long one."""

import numpy as np
import pytest
import torch

from vesalius.errors import TrainingError
from vesalius.training import fit as fitting
from vesalius.training import ledger
from vesalius.training import loop as looping
from vesalius.training.fit import finish, play
from vesalius.training.rhythm import USUAL, Rhythm, afforded, rhythm_of, spaced
from vesalius.training.run import open_run
from vesalius.training.watch import Look

pytestmark = pytest.mark.whole
HALF_OCTAVES = tuple(round(250 * 2 ** (half / 2)) for half in range(40))


class World:
    """The only clock, which steps and looks move on; a judge who likes the last moment best."""

    labels, patients = np.array([0, 1, 1]), 3

    def __init__(self, step, look=0.0):
        self.now, self.step, self.look, self.rank = 0.0, step, look, 0.0

    def monotonic(self):
        return self.now

    def __call__(self, made):
        self.now += self.look / 2  # he looks at two averages
        self.rank -= 1.0
        return Look(self.rank, {"watch/rank": 1.0})


@pytest.fixture
def world(monkeypatch):
    """A world in which steps take so long, the first three times as long."""

    def begin(step, look=0.0):
        world, take = World(step, look), looping.train

        def slow(game, stacked):
            for tick in take(game, stacked):
                world.now += step * (3 if tick.step == 1 else 1)
                yield tick

        monkeypatch.setattr(fitting, "time", world)
        monkeypatch.setattr(fitting, "train", slow)
        return world

    return begin


def noted(run, name):
    """Steps of the ledger's lines that hold a number of this name."""
    return [line["step"] for line in ledger.read(run.ledger) if name in line]


def opened(recipe_for, people, folder, judge=None, minutes=10.0):
    run = open_run(folder, recipe_for(people, 10**6), people, minutes)
    run.judge = judge
    return run


def ended(run):
    """Play to the end."""
    for _ in play(run):
        pass


def until(run, last):
    """Play to a step."""
    for tick in play(run):
        if tick.step == last:
            break
    return run


@pytest.mark.parametrize("steps", [2000, 3000, 9000, 10**6])
def test_a_run_of_thousands_of_steps_is_felt_and_looked_at_as_ever(steps):
    assert rhythm_of(steps) == USUAL == Rhythm(beat=50, looks=HALF_OCTAVES)
    assert [step for step in range(1, 201) if USUAL.is_noted(step)] == list(range(25, 201, 25))


@pytest.mark.parametrize("steps", [200, 250, 499, 777, 1000, 1999])
def test_a_shorter_run_is_felt_within_a_twentieth_and_looked_at_from_an_eighth(steps):
    rhythm = rhythm_of(steps)
    assert 5 <= rhythm.beat <= steps / 40 <= 50
    assert rhythm.beat % rhythm.note == 0
    assert steps / 8 <= rhythm.looks[0] <= steps / 5
    assert len([look for look in rhythm.looks if look <= steps]) >= 5
    assert set(HALF_OCTAVES) <= set(rhythm.looks)


def test_a_slow_run_that_the_clock_ends_gets_several_looks_and_a_haven(recipe_for, people, tmp_path, world):
    judge = world(step=3.0)
    run = opened(recipe_for, people, tmp_path, judge)
    until(run, 60)
    assert (run.rhythm.step, run.rhythm.beat) == (3.0, 5)
    assert run.game.haven.step == 44
    ended(run)
    assert noted(run, "watch/rank") == [31, 44, 62, 88, 125, 177, run.game.step]
    assert 190 < run.game.step <= 200
    assert noted(run, "watch/spread")[:3] == [5, 10, 15]


def test_in_a_slow_run_a_fault_is_seen_within_a_twentieth_of_the_budget(recipe_for, people, tmp_path, world):
    world(step=3.0)
    run = until(opened(recipe_for, people, tmp_path), 101)
    run.stacked.stack[:] = -1.0
    with pytest.raises(TrainingError, match="stopped after step 105: the training pictures have become"):
        until(run, 200)


def test_in_a_slow_run_a_player_that_diverges_falls_back_to_a_look(recipe_for, people, tmp_path, world):
    world(step=3.0)
    run = until(opened(recipe_for, people, tmp_path), 47)
    with torch.no_grad():
        next(run.game.players["discriminator"].parameters()).fill_(torch.nan)
    until(run, 51)
    (said,) = [line for line in ledger.read(run.ledger) if "event" in line]
    assert said["step"] == 50
    assert "fell back to step 44" in said["event"]


def test_a_fast_run_that_the_clock_ends_keeps_the_usual_steps(recipe_for, people, tmp_path, world):
    world(step=0.1)
    run = until(opened(recipe_for, people, tmp_path), 60)
    assert (run.rhythm.beat, run.rhythm.looks) == (50, HALF_OCTAVES)
    assert noted(run, "seconds") == [25, 50]
    assert noted(run, "watch/spread") == [50]


def test_a_run_that_is_taken_up_keeps_its_rhythm_however_fast_the_machine_is_now(
    recipe_for, people, tmp_path, world
):
    world(step=3.0)
    run = until(opened(recipe_for, people, tmp_path), 12)
    world(step=0.01)
    again = opened(recipe_for, people, tmp_path)
    assert again.rhythm == run.rhythm
    assert not again.is_untimed
    assert noted(until(again, 21), "watch/spread") == [5, 10, 15, 20]


def test_a_run_left_before_its_rhythm_was_known_finds_it_when_it_is_taken_up(
    recipe_for, people, tmp_path, world
):
    world(step=3.0)
    assert until(opened(recipe_for, people, tmp_path), 1).is_untimed
    run = until(opened(recipe_for, people, tmp_path), 6)
    assert (run.rhythm.step, run.rhythm.beat) == (3.0, 5)


def test_a_run_from_before_there_were_rhythms_goes_on_in_the_usual_one(recipe_for, people, tmp_path, world):
    world(step=3.0)
    until(opened(recipe_for, people, tmp_path), 30)
    (tmp_path / "rhythm.json").unlink()
    run = until(opened(recipe_for, people, tmp_path), 55)
    assert run.rhythm == USUAL
    assert noted(run, "watch/spread")[-1] == 50


def test_without_a_clock_the_rhythm_is_a_function_of_the_steps(recipe_for, people, tmp_path, world):
    judge = world(step=99.0, look=999.0)
    run = open_run(tmp_path, recipe_for(people, 40), people)
    run.judge = judge
    assert run.rhythm == rhythm_of(40)
    ended(run)
    assert noted(run, "watch/rank") == [6, 8, 11, 16, 22, 31, 40]
    assert open_run(tmp_path, recipe_for(people, 40), people).rhythm == rhythm_of(40)


def test_looks_that_cost_much_are_spaced_out_and_the_budget_holds(recipe_for, people, tmp_path, world):
    judge = world(step=3.0, look=40.0)
    run = opened(recipe_for, people, tmp_path, judge)
    ended(run)
    looks = noted(run, "watch/rank")
    assert len(looks) == 3
    assert (looks[0], looks[-1]) == (31, run.game.step)
    assert run.seconds <= 1.01 * run.limit
    again = opened(recipe_for, people, tmp_path)
    assert (again.rhythm, again.reserve) == (run.rhythm, 40.0)


@pytest.mark.parametrize(("look", "most"), [(0.1, 12), (12.0, 12), (20.0, 7), (50.0, 3), (200.0, 2)])
def test_looks_take_a_quarter_of_the_budget_at_most_but_for_the_first_and_the_last(look, most):
    rhythm = spaced(USUAL, look, 250, 9000.0, 600.0)
    looks = [step for step in rhythm.looks if step <= 9000]
    assert looks[0] == 250
    assert len(looks) + 1 <= most
    assert set(looks) <= set(HALF_OCTAVES)
    assert (rhythm.looks == HALF_OCTAVES) == (most == 12)


@pytest.fixture
def dear(monkeypatch):
    """Pictures for a judge that take so many seconds for one average; a few of them a twelfth of it."""

    def begin(world, seconds):
        def price(game, stacked, judge, clock, between):
            world.now += seconds / 12
            return seconds

        monkeypatch.setattr(fitting, "price", price)

    return begin


def test_a_judge_whose_pictures_cost_too_much_is_shown_one_average(recipe_for, people, tmp_path, world, dear):
    judge = world(step=3.0, look=40.0)
    dear(judge, 50.0)
    run = opened(recipe_for, people, tmp_path, judge)
    ended(run)
    assert run.rhythm.averages == 1
    assert "by one of two averages" in run.rhythm.words
    assert run.reserve == 20.0  # he takes half the time for half the averages
    assert {line["watch/average"] for line in ledger.read(run.ledger) if "watch/rank" in line} == {
        run.game.average.ramp
    }
    assert run.seconds <= 1.01 * run.limit


def test_where_not_even_one_can_be_shown_nobody_chooses_and_the_ledger_says_so(
    recipe_for, people, tmp_path, world, dear
):
    judge = world(step=3.0, look=40.0)
    dear(judge, 100.0)
    run = opened(recipe_for, people, tmp_path, judge)
    ended(run)
    assert noted(run, "watch/rank") == []
    (said,) = [line for line in ledger.read(run.ledger) if "event" in line]
    assert said["step"] == 31
    assert (
        "nobody chooses the moment that is kept: making pictures to choose by takes 1e+02 s" in said["event"]
    )
    assert run.seconds <= 1.01 * run.limit
    card = finish(run).card
    assert (card.steps, card.judged_by) == (card.played, 0)
    again = opened(recipe_for, people, tmp_path, judge)
    assert (again.rhythm, again.chooser) == (run.rhythm, None)


@pytest.mark.parametrize(("price", "averages"), [(0.0, 2), (37.5, 2), (37.6, 1), (75.0, 1), (75.1, 0)])
def test_the_first_and_the_last_look_take_an_eighth_of_the_budget_each(price, averages):
    assert afforded(USUAL, price, 600.0).averages == averages
    assert afforded(Rhythm(beat=50, looks=(), averages=1), price, 600.0).averages == min(averages, 1)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"beat": 5, "looks": [3], "colour": 1}'])
def test_a_file_that_holds_no_rhythm_is_refused(recipe_for, people, tmp_path, text):
    open_run(tmp_path, recipe_for(people), people)
    (tmp_path / "rhythm.json").write_text(text)
    with pytest.raises(TrainingError, match=r"rhythm\.json: rhythm cannot be read .*, wanted that of this"):
        open_run(tmp_path, recipe_for(people), people)


def test_a_run_that_is_given_more_minutes_finds_its_rhythm_anew(recipe_for, people, tmp_path, world, dear):
    judge = world(step=6.0, look=40.0)
    dear(judge, 100.0)
    run = opened(recipe_for, people, tmp_path, judge)
    ended(run)
    assert (run.rhythm.averages, run.rhythm.limit) == (0, 600.0)
    longer = opened(recipe_for, people, tmp_path, judge, minutes=40.0)
    assert (longer.rhythm.averages, longer.rhythm.beat) == (2, 10)
    ended(longer)
    assert noted(longer, "watch/rank")[-1] == longer.game.step
    assert finish(longer).card.judged_by == judge.patients
    assert opened(recipe_for, people, tmp_path, minutes=1.0).rhythm == longer.rhythm


def test_a_judge_who_was_asked_after_the_last_checkpoint_is_asked_again(
    recipe_for, people, tmp_path, world, dear
):
    judge = world(step=3.0, look=40.0)
    dear(judge, 100.0)
    left = until(opened(recipe_for, people, tmp_path), 25)
    left.keep(afforded(left.rhythm, 100.0, left.limit))  # and killed
    run = opened(recipe_for, people, tmp_path, judge)
    ended(run)
    assert [line["step"] for line in ledger.read(run.ledger) if "event" in line] == [31]


def test_a_moment_that_was_chosen_is_kept_where_time_is_too_short_to_look_again(
    recipe_for, people, tmp_path, world, dear
):
    judge = world(step=3.0, look=40.0)
    dear(judge, 100.0)
    run = open_run(tmp_path, recipe_for(people, 120), people)
    run.judge, judge.rank = judge, 9.0
    until(run, 100)
    assert run.game.kept is not None
    best = run.game.kept.step
    short = open_run(tmp_path, recipe_for(people, 120), people, 1.0)
    short.judge = judge
    ended(short)
    assert (finish(short).card.steps, finish(short).card.judged_by) == (best, judge.patients)
