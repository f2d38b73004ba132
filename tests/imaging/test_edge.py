"""The edge of pictures: told apart are what surrounds a body, and a body that is cut through."""

import pytest
import torch

from vesalius.imaging.edge import are_cut, edges, surrounding
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image


def _image(voxels):
    return Image(voxels, Geometry.plain(tuple(voxels.shape[1:])))


@pytest.mark.parametrize(("is_volume", "inner"), [(False, (4, 3, 4)), (True, (2, 3, 4))])
def test_the_edge_is_all_that_lies_outermost(is_volume, inner):
    voxels = torch.ones(2, 4, 5, 6)
    depth, rows, columns = inner
    first = (4 - depth) // 2
    voxels[:, first : first + depth, 1 : 1 + rows, 1 : 1 + columns] = 9
    assert (edges(voxels, is_volume) == 1).all()
    assert surrounding(voxels, is_volume).shape == (2, 1, 1, 1)
    voxels[0, 1, 2, 0] = 7
    assert (edges(voxels, is_volume) == 7).any()


def test_each_channel_is_surrounded_by_its_own_value():
    voxels = torch.zeros(2, 1, 6, 6)
    voxels[1] = 4
    voxels[..., 2:4, 2:4] = 9
    assert surrounding(voxels, is_volume=False).flatten().tolist() == [0, 4]


@pytest.mark.parametrize("is_volume", [False, True])
def test_a_body_within_its_picture_is_not_cut_and_a_crop_is(is_volume):
    crop = torch.rand(1, 8, 16, 16)
    whole = torch.zeros(1, 8, 16, 16)
    whole[:, 2:6, 4:12, 4:12] = crop[:, 2:6, 4:12, 4:12]
    assert are_cut([_image(crop)], is_volume)
    assert not are_cut([_image(whole)], is_volume)
    assert not are_cut([_image(crop), _image(whole), _image(whole)], is_volume)


def test_a_picture_that_is_the_same_everywhere_is_not_cut():
    assert not are_cut([_image(torch.full((1, 1, 8, 8), 3.0))], is_volume=False)


def test_one_channel_that_is_cut_is_enough():
    voxels = torch.zeros(3, 1, 16, 16)
    voxels[2] = torch.rand(1, 16, 16)
    assert are_cut([_image(voxels)], is_volume=False)
