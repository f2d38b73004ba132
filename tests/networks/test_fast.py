"""FastGAN-shaped players: shapes, what the skips do, what the critic keeps."""

import pytest
import torch

from vesalius.errors import RecipeError
from vesalius.networks.blocks import seeded
from vesalius.networks.fast import Excitation, FastDiscriminator, FastGenerator
from vesalius.networks.redrawing import corner_of

SHAPES = [(1, 1, 16, 16), (3, 1, 24, 32), (1, 16, 16, 16), (1, 1, 64, 64)]


@pytest.mark.parametrize("shape", SHAPES)
def test_players_take_and_give_pictures_of_two_and_three_axes(shape):
    generator = FastGenerator(width=2, latent=6).build(shape, classes=3)
    critic = FastDiscriminator(width=2).build(shape, classes=3)
    classes = torch.tensor([0, 1, 2])
    made = generator(torch.randn(3, 6, generator=seeded(0)), classes)
    assert made.shape == (3, *shape)
    scores, memory = critic.remember(made, classes)
    assert scores.shape == (3,)
    axes = 2 if shape[1] == 1 else 3
    whole, part = critic.redraw(memory, (1,) * axes)
    half = tuple(side if side == 1 else side // 2 for side in shape[1:])
    assert whole.shape == part.shape == (3, shape[0], *half)


@pytest.mark.parametrize(("side", "count"), [(16, 1), (64, 1), (256, 3)])
def test_skips_leap_over_four_grids_as_published_where_there_are_so_many(side, count):
    generator = FastGenerator(width=1, latent=2).build((1, 1, side, side), classes=1)
    assert len(generator.excite) == count
    assert len(generator.grow) - len(generator.excite) + 1 == min(4, len(generator.grow))


def test_a_skip_weighs_channels_and_nothing_else():
    skip = Excitation(2, coarse=3, fine=5)
    coarse, fine = (torch.randn(2, c, s, s, generator=seeded(c)) for c, s in ((3, 4), (5, 16)))
    weights = skip(coarse, fine) / fine
    assert torch.allclose(weights, weights[:, :, :1, :1].expand_as(weights), atol=1e-4)
    assert ((weights > 0) & (weights < 1)).all()
    assert not torch.allclose(weights[0], weights[1])


def test_the_coarsest_grid_reaches_the_finest_through_the_skip():
    generator = FastGenerator(width=2, latent=6).build((1, 1, 32, 32), classes=1).eval()
    latents, classes = torch.randn(2, 6, generator=seeded(0)), torch.zeros(2, dtype=torch.int64)
    before = generator(latents, classes)
    torch.nn.init.constant_(generator.excite[0].weigh.bias, -20.0)
    assert torch.allclose(generator(latents, classes).std((2, 3, 4)), torch.zeros(2, 1), atol=1e-2)
    assert before.std() > 0


def test_the_players_listen_to_class_and_latents():
    generator = FastGenerator(width=4, latent=6).build((1, 1, 16, 16), classes=2)
    latents = torch.randn(2, 6, generator=seeded(0))
    start = generator.embedding(torch.tensor([0, 1]))
    assert torch.equal(start, torch.zeros_like(start))
    torch.nn.init.normal_(generator.embedding.weight, generator=seeded(1))
    zero, one = generator(latents, torch.tensor([0, 0])), generator(latents, torch.tensor([1, 1]))
    assert not torch.allclose(zero, one)
    assert not torch.allclose(zero[0], zero[1])
    critic = FastDiscriminator(width=4).build((1, 1, 16, 16), classes=2).eval()
    torch.nn.init.normal_(critic.embedding.weight)
    assert not torch.allclose(critic(one, torch.tensor([0, 0])), critic(one, torch.tensor([1, 1])))


def test_a_head_start_begins_at_the_linear_model():
    generator = FastGenerator(width=2, latent=6, head_start=3).build((1, 1, 16, 16), classes=1)
    pictures = torch.randn(40, 1, 1, 16, 16, generator=seeded(1)).clamp(-1, 1)
    generator.base.fit(pictures, torch.zeros(40, dtype=torch.long))
    latents, classes = torch.randn(2, 6, generator=seeded(2)), torch.zeros(2, dtype=torch.long)
    assert torch.allclose(generator(latents, classes), generator.base(latents, classes), atol=1e-5)


def test_the_score_of_a_picture_is_its_own_and_no_layer_stretches():
    critic = FastDiscriminator(width=4).build((1, 1, 16, 16), classes=2).eval()
    pictures, classes = torch.randn(4, 1, 1, 16, 16, generator=seeded(3)), torch.tensor([0, 1, 0, 1])
    assert torch.allclose(critic(pictures, classes)[2:], critic(pictures[2:], classes[2:]), atol=1e-5)
    norms = [torch.linalg.matrix_norm(layer.weight.flatten(1), 2) for layer in (critic.stem, critic.score)]
    assert all(0.8 < norm < 1.2 for norm in norms)


@pytest.mark.parametrize("shape", [(1, 1, 16, 16), (1, 16, 16, 16)])
def test_gradients_are_finite_in_half_width(shape):
    classes = torch.tensor([0, 1])
    generator = FastGenerator(width=4, latent=6).build(shape, classes=2)
    critic = FastDiscriminator(width=4).build(shape, classes=2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made = generator(torch.randn(2, 6, generator=seeded(0)), classes)
        scores, memory = critic.remember(made, classes)
        drawn = critic.redraw(memory, (0, 1) if shape[1] == 1 else (0, 1, 1))
    assert made.dtype == scores.dtype == torch.float32
    (scores.sum() + sum(one.square().sum() for one in drawn)).backward()
    grads = [one.grad for player in (generator, critic) for one in player.parameters()]
    assert all(grad is None or grad.isfinite().all() for grad in grads)
    assert generator.stem.weight.grad.abs().sum() > 0


def test_a_corner_is_half_of_every_axis():
    image = torch.arange(16.0).view(1, 1, 4, 4)
    assert corner_of(image, (0, 1)).flatten().tolist() == [2, 3, 6, 7]
    assert corner_of(torch.zeros(1, 2, 4, 6, 8), (1, 0, 1)).shape == (1, 2, 2, 3, 4)


@pytest.mark.parametrize(
    ("spec", "wrong", "said"),
    [
        (FastGenerator, {"width": 0}, "generator.width is 0"),
        (FastGenerator, {"latent": 0}, "generator.latent is 0"),
        (FastGenerator, {"head_start": 300}, "generator.head_start is 300"),
        (FastDiscriminator, {"width": 0}, "discriminator.width is 0"),
    ],
)
def test_impossible_numbers_are_refused_by_name(spec, wrong, said):
    with pytest.raises(RecipeError, match=said):
        spec(**wrong)


@pytest.mark.parametrize("spec", [FastGenerator(), FastDiscriminator()])
def test_sides_that_cannot_be_halved_are_refused(spec):
    with pytest.raises(RecipeError, match=r"task.size is \(20, 30\)"):
        spec.build((1, 1, 20, 30), 1)
