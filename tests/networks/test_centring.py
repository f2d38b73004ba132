"""What is added to a linear base has nothing in common."""

import pytest
import torch

from vesalius.errors import RecipeError
from vesalius.networks.blocks import seeded
from vesalius.networks.centring import Centring
from vesalius.networks.convnet import Generator
from vesalius.training.average import settle_centre


def _patterned(count: int, channels: int, *space: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise of unit variance about a pattern of each of two classes."""
    rng = seeded(3)
    classes = torch.arange(count) % 2
    patterns = torch.randn(2, channels, *space, generator=rng) * 5
    return patterns[classes] + torch.randn(count, channels, *space, generator=rng), classes


@pytest.mark.parametrize("shape", [(2, 1, 4, 6), (1, 4, 6, 4)])
def test_pictures_of_a_class_have_no_pattern_in_common_and_differ_as_before(shape):
    added, classes = _patterned(16, shape[0], *[side for side in shape[1:] if side > 1])
    left = Centring(shape, 2, "class")(added, classes)
    for index in (0, 1):
        assert float(left[classes == index].mean(0).abs().max()) < 1e-5
    assert float(left.square().mean()) == pytest.approx(1.0, abs=0.1)


def test_a_network_learns_nothing_by_adding_the_same_to_all_pictures_of_a_class():
    added, classes = _patterned(16, 1, 4, 4)
    added.requires_grad_()
    wanted = torch.randn(2, 1, 4, 4, generator=seeded(4))
    (Centring((1, 1, 4, 4), 2, "class")(added, classes) * wanted[classes]).sum().backward()
    assert added.grad is not None
    assert float(added.grad.abs().max()) < 1e-5


def test_over_all_pictures_classes_may_differ_but_not_all_be_shifted():
    added, classes = _patterned(16, 1, 4, 4)
    left = Centring((1, 1, 4, 4), 2, "all")(added, classes)
    assert float(left.mean(0).abs().max()) < 1e-5
    assert float(left[classes == 0].mean(0).abs().max()) > 1.0


def test_a_picture_that_is_alone_in_its_class_differs_from_earlier_ones():
    centring = Centring((1, 1, 4, 4), 2, "class")
    added, classes = _patterned(400, 1, 4, 4)
    for part, index in zip(added.split(16), classes.split(16), strict=True):
        centring(part, index)
    alone = torch.tensor([0, 1, 1, 1])
    left = centring(torch.cat([added[:1], added[1:7:2]]), alone)
    assert 0.4 < float(left[0].std()) < 1.6


@pytest.mark.parametrize(("common", "groups"), [("class", [[0], [1]]), ("all", [[0, 1]])])
def test_what_a_trained_generator_makes_has_the_mean_of_the_cohort(common, groups):
    spec = Generator(width=4, latent=6, head_start=2, centred=common)
    generator = spec.build((1, 1, 16, 16), classes=2).eval()
    base = generator.base
    assert base is not None
    base.mean.copy_(torch.randn(base.mean.shape, generator=seeded(5)))
    base.weight.copy_(torch.randn(base.weight.shape, generator=seeded(8)))
    for each in (generator.head.weight, generator.embedding.weight):
        torch.nn.init.normal_(each, generator=seeded(6))
    torch.nn.init.normal_(generator.stem.bias, 0.0, 2.0, generator=seeded(6))  # a pattern that all have
    latents, classes = torch.randn(2000, 6, generator=seeded(7)), torch.arange(2000) % 2

    def shift() -> list[float]:
        added = (generator(latents, classes) - base(latents, classes)).detach()
        found = [added[torch.isin(classes, torch.tensor(group))].mean(0) for group in groups]
        return [float(mean.square().mean().sqrt()) for mean in found]

    spread = float((generator(latents, classes) - base(latents, classes)).detach().std(0).mean())
    before = shift()
    settle_centre(generator, spec.latent, classes[:64], seed=0, batches=16)
    assert min(before) > spread
    assert max(shift()) < 0.15 * spread


def test_a_generator_without_a_head_start_has_no_mean_to_be_centred_about():
    with pytest.raises(RecipeError, match=r"generator\.centred is 'class'"):
        Generator(centred="class")
