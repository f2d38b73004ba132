"""The last doubling of a generator, by a layer that may mend what it is shown voxel by voxel."""

from torch import Tensor, nn

from vesalius.networks.blocks import batch_norm, keeping, unfolded


class Refining(nn.Module):
    """A layer on the grid below the picture, then one whose channels are the voxels of its cells.

    One layer alone is linear in what it is shown: it cannot sharpen an outline that the linear base has
    smeared, because where that lies is another place in each picture, and learns noise about it instead.

    Args:
        axes: 2 or 3.
        channels: What comes in: features, and a shown picture that is folded by two.
        width: Channels in between.
        made: Channels of the picture.

    Source:
        Shi et al., CVPR 2016, section 3.2 (sub-pixel convolution).
    """

    def __init__(self, axes: int, channels: int, width: int, made: int) -> None:
        super().__init__()
        self.first = keeping(axes, channels, width, has_bias=False)
        self.norm = batch_norm(axes, width)
        self.last = keeping(axes, width, made * 2**axes, has_bias=False)

    @property
    def weight(self) -> Tensor:
        """Of the last layer: all zeros make nothing."""
        return self.last.weight

    def forward(self, features: Tensor) -> Tensor:
        """Pictures on a grid of twice the sides."""
        return unfolded(self.last(self.norm(self.first(features)).relu()), 2)
