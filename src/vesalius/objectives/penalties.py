"""Penalties on how steeply a critic rises."""

import torch
from jaxtyping import Float
from torch import Tensor

from vesalius.networks.ranks import uniform
from vesalius.objectives.turn import Players
from vesalius.shapes import Batch, Classes, Scores


def slopes(scores: Scores, image: Batch) -> Float[Tensor, "b"]:
    """Squared length of the critic's gradient at each of its pictures.

    Args:
        scores: What the critic said of `image`.
        image: Its pictures; they must require gradients.

    Returns:
        One number for each picture that gradients flow through; in squared scores per squared
        scaled value.
    """
    (slope,) = torch.autograd.grad(scores.sum(), image, create_graph=True)
    return slope.square().sum(dim=(1, 2, 3, 4))


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
    return slopes(scores, image).mean()


def flatness(players: Players, image: Batch, condition: Classes) -> Tensor:
    """Steepness of the critic at some pictures, in a pass of its own.

    Args:
        players: Must hold a ``discriminator``.
        image: Pictures, as the critic sees them.
        condition: Class of each.
    """
    image = image.detach().requires_grad_()
    return steepness(players["discriminator"](image, condition), image)


def unevenness(scores: Scores, image: Batch) -> Tensor:
    """How far the length of the critic's gradient is from 1, squared, on average.

    Args:
        scores: What the critic said of `image`.
        image: Its pictures; they must require gradients.

    Source:
        Gulrajani et al., NeurIPS 2017, eq. 3.
    """
    # The root of exactly nothing has no slope.
    return ((slopes(scores, image) + 1e-12).sqrt() - 1).square().mean()


def between(real: Batch, made: Batch, rng: torch.Generator) -> Batch:
    """One picture on the straight line between each real and made one; it requires gradients.

    Args:
        real: Ends of the lines.
        made: The other ends.
        rng: Random stream on the CPU.

    Source:
        Gulrajani et al., NeurIPS 2017, section 4 and algorithm 1.
    """
    share = uniform(rng, len(real), 1, 1, 1, 1).to(real.device)
    return real.lerp(made, share).detach().requires_grad_()
