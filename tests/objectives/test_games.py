"""The games: who moves, and that the losses mean what they say."""

import pytest
import torch

from vesalius.example import Single
from vesalius.networks.autoencoder import Autoencoder
from vesalius.networks.blocks import seeded
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.networks.diffusion import Diffusion
from vesalius.objectives.augment import Augment
from vesalius.objectives.denoising import Denoising
from vesalius.objectives.hinge import Hinge
from vesalius.objectives.penalties import steepness
from vesalius.objectives.relativistic import Relativistic
from vesalius.objectives.turn import Objective
from vesalius.objectives.variational import Variational

SMALL = {"generator": Generator(width=4, latent=6), "discriminator": Discriminator(width=4)}
GAMES = [
    Hinge(**SMALL),
    Relativistic(**SMALL),
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
        sum(terms.values()).backward()
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


def test_the_hinge_is_silent_beyond_its_margin():
    game = Hinge(**SMALL, augment=Augment(shift=0.0, cutout=0.0, brightness=0.0, contrast=0.0))
    players = game.players((1, 1, 16, 16), classes=2)
    torch.nn.init.zeros_(players["discriminator"].score.weight)
    torch.nn.init.constant_(players["discriminator"].score.bias, 1.5)
    terms = game.discriminator_loss(players, _real(), seeded(0))
    assert terms["real"].item() == 0.0
    assert terms["made"].item() == pytest.approx(2.5)


def test_augmentation_is_a_function_of_its_stream_and_lets_gradients_through():
    image = _real().image.requires_grad_()
    augment = Augment(flip=True)
    once, again, other = augment(image, seeded(3)), augment(image, seeded(3)), augment(image, seeded(4))
    assert torch.equal(once, again)
    assert not torch.equal(once, other)
    once.sum().backward()
    assert float(image.grad.abs().sum()) > 0


def test_a_shift_moves_a_point_by_whole_pixels_and_no_further_than_its_share():
    image = torch.full((64, 1, 1, 16, 16), -1.0)
    image[:, :, :, 8, 8] = 1
    moved = Augment(shift=0.125, cutout=0.0, brightness=0.0, contrast=0.0)(image, seeded(0))
    places = moved.flatten(1).argmax(1)
    rows, columns = places // 16, places % 16
    assert set(rows.tolist()) == set(range(6, 11)) == set(columns.tolist())
    assert torch.all(moved.flatten(1).max(1).values == 1)
