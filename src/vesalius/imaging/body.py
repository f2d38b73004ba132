"""Where the body is in a picture, and pictures cut or padded around it."""

from dataclasses import replace

import numpy as np
import torch
from scipy.ndimage import find_objects, label
from skimage.filters import threshold_otsu

from vesalius.errors import GeometryError
from vesalius.imaging.image import Image

Extent = tuple[int, int, int]


def body_box(image: Image, margin: int = 0) -> tuple[Extent, Extent]:
    """The smallest box around the largest bright thing.

    Values are averaged over the channels; what lies above Otsu's threshold and hangs together
    (face to face) is one thing. So the body has to be brighter than what surrounds it, as in
    CT, MR, radiographs and fluorescence.

    Args:
        image: The picture; one that is the same everywhere is all body.
        margin: Voxels to add on every side, as far as the picture reaches.

    Returns:
        First voxel and number of voxels, both along ``(z, y, x)``.

    Source:
        N. Otsu, IEEE Trans. Syst. Man Cybern. 9(1), 1979, eq. 12-18.
    """
    values = image.voxels.mean(0).numpy(force=True)
    if values.min() == values.max():
        return (0, 0, 0), image.geometry.shape
    things = np.empty(values.shape, np.int32)
    label(values > threshold_otsu(values), output=things)
    largest = int(np.bincount(things.ravel())[1:].argmax())
    box = find_objects(things, largest + 1)[largest]
    start = np.maximum([side.start - margin for side in box], 0)
    stop = np.minimum([side.stop + margin for side in box], values.shape)
    return _extent(start), _extent(stop - start)


def crop_to(image: Image, start: Extent, shape: Extent) -> Image:
    """A box of a picture where it lies; a part of an acquired picture is still acquired.

    Args:
        image: What to cut.
        start: First voxel along ``(z, y, x)``.
        shape: Number of voxels along ``(z, y, x)``.

    Raises:
        GeometryError: The box reaches beyond the picture.
    """
    stop = np.add(start, shape)
    if min(start) < 0 or min(shape) < 1 or (stop > image.geometry.shape).any():
        raise GeometryError(f"box is {start} + {shape}, wanted a part of {image.geometry.shape}")
    z, y, x = (slice(first, int(last)) for first, last in zip(start, stop, strict=True))
    return replace(image, voxels=image.voxels[:, z, y, x], geometry=image.geometry.cropped(start, shape))


def pad_to(image: Image, shape: Extent, value: float | None = None) -> Image:
    """A picture in the middle of a larger grid.

    Args:
        image: What to pad.
        shape: Voxels wanted along ``(z, y, x)``, at least as many as there are; an odd one
            more goes to the end.
        value: What to fill with, in the unit of the picture; its least value when None.

    Raises:
        GeometryError: The picture is larger than that.
    """
    if np.greater(image.geometry.shape, shape).any():
        raise GeometryError(f"picture has extent {image.geometry.shape}, wanted at most {shape} to pad to")
    if shape == image.geometry.shape:
        return image
    start = _extent(np.subtract(shape, image.geometry.shape) // 2)
    fill = float(image.voxels.min()) if value is None else value
    voxels = torch.full((len(image.voxels), *shape), fill, dtype=image.voxels.dtype)
    z, y, x = (slice(first, first + n) for first, n in zip(start, image.geometry.shape, strict=True))
    voxels[:, z, y, x] = image.voxels
    return image.onto(voxels, image.geometry.cropped((-start[0], -start[1], -start[2]), shape))


def _extent(counts: np.ndarray) -> Extent:
    z, y, x = (int(count) for count in counts)
    return z, y, x
