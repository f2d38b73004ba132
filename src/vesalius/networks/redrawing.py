"""What a critic keeps of a picture while it scores it, and how the picture is drawn again from that."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import glu, interpolate

from vesalius.networks.blocks import batch_norm, convolution, deep, narrow_
from vesalius.shapes import Batch

Corner = tuple[int, ...]
"""For each axis of a picture whether the first (0) or the second half (1) is meant."""


@dataclass(frozen=True, eq=False)
class Memory:
    """What a critic keeps of some pictures.

    Args:
        whole: Features of a coarse grid.
        part: Features of a finer grid, of which one corner is drawn again.
    """

    whole: Float[Tensor, "b ..."]
    part: Float[Tensor, "b ..."]


def corner_of(image: Float[Tensor, "b c *space"], corner: Corner) -> Float[Tensor, "b c *half"]:
    """One corner of pictures or features: half of every axis.

    Args:
        image: With as many axes as the corner has, each of even length.
        corner: Which one.
    """
    for axis, half in enumerate(corner, 2):
        side = image.shape[axis] // 2
        image = image.narrow(axis, half * side, side)
    return image


class Gated(nn.Module):
    """Convolution, batch normalisation, and a gated linear unit: half of the channels open the others.

    Source:
        Dauphin et al., ICML 2017, section 2, for the unit.
    """

    def __init__(self, axes: int, channels: int, width: int) -> None:
        super().__init__()
        self.layer = convolution(axes, channels, 2 * width, 3)
        self.norm = batch_norm(axes, 2 * width)

    def forward(self, features: Tensor) -> Tensor:
        """Features of `width` channels on the same grid."""
        return glu(self.norm(self.layer(features)), dim=1)


def grown(features: Tensor) -> Tensor:
    """Features on a grid of twice the sides, each value repeated."""
    return interpolate(features, scale_factor=2.0, mode="nearest")


class Redrawer(nn.Module):
    """Features of a critic to a picture.

    Args:
        axes: 2 or 3.
        channels: Of the features.
        width: Channels on the way.
        doublings: How often the grid is doubled.
        colours: Channels of the picture.

    Source:
        Liu et al., ICLR 2021, section 3.2.
    """

    def __init__(self, axes: int, channels: int, width: int, doublings: int, colours: int) -> None:
        super().__init__()
        self.axes = axes
        self.grow = nn.ModuleList(
            Gated(axes, channels if level == 0 else width, width) for level in range(doublings)
        )
        self.head = convolution(axes, width if doublings else channels, colours, 3)
        narrow_(self)

    def forward(self, features: Tensor) -> Batch:
        """Pictures in [-1, 1]."""
        for grow in self.grow:
            features = grow(grown(features))
        return deep(torch.tanh(self.head(features).float()), self.axes)
