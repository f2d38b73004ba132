"""The watch: the best moment is kept, whatever came after it."""

import shutil
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from vesalius.imaging.intensity import Percentile
from vesalius.training import fit as fitting
from vesalius.training import ledger
from vesalius.training import run as running
from vesalius.training.fit import finish, fit, play
from vesalius.training.rhythm import Rhythm
from vesalius.training.run import open_run
from vesalius.training.watch import Look, look, price


class Scripted:
    """A judge who says what he was told to say, of both averages of a moment the same."""

    labels = np.array([0, 1, 1])
    patients = 3

    def __init__(self, *ranks):
        self.ranks, self.seen = list(ranks), []

    def __call__(self, made):
        self.seen.append(made)
        rank = self.ranks[0] if len(self.seen) % 2 else self.ranks.pop(0)
        return Look(rank, {"watch/rank": 1.0})


def looked_at(run):
    """Steps of the looks, as they stand in the ledger."""
    return [line["step"] for line in ledger.read(run.ledger) if "watch/rank" in line]


@pytest.fixture(autouse=True)
def early(monkeypatch):
    monkeypatch.setattr(running, "rhythm_of", lambda steps: Rhythm(beat=50, looks=(10, 20)))


def leave_halfway(run):
    """Play past the first look, with a judge who likes what he sees."""
    run.judge = Scripted(1.0)
    for tick in play(run):
        if tick.step == 15:
            break


def test_the_best_moment_is_kept_and_equals_a_run_of_as_many_steps(recipe_for, people, tmp_path):
    kept = fit(recipe_for(people), people, tmp_path / "a", judge=Scripted(1.0, 2.0, 3.0))
    short = fit(recipe_for(people, steps=10), people, tmp_path / "b")
    last = fit(recipe_for(people), people, tmp_path / "c")
    assert (kept.card.steps, kept.card.played, kept.card.judged_by) == (10, 30, 3)
    assert kept.recipe == short.recipe
    assert torch.equal(kept.sample([0, 1], 3), short.sample([0, 1], 3))
    assert not torch.equal(kept.sample([0, 1], 3), last.sample([0, 1], 3))


def test_the_last_moment_is_kept_when_it_is_the_best(recipe_for, people, tmp_path):
    kept = fit(recipe_for(people), people, tmp_path / "a", judge=Scripted(3.0, 2.0, 1.0))
    last = fit(recipe_for(people), people, tmp_path / "b")
    assert (kept.card.steps, last.card.judged_by) == (30, 0)
    assert torch.equal(kept.sample([0, 1], 3), last.sample([0, 1], 3))


class Choosy(Scripted):
    """A judge who says of each average something else."""

    def __call__(self, made):
        self.seen.append(made)
        return Look(self.ranks.pop(0), {"watch/rank": 1.0})


@pytest.mark.parametrize(("ranks", "better"), [((2.0, 1.0), 1), ((1.0, 2.0), 0)])
def test_the_better_of_two_averages_is_kept_and_named(recipe_for, people, tmp_path, ranks, better):
    run = open_run(tmp_path, recipe_for(people, steps=12), people)
    run.judge = Choosy(9.0, 9.0, *ranks)
    for _ in play(run):
        pass
    faster, slower = (each.network.stem.weight for each in run.game.averages)
    assert not torch.equal(faster, slower)
    assert torch.equal(run.game.kept.weights["stem.weight"], (faster, slower)[better])
    last = [line for line in ledger.read(run.ledger) if "watch/rank" in line][-1]
    assert last["watch/average"] == run.game.averages[better].ramp


def test_a_resumed_run_still_has_the_moment_from_before(recipe_for, people, tmp_path):
    leave_halfway(open_run(tmp_path, recipe_for(people), people))
    again = open_run(tmp_path, recipe_for(people), people)
    again.judge = Scripted(2.0, 3.0)
    for _ in play(again):
        pass
    assert finish(again).card.steps == 10


def killed(run, last):
    """The folder as a kill right after a step leaves it: what is in memory is not saved."""
    for tick in play(run):
        if tick.step == last:
            return shutil.copytree(run.folder, run.folder.with_name("killed"))
    raise AssertionError("the run ended before it was killed")


@pytest.mark.parametrize("last", [25, 27])
def test_a_run_killed_after_a_checkpoint_on_a_look_keeps_the_same_moment(
    recipe_for, people, tmp_path, monkeypatch, last
):
    monkeypatch.setattr(fitting, "_CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(running, "rhythm_of", lambda steps: Rhythm(beat=50, looks=(10, 25)))
    run = open_run(tmp_path / "whole", recipe_for(people), people)
    run.judge = Scripted(2.0, 1.0)
    again = open_run(killed(run, last), recipe_for(people), people)
    assert (again.game.step, again.game.kept.step) == (25, 25)
    again.judge = Scripted(3.0)
    for _ in play(again):
        pass
    assert finish(again).card.steps == 25
    assert looked_at(again) == [10, 25, 30]


def test_a_finished_run_is_not_looked_at_again(recipe_for, people, tmp_path):
    for judge in (Scripted(1.0, 2.0, 3.0), Scripted()):
        run = open_run(tmp_path, recipe_for(people), people)
        run.judge = judge
        for _ in play(run):
            pass
        assert finish(run).card.steps == 10
        assert looked_at(run) == [10, 20, 30]


def test_a_run_left_on_a_look_is_finished_without_another(recipe_for, people, tmp_path):
    run = open_run(tmp_path, recipe_for(people), people)
    run.judge = Scripted(2.0, 1.0)
    for tick in play(run):
        if tick.step == 20:
            break
    assert finish(run).card.steps == 20
    assert looked_at(run) == [10, 20]


def test_a_judge_who_fails_leaves_the_checkpoint_from_before_his_look(recipe_for, people, tmp_path):
    run = open_run(tmp_path, recipe_for(people), people)
    run.judge = Scripted()
    with pytest.raises(IndexError):
        for _ in play(run):
            pass
    assert open_run(tmp_path, recipe_for(people), people).game.step == 0


class Stopped(Scripted):
    """A judge who has seen one average when Ctrl-C is pressed."""

    def __call__(self, made):
        signal.raise_signal(signal.SIGINT)
        return super().__call__(made)


def test_ctrl_c_does_not_wait_for_a_look_which_is_had_again(recipe_for, people, tmp_path):
    whole = fit(recipe_for(people), people, tmp_path / "whole", judge=Scripted(1.0, 2.0, 3.0))
    leave_halfway(open_run(tmp_path / "left", recipe_for(people), people))
    run = open_run(tmp_path / "left", recipe_for(people), people)
    run.judge = judge = Stopped(2.0, 3.0)
    with pytest.raises(KeyboardInterrupt):
        for _ in play(run):
            pass
    assert (run.game.step, len(judge.seen)) == (20, 1)
    run.interrupt()  # what was pressed then is not pressed for ever
    again = open_run(tmp_path / "left", recipe_for(people), people)
    again.judge = Scripted(2.0, 3.0)
    assert again.game.step == 15
    for _ in play(again):
        pass
    assert looked_at(again) == [10, 20, 30]
    assert torch.equal(finish(again).sample([0, 1], 3), whole.sample([0, 1], 3))


def test_the_price_of_a_look_is_foreseen_from_a_few_pictures(recipe_for, people, tmp_path):
    run, judge, times = open_run(tmp_path, recipe_for(people), people), Scripted(), iter([10.0, 12.0, 15.0])
    judge.labels = np.array([0, 1] * 20)
    assert price(run.game, run.stacked, judge, lambda: next(times)) == 2.0 + 3.0 * 40 / 32
    assert judge.seen == []


def test_a_run_taken_up_without_a_judge_keeps_the_last_moment(recipe_for, people, tmp_path):
    leave_halfway(open_run(tmp_path, recipe_for(people), people))
    model = fit(recipe_for(people), people, tmp_path)
    assert (model.card.steps, model.card.judged_by) == (30, 0)


def test_what_the_judge_says_stands_in_the_ledger(recipe_for, people, tmp_path):
    fit(recipe_for(people), people, tmp_path, judge=Scripted(1.0, 2.0, 3.0))
    assert looked_at(open_run(tmp_path, recipe_for(people), people)) == [10, 20, 30]


def states(game):
    """Everything that goes on being played with."""
    slow = [value for each in game.averages for value in each.network.state_dict().values()]
    networks = [*game.players.state_dict().values(), *slow]
    optimizers = [each.state_dict()["state"] for each in game.optimizers.values()]
    return networks + [value for state in optimizers for one in state.values() for value in one.values()]


def test_looking_changes_nothing_of_the_game(recipe_for, people, tmp_path):
    looked = open_run(tmp_path / "a", recipe_for(people), people)
    looked.judge = Scripted(*[9.0] * 3)
    plain = open_run(tmp_path / "b", recipe_for(people), people)
    for run in (looked, plain):
        for _ in play(run):
            pass
    for one, other in zip(states(looked.game), states(plain.game), strict=True):
        assert torch.equal(one, other)


def test_pictures_that_are_not_finite_are_shown_to_nobody_and_give_way(recipe_for, people, tmp_path):
    run = open_run(tmp_path, recipe_for(people), people)
    game, judge = run.game, Scripted(5.0)
    stems = [each.network.stem.weight for each in game.averages]
    sound = stems[0].clone()
    with torch.no_grad():
        for stem in stems:
            stem.fill_(torch.nan)
    look(game, run.stacked, judge)
    assert not judge.seen
    assert game.kept is None
    with torch.no_grad():
        stems[0].copy_(sound)
    look(game, run.stacked, judge)
    assert game.kept.rank == 5.0
    assert all(value.isfinite().all() for value in game.kept.weights.values())


def test_a_judge_sees_pictures_of_the_classes_that_he_asked_for(recipe_for, people, tmp_path):
    run = open_run(tmp_path, replace(recipe_for(people), seed=3), people)
    judge = Scripted(1.0)
    look(run.game, run.stacked, judge)
    assert judge.seen[0].shape == (3, *run.stacked.shape)


def test_blank_pictures_are_shown_to_nobody_and_do_not_end_the_run(recipe_for, people, tmp_path):
    recipe = recipe_for(people)
    run = open_run(tmp_path, replace(recipe, task=replace(recipe.task, intensity=Percentile())), people)
    judge = Scripted(5.0)
    with torch.no_grad():
        for blank in (each.network for each in run.game.averages):
            for tensor in (blank.base.mean, blank.base.weight, blank.head.weight):
                tensor.zero_()
    assert look(run.game, run.stacked, judge).rank == float("inf")
    assert not judge.seen
    assert run.game.kept is None
