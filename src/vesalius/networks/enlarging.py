"""Doubling every axis without a lattice of dots."""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv_transpose2d, conv_transpose3d, pad

_TRANSPOSED = {2: conv_transpose2d, 3: conv_transpose3d}
_NARROW = 0.02


class Enlarging(nn.Module):
    """Repeats every voxel along every axis, then convolves (kernel 3), in one transposed convolution.

    Nothing tells one of the repeated voxels from another, so no lattice of dots can be learnt, as a freely
    drawn transposed convolution does.

    Args:
        axes: 2 or 3.
        channels: What comes in.
        width: What goes out.

    Source:
        Odena et al., Deconvolution and Checkerboard Artifacts, Distill 2016.
    """

    def __init__(self, axes: int, channels: int, width: int) -> None:
        super().__init__()
        self.axes = axes
        self.weight = nn.Parameter(torch.randn(channels, width, *[3] * axes) * _NARROW)

    def forward(self, features: Tensor) -> Tensor:
        """Features on a grid of twice the sides."""
        return _TRANSPOSED[self.axes](features, repeating(self.weight), stride=2, padding=1)


def repeating(kernel: Tensor) -> Tensor:
    """The kernel of a transposed convolution that repeats every voxel and convolves with another kernel.

    Args:
        kernel: Of three voxels along each of its last two or three axes, which become four.
    """
    for axis in range(2, kernel.ndim):
        first = [0, 0] * (kernel.ndim - axis - 1)
        kernel = pad(kernel, (*first, 0, 1)) + pad(kernel, (*first, 1, 0))
    return kernel


def repeat_(module: nn.Module) -> None:
    """Let transposed convolutions of kernel 4 begin as if they repeated voxels; see `Enlarging`."""
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, nn.ConvTranspose2d | nn.ConvTranspose3d):
                axes = layer.weight.ndim - 2
                layer.weight.copy_(repeating(layer.weight[(..., *[slice(3)] * axes)]))
