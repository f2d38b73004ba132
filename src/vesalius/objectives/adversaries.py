"""What all two-player games share: their players, and where made pictures start from."""

from math import inf

import torch

from vesalius.errors import RecipeError
from vesalius.example import Single
from vesalius.networks import AnyDiscriminator, AnyGenerator
from vesalius.networks.blocks import Shape
from vesalius.networks.linear import LinearBase
from vesalius.objectives.turn import Players
from vesalius.shapes import Batch, Classes


def two_players(
    generator: AnyGenerator, discriminator: AnyDiscriminator, shape: Shape, classes: int
) -> Players:
    """Fresh generator and discriminator for pictures of a shape.

    Args:
        generator: Spec of the player that makes pictures.
        discriminator: Spec of the player that scores them.
        shape: Extent of one picture, ``(c, z, y, x)``.
        classes: Number of classes.
    """
    return Players(
        {"generator": generator.build(shape, classes), "discriminator": discriminator.build(shape, classes)}
    )


def refuse_impossible(gamma: float, learning_rate: float, betas: tuple[float, float]) -> None:
    """Refuse numbers that no game of two players can be played with.

    Args:
        gamma: Weight of a penalty.
        learning_rate: Step size of Adam.
        betas: Decay of Adam's first and second moment.

    Raises:
        RecipeError: One of them is out of its range; the message names it.
    """
    if not 0 <= gamma < inf:
        raise RecipeError(f"gamma is {gamma}, wanted 0 or more")
    if not 0 < learning_rate < inf:
        raise RecipeError(f"learning_rate is {learning_rate}, wanted more than 0")
    if not all(0 <= beta < 1 for beta in betas):
        raise RecipeError(f"betas are {betas}, wanted two numbers from 0 to below 1")


def fit_base(players: Players, sample: Single) -> None:
    """Fit the linear base, where the generator has one, to training pictures."""
    base = players["generator"].base
    if isinstance(base, LinearBase):
        base.fit(sample.image, sample.condition, sample.person)


def sample(players: Players, latent: int, condition: Classes, rng: torch.Generator) -> Batch:
    """Pictures of fresh Gaussian latents, one for each class index.

    Args:
        players: Must hold a ``generator``.
        latent: Number of latent coordinates it starts from.
        condition: Class of each picture to make.
        rng: Random stream on the CPU, so that devices agree.
    """
    latents = torch.randn(len(condition), latent, generator=rng)
    return players["generator"](latents.to(condition.device), condition)
