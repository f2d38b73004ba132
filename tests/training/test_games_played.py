"""Every game through the loop: repeatable, and resumable to the last bit."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from vesalius.cohort.phantom import phantom_cohort
from vesalius.imaging.intensity import Window
from vesalius.networks.blocks import seeded
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.networks.fast import FastDiscriminator, FastGenerator
from vesalius.networks.residual import ResidualDiscriminator, ResidualGenerator
from vesalius.networks.style import StyleGenerator
from vesalius.objectives.adaptive import Adaptive
from vesalius.objectives.augment import Augment
from vesalius.objectives.hinge import Hinge
from vesalius.objectives.minimax import Minimax
from vesalius.objectives.nonsaturating import Nonsaturating
from vesalius.objectives.reconstructing import Reconstructing
from vesalius.objectives.relativistic import Relativistic
from vesalius.objectives.wasserstein import Wasserstein
from vesalius.recipes.recipe import Recipe
from vesalius.recipes.rivals import r3gan
from vesalius.tasks.synthesis import Synthesis, synthesis_of
from vesalius.training import checkpoint
from vesalius.training.devices import Machine, find_machine
from vesalius.training.fit import finish, play
from vesalius.training.loop import begin, train
from vesalius.training.run import open_run
from vesalius.training.stream import Stacked, stack

SMALL = {"generator": Generator(width=4, latent=8, head_start=2), "discriminator": Discriminator(width=4)}
SHAKEN = Augment(flip=True, rotation=10.0, scale=0.1, noise=0.05, bias=0.2, probability=0.9)
STEERED = {"augment": SHAKEN, "adaptive": Adaptive(target=-0.9, every=2, ramp=20), "lazy": 3}
ADAPTIVE = [game(**SMALL, **STEERED) for game in (Nonsaturating, Hinge, Relativistic)]
GAMES = [
    *ADAPTIVE,
    replace(ADAPTIVE[-1], lazy=1),
    Relativistic(
        generator=ResidualGenerator(widths=(16, 16, 8), blocks=2, form="grouped", latent=8),
        discriminator=ResidualDiscriminator(widths=(8, 16, 16), blocks=2, form="grouped"),
    ),
    Nonsaturating(**SMALL),
    Nonsaturating(generator=StyleGenerator(width=4, latent=8), discriminator=Discriminator(width=4)),
    Wasserstein(**SMALL, critic_turns=2, drift=1e-3),
    Minimax(generator=SMALL["generator"], discriminator=Discriminator(width=4, norm="batch", group=1)),
    Minimax(
        generator=SMALL["generator"],
        discriminator=Discriminator(width=4, norm="batch", group=1, detail=4.0),
    ),
    Reconstructing(generator=FastGenerator(width=4, latent=8), discriminator=FastDiscriminator(width=4)),
]


def toy(objective, seed=3):
    """A recipe that plays a step in milliseconds."""
    window = Window(low=0.0, high=255.0, unit="1")
    task = Synthesis(
        size=(16, 16), channels=1, classes=("a", "b"), fact="label", intensity=window, made=window
    )
    return Recipe(task=task, objective=objective, steps=7, batch=4, half_life=100.0, seed=seed)


@pytest.fixture(scope="module")
def pictures():
    values = np.random.default_rng(0).random((24, 1, 1, 16, 16), np.float32) * 2 - 1
    names = tuple(f"p{index}" for index in range(24))
    return Stacked(values, np.arange(24) % 2, names, names)


@pytest.mark.parametrize("objective", GAMES, ids=lambda one: one.kind)
def test_the_same_seed_gives_the_same_losses_and_another_seed_others(objective, pictures, played):
    (_, first), (_, again) = (played(toy(objective), pictures) for _ in range(2))
    _, other = played(toy(objective, seed=4), pictures)
    assert first == again
    assert first != other


@pytest.mark.parametrize("stop", [3, 4])
@pytest.mark.parametrize("objective", GAMES, ids=lambda one: one.kind)
def test_a_game_taken_up_ends_as_one_that_was_not_stopped(objective, stop, pictures, tmp_path, played):
    recipe = toy(objective)
    whole, numbers = played(recipe, pictures)
    stopped, _ = played(recipe, pictures, steps=stop)
    checkpoint.save(stopped, tmp_path / "game.safetensors")
    taken_up = begin(recipe, pictures, find_machine())
    checkpoint.resume(taken_up, tmp_path / "game.safetensors")
    assert [tick.numbers() for tick in train(taken_up, pictures)] == numbers[stop:]
    theirs = taken_up.players.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in whole.players.state_dict().items())


@pytest.mark.parametrize("objective", ADAPTIVE, ids=lambda one: one.kind)
def test_the_strength_moves_and_is_written_down(objective, pictures, played):
    game, numbers = played(toy(objective), pictures)
    strengths = [step["discriminator/strength"] for step in numbers]
    assert strengths[0] == 0 < strengths[-1] == float(game.players["strength"].value)
    assert all(-1 <= step["discriminator/r_t"] <= 1 for step in numbers)
    assert "strength" not in game.optimizers


@pytest.mark.parametrize("objective", ADAPTIVE, ids=lambda one: one.kind)
def test_what_is_only_written_down_moves_nobody(objective, pictures, played):
    """A strength that may never leave nothing must play the game of no augmentation at all."""
    still = replace(objective, adaptive=Adaptive(target=0.999, every=1000))
    none = replace(objective, adaptive=None, augment=replace(SHAKEN, probability=0.0))
    (watched, _), (unwatched, _) = (played(toy(one), pictures) for one in (still, none))
    theirs = watched.players.state_dict()
    for name, value in unwatched.players.state_dict().items():
        assert torch.equal(value, theirs[name]), name


@pytest.mark.parametrize("objective", ADAPTIVE, ids=lambda one: one.kind)
def test_a_strength_half_way_to_its_next_move_is_kept_to_the_last_bit(objective, pictures, tmp_path, played):
    stopped, _ = played(toy(objective), pictures, steps=5)
    checkpoint.save(stopped, tmp_path / "game.safetensors")
    taken_up = begin(toy(objective), pictures, find_machine())
    checkpoint.resume(taken_up, tmp_path / "game.safetensors")
    kept, found = (game.players["strength"].state_dict() for game in (stopped, taken_up))
    assert (float(kept["batches"]), float(kept["seen"])) == (1, 4)
    assert float(kept["value"]) > 0
    assert all(torch.equal(value, found[name]) for name, value in kept.items())


def test_pictures_brought_to_the_device_play_the_same_game(pictures, played, monkeypatch):
    _, usual = played(toy(ADAPTIVE[1]), pictures)
    monkeypatch.setattr(Machine, "room", 2**40)
    _, near = played(toy(ADAPTIVE[1]), pictures)
    assert near == usual


def test_r3gan_learns_from_phantoms_is_taken_up_and_makes_pictures(people, tmp_path):
    recipe = replace(r3gan(synthesis_of(people, 16, "label"), people, 1.0), steps=4)
    whole, stopped = (open_run(tmp_path / name, recipe, people) for name in ("whole", "stopped"))
    for tick in play(stopped):
        if tick.step == 2:
            break
    taken_up = open_run(tmp_path / "stopped", recipe, people)
    assert taken_up.game.step == 2
    for run in (whole, taken_up):
        for _ in play(run):
            pass
    made = finish(taken_up).sample([0, 1], 3)
    assert made.shape == (2, 1, 1, 16, 16)
    assert torch.equal(made, finish(whole).sample([0, 1], 3))


def test_a_game_from_scratch_goes_on_listening_to_its_latents(recipe_for):
    people = phantom_cohort(64, size=16)
    recipe = recipe_for(people, steps=150)
    players = {"generator": Generator(width=16), "discriminator": Discriminator(width=16)}
    recipe = replace(recipe, objective=replace(recipe.objective, **players), batch=16)
    pictures = stack(people, recipe.task)
    game = begin(recipe, pictures, Machine("cpu", has_bf16=False))
    for _ in train(game, pictures):
        pass
    latents, classes = torch.randn(128, 128, generator=seeded(0)), torch.arange(128) % 2
    made = game.players["generator"].eval()(latents, classes).detach()[::2].std(0).mean()
    real = torch.from_numpy(pictures.stack[pictures.labels == 0]).std(0).mean()
    assert float(made / real) > 0.36
