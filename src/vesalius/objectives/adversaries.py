"""What all two-player games share: their players, where made pictures start from, what the critic says.

`two_players` and `fit_base` are written as the methods ``players`` and ``prepare`` of such a game; it
takes them over by name.
"""

from math import inf
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from vesalius.errors import RecipeError
from vesalius.example import Single
from vesalius.networks import AnyDiscriminator, AnyGenerator
from vesalius.networks.blocks import Shape
from vesalius.networks.conditions import Conditions
from vesalius.networks.convnet import Discriminator
from vesalius.networks.fast import FastDiscriminator
from vesalius.networks.linear import LinearBase
from vesalius.networks.ranks import normal
from vesalius.objectives.turn import Players, refuse_rate
from vesalius.shapes import Batch, Classes, Scores


@runtime_checkable
class TwoPlayers(Protocol):
    """A game of a generator against a discriminator."""

    @property
    def generator(self) -> AnyGenerator:
        """Spec of the player that makes pictures."""
        ...

    @property
    def discriminator(self) -> AnyDiscriminator:
        """Spec of the player that scores them."""
        ...


def two_players(game: TwoPlayers, shape: Shape, classes: Conditions) -> Players:
    """Fresh generator and discriminator for pictures of a shape.

    Args:
        game: Whose players.
        shape: Extent of one picture, ``(c, z, y, x)``.
        classes: What there is to tell apart.
    """
    return Players(
        {
            "generator": game.generator.build(shape, classes),
            "discriminator": game.discriminator.build(shape, classes),
        }
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
    refuse_rate(learning_rate, betas)


def refuse_batch_norm(critic: AnyDiscriminator) -> None:
    """Refuse a critic that is normalised over its batch.

    Raises:
        RecipeError: Its gradient at one picture would be no property of that picture, and real and
            made pictures could not be scored in one pass.
    """
    if isinstance(critic, Discriminator) and critic.norm != "none":
        raise RecipeError(f"discriminator.norm is {critic.norm!r}, wanted 'none' in a game with a penalty")
    if isinstance(critic, FastDiscriminator):
        raise RecipeError(
            f"discriminator is {critic.kind}, wanted one without batch normalisation in a game with a penalty"
        )


def refuse_few(name: str, count: int) -> None:
    """Refuse a count of none.

    Args:
        name: Of the field.
        count: Its value.

    Raises:
        RecipeError: It is less than one.
    """
    if count < 1:
        raise RecipeError(f"{name} is {count}, wanted 1 or more")


def fit_base(players: Players, sample: Single) -> None:
    """Fit the linear base, where the generator has one, to what training pictures have in common."""
    base = players["generator"].base
    if isinstance(base, LinearBase):
        base.fit(sample.image, sample.condition, sample.person, kept="foreseen")


def sample(players: Players, latent: int, condition: Classes, rng: torch.Generator) -> Batch:
    """Pictures of fresh Gaussian latents, one for each class index.

    Args:
        players: Must hold a ``generator``.
        latent: Number of latent coordinates it starts from.
        condition: Class of each picture to make.
        rng: Random stream on the CPU, so that devices agree.
    """
    latents = normal(rng, len(condition), latent)
    return players["generator"](latents.to(condition.device), condition)


@torch.no_grad()
def exhibit(
    players: Players, latent: int, real: Single, rng: torch.Generator
) -> Float[Tensor, "twice c z y x"]:
    """What a critic is shown: the real pictures, then as many made ones of the same classes.

    Args:
        players: Must hold a ``generator``; nothing is learnt by it.
        latent: Number of latent coordinates it starts from.
        real: Pictures of the cohort.
        rng: Random stream on the CPU.
    """
    return torch.cat([real.image, sample(players, latent, real.condition, rng)])


def opinions(
    players: Players, pictures: Float[Tensor, "twice c z y x"], condition: Classes
) -> tuple[Scores, Scores]:
    """Scores of the real and of the made half of some pictures, in one pass.

    Args:
        players: Must hold a ``discriminator``.
        pictures: Real ones, then as many made ones.
        condition: Class of each picture of a half.
    """
    on_real, on_made = players["discriminator"](pictures, condition.repeat(2)).chunk(2)
    return on_real, on_made
