"""The grid on which a linear model knows pictures, and how many components it has there."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from vesalius.networks.blocks import Shape, averaged, axes_of, beyond, deep, flat, space_of
from vesalius.shapes import Batch

_MOST = 64
_ROOM = 2**26


def components_of(counts: Sequence[int], patients: int, values: int = 1) -> int:
    """Components that a cohort can fill: fewer than people, so that none is a person.

    Of large volumes no more than fit into 256 MiB for all classes together, or 128 MiB for one alone: 16 of
    128 x 128 x 128 voxels for each of two classes, 2 for each of twelve.

    Args:
        counts: Pictures of each class.
        patients: Different people among all of them.
        values: Of one picture on its `grid_of`.

    Examples:
        >>> components_of([400, 80], 300), components_of([400, 80], 9), components_of([3, 3], 6)
        (64, 8, 1)
        >>> components_of([400, 80], 300, 128**3)
        16
        >>> components_of([80] * 12, 300, 128**3), components_of([400] * 12, 300, 128**2)
        (2, 64)
    """
    room = _ROOM // (values * max(2, len(counts)))
    return max(1, min(_MOST, max(counts) // 4, patients - 1, room))


def grid_of(shape: Shape) -> Shape:
    """The grid on which a linear model knows pictures: their own, where no side is longer than 128.

    Of larger ones every side is halved until none is: a component of 512 x 512 pixels would take 1 MiB in
    every saved model and checkpoint, and what is finer than two or four pixels is hardly common to people.

    Examples:
        >>> grid_of((1, 1, 128, 96)), grid_of((3, 1, 512, 256))
        ((1, 1, 128, 96), (3, 1, 128, 64))
    """
    by = beyond(shape)
    c, z, y, x = shape
    return c, max(1, z // by), y // by, x // by


def on_grid(image: Batch) -> Float[Tensor, "b c _ _ _"]:
    """Pictures on their `grid_of`, by means over cells."""
    _, c, z, y, x = image.shape
    shape, axes = (c, z, y, x), axes_of((c, z, y, x))
    if beyond(shape) == 1:
        return image
    return deep(averaged(flat(image, axes), space_of(grid_of(shape))), axes)
