"""R3GAN-shaped players: shapes, conditions, and where they start."""

import pytest
import torch

from vesalius.errors import RecipeError
from vesalius.networks.blocks import seeded
from vesalius.networks.residual import Block, ResidualDiscriminator, ResidualGenerator


@pytest.mark.parametrize("shape", [(1, 1, 16, 16), (3, 1, 24, 32), (1, 16, 16, 16)])
@pytest.mark.parametrize("form", ["dense", "grouped"])
def test_players_take_and_give_pictures_of_two_and_three_axes(shape, form):
    generator = ResidualGenerator(widths=(16, 8, 8), form=form, latent=6).build(shape, classes=3)
    discriminator = ResidualDiscriminator(widths=(8, 8, 16), form=form).build(shape, classes=3)
    classes = torch.tensor([0, 1, 2])
    made = generator(torch.randn(3, 6, generator=seeded(0)), classes)
    assert made.shape == (3, *shape)
    assert discriminator(made, classes).shape == (3,)


@pytest.mark.parametrize("form", ["dense", "grouped"])
def test_a_block_starts_as_the_identity_and_learns(form):
    generator = ResidualGenerator(widths=(16, 8, 8), form=form, latent=6).build((1, 1, 16, 16), classes=1)
    block = next(each for each in generator.modules() if isinstance(each, Block))
    features = torch.randn(2, 16, 4, 4, generator=seeded(1))
    assert torch.equal(block(features), features)
    block(features).square().sum().backward()
    assert block.last.weight.grad.abs().sum() > 0


def test_the_players_listen_to_class_and_latents():
    generator = ResidualGenerator(widths=(16, 8, 8), latent=6).build((1, 1, 16, 16), classes=2)
    latents = torch.randn(2, 6, generator=seeded(0))
    zero, one = generator(latents, torch.tensor([0, 0])), generator(latents, torch.tensor([1, 1]))
    assert not torch.allclose(zero, one)
    assert not torch.allclose(zero[0], zero[1])
    critic = ResidualDiscriminator(widths=(8, 8, 16)).build((1, 1, 16, 16), classes=2)
    torch.nn.init.normal_(critic.embedding.weight)
    assert not torch.allclose(critic(one, torch.tensor([0, 0])), critic(one, torch.tensor([1, 1])))


def test_a_head_start_begins_at_the_linear_model():
    generator = ResidualGenerator(widths=(16, 8, 8), latent=6, head_start=3).build((1, 1, 16, 16), classes=1)
    pictures = torch.randn(40, 1, 1, 16, 16, generator=seeded(1)).clamp(-1, 1)
    generator.base.fit(pictures, torch.zeros(40, dtype=torch.long))
    latents, classes = torch.randn(2, 6, generator=seeded(2)), torch.zeros(2, dtype=torch.long)
    assert torch.allclose(generator(latents, classes), generator.base(latents, classes), atol=1e-5)


def test_the_score_of_a_picture_is_its_own():
    critic = ResidualDiscriminator(widths=(8, 8, 16)).build((1, 1, 16, 16), classes=2)
    pictures, classes = torch.randn(4, 1, 1, 16, 16, generator=seeded(3)), torch.tensor([0, 1, 0, 1])
    assert torch.allclose(critic(pictures, classes)[2:], critic(pictures[2:], classes[2:]), atol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"widths": ()}, "generator.widths"),
        ({"widths": (8, 0)}, "generator.widths"),
        ({"blocks": 0}, "generator.blocks is 0"),
        ({"widths": (12, 12, 12), "form": "grouped"}, "multiples of 8"),
        ({"head_start": 200}, "generator.head_start is 200"),
    ],
)
def test_impossible_numbers_are_refused_by_name(wrong, said):
    with pytest.raises(RecipeError, match=said):
        ResidualGenerator(**wrong)


def test_widths_that_do_not_fit_the_size_are_refused():
    with pytest.raises(RecipeError, match=r"generator.widths has 3 entries, wanted 5 for size \(64, 64\)"):
        ResidualGenerator(widths=(8, 8, 8)).build((1, 1, 64, 64), classes=1)
