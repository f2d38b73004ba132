"""Some pictures of a cohort, by which a task is fitted to it."""

from dataclasses import replace
from math import ceil

import numpy as np

from vesalius.cohort.cohort import Cohort
from vesalius.errors import ImagingError
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image
from vesalius.imaging.volume import upright_grid

_LOOKED_AT = 64
_SEEN_OF_VOLUME = 2**20


def looked_at(cohort: Cohort, are_volumes: bool) -> list[tuple[Image, Geometry]]:
    """Some pictures and their grids, evenly over the cohort; those that cannot be read are named later.

    Of a large volume only every n-th voxel is kept: many of them would not fit into memory.

    Args:
        cohort: Whose pictures.
        are_volumes: Whether whole volumes are wanted.

    Raises:
        ImagingError: No picture could be read; where volumes are wanted, none of several slices.
    """
    chosen = np.unique(np.linspace(0, len(cohort) - 1, min(len(cohort), _LOOKED_AT)).round().astype(int))
    looks, why = [], "the cohort is empty"
    for index in chosen:
        try:
            image = cohort.cases[index].image()
            looks.append(
                (_thinned(image), upright_grid(image.geometry)) if are_volumes else (image, image.geometry)
            )
        except ImagingError as error:
            why = str(error)
    if not looks:
        raise ImagingError(f"cohort {cohort.name} has no readable picture, wanted at least one; last: {why}")
    return looks


def refuse_flat(image: Image) -> None:
    """Refuse a picture of one slice where volumes are wanted.

    Raises:
        ImagingError: It has one voxel along some axis.
    """
    if min(image.geometry.shape) == 1:
        raise ImagingError(
            f"picture has extent {image.geometry.shape} along z, y, x; wanted a volume of several slices"
        )


def _thinned(image: Image) -> Image:
    refuse_flat(image)
    by = ceil((image.voxels[0].numel() / _SEEN_OF_VOLUME) ** (1 / 3))
    voxels = image.voxels[:, ::by, ::by, ::by].clone()
    z, y, x = voxels.shape[1:]
    return replace(image, voxels=voxels, geometry=image.geometry.resized((z, y, x)))
