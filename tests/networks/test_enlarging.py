"""Doubling every axis without a lattice of dots."""

import pytest
import torch

from vesalius.networks.blocks import doubling, seeded
from vesalius.networks.enlarging import Enlarging, repeat_


@pytest.mark.parametrize("axes", [2, 3])
def test_enlarging_is_to_repeat_every_voxel_and_to_convolve(axes):
    layer = Enlarging(axes, 3, 2)
    features = torch.randn(2, 3, *[5, 4, 3][:axes], generator=seeded(0))
    repeated = features
    for axis in range(2, 2 + axes):
        repeated = repeated.repeat_interleave(2, axis)
    convolve = torch.nn.functional.conv2d if axes == 2 else torch.nn.functional.conv3d
    # A transposed convolution lays its kernel down, a convolution reads with it: one is the other's mirror.
    kernel = layer.weight.transpose(0, 1).flip(*range(2, 2 + axes))
    assert torch.allclose(layer(features), convolve(repeated, kernel, padding=1), atol=1e-6)


@pytest.mark.parametrize("axes", [2, 3])
def test_layers_that_begin_by_repeating_make_no_lattice_of_what_is_level(axes):
    layer, level = doubling(axes, 4, 1), torch.ones(1, 4, *[6] * axes)
    inner = (..., *[slice(2, -2)] * axes)
    assert layer(level)[inner].std() > 1e-3
    repeat_(layer)
    assert layer(level)[inner].std() < 1e-6
