"""Golden: the losses of toy games at step 50, in full precision. A refactor must not move them."""

import numpy as np
import pytest

from vesalius.imaging.intensity import Window
from vesalius.networks.autoencoder import Autoencoder
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.networks.diffusion import Diffusion
from vesalius.networks.fast import FastDiscriminator, FastGenerator
from vesalius.objectives.adaptive import Adaptive
from vesalius.objectives.denoising import Denoising
from vesalius.objectives.hinge import Hinge
from vesalius.objectives.minimax import Minimax
from vesalius.objectives.nonsaturating import Nonsaturating
from vesalius.objectives.reconstructing import Reconstructing
from vesalius.objectives.relativistic import Relativistic
from vesalius.objectives.variational import Variational
from vesalius.objectives.wasserstein import Wasserstein
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.synthesis import Synthesis
from vesalius.training.devices import Machine
from vesalius.training.loop import begin, train
from vesalius.training.stream import Stacked

HINGE = {
    "discriminator/real": 0.9600825,
    "discriminator/made": 1.0176016,
    "discriminator/r1": 0.6502581,
    "generator/adversarial": 0.1415143,
}
RELATIVISTIC = {
    "discriminator/adversarial": 0.6870528,
    "discriminator/r1+r2": 0.1413647,
    "generator/adversarial": 0.6947120,
}
NONSATURATING = {
    "discriminator/real": 0.7061647,
    "discriminator/made": 0.7259712,
    "discriminator/r1": 0.7816440,
    "discriminator/strength": 0.064,
    "discriminator/r_t": 0.25,
    "generator/adversarial": 0.6781498,
}
WASSERSTEIN = {
    "discriminator/distance": 0.3217040,
    "discriminator/penalty": 0.5422192,
    "generator/adversarial": 0.4501107,
}
MINIMAX = {
    "discriminator/real": 0.7051514,
    "discriminator/made": 0.6818519,
    "generator/adversarial": 0.6979027,
}
RECONSTRUCTING = {
    "discriminator/real": 0.8280568,
    "discriminator/made": 1.0114672,
    "discriminator/redrawn": 0.8940181,
    "generator/adversarial": -0.1619632,
}
VARIATIONAL = {"generator/reconstruction": 0.7410977, "generator/divergence": 0.00109444}
DENOISING = {"generator/denoising": 0.8843476}

_PLAYERS = {
    "generator": Generator(width=4, latent=8, head_start=3),
    "discriminator": Discriminator(width=4),
}


def numbers_at_50(objective) -> dict[str, float]:
    """Play fifty steps on pictures of smooth noise."""
    window = Window(low=0.0, high=255.0, unit="1")
    task = Synthesis(
        size=(16, 16), channels=1, classes=("a", "b"), fact="label", intensity=window, made=window
    )
    recipe = Recipe(task=task, objective=objective, steps=50, batch=8, half_life=100.0, seed=7)
    rng = np.random.default_rng(1)
    waves = np.sin(np.linspace(0, 6, 16) * rng.uniform(0.5, 2, (40, 1)) + rng.uniform(0, 6, (40, 1)))
    values = (waves[:, :, None] * waves[::-1, None, :])[:, None, None].astype(np.float32)
    names = tuple(map(str, range(40)))
    stacked = Stacked(values, np.arange(40) % 2, names, names)
    *_, last = train(begin(recipe, stacked, Machine("cpu", has_bf16=False)), stacked)
    return last.numbers()


def test_the_hinge_game_stands_where_it_stood():
    assert numbers_at_50(Hinge(**_PLAYERS, lazy=7)) == pytest.approx(HINGE, rel=1e-4)


def test_the_relativistic_game_stands_where_it_stood():
    assert numbers_at_50(Relativistic(**_PLAYERS)) == pytest.approx(RELATIVISTIC, rel=1e-4)


def test_the_nonsaturating_game_stands_where_it_stood():
    game = Nonsaturating(**_PLAYERS, adaptive=Adaptive(target=0.0, ramp=500), lazy=7)
    assert numbers_at_50(game) == pytest.approx(NONSATURATING, rel=1e-4)


def test_the_wasserstein_game_stands_where_it_stood():
    assert numbers_at_50(Wasserstein(**_PLAYERS, critic_turns=2)) == pytest.approx(WASSERSTEIN, rel=1e-4)


def test_the_minimax_game_stands_where_it_stood():
    critic = Discriminator(width=4, norm="batch", group=1)
    game = Minimax(generator=_PLAYERS["generator"], discriminator=critic)
    assert numbers_at_50(game) == pytest.approx(MINIMAX, rel=1e-4)


def test_the_reconstructing_game_stands_where_it_stood():
    critic = FastDiscriminator(width=4)
    game = Reconstructing(generator=FastGenerator(width=4, latent=8), discriminator=critic)
    assert numbers_at_50(game) == pytest.approx(RECONSTRUCTING, rel=1e-4)


def test_the_variational_game_stands_where_it_stood():
    numbers = numbers_at_50(Variational(generator=Autoencoder(width=4, latent=8)))
    assert numbers == pytest.approx(VARIATIONAL, rel=1e-4)


def test_the_denoising_game_stands_where_it_stood():
    numbers = numbers_at_50(Denoising(generator=Diffusion(width=4, latent=256)))
    assert numbers == pytest.approx(DENOISING, rel=1e-4)
