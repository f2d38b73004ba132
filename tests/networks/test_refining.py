"""The last layers of a generator: what they may mend, and that they begin by mending nothing."""

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from vesalius.errors import RecipeError
from vesalius.networks.blocks import averaged, folded, resized, seeded
from vesalius.networks.convnet import Generator
from vesalius.networks.enlarging import Enlarging
from vesalius.networks.refining import Refining


@pytest.mark.parametrize("axes", [2, 3])
def test_a_picture_has_twice_the_sides_of_the_features(axes):
    layer = Refining(axes, 5, 8, 3)
    assert layer(torch.randn(2, 5, *[4, 6, 8][:axes])).shape == (2, 3, *[8, 12, 16][:axes])


def _discs(count: int, seed: int) -> torch.Tensor:
    """Discs of one size at random places, ``n 1 16 16``."""
    place = 5 + 6 * torch.rand(count, 2, 1, 1, generator=seeded(seed))
    rows, columns = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij")
    away = ((rows - place[:, :1]) ** 2 + (columns - place[:, 1:]) ** 2).sqrt()
    return (away < 4).float()


def _left_over(layer: nn.Module) -> float:
    """How far what the layer adds to smeared discs is from what they lack, after it has learnt."""
    players = torch.optim.Adam(layer.parameters(), 5e-3)
    for step in range(200):
        sharp = _discs(16, step)
        smeared = resized(averaged(sharp, 4), 4.0)
        loss = mse_loss(smeared + layer(folded(smeared, 2)), sharp)
        players.zero_grad()
        loss.backward()
        players.step()
    return float(loss.detach())


def test_smeared_outlines_are_sharpened_wherever_they_lie():
    torch.manual_seed(0)
    refined, enlarged = _left_over(Refining(2, 4, 32, 1)), _left_over(Enlarging(2, 4, 1))
    assert refined < 0.6 * enlarged


@pytest.mark.parametrize("shape", [(1, 1, 32, 32), (2, 16, 16, 16)])
def test_a_generator_that_refines_begins_at_the_linear_model(shape):
    spec = Generator(width=4, latent=6, head_start=3, smooth=True, pose=True, shown=True, refining=8)
    generator = spec.build(shape, classes=1)
    pictures = torch.randn(40, *shape, generator=seeded(1)).clamp(-1, 1)
    generator.base.fit(pictures, torch.zeros(40, dtype=torch.long))
    latents, classes = torch.randn(2, 6, generator=seeded(2)), torch.zeros(2, dtype=torch.long)
    assert torch.allclose(generator(latents, classes), generator.base(latents, classes), atol=1e-5)
    torch.nn.init.normal_(generator.head.weight)
    assert not torch.allclose(generator(latents, classes), generator.base(latents, classes), atol=1e-2)


def test_fewer_channels_than_none_are_refused():
    with pytest.raises(RecipeError, match=r"generator\.refining is -1, wanted 0 or more"):
        Generator(refining=-1)
