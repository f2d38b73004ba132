"""A small U-Net that knows how noisy its pictures are, written once for two and three axes."""

from itertools import pairwise
from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import silu

from vesalius.networks.blocks import (
    Shape,
    axes_of,
    deep,
    doubling,
    even_,
    flat,
    folded,
    group_norm,
    halving,
    keeping,
    stages_of,
    unfolded,
    widths_of,
)
from vesalius.networks.conditions import Conditions, embedding_of
from vesalius.shapes import Batch, Classes

_WIDEST = 4
_FREQUENCIES = 16
_OCTAVES = 5


class UNet(nn.Module):
    """Pictures to pictures over ever coarser grids and back, every grid with a bridge of its own.

    Dense convolutions throughout, one residual block a grid on either way; no attention: the coarsest grid
    has 4 to 7 cells a side, and a convolution sees nearly all of it.

    Args:
        width: Channels at the finest grid, a multiple of 4; up to four times as many at coarser ones;
            see `networks.blocks.widths_of`.
        fold: Side of the cells that are folded into channels before the finest grid: a power of 2.
        shape: Extent of one picture, ``(c, z, y, x)``.
        classes: What there is to tell apart.

    Source:
        Ronneberger, Fischer and Brox, MICCAI 2015, for the shape; Ho, Jain and Abbeel, NeurIPS 2020,
        appendix B, for the blocks; Nichol and Dhariwal, ICML 2021, section 4, for how they are told.
    """

    frequencies: Tensor

    def __init__(self, width: int, fold: int, shape: Shape, classes: Conditions) -> None:
        super().__init__()
        self.axes, self.fold = axes_of(shape), fold
        cell = shape[0] * fold**self.axes
        grids = stages_of(shape) - fold.bit_length() + 2
        widths = widths_of(width, grids, shape, _WIDEST)
        told = 4 * width
        self.register_buffer("frequencies", torch.logspace(0, _OCTAVES, _FREQUENCIES, base=2.0))
        self.noise = nn.Linear(2 * _FREQUENCIES, told)
        self.embedding = embedding_of(classes, told)
        self.told = nn.Linear(told, told)
        self.stem = keeping(self.axes, cell, width)
        self.falling = nn.ModuleList()
        self.rising = nn.ModuleList()
        for fine, coarse in pairwise(widths):
            self.falling.append(_Falling(self.axes, fine, coarse, told))
            self.rising.insert(0, _Rising(self.axes, fine, coarse, told))
        self.middle = _Residual(self.axes, widths[-1], widths[-1], told)
        self.norm = group_norm(width)
        self.head = keeping(self.axes, width, cell)
        even_(self, slope=0.0)
        # Blocks begin as nothing but their bridge, and the whole as zero: Ho, Jain and Abbeel.
        for last in (self.head, *(block.last for block in self.modules() if isinstance(block, _Residual))):
            nn.init.zeros_(last.weight)

    def forward(self, image: Batch, noise: Float[Tensor, "b"], condition: Classes) -> Batch:
        """Pictures of the same extent, in float32.

        Args:
            image: Noisy pictures, of about unit variance.
            noise: How noisy each is, as a number of about unit size.
            condition: Class of each.
        """
        told = self._told(noise, condition)
        inner = self.stem(folded(flat(image, self.axes), self.fold))
        bridges = []
        for stage in self.falling:
            inner, bridge = stage(inner, told)
            bridges.append(bridge)
        inner = self.middle(inner, told)
        for stage in self.rising:
            inner = stage(inner, bridges.pop(), told)
        return deep(unfolded(self.head(silu(self.norm(inner))).float(), self.fold), self.axes)

    def _told(self, noise: Float[Tensor, "b"], condition: Classes) -> Float[Tensor, "b d"]:
        """Noise and class as features that every block is told."""
        angles = noise[:, None] * self.frequencies
        waves = torch.cat([angles.cos(), angles.sin()], dim=1)
        return silu(self.told(silu(self.noise(waves) + self.embedding(condition))))


class _Residual(nn.Module):
    """Two convolutions beside a bridge; noise and class set scale and offset between them."""

    def __init__(self, axes: int, channels: int, width: int, told: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList([group_norm(channels), group_norm(width)])
        self.first = keeping(axes, channels, width)
        self.last = keeping(axes, width, width)
        self.told = nn.Linear(told, 2 * width)
        self.bridge = nn.Identity() if channels == width else keeping(axes, channels, width, kernel=1)

    def forward(self, image: Tensor, told: Float[Tensor, "b d"]) -> Tensor:
        before, between = self.norms
        inner = self.first(silu(before(image)))
        scale, offset = self.told(told).unflatten(1, (-1, *[1] * (image.ndim - 2))).chunk(2, dim=1)
        inner = self.last(silu(between(inner) * (1 + scale) + offset))
        return (self.bridge(image) + inner) / sqrt(2)


class _Falling(nn.Module):
    """A block, kept for the way back, and a halving."""

    def __init__(self, axes: int, fine: int, coarse: int, told: int) -> None:
        super().__init__()
        self.block = _Residual(axes, fine, fine, told)
        self.halving = halving(axes, fine, coarse)

    def forward(self, image: Tensor, told: Float[Tensor, "b d"]) -> tuple[Tensor, Tensor]:
        kept = self.block(image, told)
        return self.halving(kept), kept


class _Rising(nn.Module):
    """A doubling, and a block that sees what was kept on the way down."""

    def __init__(self, axes: int, fine: int, coarse: int, told: int) -> None:
        super().__init__()
        self.doubling = doubling(axes, coarse, fine)
        self.block = _Residual(axes, 2 * fine, fine, told)

    def forward(self, image: Tensor, kept: Tensor, told: Float[Tensor, "b d"]) -> Tensor:
        return self.block(torch.cat([self.doubling(image), kept], dim=1), told)
