"""What the evidence sees of a picture, and of a volume: all of it, or planes through it."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32

from vesalius.shapes import Stack

Planes = Float[np.ndarray, "_ y x"]
"""Grey pictures of one slice, of any set."""

Grey = Float[np.ndarray, "_ *space"]
"""Grey pictures over ``y x``, or volumes over ``z y x``, of any set."""

Features = Float[np.ndarray, "_ d"]
"""Rows of features in one space, of any set."""

DIRECTIONS = ("axial", "coronal", "sagittal")
"""How planes lie in a volume whose axes run to head, back and left."""

_LEAST = 16
_SIDE = 32
_CUTS = 8


def are_volumes(stack: Stack) -> bool:
    """Whether pictures have several slices."""
    return stack.shape[2] > 1


def grey(stack: Stack) -> Float32[np.ndarray, "n *space"]:
    """Mean of the channels; volumes averaged down to less than 64 voxels along each axis."""
    if not are_volumes(stack):
        return np.ascontiguousarray(stack[:, :, 0].mean(axis=1, dtype=np.float32))
    values = np.asarray(stack).mean(axis=1, dtype=np.float32)
    return shrunk(values, [max(1, side // _SIDE) for side in values.shape[1:]])


def shrunk(values: Float[np.ndarray, "..."], blocks: Sequence[int]) -> Float32[np.ndarray, "..."]:
    """Means of blocks along the last axes; what fills no block is left out.

    Args:
        values: Any number of axes before those.
        blocks: Side of a block along each of them.
    """
    first = values.ndim - len(blocks)
    counts = [side // block for side, block in zip(values.shape[first:], blocks, strict=True)]
    pairs = [*zip(counts, blocks, strict=True)]
    whole = values[..., *(slice(count * block) for count, block in pairs)]
    cells = whole.reshape(*values.shape[:first], *(length for pair in pairs for length in pair))
    return cells.mean(axis=tuple(range(first + 1, cells.ndim, 2)), dtype=np.float32)


def seen(stack: Stack) -> Float32[np.ndarray, "n c *space"]:
    """All channels as networks take them: without the axis of slices where there is one slice."""
    return np.asarray(stack if are_volumes(stack) else stack[:, :, 0], dtype=np.float32)


def directions(stack: Stack) -> tuple[int, ...]:
    """Indices into `DIRECTIONS` in which planes have 16 pixels a side or more; axial ones always."""
    sides = stack.shape[2:]
    found = (axis for axis in (1, 2) if min(*sides[:axis], *sides[axis + 1 :]) >= _LEAST)
    return (0, *found)


def cuts(stack: Stack, direction: int, count: int = _CUTS) -> Float32[np.ndarray, "n k h w"]:
    """Grey planes of volumes at even distances.

    Args:
        stack: Volumes.
        direction: Index into `DIRECTIONS`.
        count: Planes of each volume; an odd count holds the middle one.
    """
    places = np.linspace(0, stack.shape[2 + direction] - 1, count + 2).round().astype(int)[1:-1]
    planes = [np.take(stack, place, 2 + direction).mean(axis=1, dtype=np.float32) for place in places]
    return np.stack(planes, axis=1)


def shown(stack: Stack) -> Float32[np.ndarray, "n c h w"]:
    """Pictures as a page shows them: of a volume its middle planes side by side, the head above, on white."""
    if not are_volumes(stack):
        return seen(stack)
    z, y, x = (side // 2 for side in stack.shape[2:])
    planes = (stack[:, :, z], stack[:, :, ::-1, y], stack[:, :, ::-1, :, x])
    height = max(plane.shape[2] for plane in planes)
    beside = []
    for plane in planes:
        above = (height - plane.shape[2]) // 2
        room = ((0, 0), (0, 0), (above, height - plane.shape[2] - above), (0, 1))
        beside.append(np.pad(np.asarray(plane, np.float32), room, constant_values=1.0))
    return np.concatenate(beside, axis=3)[..., :-1]
