"""Sizes of the pictures that are learnt: of one slice, or of volumes."""

from typing import TypeGuard

from vesalius.errors import RecipeError
from vesalius.imaging.volume import Extent
from vesalius.networks.blocks import stages_of

Size = tuple[int, int] | Extent
"""Rows and columns of pictures of one slice, or slices, rows and columns of volumes."""

_LARGEST = {2: 512, 3: 128}


def extent_of(size: Size) -> Extent:
    """Voxels along ``(z, y, x)``."""
    return size if len(size) == 3 else (1, *size)


def are_volumes(size: Size) -> TypeGuard[Extent]:
    """Whether a size is that of volumes, and not of pictures of one slice."""
    return len(size) == 3


def refuse_size(size: Size) -> None:
    """Refuse a size that no network here can learn.

    Raises:
        RecipeError: A side is not a multiple of 16 from 16 to 512, or to 128 where it is one of a volume; or
            it cannot be halved until about 4 are left of the shortest, as 144 cannot.
    """
    largest = _LARGEST[len(size)]
    if any(side not in range(16, largest + 1, 16) for side in size):
        more = ", of 32 above 128, of 64 above 256" if largest > 128 else ""
        raise RecipeError(f"task.size is {size}, wanted multiples of 16 from 16 to {largest}{more}")
    stages_of((1, *extent_of(size)))
