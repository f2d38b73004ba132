"""What combinations of facts have in common."""

import pytest
import torch
from torch import nn

from vesalius.networks.autoencoder import Autoencoder
from vesalius.networks.conditions import SummedEmbedding, borrowed, embedding_of
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.networks.diffusion import Diffusion
from vesalius.networks.fast import FastDiscriminator, FastGenerator
from vesalius.networks.head_start import HeadStart
from vesalius.networks.linear import LinearBase
from vesalius.networks.residual import ResidualDiscriminator, ResidualGenerator
from vesalius.networks.style import StyleGenerator

CROSSED = ((0, 0), (0, 1), (1, 0), (1, 1))
SHAPE = (1, 1, 16, 16)


def test_one_fact_is_embedded_as_ever():
    torch.manual_seed(0)
    mine = embedding_of(3, 5)
    torch.manual_seed(0)
    assert torch.equal(mine.weight, nn.Embedding(3, 5).weight)
    assert list(mine.state_dict()) == ["weight"]


def test_a_combination_is_the_sum_of_its_levels_and_as_large_as_one_of_them():
    torch.manual_seed(0)
    embedding = embedding_of(CROSSED, 4000)
    a, b, c, d = embedding(torch.arange(4)).detach()
    assert torch.allclose(a + d, b + c, atol=1e-5)
    assert a.std().item() == pytest.approx(1, abs=0.05)
    assert list(embedding.state_dict()) == ["weights.0", "weights.1"]


def test_what_is_learnt_of_three_combinations_is_known_of_the_fourth():
    embedding = SummedEmbedding(CROSSED, 2)
    embedding(torch.tensor([0, 1, 2])).sum().backward()
    assert all(bool((weight.grad != 0).all()) for weight in embedding.weights)


@pytest.mark.parametrize(
    "spec",
    [
        Generator(width=4, latent=6),
        ResidualGenerator(widths=(8, 8, 8), latent=6),
        FastGenerator(width=2, latent=6),
        StyleGenerator(width=2, latent=6),
        Autoencoder(width=4, latent=6),
        Diffusion(width=4, latent=256, steps=2),
    ],
)
def test_every_generator_takes_combinations(spec):
    network = spec.build(SHAPE, CROSSED)
    made = network(torch.randn(4, spec.latent), torch.arange(4))
    assert made.shape == (4, *SHAPE)
    assert not any(isinstance(module, nn.Embedding) for module in network.modules())


@pytest.mark.parametrize(
    "spec",
    [Discriminator(width=4), ResidualDiscriminator(widths=(8, 8, 8)), FastDiscriminator(width=2)],
)
def test_a_critic_projects_on_the_sum_of_levels_and_begins_without(spec):
    critic, image = spec.build(SHAPE, CROSSED).eval(), torch.randn(1, *SHAPE).repeat(4, 1, 1, 1, 1)
    assert torch.allclose(critic(image, torch.arange(4)), critic(image[:1], torch.zeros(1).long()), atol=1e-5)
    for weight in critic.embedding.weights:
        nn.init.normal_(weight)
    a, b, c, d = critic(image, torch.arange(4))
    assert not torch.isclose(a, b)
    assert torch.allclose(a + d, b + c, atol=1e-4)


def test_few_borrow_only_what_the_others_know():
    assert borrowed(4, [50, 50, 50, 2], 8) == {}
    assert borrowed(CROSSED, [50, 50, 50, 50], 8) == {}
    assert borrowed(CROSSED, [50, 50, 2, 2], 8) == {}
    weights = borrowed(((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)), [90, 9, 30, 30, 30, 1], 8)[5]
    assert float(weights.sum()) == pytest.approx(1)
    assert weights[5] == 0


def test_the_head_start_of_a_rare_combination_adds_up_what_others_say_and_nothing_of_itself():
    rng = torch.Generator().manual_seed(0)
    condition = torch.tensor([0] * 40 + [1] * 40 + [2] * 40 + [3] * 2)
    pictures = 0.01 * torch.randn(122, *SHAPE, generator=rng)
    pictures[torch.isin(condition, torch.tensor([2, 3])), :, :, :8] += 0.5
    pictures[torch.isin(condition, torch.tensor([1, 3])), :, :, 8:] -= 0.25
    base = LinearBase(SHAPE, CROSSED, HeadStart(2))
    base.fit(pictures, condition)
    rare = base.mean[3].unflatten(0, SHAPE)[0, 0]
    assert rare[:8].mean().item() == pytest.approx(0.5, abs=0.01)
    assert rare[8:].mean().item() == pytest.approx(-0.25, abs=0.01)
    pictures[-2:] = 9.0
    again = LinearBase(SHAPE, CROSSED, HeadStart(2))
    again.fit(pictures, condition)
    assert torch.equal(base.mean[3], again.mean[3])
