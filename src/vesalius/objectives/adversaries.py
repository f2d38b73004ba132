"""What all two-player games share: their players, and where made pictures start from."""

import torch

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


def fit_base(players: Players, sample: Single) -> None:
    """Fit the linear base, where the generator has one, to training pictures."""
    base = players["generator"].base
    if isinstance(base, LinearBase):
        base.fit(sample.image, sample.condition)


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
