"""How each picture lies: an affine map that takes a picture of the middle to it, found by gradients."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from vesalius.networks.blocks import averaged

_SIDE = 32  # pictures are compared no finer than this
_ROUNDS = 30
_RATE = 0.02
_SLOWEST = 1e-3
_SHARE = 0.02  # of a typical pose, beside differences as large as the contrast of the middle
_LEAST = 1e-6
_LIKELY = 0.07  # typical size of a number of a pose, in half sides of the picture
_WIDEST = 0.9  # rows farther than 1 from those of the identity could turn pictures inside out


def numbers_of(axes: int) -> int:
    """Numbers of a pose: of a matrix less the identity, and of a shift in half sides of the picture.

    Examples:
        >>> numbers_of(2), numbers_of(3)
        (6, 12)
    """
    return axes * (axes + 1)


def posed(image: Float[Tensor, "b c *yx"], pose: Float[Tensor, "b p"]) -> Float[Tensor, "b c *yx"]:
    """Pictures of the middle as they lie: each voxel is read where the map of its place says.

    Args:
        image: ``b c`` and two or three axes; beyond their edges the last voxels are repeated.
        pose: See `numbers_of`. Maps that would turn a picture inside out are held back.
    """
    return _read(image, _matrix(pose, image.ndim - 2))


def unposed(image: Float[Tensor, "b c *yx"], pose: Float[Tensor, "b p"]) -> Float[Tensor, "b c *yx"]:
    """The inverse of `posed`, but for what two interpolations take away."""
    matrix = _matrix(pose, image.ndim - 2)
    turn, shift = matrix[:, :, :-1], matrix[:, :, -1:]
    back = torch.linalg.inv(turn)
    return _read(image, torch.cat([back, -back @ shift], dim=2))


def find_pose(
    image: Float[Tensor, "b c *yx"],
    middle: Float[Tensor, "b c *yx"],
    begun: Float[Tensor, "b p"],
) -> Float[Tensor, "b p"]:
    """The pose in which a picture of the middle is most like each picture, among poses that are not odd.

    Each pose is found for itself, whatever the others are.

    Args:
        image: Pictures.
        middle: What each is compared with.
        begun: Where to go on from.

    Source:
        Cootes, Edwards and Taylor, ECCV 1998 (active appearance models), for poses beside components.
    """
    sides = tuple(min(side, _SIDE) for side in image.shape[2:])
    small, like = averaged(image, sides), averaged(middle, sides)
    contrast = like.flatten(2).var(2).mean(1).clamp_min(_LEAST)
    pose = begun.clone().requires_grad_()
    mover = torch.optim.Adam([pose], _RATE, betas=(0.8, 0.95))
    for turn in range(_ROUNDS):
        mover.param_groups[0]["lr"] = _RATE * (1 - turn / _ROUNDS) + _SLOWEST
        mover.zero_grad()
        with torch.enable_grad():
            apart = (posed(like, pose) - small).square().flatten(1).mean(1) / contrast
            odd = (pose / _LIKELY).square().mean(1)
            (apart + _SHARE * odd).sum().backward()
        mover.step()
    return pose.detach()


def _matrix(pose: Float[Tensor, "b p"], axes: int) -> Float[Tensor, "b a _"]:
    moved = pose.float().unflatten(1, (axes, axes + 1))
    turn, shift = moved[:, :, :-1], moved[:, :, -1:]
    # Rows of absolute sum below one leave the matrix invertible.
    turn = turn / (turn.abs().sum(2, keepdim=True) / _WIDEST).clamp_min(1)
    return torch.cat([turn + torch.eye(axes, device=pose.device), shift], dim=2)


def _read(image: Tensor, matrix: Tensor) -> Tensor:
    grid = affine_grid(matrix, list(image.shape), align_corners=False)
    return grid_sample(image, grid, padding_mode="border", align_corners=False)
