"""Fields over a picture that follow from a few knots: straight, polynomial and spline."""

from math import comb
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

Form = Literal["straight", "polynomial", "spline"]
"""How a field runs between its knots.

* ``straight``: linear from the first knot, on one edge of the picture, to the second, on the other.
* ``polynomial``: Bernstein's, of one degree less than there are knots.
* ``spline``: cubic and uniform, four knots or more; the picture reaches from the second knot to the
  last but one.
"""


def field(
    knots: Float[Tensor, "b n *k"], sides: tuple[int, ...], form: Form = "spline"
) -> Float[Tensor, "b n *sides"]:
    """Values at every voxel centre; they nowhere leave the range of the knots.

    The weights of all forms are positive and add up to one. Straight fields and splines give back a
    linear function whose values at `knot_places` are the knots.

    Args:
        knots: Of `n` fields for each picture, along the axes of `sides`.
        sides: Extent of the picture.
        form: How the field runs between the knots.

    Source:
        de Boor, A Practical Guide to Splines, Springer 1978, chapters IX to XI, for positive weights
        and linear precision.
    """
    values = knots
    for place, side in enumerate(sides):
        weights = _weights(values.shape[2 + place], side, form).to(values)
        # The last axis comes last, so that all but one product are small.
        values = (values.movedim(2 + place, -1) @ weights).movedim(-1, 2 + place)
    return values


def knot_places(count: int, side: int, form: Form = "spline") -> Float[Tensor, "k"]:
    """Where knots lie along an axis, in voxels from the centre of the picture.

    Args:
        count: Knots.
        side: Extent of the picture along the axis.
        form: ``straight`` or ``spline``.
    """
    gap = side / (count - _SPARE[form])
    return (torch.arange(count) - (count - 1) / 2) * gap


_SPARE = {"straight": 1, "polynomial": 1, "spline": 3}


def _weights(count: int, side: int, form: Form) -> Float[Tensor, "k n"]:
    """Weight of each knot at each voxel centre: none negative, one in all."""
    place = (torch.arange(side, dtype=torch.float64) + 0.5) / side
    if form == "polynomial":
        degree = count - 1
        rows = [comb(degree, i) * place**i * (1 - place) ** (degree - i) for i in range(count)]
        return torch.stack(rows)
    centres = torch.arange(count)[:, None] - (count - 1) / 2
    away = ((place - 0.5) * (count - _SPARE[form]) - centres).abs()
    if form == "straight":
        return (1 - away).clamp_min(0)
    return (2 - away).clamp_min(0) ** 3 / 6 - 4 * (1 - away).clamp_min(0) ** 3 / 6
