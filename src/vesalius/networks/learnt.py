"""What a linear model learns from the rows of some people about their mean."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vesalius.networks.mixture import Clusters, clusters_of
from vesalius.networks.principal import evened, foresee, principal

FEWEST = 8
"""People of a class below which nothing of them is kept: their mean would nearly be a patient."""

Kept = Literal["all", "foreseen"]
"""Which components of a cohort are kept."""

_NOTHING = 1e-12


@dataclass(frozen=True, eq=False)
class Learnt:
    """What is known of people beyond their mean.

    Args:
        weight: Components, then zeros.
        grasp: Share that components explain of what is coarse in people who were not asked; 0 where nobody
            asked for it.
        clusters: Of their coefficients; None where one Gaussian is all that can be told.
    """

    weight: Float[Tensor, "r d"]
    grasp: float
    clusters: Clusters | None


def learn(
    rows: Float[Tensor, "n d"],
    who: Int[Tensor, "n"],
    components: int,
    kept: Kept,
    clusters: int,
    coarse: Callable[[Float[Tensor, "m d"]], float] | None,
) -> Learnt:
    """Components of centred rows, fewer than their people, and how their coefficients are spread.

    Args:
        rows: Pictures, less the mean of their class.
        who: Person of each.
        components: At most.
        kept: All of them, or those alone that `foresee` finds.
        clusters: At most.
        coarse: How much of rows is coarse; None where nobody asks for a grasp.
    """
    most = max(min(components, len(who.unique()) - 1), 0)
    found = foresee(rows, who, most) if most and kept == "foreseen" else None
    own = principal(evened(rows, who), most if found is None else found.components).weight.to(rows)
    weight = torch.zeros(components, rows.shape[1], device=rows.device)
    weight[: len(own)] = own
    whole = 0.0 if found is None or coarse is None else coarse(found.aside)
    grasp = 1 - coarse(found.left) / whole if found and coarse and whole > 0 else 0.0
    places = rows @ own.T / own.square().sum(1).clamp_min(_NOTHING)
    return Learnt(weight, grasp, clusters_of(places, who, clusters, FEWEST))
