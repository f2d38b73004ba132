"""Changes of where a voxel lies: shifts, mirrors, turns, sizes and bends, by given amounts."""

from itertools import combinations
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import grid_sample

from vesalius.networks.blocks import deep, flat
from vesalius.objectives.fields import field, knot_places
from vesalius.shapes import Batch

BLANK = -1.0
"""The lowest scaled value: what comes into a picture from outside."""


def sides_of(image: Batch) -> tuple[int, ...]:
    """Extent along the axes that the pictures have: ``(y, x)`` or ``(z, y, x)``."""
    return tuple(image.shape[3 if image.shape[2] == 1 else 2 :])


def shifted(image: Batch, steps: Int[Tensor, "b n"]) -> Batch:
    """Pictures moved by whole voxels; exact, and what comes in is `BLANK`.

    Args:
        image: Pictures.
        steps: Along x, y (and z): the voxel at ``i`` shows what was at ``i + steps``.
    """
    for place in range(steps.shape[1]):
        axis = image.ndim - 1 - place
        side = image.shape[axis]
        index = torch.arange(side, device=image.device) + steps[:, place, None]
        shape = [len(image), 1, 1, 1, 1]
        shape[axis] = side
        inside = ((index >= 0) & (index < side)).view(shape)
        source = index.clamp(0, side - 1).view(shape).expand_as(image)
        image = torch.where(inside, image.gather(axis, source), BLANK)
    return image


def mirrored(image: Batch, which: Bool[Tensor, "b"]) -> Batch:
    """Some of the pictures with left and right exchanged."""
    return torch.where(which.view(-1, 1, 1, 1, 1), image.flip(-1), image)


def rotation(angles: Float[Tensor, "b k"]) -> Float[Tensor, "b n n"]:
    """Matrices that turn points ``(x, y)`` or ``(x, y, z)`` about the origin.

    Args:
        angles: In radians: one in the plane, from x towards y (on a screen, clockwise); or three,
            in the planes xy, xz and yz, the last applied first.
    """
    axes = {1: 2, 3: 3}[angles.shape[1]]
    whole = torch.eye(axes, device=angles.device).expand(len(angles), axes, axes)
    for angle, (one, other) in zip(angles.T, combinations(range(axes), 2), strict=True):
        turn = torch.eye(axes, device=angles.device).repeat(len(angles), 1, 1)
        turn[:, one, one] = turn[:, other, other] = angle.cos()
        turn[:, other, one] = angle.sin()
        turn[:, one, other] = -angle.sin()
        whole = whole @ turn
    return whole


def warped(
    image: Batch,
    matrix: Float[Tensor, "b n n"],
    steps: Float[Tensor, "b n"],
    bend: Float[Tensor, "b n *k"] | None = None,
    padding: Literal["zeros", "border"] = "zeros",
) -> Batch:
    """Pictures read at other places, by one linear interpolation.

    The voxel at ``p``, counted from the centre of the picture in the order x, y (and z), shows what
    was at ``matrix @ (p + steps) + bend(p)``. A picture that does not move is given back to the last bit.

    Args:
        image: Pictures.
        matrix: From places in the new picture to places in the old one: a picture is turned by the
            inverse of this. Voxels are taken as squares or cubes.
        steps: In voxels.
        bend: Knots of a spline of displacements, in voxels, along the axes of the picture.
        padding: What lies outside: ``zeros`` for `BLANK`, ``border`` for the nearest voxel.
    """
    sides = sides_of(image)
    pictures = flat(image, len(sides))
    grid = _grid(matrix, steps, bend, sides).movedim(1, -1)
    read = grid_sample(pictures - BLANK, grid, padding_mode=padding, align_corners=False).add_(BLANK)
    still = (matrix == torch.eye(len(sides), device=matrix.device)).all(dim=(1, 2)) & (steps == 0).all(dim=1)
    if bend is not None:
        still &= (bend == 0).flatten(1).all(dim=1)
    return torch.where(still.view(-1, 1, 1, 1, 1), image, deep(read, len(sides)))


def _grid(
    matrix: Float[Tensor, "b n n"],
    steps: Float[Tensor, "b n"],
    bend: Float[Tensor, "b n *k"] | None,
    sides: tuple[int, ...],
) -> Float[Tensor, "b n *sides"]:
    """Where each voxel is read, from -1 on one edge of the picture to 1 on the other.

    An affine map is itself a spline, so that it costs nothing beside a displacement: its knots are where
    it takes the places of the knots.
    """
    form = "straight" if bend is None else "spline"
    counts = [2] * len(sides) if bend is None else bend.shape[2:]
    along = [knot_places(count, side, form) for count, side in zip(counts, sides, strict=True)]
    knots = torch.stack(torch.meshgrid(*along, indexing="ij")[::-1]).to(matrix)
    moved = knots.unsqueeze(0) + steps.view(*steps.shape, *[1] * len(sides))
    taken = torch.einsum("bij,bj...->bi...", matrix, moved)
    halves = torch.tensor(sides[::-1], dtype=matrix.dtype, device=matrix.device) / 2
    taken = taken if bend is None else taken + bend
    return field(taken / halves.view(1, -1, *[1] * len(sides)), sides, form)
