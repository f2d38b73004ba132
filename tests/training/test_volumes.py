"""Every game on volumes, in the same loop as on pictures of one slice."""

from dataclasses import replace

import pytest
import torch

from vesalius.cohort.phantom import phantom_cohort
from vesalius.model.model import together
from vesalius.networks.blocks import Convolution
from vesalius.objectives.augment import Augment
from vesalius.recipes.derived import derive
from vesalius.recipes.recipe import Recipe, read_recipe
from vesalius.recipes.synthesis import RECIPES
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.devices import find_machine
from vesalius.training.fit import finish, fit, play
from vesalius.training.loop import begin, train
from vesalius.training.pulse import pulse_of
from vesalius.training.run import open_run
from vesalius.training.stream import stack


@pytest.fixture(scope="module")
def people():
    return phantom_cohort(12, size=16, slices=16)


@pytest.fixture(scope="module")
def task(people):
    return synthesis_of(people, (16, 16, 16), "label")


@pytest.fixture(scope="module")
def volumes(people, task):
    return stack(people, task)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_plays_on_volumes(name, people, task, volumes):
    recipe = replace(RECIPES[name](task, people, 1.0, 0), steps=2, batch=4)
    assert Recipe.from_json(recipe.to_json()) == recipe
    game = begin(recipe, volumes, find_machine())
    for tick in train(game, volumes):
        assert all(abs(value) < 1e6 for value in tick.numbers().values())
    layers = [layer for layer in game.players.modules() if isinstance(layer, Convolution)]
    assert {layer.weight.ndim for layer in layers} == {5}
    assert all(layer.weight.is_contiguous(memory_format=torch.channels_last_3d) for layer in layers)


def test_penalty_and_width_follow_the_voxels(people, task):
    flat = synthesis_of(phantom_cohort(12, size=64), 64, "label")
    assert derive(task, people, 1.0).gamma == derive(flat, people, 1.0).gamma
    small = replace(task, size=(16, 16, 32))
    assert derive(small, people, 1.0).gamma == 2 * derive(task, people, 1.0).gamma
    assert derive(task, people, 20.0).width > derive(small, people, 20.0).width


def test_a_run_on_volumes_that_was_stopped_ends_with_the_weights_of_one_that_was_not(
    people, task, recipe_for, tmp_path
):
    recipe = replace(recipe_for(phantom_cohort(12, size=16), steps=8), task=task)
    for stop in (3, None):
        run = open_run(tmp_path / "stopped", recipe, people)
        for tick in play(run):
            if tick.step == stop:
                break
    whole = open_run(tmp_path / "whole", recipe, people)
    for _ in play(whole):
        pass
    model = finish(run)
    assert torch.equal(model.sample([0, 1], 3), finish(whole).sample([0, 1], 3))
    assert model.sample([0], 3).shape == (1, 1, 16, 16, 16)
    assert read_recipe(tmp_path / "stopped" / "model" / "recipe.json").task == task


def test_every_augmentation_takes_volumes_and_lets_gradients_through(volumes):
    every = Augment(flip=True, rotation=10.0, scale=0.1, noise=0.1, bias=0.2)
    image = torch.from_numpy(volumes.stack[:4]).requires_grad_()
    changed = every(image, torch.Generator().manual_seed(0))
    changed.sum().backward()
    assert changed.shape == image.shape
    assert image.grad.abs().amax(dim=(1, 2, 3, 4)).min() > 0


def test_roughness_is_seen_along_the_slices_too():
    smooth = torch.zeros(4, 1, 8, 8, 8)
    rough = smooth.clone()
    rough[:, :, ::2] = 1.0
    classes = torch.zeros(4, dtype=torch.long)
    assert pulse_of(smooth, classes).roughness == 0
    assert pulse_of(rough, classes).roughness > 0.3


def test_few_large_volumes_are_drawn_at_once_and_each_is_the_same_by_itself(
    people, task, recipe_for, tmp_path, monkeypatch
):
    recipe = replace(recipe_for(phantom_cohort(12, size=16), steps=1), task=task)
    model = fit(recipe, people, tmp_path / "run")
    assert together(recipe) == 64
    assert together(replace(recipe, task=replace(task, size=(128, 128, 128)))) == 1
    monkeypatch.setattr("vesalius.model.model._VOXELS_TOGETHER", 3 * 16**3)
    assert together(recipe) == 3
    images = list(model.images([0, 1, 0, 1], seed=7))
    assert len(images) == 4
    alone = task.decode(model.sample([1], 7, first=3)[0]).voxels
    assert torch.allclose(images[3].voxels, alone, atol=1.0)
