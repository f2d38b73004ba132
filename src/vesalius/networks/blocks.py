"""Layers that are written once for two and three axes."""

from itertools import pairwise
from math import gcd, prod
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import (
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    interpolate,
    pad,
)

from vesalius.errors import RecipeError
from vesalius.shapes import Batch

Shape = tuple[int, int, int, int]
"""Extent of one picture: ``(c, z, y, x)``."""

Convolution = nn.Conv2d | nn.Conv3d | nn.ConvTranspose2d | nn.ConvTranspose3d
"""Every convolution, over two or three axes."""

_LARGE = 128
_CONVOLUTION = {2: nn.Conv2d, 3: nn.Conv3d}
_TRANSPOSED = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
_POOLED = {2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}
_LINEAR = {2: "bilinear", 3: "trilinear"}
_BATCH_NORM = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


def axes_of(shape: Shape) -> int:
    """2 for pictures of one slice, else 3."""
    return 2 if shape[1] == 1 else 3


def space_of(shape: Shape) -> tuple[int, ...]:
    """The axes that a network works on: ``(y, x)`` or ``(z, y, x)``."""
    return shape[2:] if shape[1] == 1 else shape[1:]


def flat(image: Batch, axes: int) -> Tensor:
    """Pictures as the layers want them: without ``z`` where there is one slice."""
    return image.squeeze(2) if axes == 2 else image


def deep(image: Tensor, axes: int) -> Batch:
    """The inverse of `flat`."""
    return image.unsqueeze(2) if axes == 2 else image


def convolution(
    axes: int, channels: int, width: int, kernel: int, groups: int = 1, stride: int = 1
) -> Convolution:
    """Convolution that keeps every axis, or divides it by its stride.

    Args:
        axes: 2 or 3.
        channels: What comes in.
        width: What goes out.
        kernel: Side, odd.
        groups: Parts of the channels that do not see each other.
        stride: Voxels from one answer to the next.
    """
    return _CONVOLUTION[axes](channels, width, kernel, stride, kernel // 2, groups=groups)


def averaged(image: Tensor, side: int | tuple[int, ...]) -> Tensor:
    """Means of pictures ``b c`` and two or three axes over a grid of so many cells along each of them."""
    return _POOLED[image.ndim - 2](image, side)


def halving(axes: int, channels: int, width: int) -> Convolution:
    """Convolution that halves every axis (kernel 4, stride 2)."""
    return _CONVOLUTION[axes](channels, width, 4, stride=2, padding=1)


def doubling(axes: int, channels: int, width: int) -> Convolution:
    """Transposed convolution that doubles every axis (kernel 4, stride 2), without bias."""
    return _TRANSPOSED[axes](channels, width, 4, stride=2, padding=1, bias=False)


def keeping(axes: int, channels: int, width: int, kernel: int = 3, has_bias: bool = True) -> Convolution:
    """Dense convolution that keeps every axis.

    Args:
        axes: 2 or 3.
        channels: Before.
        width: Channels after.
        kernel: Odd.
        has_bias: Whether a number of its own is added to each channel.
    """
    return _CONVOLUTION[axes](channels, width, kernel, padding=kernel // 2, bias=has_bias)


def batch_norm(axes: int, channels: int) -> nn.Module:
    """Batch normalisation over the axes of the picture."""
    return _BATCH_NORM[axes](channels)


def group_norm(channels: int) -> nn.GroupNorm:
    """Group normalisation: groups of four channels or more, at most 32 of them.

    Args:
        channels: A multiple of 4.
    """
    return nn.GroupNorm(gcd(32, channels // 4), channels)


def folded(image: Tensor, by: int) -> Tensor:
    """Cells of `by` pixels along every axis as channels of one: one-channel layers are slow.

    Args:
        image: ``b c`` and two or three axes, each a multiple of `by`.
        by: Side of a cell.

    Source:
        Shi et al., CVPR 2016, section 3.2 (the inverse of their periodic shuffling).
    """
    for axis in range(2, image.ndim):
        image = image.unflatten(axis, (-1, by)).movedim(axis + 1, 1).flatten(1, 2)
    return image


def unfolded(image: Tensor, by: int) -> Tensor:
    """The inverse of `folded`."""
    for axis in reversed(range(2, image.ndim)):
        image = image.unflatten(1, (by, -1)).movedim(1, axis + 1).flatten(axis, axis + 1)
    return image


def resized(features: Tensor, factor: float) -> Tensor:
    """Features on a grid of other sides, by linear interpolation.

    Args:
        features: ``b c`` and two or three axes.
        factor: New sides as a multiple of the old ones.
    """
    return interpolate(features, scale_factor=factor, mode=_LINEAR[features.ndim - 2], align_corners=False)


def without_coarse(image: Tensor, cells: int) -> Tensor:
    """What is left of pictures when their means over cells, joined in straight lines, are taken away.

    Args:
        image: ``b c`` and two or three axes.
        cells: Along the shortest side; along the others as many as keep them square.
    """
    sides = image.shape[2:]
    grid = [round(side * cells / min(sides)) for side in sides]
    means = _POOLED[len(sides)](image, grid)
    return image - interpolate(means, list(sides), mode=_LINEAR[len(sides)], align_corners=False)


def falling(axes: int, widths: list[int], norm: Literal["none", "batch"] = "none") -> list[nn.Module]:
    """Convolutions that halve the grid from each width to the next.

    Args:
        axes: 2 or 3.
        widths: Channels, those of the picture first.
        norm: Normalisation of all layers but the first, where it would hide how bright a picture is.
    """
    layers: list[nn.Module] = []
    for level, (before, after) in enumerate(pairwise(widths)):
        normed = [batch_norm(axes, after)] if norm == "batch" and level else []
        layers += [halving(axes, before, after), *normed, nn.LeakyReLU(0.2, inplace=True)]
    return layers


def without_neighbours(image: Tensor) -> Tensor:
    """What is left of pictures when the mean of each voxel and its neighbours is taken away.

    Args:
        image: ``b c`` and two or three axes. Its edges are repeated outwards.
    """
    axes = image.ndim - 2
    total = pad(image, (1, 1) * axes, mode="replicate")
    # Sums along one axis after the other: in three dimensions several times as fast as one window over all.
    for axis, count in enumerate(image.shape[2:], 2):
        total = total.narrow(axis, 0, count) + total.narrow(axis, 1, count) + total.narrow(axis, 2, count)
    return image.sub(total, alpha=1 / 3**axes)


def stages_of(shape: Shape, smallest: int = 4) -> int:
    """How often the picture can be halved until its shorter side is about `smallest`.

    Raises:
        RecipeError: A side cannot be halved that often.
    """
    space = space_of(shape)
    stages = 0
    while min(space) // 2 ** (stages + 1) >= smallest:
        stages += 1
    if stages < 2 or any(side % 2**stages for side in space):
        wanted = f"multiples of {2 ** max(stages, 2)}, and of {smallest * 4} at least"
        raise RecipeError(f"task.size is {space}, wanted sides that are {wanted}")
    return stages


def beyond(shape: Shape) -> int:
    """The power of two by which the longest side of a picture must be divided to be 128 or less.

    Examples:
        >>> [beyond((1, 1, side, side)) for side in (64, 128, 160, 256, 512)]
        [1, 1, 2, 2, 4]
    """
    return 2 ** max(0, (max(space_of(shape)) - 1).bit_length() - (_LARGE - 1).bit_length())


def widths_of(width: int, grids: int, shape: Shape, widest: int = 8) -> list[int]:
    """Channels of each grid, the finest first: twice as many for every halving, up to a bound.

    The bound is `widest` times the finest, and goes with the sides beyond 128 pixels: so a thin network for
    512 pixels is one for 128 with thinner layers above it, of which each costs as much as the one below.

    Args:
        width: Channels of the finest grid.
        grids: How many there are.
        shape: Extent of one picture, ``(c, z, y, x)``.
        widest: The bound for pictures of up to 128 pixels along each side.

    Examples:
        >>> widths_of(32, 5, (1, 1, 128, 128)), widths_of(8, 7, (1, 1, 512, 512))
        ([32, 64, 128, 256, 256], [8, 16, 32, 64, 128, 256, 256])

    Source:
        Karras et al., CVPR 2020, for channels in inverse proportion to the sides of a grid.
    """
    return [width * min(2**level, widest * beyond(shape)) for level in range(grids)]


def coarse_of(shape: Shape, stages: int) -> tuple[int, ...]:
    """The grid that is left after some halvings."""
    return tuple(side // 2**stages for side in space_of(shape))


def narrow_(module: nn.Module, std: float = 0.02) -> None:
    """Draw convolutions from a narrow Gaussian: for layers that a normalisation follows.

    Source:
        Radford, Metz and Chintala, ICLR 2016, section 4.
    """
    for layer in _convolutions(module):
        nn.init.normal_(layer.weight, 0.0, std)


def even_(module: nn.Module, slope: float = 0.2) -> None:
    """Draw convolutions so that signals keep their size: for layers without normalisation.

    Args:
        module: Its convolutions are drawn anew, with zero bias.
        slope: Of the leaky rectifiers between them.

    Source:
        He et al., ICCV 2015, eq. 15.
    """
    for layer in _convolutions(module):
        nn.init.kaiming_normal_(layer.weight, slope)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def _convolutions(module: nn.Module) -> list[Convolution]:
    return [layer for layer in module.modules() if isinstance(layer, Convolution)]


def size_of(shape: tuple[int, ...]) -> int:
    """Number of values in a grid."""
    return prod(shape)


def seeded(*numbers: int) -> torch.Generator:
    """A stream of random numbers of its own for each list of numbers (seed, step, turn, ...).

    Zeros at the end of the list do not tell two streams apart, and numbers of 2**32 or more count as two.
    """
    words = np.random.SeedSequence(numbers).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(words[0]))


def refuse_none(player: str, **counts: int) -> None:
    """Refuse a network of which there would be nothing.

    Args:
        player: Whose numbers they are.
        counts: Each by the name of its field.

    Raises:
        RecipeError: One of them is less than 1.
    """
    for name, count in counts.items():
        if count < 1:
            raise RecipeError(f"{player}.{name} is {count}, wanted more than 0")
