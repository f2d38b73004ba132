"""The diffusion loss against what is known in closed form."""

import pytest
import torch

from vesalius.errors import RecipeError
from vesalius.example import Single
from vesalius.networks.blocks import seeded
from vesalius.networks.diffusion import Diffusion
from vesalius.objectives.denoising import Denoising

GAME = Denoising(generator=Diffusion(width=4, latent=256))


def _gaussian(count):
    image = 0.2 * torch.randn(count, 1, 1, 16, 16, generator=seeded(5)) - 0.4
    return Single(image, torch.arange(count) % 2)


def test_what_the_loss_needs_to_know_of_the_pictures_is_measured():
    players, real = GAME.players((1, 1, 16, 16), classes=2), _gaussian(64)
    GAME.prepare(players, real)
    assert float(players["generator"].centre) == pytest.approx(-0.4, abs=0.01)
    assert float(players["generator"].sigma_data) == pytest.approx(0.2, abs=0.01)


def test_a_player_who_answers_nothing_loses_one_at_every_strength_of_noise():
    real = _gaussian(256)
    for log_mean in (-5.0, -1.2, 3.0):
        game = Denoising(generator=GAME.generator, log_mean=log_mean, log_std=0.0)
        players = game.players((1, 1, 16, 16), classes=2)
        game.prepare(players, real)
        lost = game.error(players, real, seeded(0))["denoising"]
        assert lost.item() == pytest.approx(1.0, abs=0.02)


def test_the_best_denoiser_of_one_picture_loses_nothing():
    players = GAME.players((1, 1, 16, 16), classes=1)
    real = Single(_gaussian(1).image.expand(8, -1, -1, -1, -1), torch.zeros(8, dtype=torch.long))
    GAME.prepare(players, real)
    denoiser = players["generator"]
    clean = real.image - denoiser.centre
    denoiser.denoise = lambda noisy, sigma, condition: clean
    assert GAME.error(players, real, seeded(0))["denoising"].item() == 0.0


def test_strengths_of_noise_are_log_normal():
    logs = GAME.strengths(20_000, seeded(0)).log()
    assert float(logs.mean()) == pytest.approx(-1.2, abs=0.03)
    assert float(logs.std()) == pytest.approx(1.2, abs=0.03)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rate": float("inf")}, "learning_rate is inf, wanted more than 0"),
        ({"log_mean": float("nan")}, "log_mean is nan, wanted a finite number"),
        ({"log_std": -1.0}, "log_std is -1.0, wanted 0 or more"),
    ],
)
def test_numbers_that_nothing_is_learnt_with_are_refused(change, message):
    with pytest.raises(RecipeError, match=message):
        Denoising(**change)
