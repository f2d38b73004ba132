"""Volumes on the grid of a cohort: upright, about their centre, of one size and one spacing."""

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from vesalius.errors import ImagingError
from vesalius.imaging.edge import surrounding
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image

Extent = tuple[int, int, int]
"""Voxels along ``(z, y, x)``."""

Spacing = tuple[float, float, float]
"""Millimetres along ``(z, y, x)``."""

_SAME = 0.01
_NEARLY = 1 / 8
_MOST = 2**30


def upright(image: Image) -> Image:
    """The same voxels in the order of the patient: slices to the head, rows to the back, columns to the left.

    Each axis goes to the direction of the patient that it is nearest to; nothing is interpolated, so an
    oblique volume stays oblique.

    Args:
        image: A volume of any orientation.
    """
    axes, turned = _turn(image.geometry)
    if axes == [0, 1, 2] and not turned:
        return image
    voxels = image.voxels.flip([1 + axis for axis in turned]) if turned else image.voxels
    voxels = voxels.permute(0, *(1 + axis for axis in axes))
    return image.onto(voxels.contiguous(), upright_grid(image.geometry))


def upright_grid(grid: Geometry) -> Geometry:
    """The grid that `upright` gives a volume.

    Args:
        grid: Of the volume, of any orientation.
    """
    axes, turned = _turn(grid)
    matrix, shape = grid.matrix, np.array(grid.shape)
    first = np.zeros(3)
    first[turned] = shape[turned] - 1
    z, y, x = (float(place) for place in first)
    matrix[:3, 3] = grid.position((z, y, x))
    matrix[:3, turned] *= -1
    matrix[:3, :3] = matrix[:3, axes]
    z, y, x = (int(side) for side in shape[axes])
    return Geometry.from_matrix((z, y, x), matrix)


def _turn(grid: Geometry) -> tuple[list[int], list[int]]:
    """The axes of a grid in the order of the patient, and which of them run the other way."""
    columns = grid.matrix[:3, :3]
    directions = np.abs(columns) / np.linalg.norm(columns, axis=0)
    axes = [int(axis) for axis in linear_sum_assignment(-directions)[1][::-1]]
    return axes, [axis for axis, world in zip(axes, (2, 1, 0), strict=True) if columns[world, axis] < 0]


def grid_spacing(grids: list[Geometry], size: Extent) -> Spacing:
    """Millimetres between voxels at which the typical volume of a cohort fills a wanted size.

    The usual spacing itself where the typical volume is smaller or larger than the size by an eighth
    at most: then it is padded or cut, and no value is interpolated. Otherwise as much more or less as is
    needed for all of it, along each axis by itself: a frame of nothing around volumes that end within the
    body, wider around some than around others, is harder to learn than they are. Nothing bounds how much
    finer than the scans the grid may be: ten thick slices fill 48 by what lies between them.

    Args:
        grids: Of upright volumes.
        size: Voxels wanted.

    Examples:
        >>> grid_spacing([Geometry.plain((36, 50, 20))], (32, 32, 32))
        (1.0, 1.5625, 0.625)
    """
    usual = np.median([grid.spacing for grid in grids], axis=0)
    extent = np.median([np.array(grid.spacing) * grid.shape for grid in grids], axis=0)
    fits = np.abs(extent / usual / size - 1) <= _NEARLY
    z, y, x = (float(f"{gap:.5g}") for gap in np.where(fits, usual, extent / size))
    return z, y, x


def to_volume_size(image: Image, size: Extent, spacing: Spacing, outside: float | None = None) -> Image:
    """A volume, upright, on a grid of wanted size and spacing about its centre.

    What lies further out is cut off. Along an axis whose spacing is the wanted one (to one per cent) voxels
    are moved whole; along others they are averaged by a triangle as wide as the larger of both voxels.

    Args:
        image: A volume of any orientation.
        size: Voxels wanted along ``(z, y, x)``.
        spacing: Millimetres wanted between them.
        outside: Value of what the volume does not reach, in its unit; when None, in each channel the median
            of its six faces; see `imaging.edge.surrounding`.

    Raises:
        ImagingError: The volume has too many voxels.
    """
    if image.voxels.numel() > _MOST:
        raise ImagingError(f"volume has {image.voxels.numel()} voxels, wanted at most {_MOST}")
    whole = upright(image)
    ratio = np.array(spacing) / whole.geometry.spacing
    ratio[np.abs(ratio - 1) < _SAME] = 1
    start = [_start(*axis) for axis in zip(whole.geometry.shape, size, ratio, strict=True)]
    if size == whole.geometry.shape and (ratio == 1).all():
        return whole
    weights = [_weights(*axis) for axis in zip(whole.geometry.shape, size, ratio, start, strict=True)]
    z, y, x = (one.to(whole.voxels) for one in weights)
    voxels = torch.einsum("czyx,kz,jy,ix->ckji", whole.voxels, z, y, x)
    inside = torch.einsum("k,j,i->kji", z.sum(1), y.sum(1), x.sum(1))
    value = surrounding(whole.voxels, is_volume=True) if outside is None else outside
    voxels = voxels + value * (1 - inside)
    matrix = whole.geometry.matrix
    matrix[:3, 3] = whole.geometry.position((start[0], start[1], start[2]))
    matrix[:3, :3] *= ratio
    return whole.onto(voxels, Geometry.from_matrix(size, matrix))


def _start(count: int, size: int, ratio: float) -> float:
    """Where the first new voxel lies, in old ones; a whole number where voxels are moved whole."""
    if ratio == 1:
        return float((count - size) // 2)
    return (count - 1) / 2 - (size - 1) / 2 * ratio


def _weights(count: int, size: int, ratio: float, start: float) -> Float[Tensor, "new old"]:
    """What each old voxel gives to each new one; a row sums to 0 where the new one lies outside.

    One that lies inside is made of what is inside, also where the triangle reaches further.
    """
    width = max(ratio, 1.0)
    places = start + ratio * np.arange(size)
    reach = int(np.ceil(width))
    low, high = int(min(places[0] - reach, 0)), int(max(places[-1] + reach, count)) + 1
    weights = np.maximum(1 - np.abs(places[:, None] - np.arange(low - 1, high)) / width, 0)
    weights = weights[:, 1 - low : 1 - low + count]
    is_inside = (places >= -0.5) & (places <= count - 0.5)
    total = np.where(is_inside, weights.sum(axis=1), 1.0)[:, None]
    return torch.from_numpy(weights * is_inside[:, None] / total)
