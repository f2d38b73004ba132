"""The methods that are no two-player games, in the same loop, from the first step to the saved model."""

from dataclasses import replace
from statistics import fmean

import pytest
import torch

from vesalius.cli.train import chosen
from vesalius.cohort.phantom import phantom_cohort
from vesalius.model.export import write_samples
from vesalius.model.model import drawn, load_model
from vesalius.networks.autoencoder import Autoencoder
from vesalius.networks.diffusion import Diffusion
from vesalius.objectives.denoising import Denoising
from vesalius.objectives.variational import Variational
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training import checkpoint
from vesalius.training.devices import find_machine
from vesalius.training.fit import finish, play
from vesalius.training.loop import begin, train
from vesalius.training.run import open_run
from vesalius.training.stream import stack

GAMES = {
    "variational": Variational(generator=Autoencoder(width=4, latent=8)),
    "denoising": Denoising(generator=Diffusion(width=8, latent=256, fold=2, steps=4)),
}

pytestmark = pytest.mark.parametrize("kind", sorted(GAMES))


@pytest.fixture(scope="module")
def phantoms():
    return phantom_cohort(12, size=16)


@pytest.fixture(scope="module")
def task(phantoms):
    return synthesis_of(phantoms, 16, "label")


@pytest.fixture(scope="module")
def pictures(phantoms, task):
    return stack(phantoms, task)


def _recipe(kind, task, steps=6, seed=3):
    return Recipe(task=task, objective=GAMES[kind], steps=steps, batch=8, half_life=100.0, seed=seed)


def _weights(game):
    return {**game.players.state_dict(), **game.average.network.state_dict()}


def test_the_same_seed_gives_the_same_losses_and_another_seed_others(kind, task, pictures, played):
    _, first = played(_recipe(kind, task), pictures)
    _, second = played(_recipe(kind, task), pictures)
    _, other = played(_recipe(kind, task, seed=4), pictures)
    assert first == second
    assert first != other


def test_a_resumed_game_ends_with_the_weights_of_an_uninterrupted_one(kind, task, pictures, tmp_path, played):
    recipe = _recipe(kind, task)
    whole, _ = played(recipe, pictures)
    stopped, _ = played(recipe, pictures, steps=3)
    checkpoint.save(stopped, tmp_path / "game.safetensors")
    taken_up = begin(recipe, pictures, find_machine())
    checkpoint.resume(taken_up, tmp_path / "game.safetensors")
    for _ in train(taken_up, pictures):
        pass
    for name, value in _weights(whole).items():
        assert torch.equal(value, _weights(taken_up)[name]), name


def test_some_dozens_of_steps_lower_the_loss(kind, task, pictures, played):
    _, numbers = played(_recipe(kind, task, steps=80), pictures)
    losses = [sum(terms.values()) for terms in numbers]
    assert fmean(losses[-20:]) < fmean(losses[:10]) - 0.1


def test_a_picture_depends_on_the_seed_and_its_number_alone(kind, task, pictures, played):
    recipe = _recipe(kind, task, steps=12)
    game, _ = played(recipe, pictures)
    generator = game.average.network
    made = drawn(generator, recipe, [0, 1, 0, 1], 7)
    assert torch.allclose(drawn(generator, recipe, [0, 1, 1], 7)[:2], made[:2], atol=1e-4)
    assert not torch.allclose(drawn(generator, recipe, [0, 1, 0, 1], 8), made, atol=1e-2)
    assert not torch.allclose(made[0], made[2], atol=1e-2)


def test_a_run_leaves_a_model_that_makes_marked_pictures(kind, task, phantoms, tmp_path):
    run = open_run(tmp_path / "run", replace(_recipe(kind, task, steps=4), foretold=0.5), phantoms)
    why = "a linear model of some people foretells 0.50 of others: loose frame"
    said, game, *_ = chosen(run).splitlines()
    assert said == "learning from 12 pictures of 12 people (healthy 6, lesion 6)"
    assert game.startswith(f"game: {kind}, {why}, batch 8, ")
    assert "average forgets half in" in game
    for _ in play(run):
        pass
    model = finish(run)
    again = load_model(tmp_path / "run" / "model")
    assert torch.equal(again.sample([0, 1], 5), model.sample([0, 1], 5))
    folder = write_samples(again, [0, 1], 5, tmp_path / "made")
    families = {"variational": b"variational autoencoder", "denoising": b"diffusion model"}
    file = next(folder.rglob("*.dcm"))
    assert b"class-conditional " + families[kind] in file.read_bytes()
