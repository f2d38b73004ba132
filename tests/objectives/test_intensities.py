"""What voxels say, by given amounts."""

import pytest
import torch

from vesalius.networks.blocks import seeded
from vesalius.objectives.intensities import biased, brightened, contrasted, cut, noised
from vesalius.objectives.warps import BLANK


@pytest.fixture
def image():
    return torch.rand(3, 2, 1, 8, 8, generator=seeded(1), dtype=torch.float64) * 2 - 1


def amounts(*numbers):
    return torch.tensor(numbers, dtype=torch.float64).view(-1, 1, 1, 1, 1)


def test_contrast_keeps_the_mean_and_stretches_the_rest(image):
    changed = contrasted(image, amounts(0.0, 0.5, -1.0))
    assert torch.allclose(changed.mean((1, 2, 3, 4)), image.mean((1, 2, 3, 4)))
    spread = changed.flatten(1).std(1) / image.flatten(1).std(1)
    assert torch.allclose(spread, torch.tensor([1.0, 1.5, 0.0], dtype=torch.float64), atol=1e-9)


def test_brightness_and_noise_are_added(image):
    assert torch.allclose(brightened(image, amounts(0.0, 0.5, -1.0)) - image, amounts(0.0, 0.5, -1.0))
    noise = torch.randn(image.shape, generator=seeded(2), dtype=torch.float64)
    assert torch.allclose((noised(image, amounts(0.0, 0.1, 0.2), noise) - image)[2], 0.2 * noise[2])


def test_a_bias_field_multiplies_signal_and_leaves_blank_blank():
    image = torch.full((1, 1, 1, 4, 4), BLANK)
    image[..., 2:, :] = 0.0
    changed = biased(image, torch.full((1, 1, 4, 4), 2.0).log())
    assert bool((changed[..., :2, :] == BLANK).all())
    assert torch.allclose(changed[..., 2:, :], torch.ones(1))


def test_a_hole_is_where_it_is_said_to_be():
    image = torch.ones(2, 1, 1, 8, 16)
    changed = cut(image, torch.tensor([[8, 4], [0, 0]]), 0.5)
    rows, columns = (changed[0, 0, 0] == 0).nonzero(as_tuple=True)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (2, 5, 4, 11)
    assert int((changed[1] == 0).sum()) == 2 * 4, "a quarter of a hole reaches in from the corner"


def test_a_hole_in_a_volume_is_a_box():
    changed = cut(torch.ones(1, 1, 8, 8, 8), torch.tensor([[4, 4, 4]]), 0.5)
    assert int((changed == 0).sum()) == 4**3


def test_gradients_are_those_of_finite_differences(image):
    image = image[:, :1, :, :3, :3].clone().requires_grad_()
    gain = torch.rand(3, 1, 3, 3, generator=seeded(4), dtype=torch.float64)
    noise = torch.randn(3, 1, 1, 3, 3, generator=seeded(5), dtype=torch.float64)
    for change in (
        lambda seen: contrasted(seen, amounts(0.1, 0.5, -0.3)),
        lambda seen: brightened(seen, amounts(0.1, 0.5, -0.3)),
        lambda seen: biased(seen, gain),
        lambda seen: noised(seen, amounts(0.1, 0.5, -0.3), noise),
        lambda seen: cut(seen, torch.tensor([[1, 1]] * 3), 0.4),
    ):
        assert torch.autograd.gradcheck(change, image)
