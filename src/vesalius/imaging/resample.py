"""Pictures on other grids.

Values are interpolated linearly. Where the new voxels are larger than the old ones, several
points of each new voxel are averaged, so nothing finer than the new grid folds into it. What lies
outside the old picture gets the value that is told, or the least of the picture.
"""

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from vesalius.errors import ImagingError
from vesalius.imaging.edge import surrounding
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image, LabelMap
from vesalius.shapes import Voxels

_MOST = 2**30

Points = Float[Tensor, "... 3"]


def resample(image: Image, geometry: Geometry, outside: float | None = None) -> Image:
    """A picture on another grid of the same patient.

    Args:
        image: What to resample.
        geometry: The wanted grid; any direction, spacing and extent.
        outside: Value where the picture does not reach, in its unit; its least value when None.
    """
    factor = _points_per_voxel(image.geometry, geometry)
    (z, y, x), (by_z, by_y, by_x) = geometry.shape, factor
    fine = geometry.resized((z * by_z, y * by_y, x * by_x))
    points = _indices(image.geometry, fine)
    least = float(image.voxels.min()) if outside is None else outside
    inside = _are_inside(points, image.geometry.shape)
    values = torch.where(inside, _sampled(image.voxels, points, "bilinear"), least)
    return image.onto(functional.avg_pool3d(values, factor), geometry)


def resample_labels(labels: LabelMap, geometry: Geometry) -> LabelMap:
    """A label map on another grid: the class of the nearest voxel, background outside."""
    points = _indices(labels.geometry, geometry)
    # double keeps every class number exact
    values = _sampled(labels.labels.double(), points, "nearest")
    values = torch.where(_are_inside(points, labels.geometry.shape), values, 0)
    return labels.onto(values.to(labels.labels.dtype), geometry)


def resize(image: Image, shape: tuple[int, int, int]) -> Image:
    """The same extent in another number of voxels along ``(z, y, x)``."""
    return image if shape == image.geometry.shape else resample(image, image.geometry.resized(shape))


def to_plane_size(image: Image, size: tuple[int, int], outside: float | None = None) -> Image:
    """Every slice in a wanted number of rows and columns, nothing cut off, nothing stretched.

    The picture is first padded, on both sides alike, to the aspect of `size` in millimetres. Then it
    is brought to size by a triangle filter as wide as a new pixel, so shrinking averages.

    Args:
        image: Any number of slices.
        size: Rows and columns.
        outside: Value of what is padded, in the unit of the picture; when None, in each channel the
            median of its edge; see `imaging.edge.surrounding`.

    Raises:
        ImagingError: No row or no column is wanted, or padding would take more than 2^30 voxels.
    """
    if min(size) < 1:
        raise ImagingError(f"size is {size}, wanted at least one row and one column")
    padded = _padded(image, size, outside)
    if padded.geometry.shape[1:] == size:
        return padded
    voxels = functional.interpolate(
        padded.voxels, size=size, mode="bilinear", align_corners=False, antialias=True
    )
    return padded.onto(voxels, padded.geometry.resized((image.geometry.shape[0], *size)))


def _padded(image: Image, size: tuple[int, int], outside: float | None) -> Image:
    (depth, rows, columns), (_, y, x) = image.geometry.shape, image.geometry.spacing
    wanted_rows = max(rows, round(min(columns * x * size[0] / size[1] / y, _MOST)))
    wanted_columns = max(columns, round(min(rows * y * size[1] / size[0] / x, _MOST)))
    top, left = (wanted_rows - rows) // 2, (wanted_columns - columns) // 2
    if (wanted_rows, wanted_columns) == (rows, columns):
        return image
    if len(image.voxels) * depth * wanted_rows * wanted_columns > _MOST:
        raise ImagingError(
            f"slices are {rows} x {columns} pixels of {y:g} x {x:g} mm, "
            f"wanted an aspect nearer to {size[0]} x {size[1]}"
        )
    voxels = image.voxels.new_empty((len(image.voxels), depth, wanted_rows, wanted_columns))
    voxels[:] = surrounding(image.voxels, is_volume=False) if outside is None else outside
    voxels[..., top : top + rows, left : left + columns] = image.voxels
    return image.onto(voxels, image.geometry.cropped((0, -top, -left), (depth, wanted_rows, wanted_columns)))


def _points_per_voxel(old: Geometry, new: Geometry) -> tuple[int, int, int]:
    """How many points along each axis of a new voxel are needed so that no old voxel is missed."""
    steps = np.abs(np.linalg.solve(old.matrix, new.matrix)[:3, :3]).max(axis=0)
    z, y, x = (int(n) for n in np.maximum(1, np.ceil(steps - 1e-6)))
    return z, y, x


def _indices(old: Geometry, new: Geometry) -> Points:
    """Where the voxels of a new grid lie, in (fractional) indices of the old one."""
    matrix = torch.from_numpy(np.linalg.solve(old.matrix, new.matrix))
    axes = [torch.arange(length, dtype=torch.float64) for length in new.shape]
    z, y, x = (axis[:, None] * matrix[:3, i] for i, axis in enumerate(axes))
    return z[:, None, None] + y[None, :, None] + x[None, None, :] + matrix[:3, 3]


def _are_inside(points: Points, shape: tuple[int, int, int]) -> Bool[Tensor, "..."]:
    """Whether points lie in a voxel, which reaches half a step around its centre."""
    upper = torch.tensor(shape, dtype=points.dtype) - 0.5
    return ((points >= -0.5 - 1e-6) & (points <= upper + 1e-6)).all(-1)


def _sampled(voxels: Voxels, points: Points, mode: str) -> Float[Tensor, "c ..."]:
    lengths = torch.tensor(voxels.shape[1:], dtype=points.dtype)
    # torch wants x first and the outer edges of the grid at -1 and 1
    grid = ((2 * points + 1) / lengths - 1).flip(-1).to(voxels.dtype)
    return functional.grid_sample(
        voxels[None], grid[None], mode=mode, padding_mode="border", align_corners=False
    )[0]
