"""A variational autoencoder: one player, who learns to find pictures among latents and to draw them again."""

from dataclasses import dataclass, field
from math import log, pi
from typing import ClassVar, Literal, cast

import torch
from torch import Tensor

from vesalius.example import Single
from vesalius.networks.autoencoder import Autoencoder, ConvAutoencoder
from vesalius.networks.blocks import Shape
from vesalius.networks.conditions import Conditions
from vesalius.networks.ranks import mean_over_all
from vesalius.objectives.turn import Players, Terms, Turn, refuse_rate
from vesalius.shapes import Batch

FINEST = (2 / 255) ** 2 / 12
"""Variance of rounding to 256 levels of the whole range: no decoder is thought finer than that."""


@dataclass(frozen=True, kw_only=True)
class Variational:
    """One player; the loss is the negative evidence lower bound, in nats for each value of a picture.

    The decoder says a Gaussian about every value, whose one variance is the best there is for the batch;
    nothing weighs reconstruction against divergence. What is sampled is its mean: pictures are smooth.

    Args:
        generator: The autoencoder; called, it decodes.
        learning_rate: Step size of Adam.
        betas: Decay of Adam's first and second moment.

    Raises:
        RecipeError: A number that nothing can be learnt with.

    Source:
        Kingma and Welling, ICLR 2014, eq. 3 and 10; Rybkin, Daniilidis and Levine, ICML 2021, section 3.2,
        for the variance.
    """

    family: ClassVar[str] = "variational autoencoder"
    kind: Literal["variational"] = "variational"
    generator: Autoencoder = field(default_factory=Autoencoder)
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)

    def __post_init__(self) -> None:
        refuse_rate(self.learning_rate, self.betas)

    def players(self, shape: Shape, classes: Conditions) -> Players:
        """A fresh autoencoder for pictures of a shape."""
        return Players({"generator": self.generator.build(shape, classes)})

    def prepare(self, players: Players, sample: Single) -> None:
        """Nothing has to be known of the pictures before."""

    def turns(self) -> tuple[Turn, ...]:
        """Encoder and decoder move together."""
        return (Turn("generator", self.bound),)

    def bound(self, players: Players, real: Single, rng: torch.Generator) -> Terms:
        """Both parts of the negative evidence lower bound, for each value."""
        autoencoder = cast("ConvAutoencoder", players["generator"])
        posterior = autoencoder.encode(real.image, real.condition)
        said = autoencoder(posterior.draw(rng), real.condition)
        values = real.image[0].numel()
        return {
            "reconstruction": surprise(real.image, said),
            "divergence": posterior.divergence().mean() / values,
        }


def surprise(real: Batch, said: Batch) -> Tensor:
    """Negative log likelihood of pictures under a Gaussian of the best one variance for the batch.

    Args:
        real: Pictures.
        said: Their means, from the decoder.

    Returns:
        Nats for each value; gradients flow, also through the variance.

    Source:
        Rybkin, Daniilidis and Levine, ICML 2021, section 3.2.
    """
    squared = mean_over_all((real - said.float()).square().mean())
    variance = squared.clamp_min(FINEST)
    return (log(2 * pi) + variance.log() + squared / variance) / 2
