"""Generator and discriminator: shapes, conditions, and what the head start promises."""

import pytest
import torch

from vesalius.errors import RecipeError
from vesalius.networks.blocks import averaged, seeded
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.objectives.hinge import margins


@pytest.mark.parametrize("shape", [(1, 1, 32, 32), (3, 1, 48, 64), (1, 16, 16, 16)])
def test_players_take_and_give_pictures_of_two_and_three_axes(shape):
    generator = Generator(width=4, latent=6).build(shape, classes=3)
    discriminator = Discriminator(width=4).build(shape, classes=3)
    classes = torch.tensor([0, 1, 2])
    made = generator(torch.randn(3, 6, generator=seeded(0)), classes)
    assert made.shape == (3, *shape)
    assert discriminator(made, classes).shape == (3,)


def test_the_generator_listens_to_its_class_and_its_latents():
    generator = Generator(width=4, latent=6).build((1, 1, 32, 32), classes=2).eval()
    latents, zeros, ones = torch.randn(2, 6, generator=seeded(0)), torch.tensor([0, 0]), torch.tensor([1, 1])
    assert torch.equal(generator(latents, zeros), generator(latents, ones))
    torch.nn.init.normal_(generator.embedding.weight, generator=seeded(1))
    zero, one = generator(latents, zeros), generator(latents, ones)
    assert not torch.allclose(zero, one)
    assert not torch.allclose(zero[0], zero[1])


def test_a_head_start_begins_at_the_linear_model():
    generator = Generator(width=4, latent=6, head_start=3).build((1, 1, 32, 32), classes=1)
    pictures = torch.randn(40, 1, 1, 32, 32, generator=seeded(1)).clamp(-1, 1)
    generator.base.fit(pictures, torch.zeros(40, dtype=torch.long))
    latents, classes = torch.randn(2, 6, generator=seeded(2)), torch.zeros(2, dtype=torch.long)
    assert torch.allclose(generator(latents, classes), generator.base(latents, classes), atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1, 32, 32), (2, 16, 16, 16)])
def test_a_smooth_generator_can_begin_at_the_linear_model_and_has_its_shape(shape):
    generator = Generator(width=4, latent=6, head_start=3, smooth=True).build(shape, classes=1)
    latents, classes = torch.randn(2, 6, generator=seeded(2)), torch.zeros(2, dtype=torch.long)
    assert torch.allclose(generator(latents, classes), generator.base(latents, classes), atol=1e-5)
    free = Generator(width=4, latent=6, smooth=True).build(shape, classes=1)
    assert free(latents, classes).shape == (2, *shape)


@pytest.mark.parametrize("side", [8, 50])
def test_a_side_that_cannot_be_halved_is_refused_by_name(side):
    with pytest.raises(RecipeError, match=r"task.size is \(\d+, \d+\), wanted sides"):
        Generator(width=4).build((1, 1, side, side), classes=1)


def _added(grasp: float) -> tuple[torch.Tensor, torch.Tensor]:
    """What a generator adds to its base when that is anchored, and when it is not."""
    torch.manual_seed(0)
    generator = Generator(width=8, latent=16, head_start=4, anchor=4).build((1, 1, 32, 32), 2)
    torch.nn.init.normal_(generator.head.weight)
    latents, condition = torch.randn(16, 16), torch.arange(16) % 2
    generator.base.weight.normal_()
    base = generator.base(latents, condition)
    free = generator(latents, condition) - base
    generator.base.grasp.fill_(grasp)
    return generator(latents, condition) - base, free


def test_an_anchored_generator_changes_only_what_is_fine():
    held, free = _added(grasp=1.0)
    assert averaged(held[:, :, 0], 4).std() < 0.5 * averaged(free[:, :, 0], 4).std()
    assert held.std() > 0.5 * free.std()


def test_a_generator_may_change_of_the_coarse_what_its_base_cannot_foretell():
    held, free = _added(grasp=0.3)
    whole, _ = _added(grasp=1.0)
    assert torch.allclose(held, 0.7 * free + 0.3 * whole, atol=1e-5)


@pytest.mark.parametrize("numbers", [{"anchor": 8}, {"anchor": -1, "head_start": 2}])
def test_there_is_nothing_to_hold_on_to_without_a_head_start(numbers):
    with pytest.raises(RecipeError, match=f"generator.anchor is {numbers['anchor']}, wanted 0 or more"):
        Generator(**numbers)


def test_an_anchor_of_every_voxel_would_leave_nothing_to_learn():
    with pytest.raises(RecipeError, match=r"generator\.anchor is 32, wanted fewer cells than the 32 voxels"):
        Generator(width=4, head_start=2, anchor=32).build((1, 1, 32, 48), classes=1)


def _responses(change: torch.Tensor) -> torch.Tensor:
    """How far a faint change of pictures moves the scores of both judges of a fresh critic."""
    torch.manual_seed(0)
    critic = Discriminator(width=8, detail=4.0).build((1, 1, 32, 32), classes=2)
    pictures, classes = torch.randn(8, 1, 1, 32, 32, generator=seeded(3)), torch.arange(8) % 2
    with torch.no_grad():
        moved = critic(pictures + 0.01 * change, classes) - critic(pictures, classes)
    assert moved.shape == (8, 2)
    return moved.abs().mean(0)


def test_the_judge_of_detail_notices_what_is_fine_rather_than_what_is_coarse():
    fine = torch.ones(32, 32)
    fine[::2, ::2] = fine[1::2, 1::2] = -1
    form, detail = _responses(fine) / _responses(torch.linspace(-1, 1, 32).expand(32, 32))
    assert detail > 2 * form


def test_form_is_still_learnt_where_detail_alone_tells_made_from_real():
    """One critic that is sure by detail would be beyond both hinges: nothing of form would be paid for."""
    torch.manual_seed(0)
    critic = Discriminator(width=4, detail=4.0).build((1, 1, 16, 16), classes=1)
    assert critic.detail is not None
    torch.nn.init.constant_(critic.detail.score.bias, 5.0)
    on_real = critic(torch.randn(8, 1, 1, 16, 16, generator=seeded(1)), torch.zeros(8, dtype=torch.long))
    terms = margins(on_real, torch.full((8, 2), -5.0))
    sum(terms.values()).backward()
    assert critic.detail.score.weight.grad.abs().max() == 0
    assert critic.score.weight.grad.abs().max() > 0


@pytest.mark.parametrize("shape", [(1, 1, 16, 16), (3, 1, 64, 48), (2, 16, 16, 16)])
def test_both_judges_score_pictures_of_every_shape_in_every_class(shape):
    critic = Discriminator(width=4, detail=4.0).build(shape, classes=3)
    torch.nn.init.normal_(critic.detail.embedding.weight)
    pictures = torch.randn(1, *shape).expand(3, *shape)
    _, detail = critic(pictures, torch.arange(3)).unbind(1)
    assert len(set(detail.tolist())) == 3


@pytest.mark.parametrize("detail", [-1.0, float("nan"), float("inf")])
def test_an_impossible_detail_is_refused_by_name(detail):
    with pytest.raises(RecipeError, match=r"discriminator.detail is .*, wanted 0 or more"):
        Discriminator(detail=detail)


@pytest.mark.parametrize("shape", [(1, 1, 32, 32), (3, 1, 32, 48), (2, 16, 16, 32)])
def test_layers_are_shown_what_the_linear_base_has_made(shape):
    spec = Generator(
        width=4, latent=12, head_start=3, clusters=4, pose=True, shown=True, smooth=True, noise=True
    )
    generator = spec.build(shape, 2).eval()
    assert generator.base is not None
    latents, classes = torch.randn(3, 12, generator=seeded(0)), torch.tensor([0, 1, 0])
    torch.nn.init.normal_(generator.head.weight)
    before = (generator(latents, classes) - generator.base(latents, classes)).detach()
    assert before.shape == (3, *shape)
    # Another base, and nothing else: what is added to it changes with it.
    generator.base.mean[:, : generator.base.rows.size] += 0.5
    after = (generator(latents, classes) - generator.base(latents, classes)).detach()
    assert float((after - before).abs().max()) > 1e-3


def test_nothing_can_be_shown_without_a_head_start():
    with pytest.raises(RecipeError, match=r"generator\.shown is True, wanted False, or a head start"):
        Generator(shown=True)
