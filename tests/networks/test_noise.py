"""Noise that can be made again."""

import pytest
import torch

from vesalius.networks.blocks import seeded
from vesalius.networks.convnet import Generator
from vesalius.networks.noise import Noise, noise_of


def test_noise_is_white_gaussian_and_can_be_made_again():
    latents = torch.randn(4, 6, generator=seeded(0))
    noise = noise_of(latents, (64, 64), 3)
    assert noise.shape == (4, 1, 64, 64)
    assert torch.equal(noise, noise_of(latents, (64, 64), 3))
    assert torch.equal(noise[2:3], noise_of(latents[2:3], (64, 64), 3))
    assert not torch.equal(noise, noise_of(latents, (64, 64), 4))
    rows = noise.flatten(1)
    assert rows.mean(1).abs().max() < 0.06
    assert ((rows.std(1) - 1).abs() < 0.04).all()
    assert ((rows**4).mean(1) - 3).abs().max() < 0.4
    neighbours = torch.stack(
        [(noise[..., 1:] * noise[..., :-1]).mean(), (noise[:, :, 1:] * noise[:, :, :-1]).mean()]
    )
    assert neighbours.abs().max() < 0.03
    assert (torch.corrcoef(rows) - torch.eye(4)).abs().max() < 0.06


def test_each_channel_takes_as_much_noise_as_it_learns():
    noise, latents = Noise(3, 0), torch.randn(2, 6, generator=seeded(1))
    with torch.no_grad():
        noise.strength.copy_(torch.tensor([0.0, 1.0, -2.0]))
    given = noise(torch.zeros(2, 3, 8, 8), latents).detach()
    assert float(given[:, 0].abs().max()) == 0
    assert torch.equal(given[:, 2], -2 * given[:, 1])
    assert torch.equal(given[:, 1:2], noise_of(latents, (8, 8), 0))


@pytest.mark.parametrize("shape", [(1, 1, 32, 32), (2, 16, 16, 16)])
def test_a_picture_with_noise_of_its_own_is_made_again_from_its_latents(shape):
    generator = Generator(width=4, latent=6, noise=True).build(shape, classes=1).eval()
    latents = torch.randn(3, 6, generator=seeded(2))
    classes = torch.zeros(3, dtype=torch.long)
    with torch.no_grad():
        made, again = generator(latents, classes), generator(latents[1:2], classes[:1])
        for noise in generator.noise.values():
            noise.strength.zero_()
        without = generator(latents, classes)
    assert torch.allclose(made[1:2], again, atol=1e-5)
    assert not torch.allclose(made, without, atol=1e-4)
