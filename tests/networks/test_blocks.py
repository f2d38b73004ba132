"""What layers have in common over two and three axes."""

import pytest
import torch

from vesalius.networks.blocks import averaged, without_coarse, without_neighbours


@pytest.mark.parametrize("sides", [(32, 32), (16, 32), (16, 16, 16)])
def test_a_slope_is_coarse_and_a_checkerboard_is_not(sides):
    places = torch.meshgrid(*(torch.arange(side) for side in sides), indexing="ij")
    checks = (sum(places) % 2 * 2.0 - 1)[None, None]
    assert torch.allclose(without_coarse(checks, 4), checks, atol=1e-6)
    level = torch.full((1, 1, *sides), 0.7)
    assert torch.allclose(without_coarse(level, 4), torch.zeros(1, 1, *sides), atol=1e-6)
    slope = (places[0] / sides[0])[None, None]
    assert without_coarse(slope, 4).abs().max() < 0.4 * slope.std()


def test_cells_are_square_on_pictures_that_are_not():
    wide = torch.randn(1, 1, 16, 64).cumsum(3)
    assert torch.equal(without_coarse(wide, 4)[..., :8], without_coarse(wide[..., :16], 4)[..., :8])


def test_means_over_cells_nearly_vanish():
    image = torch.nn.functional.avg_pool2d(torch.randn(8, 1, 64, 64), 5, 1, 2)
    assert averaged(without_coarse(image, 8), 8).std() < 0.5 * averaged(image, 8).std()


@pytest.mark.parametrize("axes", [2, 3])
def test_what_neighbours_do_not_say_is_the_voxel_less_their_mean(axes):
    image = torch.randn(2, 3, *(6, 7, 8)[:axes])
    window = torch.nn.functional.pad(image, (1, 1) * axes, mode="replicate")
    for axis in range(2, 2 + axes):
        window = window.unfold(axis, 3, 1)
    mean = window.flatten(-axes).mean(-1)
    assert torch.allclose(without_neighbours(image), image - mean, atol=1e-6)


@pytest.mark.parametrize("sides", [(8, 8), (6, 8, 8)])
def test_neighbours_say_everything_of_a_slope_and_little_of_a_checkerboard(sides):
    places = torch.meshgrid(*(torch.arange(side) for side in sides), indexing="ij")
    slope = places[-1][None, None] * 0.1
    assert torch.allclose(without_neighbours(slope)[..., 1:-1], torch.zeros(1), atol=1e-6)
    checks = (sum(places) % 2 * 2.0 - 1)[None, None]
    assert torch.allclose(without_neighbours(checks)[..., 1:-1].abs(), torch.ones(1), atol=0.2)
