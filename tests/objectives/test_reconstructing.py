"""The critic that redraws: of what, and how its errors are counted."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from vesalius.errors import RecipeError
from vesalius.example import Single
from vesalius.networks.blocks import seeded
from vesalius.networks.convnet import Discriminator
from vesalius.networks.fast import FastDiscriminator, FastGenerator
from vesalius.objectives.adversaries import exhibit
from vesalius.objectives.augment import Augment
from vesalius.objectives.hinge import margins
from vesalius.objectives.reconstructing import Reconstructing, halved

NOTHING = Augment(shift=0.0, cutout=0.0, brightness=0.0, contrast=0.0)
SMALL = {"generator": FastGenerator(width=4, latent=6), "discriminator": FastDiscriminator(width=4)}


def real(count=4):
    return Single(torch.rand(count, 1, 1, 16, 16, generator=seeded(5)) * 2 - 1, torch.arange(count) % 2)


def test_half_of_a_picture_is_means_of_cells():
    picture = torch.arange(32.0).view(1, 2, 4, 4)
    assert torch.allclose(halved(picture), torch.nn.functional.avg_pool2d(picture, 2))
    volume = torch.randn(2, 3, 4, 6, 8, generator=seeded(1))
    assert torch.allclose(halved(volume), torch.nn.functional.avg_pool3d(volume, 2), atol=1e-6)


def test_the_critic_redraws_real_pictures_only_and_half_of_everything(monkeypatch):
    game = Reconstructing(**SMALL, augment=NOTHING, redrawing=2.0)
    players, pictures = game.players((1, 1, 16, 16), classes=2), real()
    asked = []

    def grey(memory, corner):
        asked.append((len(memory.whole), corner))
        return (torch.zeros(4, 1, 1, 8, 8),) * 2

    monkeypatch.setattr(players["discriminator"], "redraw", grey)
    terms = game.discriminator_loss(players, pictures, seeded(0))
    ((count, corner),) = asked
    rows, columns = (slice(8 * half, 8 * half + 8) for half in corner)
    wanted = halved(pictures.image.squeeze(2)).abs().mean()
    wanted = wanted + pictures.image[:, :, 0, rows, columns].abs().mean()
    assert count == 4
    assert terms["redrawn"].item() == pytest.approx(2 * wanted.item(), rel=1e-5)


def test_without_redrawing_it_is_the_hinge_loss_of_real_and_made_pictures_apart():
    game = Reconstructing(**SMALL, augment=NOTHING, redrawing=0.0)
    players, pictures = game.players((1, 1, 16, 16), classes=2), real()
    fresh = deepcopy(players)  # a spectral norm is estimated a little better at each pass
    said = game.discriminator_loss(players, pictures, seeded(0))
    shown = exhibit(fresh, 6, pictures, seeded(0)).chunk(2)
    wanted = margins(*(fresh["discriminator"](half, pictures.condition) for half in shown))
    assert said["redrawn"] == 0
    assert all(torch.allclose(wanted[name], said[name]) for name in ("real", "made"))


def test_the_critic_soon_tells_larger_blobs_from_smaller_ones():
    """Without normalisation so short layers shrink all scores to the same: a lead of 0.09, 0.07 and 0.12."""
    torch.manual_seed(0)
    critic, rng = FastDiscriminator(width=8).build((1, 1, 32, 32), classes=1), seeded(0)
    optimizer = torch.optim.Adam(critic.parameters(), lr=2e-4, betas=(0.5, 0.999))
    classes = torch.zeros(8, dtype=torch.int64)
    for _ in range(60):
        one, other = critic(blobs(6.0, rng), classes), critic(blobs(4.0, rng), classes)
        optimizer.zero_grad()
        sum(margins(one, other).values()).backward()
        optimizer.step()
    assert (one - other).mean() > 0.6


def blobs(sharpness, rng, side=32):
    """Eight pictures of one bright spot each, anywhere in the middle half."""
    line = torch.linspace(-1, 1, side)
    y, x = (torch.rand(8, 1, generator=rng) - 0.5 for _ in range(2))
    squares = (line - y).square()[:, :, None] + (line - x).square()[:, None, :]
    return ((-sharpness * squares).exp() * 1.6 - 0.8)[:, None, None]


def test_the_critic_learns_to_redraw():
    game = Reconstructing(**SMALL, augment=NOTHING, learning_rate=1e-2)
    players, pictures = game.players((1, 1, 16, 16), classes=2), real()
    pictures = Single(torch.ones_like(pictures.image) * 0.5, pictures.condition)
    optimizer = torch.optim.Adam(players["discriminator"].parameters(), lr=1e-2)
    errors = []
    for step in range(20):
        terms = game.discriminator_loss(players, pictures, seeded(step))
        optimizer.zero_grad()
        sum(terms.values()).backward()
        optimizer.step()
        errors.append(terms["redrawn"].item())
    assert errors[-1] < errors[0] / 2


def test_a_negative_weight_is_refused():
    with pytest.raises(RecipeError, match="redrawing is -1"):
        Reconstructing(redrawing=-1.0)


def test_a_critic_that_cannot_draw_is_refused():
    with pytest.raises(RecipeError, match=r"discriminator is convnet\.discriminator, wanted fast\.discrim"):
        replace(Reconstructing(), discriminator=Discriminator())
