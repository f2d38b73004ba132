"""The autoencoder: shapes, and the divergence of its posterior against what is known of it."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from vesalius.errors import RecipeError
from vesalius.networks.autoencoder import Autoencoder, Posterior
from vesalius.networks.blocks import seeded


@pytest.mark.parametrize("shape", [(1, 1, 32, 32), (3, 1, 48, 64), (1, 16, 16, 16)])
def test_it_takes_and_gives_pictures_of_two_and_three_axes(shape):
    network = Autoencoder(width=4, latent=6).build(shape, classes=3)
    classes = torch.tensor([0, 1, 2])
    posterior = network.encode(torch.rand(3, *shape, generator=seeded(0)) * 2 - 1, classes)
    assert posterior.mean.shape == posterior.log_variance.shape == (3, 6)
    assert network(posterior.draw(seeded(1)), classes).shape == (3, *shape)


def test_the_divergence_is_that_of_two_gaussians():
    mean, spread = torch.randn(5, 7, generator=seeded(0)), torch.rand(5, 7, generator=seeded(1)) + 0.1
    known = kl_divergence(Normal(mean, spread), Normal(0.0, 1.0)).sum(1)
    assert torch.allclose(Posterior(mean, 2 * spread.log()).divergence(), known, rtol=1e-5)
    standard = Posterior(torch.zeros(2, 7), torch.zeros(2, 7))
    assert torch.equal(standard.divergence(), torch.zeros(2))


def test_a_draw_has_the_mean_and_the_variance_of_the_posterior():
    posterior = Posterior(torch.full((20_000, 1), 3.0), torch.full((20_000, 1), 0.5).log() * 2)
    drawn = posterior.draw(seeded(0))
    assert float(drawn.mean()) == pytest.approx(3.0, abs=0.02)
    assert float(drawn.std()) == pytest.approx(0.5, abs=0.02)


def test_encoder_and_decoder_listen_to_the_class():
    network = Autoencoder(width=4, latent=6).build((1, 1, 32, 32), classes=2).eval()
    for each in (network.embedding, network.decoder.embedding):
        torch.nn.init.normal_(each.weight, generator=seeded(1))
    image, latents = torch.zeros(1, 1, 1, 32, 32), torch.zeros(1, 6)
    zero, one = torch.tensor([0]), torch.tensor([1])
    assert not torch.allclose(network.encode(image, zero).mean, network.encode(image, one).mean)
    assert not torch.allclose(network(latents, zero), network(latents, one))


@pytest.mark.parametrize("name", ["width", "latent"])
def test_a_number_of_nothing_is_refused_by_name(name):
    with pytest.raises(RecipeError, match=f"autoencoder.{name} is 0, wanted more than 0"):
        Autoencoder(**{name: 0})
