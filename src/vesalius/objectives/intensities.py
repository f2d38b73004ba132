"""Changes of what a voxel says: contrast, brightness, bias fields, noise and holes, by given amounts."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vesalius.objectives.warps import BLANK
from vesalius.shapes import Batch

Amounts = Float[Tensor, "b 1 1 1 1"]
"""One number for each picture, shaped to meet ``b c z y x``."""


def contrasted(image: Batch, change: Amounts) -> Batch:
    """Values pushed away from the mean of their picture, by a relative change of that distance."""
    mean = image.mean(dim=(1, 2, 3, 4), keepdim=True)
    return (image - mean) * (1 + change) + mean


def brightened(image: Batch, offset: Amounts) -> Batch:
    """Values raised by an offset, in scaled units."""
    return image + offset


def noised(image: Batch, level: Amounts, noise: Float[Tensor, "b c z y x"]) -> Batch:
    """Values with noise of unit variance added, `level` times as large, in scaled units."""
    return torch.addcmul(image, level, noise)


def biased(image: Batch, log_gain: Float[Tensor, "b z y x"]) -> Batch:
    """Distances from `BLANK` multiplied by a gain: what a receive coil does to an MR picture.

    Source:
        Van Leemput et al., IEEE Trans. Med. Imaging 18, 1999, eq. 3: a bias field is multiplicative,
        and smooth in its logarithm.
    """
    return (image - BLANK) * log_gain.exp()[:, None] + BLANK


def cut(image: Batch, centres: Int[Tensor, "b n"], share: float) -> Batch:
    """Pictures with a square or cube set to 0, the middle of the range.

    Args:
        image: Pictures.
        centres: Of the hole, along x, y (and z); it may reach over the edge.
        share: Side of the hole, as a share of the side of the picture.
    """
    hole = torch.ones(len(image), 1, 1, 1, 1, dtype=torch.bool, device=image.device)
    for place in range(centres.shape[1]):
        axis = image.ndim - 1 - place
        side = image.shape[axis]
        size = round(side * share)
        offset = torch.arange(side, device=image.device) - centres[:, place, None] + size // 2
        shape = [len(image), 1, 1, 1, 1]
        shape[axis] = side
        hole = hole & ((offset >= 0) & (offset < size)).view(shape)
    return image.masked_fill(hole, 0.0)
