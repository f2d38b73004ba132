"""Volumes come upright onto one grid, about their centre, of one spacing."""

import numpy as np
import pytest
import torch

from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image, Origin
from vesalius.imaging.volume import grid_spacing, to_volume_size, upright


def _volume(shape, spacing=(1.0, 1.0, 1.0)):
    return Image(torch.arange(float(np.prod(shape))).reshape(1, *shape), Geometry.plain(shape, spacing))


@pytest.mark.parametrize(
    ("axes", "signs"), [((0, 1, 2), (-1, 1, -1)), ((2, 0, 1), (1, -1, 1)), ((1, 2, 0), (-1, -1, -1))]
)
def test_a_volume_of_any_orientation_comes_upright_with_every_voxel_where_it_was(axes, signs):
    plain = _volume((3, 4, 5), (2.0, 1.5, 1.0))
    matrix, voxels = plain.geometry.matrix[:, [*axes, 3]], plain.voxels.permute(0, *(1 + a for a in axes))
    for axis, sign in enumerate(signs):
        if sign < 0:
            matrix[:3, 3] += matrix[:3, axis] * (voxels.shape[1 + axis] - 1)
            matrix[:3, axis] *= -1
            voxels = voxels.flip(1 + axis)
    shape = tuple(voxels.shape[1:])
    back = upright(Image(voxels, Geometry.from_matrix(shape, matrix)))
    assert torch.equal(back.voxels, plain.voxels)
    assert back.geometry.is_close(plain.geometry)


def test_a_few_voxels_more_or_less_are_cut_or_padded_about_the_centre_and_not_touched():
    image = _volume((6, 9, 4))
    small = to_volume_size(image, (4, 6, 6), (1.0, 1.0, 1.0))
    assert torch.equal(small.voxels[0, :, :, 1:5], image.voxels[0, 1:5, 1:7])
    faces = torch.cat([image.voxels[0].select(axis, side).flatten() for axis in range(3) for side in (0, -1)])
    assert (small.voxels[0, :, :, [0, 5]] == faces.median()).all()
    assert small.geometry.position((0, 0, 1)) == image.geometry.position((1, 1, 0))
    assert small.origin is Origin.DERIVED
    told = to_volume_size(image, (4, 6, 6), (1.0, 1.0, 1.0), outside=-7.0)
    assert torch.equal(told.voxels[..., 1:5], small.voxels[..., 1:5])
    assert (told.voxels[..., [0, 5]] == -7).all()


def test_larger_voxels_average_and_the_centre_stays():
    grid = Geometry.plain((16, 16, 16), (1.0, 1.0, 1.0))
    ramp = torch.arange(16.0).view(1, 1, 1, 16).expand(1, 16, 16, 16)
    small = to_volume_size(Image(ramp.contiguous(), grid), (8, 8, 8), (2.0, 2.0, 2.0))
    assert torch.allclose(small.voxels[0, 4, 4, 1:-1], torch.arange(0.5, 16, 2)[1:-1])
    assert np.allclose(small.geometry.position((3.5, 3.5, 3.5)), grid.position((7.5, 7.5, 7.5)))
    assert small.geometry.spacing == (2.0, 2.0, 2.0)


def test_all_of_a_constant_volume_stays_constant_whatever_the_grid():
    image = Image(torch.full((2, 7, 9, 11), 3.5), Geometry.plain((7, 9, 11), (3.0, 0.7, 0.9)))
    assert torch.allclose(to_volume_size(image, (16, 4, 8), (1.0, 2.0, 1.3)).voxels, torch.tensor(3.5))


@pytest.mark.parametrize("side", [7, 16, 48, 3])
def test_a_volume_that_fills_the_grid_has_no_frame_of_what_lies_outside(side):
    image = Image(torch.full((1, 7, 7, 7), 3.5), Geometry.plain((7, 7, 7)))
    gap = 7 / side
    filled = to_volume_size(image, (side,) * 3, (gap,) * 3, outside=-100.0)
    assert torch.allclose(filled.voxels, torch.tensor(3.5))
    wider = to_volume_size(image, (side + 2,) * 3, (gap,) * 3, outside=-100.0)
    assert torch.allclose(wider.voxels[:, 1:-1, 1:-1, 1:-1], torch.tensor(3.5))
    assert (wider.voxels[:, 0] == -100.0).all()


def test_spacings_of_micrometres_keep_their_digits():
    grids = [Geometry.plain((50, 200, 200), (0.00123456, 0.000325, 0.000325))]
    assert grid_spacing(grids, (50, 100, 100)) == (0.0012346, 0.00065, 0.00065)


def test_the_spacing_is_the_usual_one_unless_too_much_would_be_cut_or_padded():
    grids = [Geometry.plain(shape) for shape in ((35, 51, 34), (36, 50, 35), (34, 53, 36))]
    assert grid_spacing(grids, (48, 48, 48)) == pytest.approx((35 / 48, 1.0, 35 / 48), rel=1e-4)
    assert grid_spacing(grids, (40, 48, 32)) == (1.0, 1.0, 1.0)
    assert grid_spacing(grids, (41, 60, 31)) == pytest.approx((35 / 41, 51 / 60, 35 / 31), rel=1e-4)
    assert grid_spacing(grids, (32, 32, 32)) == pytest.approx((1.0, 51 / 32, 1.0), rel=1e-4)
