"""The autoencoder's loss against what is known in closed form."""

from math import log, pi

import pytest
import torch
from torch.distributions import Normal

from vesalius.errors import RecipeError
from vesalius.example import Single
from vesalius.networks.autoencoder import Autoencoder
from vesalius.networks.blocks import seeded
from vesalius.objectives.variational import FINEST, Variational, surprise

GAME = Variational(generator=Autoencoder(width=4, latent=6))


def _real(count=6):
    return Single(torch.rand(count, 1, 1, 16, 16, generator=seeded(5)) * 2 - 1, torch.arange(count) % 2)


def test_surprise_is_the_least_that_a_gaussian_of_one_variance_can_say():
    real, said = (torch.randn(4, 1, 1, 8, 8, generator=seeded(seed)) for seed in (0, 1))
    best = (real - said).square().mean().sqrt()
    known = -Normal(said, best).log_prob(real).mean()
    assert float(surprise(real, said)) == pytest.approx(float(known), rel=1e-5)
    for other in (best * 0.9, best * 1.1):
        assert float(surprise(real, said)) < float(-Normal(said, other).log_prob(real).mean())


def test_no_decoder_is_thought_finer_than_a_grey_level():
    image = _real().image.requires_grad_()
    told = surprise(image.detach(), image)
    assert told.item() == pytest.approx((log(2 * pi) + log(FINEST)) / 2)
    told.backward()
    assert bool(image.grad.isfinite().all())


def test_the_bound_is_closed_for_a_player_who_says_nothing():
    players = GAME.players((1, 1, 16, 16), classes=2)
    for weight in players["generator"].parameters():
        torch.nn.init.zeros_(weight)
    real = _real()
    terms = GAME.bound(players, real, seeded(0))
    squared = float(real.image.square().mean())
    assert terms["reconstruction"].item() == pytest.approx((log(2 * pi * squared) + 1) / 2, rel=1e-5)
    assert terms["divergence"].item() == 0.0


def test_divergence_and_reconstruction_are_both_for_each_value():
    players = GAME.players((1, 1, 16, 16), classes=2)
    for weight in players["generator"].parameters():
        torch.nn.init.zeros_(weight)
    torch.nn.init.constant_(players["generator"].posterior.bias[:6], 2.0)
    terms = GAME.bound(players, _real(), seeded(0))
    assert terms["divergence"].item() == pytest.approx(6 * 2.0**2 / 2 / 256)


def test_numbers_that_nothing_is_learnt_with_are_refused():
    with pytest.raises(RecipeError, match=r"learning_rate is 0.0, wanted more than 0"):
        Variational(learning_rate=0.0)
    with pytest.raises(RecipeError, match=r"betas are \(1.0, 0.9\), wanted two numbers"):
        Variational(betas=(1.0, 0.9))
