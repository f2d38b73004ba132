"""What lies at the edge of pictures: what surrounds the body, or the body itself, cut through."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from vesalius.imaging.image import Image
from vesalius.shapes import Voxels

# Half of the values at the edge lie within this share of the range of a picture: of nuclei 0.04, of phantoms
# and whole heads 0.02 at most, of blood smears 0.20; of crops of a brain 0.48, of chests on a film 0.67.
_WIDE = 1 / 3
_EVERY = 7  # voxel of a picture is enough to tell its range


def edges(voxels: Voxels, is_volume: bool) -> Float[Tensor, "c n"]:
    """Values of the outermost voxels: of every slice, or of the six faces of a volume.

    Args:
        voxels: Of a picture.
        is_volume: Whether its first and last slice are faces, too.
    """
    axes = (1, 2, 3) if is_volume else (2, 3)
    return torch.cat([voxels.select(axis, side).flatten(1) for axis in axes for side in (0, -1)], dim=1)


def surrounding(voxels: Voxels, is_volume: bool) -> Float[Tensor, "c 1 1 1"]:
    """The median of the outermost voxels of each channel: air, collimator or empty slide, if there is any.

    Args:
        voxels: Of a picture.
        is_volume: Whether its first and last slice are faces, too.
    """
    return edges(voxels, is_volume).median(1).values[:, None, None, None]


def are_cut(images: Sequence[Image], is_volume: bool) -> bool:
    """Whether most pictures end within the body, so that no value at their edges stands for what is around.

    Told by how far values at the edge differ: the range of the middle half of them, as a share of the range
    of the picture, in its widest channel.

    Args:
        images: Some pictures of a cohort.
        is_volume: Whether they are whole volumes.
    """
    return float(np.median([_width(image.voxels, is_volume) for image in images])) > _WIDE


def _width(voxels: Voxels, is_volume: bool) -> float:
    rows, whole = edges(voxels, is_volume).numpy(force=True), voxels.flatten(1)[:, ::_EVERY].numpy(force=True)
    low, high = np.percentile(rows, [25, 75], axis=1)
    least, most = np.percentile(whole, [0.5, 99.5], axis=1)
    return float(np.divide(high - low, most - least, out=np.zeros_like(low), where=most > least).max())
