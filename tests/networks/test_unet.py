"""The U-Net: shapes of two and three axes, folding, and what it listens to."""

import pytest
import torch

from vesalius.networks.blocks import folded, group_norm, seeded, unfolded
from vesalius.networks.unet import UNet


def _awake(width, fold, shape, classes=2):
    """A network whose last layers are not zero."""
    network = UNet(width, fold, shape, classes)
    for name, weight in network.named_parameters():
        if name.endswith(("last.weight", "head.weight")):
            torch.nn.init.normal_(weight, 0.0, 0.1, generator=seeded(0))
    return network


@pytest.mark.parametrize(
    ("shape", "fold"),
    [
        ((1, 1, 32, 32), 1),
        ((3, 1, 48, 64), 2),
        ((1, 1, 16, 16), 2),
        ((1, 16, 16, 16), 1),
        ((1, 16, 32, 32), 2),
    ],
)
def test_it_gives_pictures_of_the_extent_that_it_takes(shape, fold):
    image = torch.randn(2, *shape, generator=seeded(0))
    said = _awake(4, fold, shape)(image, torch.zeros(2), torch.tensor([0, 1]))
    assert said.shape == image.shape
    assert bool(said.std() > 0)


def test_it_begins_as_zero():
    image = torch.randn(2, 1, 1, 32, 32, generator=seeded(0))
    assert not UNet(4, 1, (1, 1, 32, 32), 1)(image, torch.zeros(2), torch.zeros(2, dtype=torch.long)).any()


def test_it_listens_to_noise_class_and_every_corner_of_the_picture():
    network, image = _awake(8, 2, (1, 1, 32, 32)), torch.randn(1, 1, 1, 32, 32, generator=seeded(1))
    zero, one = torch.tensor([0]), torch.tensor([1])
    said = network(image, torch.zeros(1), zero)
    assert not torch.allclose(said, network(image, torch.ones(1), zero))
    assert not torch.allclose(said, network(image, torch.zeros(1), one))
    other = image.clone()
    other[..., -1, -1] += 5
    assert bool((network(other, torch.zeros(1), zero) - said)[..., 0, 0].abs() > 0)


def test_a_picture_does_not_listen_to_its_neighbours():
    network, images = _awake(4, 1, (1, 1, 16, 16)), torch.randn(3, 1, 1, 16, 16, generator=seeded(2))
    noise, classes = torch.randn(3, generator=seeded(3)), torch.tensor([0, 1, 0])
    together = network(images, noise, classes)
    assert torch.allclose(together[1:2], network(images[1:2], noise[1:2], classes[1:2]), atol=1e-5)


@pytest.mark.parametrize("extent", [(8, 12), (4, 8, 12)])
def test_folding_keeps_every_cell_together_and_unfolding_undoes_it(extent):
    image = torch.randn(2, 3, *extent, generator=seeded(0))
    small = folded(image, 2)
    assert small.shape == (2, 3 * 2 ** len(extent), *(side // 2 for side in extent))
    assert torch.equal(unfolded(small, 2), image)
    cell = image[(slice(None), slice(None), *[slice(2)] * len(extent))]
    first = small[(slice(None), slice(None), *[0] * len(extent))]
    assert torch.equal(first.sort(1).values, cell.flatten(1).sort(1).values)


@pytest.mark.parametrize(("channels", "groups"), [(4, 1), (32, 8), (36, 1), (128, 32), (512, 32)])
def test_groups_divide_the_channels_and_hold_four_or_more(channels, groups):
    assert group_norm(channels).num_groups == groups
