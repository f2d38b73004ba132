"""The games: who moves, and that the losses mean what they say."""

import pytest
import torch

from vesalius.example import Single
from vesalius.networks.autoencoder import Autoencoder
from vesalius.networks.blocks import seeded
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.networks.diffusion import Diffusion
from vesalius.networks.fast import FastDiscriminator, FastGenerator
from vesalius.networks.style import StyleGenerator
from vesalius.objectives.adaptive import Adaptive
from vesalius.objectives.augment import Augment
from vesalius.objectives.denoising import Denoising
from vesalius.objectives.hinge import Hinge
from vesalius.objectives.minimax import Minimax
from vesalius.objectives.nonsaturating import Nonsaturating
from vesalius.objectives.penalties import between, steepness, unevenness
from vesalius.objectives.reconstructing import Reconstructing
from vesalius.objectives.relativistic import Relativistic
from vesalius.objectives.turn import Objective
from vesalius.objectives.variational import Variational
from vesalius.objectives.wasserstein import Wasserstein

SMALL = {"generator": Generator(width=4, latent=6), "discriminator": Discriminator(width=4)}
NORMED = {"generator": Generator(width=4, latent=6), "discriminator": Discriminator(width=4, norm="batch")}
FAST = {"generator": FastGenerator(width=4, latent=6), "discriminator": FastDiscriminator(width=4)}
GAMES = [
    Hinge(**SMALL),
    Hinge(**SMALL, adaptive=Adaptive()),
    Minimax(**NORMED),
    Nonsaturating(**SMALL),
    Nonsaturating(**SMALL, adaptive=Adaptive()),
    Nonsaturating(generator=StyleGenerator(width=4, latent=6), discriminator=Discriminator(width=4)),
    Reconstructing(**FAST),
    Relativistic(**SMALL),
    Relativistic(**SMALL, adaptive=Adaptive()),
    Wasserstein(**SMALL, drift=1e-3),
    Variational(generator=Autoencoder(width=4, latent=6)),
    Denoising(generator=Diffusion(width=4, latent=256)),
]


def _real(count=6):
    return Single(torch.rand(count, 1, 1, 16, 16, generator=seeded(5)) * 2 - 1, torch.arange(count) % 2)


@pytest.mark.parametrize("game", GAMES, ids=lambda game: game.kind)
def test_every_turn_gives_gradients_to_the_player_who_moves(game):
    players = game.players((1, 1, 16, 16), classes=2)
    for turn in game.turns():
        for name, player in players.items():
            player.requires_grad_(name == turn.player)
        terms = turn.loss(players, _real(), seeded(0))
        sum(value for value in terms.values() if value.requires_grad).backward()
        moved = [parameter.grad for parameter in players[turn.player].parameters()]
        assert any(grad is not None and bool(grad.abs().sum() > 0) for grad in moved), turn


@pytest.mark.parametrize("game", GAMES, ids=lambda game: game.kind)
def test_every_game_is_what_the_loop_asks_for(game):
    assert isinstance(game, Objective)


def test_steepness_is_the_squared_slope_of_a_linear_critic():
    image = torch.randn(5, 1, 1, 4, 4, generator=seeded(1)).requires_grad_()
    slope = torch.randn(1, 1, 1, 4, 4, generator=seeded(2))
    assert steepness((image * slope).sum((1, 2, 3, 4)), image).item() == pytest.approx(
        float(slope.square().sum())
    )


def test_unevenness_is_how_far_the_slope_of_a_linear_critic_is_from_one():
    image = torch.randn(5, 1, 1, 4, 4, generator=seeded(1)).requires_grad_()
    slope = torch.randn(1, 1, 1, 4, 4, generator=seeded(2))
    length = float(slope.square().sum().sqrt())
    assert unevenness((image * slope).sum((1, 2, 3, 4)), image).item() == pytest.approx((length - 1) ** 2)
    assert unevenness((image * slope / length).sum((1, 2, 3, 4)), image).item() < 1e-10


def test_the_unevenness_of_a_flat_critic_is_one_and_has_a_finite_slope():
    image, weight = torch.ones(3, 1, 1, 4, 4, requires_grad=True), torch.zeros(16, requires_grad=True)
    uneven = unevenness(image.flatten(1) @ weight, image)
    uneven.backward()
    assert uneven.item() == pytest.approx(1, abs=1e-5)
    assert bool(weight.grad.isfinite().all())


def test_between_lies_on_the_line_of_its_own_two_pictures():
    real, made = (torch.randn(64, 1, 1, 4, 4, generator=seeded(seed)) for seed in (1, 2))
    way = between(real, made, seeded(3)).detach()
    share = ((way - real) / (made - real)).flatten(1)
    assert torch.allclose(share, share[:, :1].expand_as(share), atol=1e-3)
    assert 0 <= float(share.min()) < 0.1 < 0.9 < float(share.max()) <= 1.001


def test_the_hinge_is_silent_beyond_its_margin():
    game = Hinge(**SMALL, augment=Augment(shift=0.0, cutout=0.0, brightness=0.0, contrast=0.0))
    players = game.players((1, 1, 16, 16), classes=2)
    torch.nn.init.zeros_(players["discriminator"].score.weight)
    torch.nn.init.constant_(players["discriminator"].score.bias, 1.5)
    terms = game.discriminator_loss(players, _real(), seeded(0))
    assert terms["real"].item() == 0.0
    assert terms["made"].item() == pytest.approx(2.5)
