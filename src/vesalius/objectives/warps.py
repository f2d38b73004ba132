"""Changes of where a voxel lies: shifts, mirrors, turns and sizes, by given amounts."""

from itertools import combinations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from vesalius.networks.blocks import deep, flat
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


def warped(image: Batch, matrix: Float[Tensor, "b n n"], steps: Float[Tensor, "b n"]) -> Batch:
    """Pictures read at other places, by one linear interpolation; outside lies `BLANK`.

    The voxel at ``p``, counted from the centre of the picture in the order x, y (and z), shows what
    was at ``matrix @ (p + steps)``. A picture that does not move is given back to the last bit.

    Args:
        image: Pictures.
        matrix: From places in the new picture to places in the old one: a picture is turned by the
            inverse of this. Voxels are taken as squares or cubes.
        steps: In voxels.
    """
    axes = len(sides_of(image))
    pictures = flat(image, axes)
    sides = torch.tensor(sides_of(image)[::-1], dtype=matrix.dtype, device=image.device)
    offset = matrix @ steps[:, :, None]
    theta = torch.cat([matrix * sides / sides[:, None], 2 * offset / sides[:, None]], dim=2)
    grid = affine_grid(theta, list(pictures.shape), align_corners=False)
    read = grid_sample(pictures - BLANK, grid, padding_mode="zeros", align_corners=False) + BLANK
    still = (matrix == torch.eye(axes, device=matrix.device)).all(dim=(1, 2)) & (steps == 0).all(dim=1)
    return torch.where(still.view(-1, 1, 1, 1, 1), image, deep(read, axes))
