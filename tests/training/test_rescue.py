"""A game that goes wrong is seen, falls back and goes on more calmly, or stops with an account."""

import shutil
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
import torch

from vesalius.errors import TrainingError
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.networks.style import StyleGenerator
from vesalius.training import fit as fitting
from vesalius.training import ledger
from vesalius.training import rescue as rescuing
from vesalius.training import run as running
from vesalius.training.checkpoint import set_rate
from vesalius.training.fit import finish, fit, play
from vesalius.training.loop import Snapshot
from vesalius.training.pulse import fault_of_made
from vesalius.training.rhythm import Rhythm
from vesalius.training.run import open_run
from vesalius.training.watch import Look

pytestmark = pytest.mark.whole


class Pleased:
    """A judge whom every moment pleases more than the one before."""

    labels = np.array([0, 1, 1])
    patients = 3

    def __init__(self):
        self.looks = 0

    def __call__(self, made):
        self.looks += 1
        return Look(-float((self.looks + 1) // 2), {})  # both averages of a moment alike


@pytest.fixture(autouse=True)
def early(monkeypatch):
    monkeypatch.setattr(running, "rhythm_of", lambda steps: Rhythm(beat=50, looks=(10, 30)))


def events(run):
    """What the ledger says in words."""
    return [line["event"] for line in ledger.read(run.ledger) if "event" in line]


def spoil(run, player="discriminator"):
    """Let a player diverge."""
    with torch.no_grad():
        next(run.game.players[player].parameters()).fill_(torch.nan)


@torch.no_grad()
def draw_noise(run):
    """Let the generator draw noise from now on."""
    head = run.game.players["generator"].head.weight
    head.copy_(100 * torch.randn(head.shape))


def weights(game):
    """All numbers that are played with."""
    slow = [value for each in game.averages for value in each.network.state_dict().values()]
    networks = [*game.players.state_dict().values(), *slow]
    return torch.cat([value.flatten().double() for value in networks])


def played(run, spoilt_after=(), player="discriminator", last=None):
    """Play on, with a player that diverges after some steps."""
    for tick in play(run):
        if tick.step in spoilt_after:
            spoil(run, player)
        if tick.step == last:
            break
    return run


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_a_game_that_diverges_early_begins_anew_and_more_calmly(recipe_for, people, tmp_path, player):
    run = played(open_run(tmp_path, recipe_for(people, 60), people), {3}, player)
    assert run.game.step == 60
    assert run.game.tries == 1
    assert bool(weights(run.game).isfinite().all())
    assert run.game.optimizers["generator"].param_groups[0]["lr"] == 1e-4
    assert run.game.objective.gamma == 2.0
    (said,) = events(run)
    assert "is not finite at step 4" in said
    assert "fell back to the beginning, and went on with learning rate 0.0001" in said
    assert bool(finish(run).sample([0, 1], 3).isfinite().all())


def test_a_game_that_diverges_later_falls_back_to_the_moment_kept_whole(recipe_for, people, tmp_path):
    run = open_run(tmp_path, recipe_for(people, 60), people)
    at_ten = weights(played(run, last=10).game)
    taken_up = open_run(tmp_path, recipe_for(people, 60), people)
    spoil(taken_up)
    for tick in play(taken_up):
        if tick.step == 25:
            break
    assert torch.equal(weights(taken_up.game), at_ten)
    assert "fell back to step 10" in events(taken_up)[0]


def test_made_pictures_that_become_alike_are_seen(recipe_for, people, tmp_path):
    run = played(open_run(tmp_path, recipe_for(people, 120), people), last=40)
    with torch.no_grad():
        for tensor in run.game.players["generator"].base.buffers():
            tensor.zero_()
    played(run)
    assert "the made pictures have become alike" in events(run)[0]
    assert run.game.step == 120


@pytest.mark.parametrize("last", [40, 55])  # before a beat, and after the last one
def test_made_pictures_that_become_rough_are_seen(recipe_for, people, tmp_path, last):
    run = played(open_run(tmp_path, recipe_for(people, 60), people), last=last)
    draw_noise(run)
    played(run)
    (said,) = events(run)
    assert "the made pictures have become rough" in said
    assert "fell back to step 30" in said
    assert not fault_of_made(rescuing.made_pulse(run.game, run.stacked), run.game.haven.pulse, run.usual)


def test_without_a_sound_moment_there_is_no_model(recipe_for, people, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "rhythm_of", lambda steps: Rhythm(beat=50, looks=(1000,)))
    run = played(open_run(tmp_path, recipe_for(people, 60), people), last=55)
    draw_noise(run)
    with pytest.raises(TrainingError, match=r"after step 60: .* become rough.*no moment was sound"):
        played(run)
    assert "no moment was sound" in events(run)[0]


def test_a_game_that_always_goes_wrong_stops_with_an_account(recipe_for, people, tmp_path):
    run = open_run(tmp_path, recipe_for(people, 500), people)
    with pytest.raises(TrainingError, match=r"stopped after step 100: .* falling back 3 times did not help"):
        played(run, range(500))
    assert len(events(run)) == 4


def test_or_with_the_best_moment_that_a_judge_has_kept(recipe_for, people, tmp_path):
    whole = fit(recipe_for(people, 10), people, tmp_path / "short")
    run = open_run(tmp_path / "run", recipe_for(people, 500), people)
    run.judge = Pleased()
    model = finish(played(run, range(11, 500)))
    assert (model.card.steps, model.card.played) == (10, 100)
    assert torch.equal(model.sample([0, 1], 3), whole.sample([0, 1], 3))
    again = open_run(tmp_path / "run", recipe_for(people, 500), people)
    again.judge = Pleased()
    assert finish(played(again)).card == model.card
    alone = open_run(tmp_path / "run", recipe_for(people, 500), people)
    with pytest.raises(TrainingError, match=r"run: given up after 3 tries, wanted the judge that it had"):
        finish(played(alone))


@pytest.mark.parametrize("killed", [40, 60, 90])
def test_a_run_killed_around_a_rescue_ends_like_one_that_was_not(
    recipe_for, people, tmp_path, monkeypatch, killed
):
    monkeypatch.setattr(fitting, "_CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(fitting, "fault", lambda run: "ill" if run.game.step == 50 else "")
    run = open_run(tmp_path / "whole", recipe_for(people, 120), people)
    for tick in play(run):
        if tick.step == killed:
            shutil.copytree(run.folder, tmp_path / "killed")
    again = played(open_run(tmp_path / "killed", recipe_for(people, 120), people))
    assert events(run) == events(again)
    assert len(events(run)) == 1
    assert torch.equal(weights(run.game), weights(again.game))


def test_a_class_that_vanishes_ends_the_run_by_its_name(recipe_for, people, tmp_path):
    run = played(open_run(tmp_path, recipe_for(people, 200), people), last=40)
    run.stacked.labels[:] = 0
    with pytest.raises(TrainingError, match="class 'lesion' is no longer among the training pictures"):
        played(run)
    assert run.game.step == 50


def test_a_picture_that_holds_no_numbers_ends_the_run_by_its_name(recipe_for, people, tmp_path):
    run = played(open_run(tmp_path, recipe_for(people, 200), people), last=40)
    run.stacked.stack[3] = np.nan
    key = run.stacked.keys[3]
    with pytest.raises(TrainingError, match=f"training picture {key} holds values that are not finite"):
        played(run)


def test_blank_training_pictures_end_the_run(recipe_for, people, tmp_path):
    run = played(open_run(tmp_path, recipe_for(people, 200), people), last=40)
    run.stacked.stack[:] = -1.0
    with pytest.raises(TrainingError, match="the training pictures have become nearly equal"):
        played(run)


def test_a_sound_game_is_left_alone(recipe_for, people, tmp_path):
    run = played(open_run(tmp_path, recipe_for(people, 200), people))
    assert not events(run)
    assert run.game.tries == 0
    beats = [line["step"] for line in ledger.read(run.ledger) if "watch/spread" in line]
    assert beats == [50, 100, 150, 200]


def test_a_moment_that_broke_since_the_last_pulse_is_no_shelter(recipe_for, people, tmp_path):
    run = played(open_run(tmp_path, recipe_for(people, 60), people), last=20)
    with torch.no_grad():
        run.game.players["generator"].head.weight.copy_(
            100 * torch.randn(run.game.players["generator"].head.weight.shape)
        )
    played(run, last=30)
    assert run.game.haven.step == 10
    played(run)
    assert "fell back to step 10, and went on with learning rate 0.0001 and penalty 2" in events(run)[0]


def test_a_game_that_runs_away_slowly_does_not_raise_its_own_limit(recipe_for, people, tmp_path, monkeypatch):
    run = open_run(tmp_path, recipe_for(people, 60), people)
    sound = rescuing.made_pulse(run.game, run.stacked)
    slopes = iter((1.0, 20.0, 35.0, 45.0))
    monkeypatch.setattr(rescuing, "made_pulse", lambda *_: replace(sound, slope=next(slopes)))
    for _ in range(3):
        assert rescuing.shelter(run)
        assert run.game.haven.pulse.slope == 1.0
    assert not rescuing.shelter(run)
    assert "is running away" in fault_of_made(replace(sound, slope=45.0), run.game.haven.pulse, run.usual)


def test_a_moment_that_is_no_shelter_is_not_kept_either(recipe_for, people, tmp_path, monkeypatch):
    run = open_run(tmp_path, recipe_for(people, 60), people)
    run.judge = Pleased()
    run.game.kept = before = Snapshot(5, 1.0, {})

    def liked(run, judge):
        run.game.kept = Snapshot(run.game.step, 0.5, {})

    monkeypatch.setattr(fitting, "_ask", liked)
    for is_well in (False, True):
        monkeypatch.setattr(fitting, "shelter", lambda run, said=is_well: said)
        assert fitting._is_sheltered(run, []) is is_well
        assert (run.game.kept is before) is not is_well


def felt(run):
    """What the ledger says of every pulse."""
    return [line for line in ledger.read(run.ledger) if "watch/spread" in line]


def test_a_run_that_is_taken_up_feels_the_pulse_that_it_would_have_felt(recipe_for, people, tmp_path):
    whole = played(open_run(tmp_path / "whole", recipe_for(people, 100), people))
    played(open_run(tmp_path / "broken", recipe_for(people, 100), people), last=37)
    again = played(open_run(tmp_path / "broken", recipe_for(people, 100), people))
    assert felt(again) == felt(whole)
    names = {"watch/spread", "watch/roughness", "watch/variety", "watch/margin", "watch/slope"}
    assert [set(line) - {"step"} for line in felt(whole)] == [names, names]


def wild(run):
    """No penalty and five hundred times the rate, from now on."""
    game, usual = run.game, run.game.recipe.objective
    rash = replace(usual, gamma=0.0, learning_rate=500 * usual.learning_rate)
    game.recipe = replace(game.recipe, objective=rash)
    set_rate(game)


def test_a_game_without_brakes_is_seen_and_stopped_or_calmed(recipe_for, people, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "rhythm_of", lambda steps: Rhythm(beat=5, looks=(50,)))
    recipe = recipe_for(people, 120)
    game = replace(recipe.objective, generator=StyleGenerator(width=4, latent=8))
    run = played(open_run(tmp_path, replace(recipe, objective=game), people), last=60)
    assert not events(run)
    wild(run)
    with suppress(TrainingError):
        played(run)
    first = next(line for line in ledger.read(run.ledger) if "event" in line)
    assert first["step"] <= 70
    assert "fell back to step 50" in first["event"]


def test_a_strong_but_fair_critic_is_left_alone(recipe_for, people, tmp_path):
    recipe = recipe_for(people, 250)
    game = replace(recipe.objective, generator=Generator(width=4, latent=8), discriminator=Discriminator())
    run = played(open_run(tmp_path, replace(recipe, objective=game), people))
    assert not events(run)
    margins = [line["watch/margin"] for line in felt(run)]
    assert 0.5 < max(margins) < 4


def test_a_recipe_is_calmed_by_halves(recipe_for, people):
    recipe = recipe_for(people)
    assert recipe.calmed(0) == recipe
    twice = recipe.calmed(2).objective
    assert (twice.learning_rate, twice.gamma) == (5e-5, 4.0)
    unpunished = replace(recipe, objective=replace(recipe.objective, gamma=0.0))
    assert unpunished.calmed(1).objective.gamma == 1.0
