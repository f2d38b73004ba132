"""Penalties on how steeply a critic rises."""

import torch
from torch import Tensor

from vesalius.shapes import Batch, Scores


def steepness(scores: Scores, image: Batch) -> Tensor:
    """Mean squared length of the critic's gradient with respect to its pictures.

    Args:
        scores: What the critic said of `image`.
        image: Its pictures; they must require gradients.

    Returns:
        A scalar that gradients flow through; in squared scores per squared scaled value.

    Source:
        Mescheder, Geiger and Nowozin, ICML 2018, eq. 9 (R1 on real, R2 on made pictures).
    """
    (slope,) = torch.autograd.grad(scores.sum(), image, create_graph=True)
    return slope.square().sum(dim=(1, 2, 3, 4)).mean()
