"""A variational autoencoder of DCGAN shape: the decoder is the generator of the games."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vesalius.errors import RecipeError
from vesalius.networks.blocks import (
    Shape,
    axes_of,
    coarse_of,
    even_,
    falling,
    flat,
    size_of,
    stages_of,
    widths_of,
)
from vesalius.networks.conditions import Conditions, silent_embedding
from vesalius.networks.convnet import ConvGenerator, Generator
from vesalius.networks.ranks import normal
from vesalius.shapes import Batch, Classes, Latents

_LOGS = 10.0


class Posterior(NamedTuple):
    """Where a picture may lie among the latents: a Gaussian with its own variance on every axis.

    Args:
        mean: Of each coordinate.
        log_variance: Natural logarithm of the variance of each coordinate.
    """

    mean: Latents
    log_variance: Latents

    def draw(self, rng: torch.Generator) -> Latents:
        """One point for each picture; gradients flow to mean and variance.

        Source:
            Kingma and Welling, ICLR 2014, section 2.4.
        """
        noise = normal(rng, *self.mean.shape).to(self.mean.device)
        return self.mean + (self.log_variance / 2).exp() * noise

    def divergence(self) -> Float[Tensor, "b"]:
        """Kullback-Leibler divergence from the standard Gaussian, in nats for each picture.

        Source:
            Kingma and Welling, ICLR 2014, appendix B.
        """
        told = self.mean.square() + self.log_variance.exp() - 1 - self.log_variance
        return told.sum(1) / 2


@dataclass(frozen=True, kw_only=True)
class Autoencoder:
    """Pictures to a few coordinates and back.

    Args:
        width: Channels at the finest grid; up to eight times as many at coarser ones;
            see `networks.blocks.widths_of`.
        latent: Number of latent coordinates.

    Raises:
        RecipeError: No channel, or no latent coordinate.
    """

    kind: Literal["convnet.autoencoder"] = "convnet.autoencoder"
    width: int = 64
    latent: int = 128

    def __post_init__(self) -> None:
        for name in ("width", "latent"):
            if getattr(self, name) < 1:
                raise RecipeError(f"autoencoder.{name} is {getattr(self, name)}, wanted more than 0")

    def build(self, shape: Shape, classes: Conditions) -> "ConvAutoencoder":
        """The network for pictures of a shape, freshly drawn.

        Raises:
            RecipeError: The sides of the picture cannot be halved down to a coarse grid.
        """
        return ConvAutoencoder(self, shape, classes)


class ConvAutoencoder(nn.Module):
    """Decoder of a variational autoencoder, with the encoder that it learns by.

    Called as a generator it decodes; both sides know the class.

    Source:
        Kingma and Welling, ICLR 2014; Sohn, Lee and Yan, NeurIPS 2015, section 4.1, for the class;
        Radford, Metz and Chintala, ICLR 2016, for the shape.
    """

    def __init__(self, spec: Autoencoder, shape: Shape, classes: Conditions) -> None:
        super().__init__()
        self.axes = axes_of(shape)
        stages = stages_of(shape)
        widths = widths_of(spec.width, stages, shape)
        self.body = nn.Sequential(*falling(self.axes, [shape[0], *widths]))
        self.posterior = nn.Linear(size_of((widths[-1], *coarse_of(shape, stages))), 2 * spec.latent)
        self.embedding = silent_embedding(classes, 2 * spec.latent)
        even_(self)
        self.decoder = ConvGenerator(Generator(width=spec.width, latent=spec.latent), shape, classes)

    def forward(self, latents: Latents, condition: Classes) -> Batch:
        """Pictures, in [-1, 1]: the mean of what the decoder says, without its noise."""
        return self.decoder(latents, condition)

    def encode(self, image: Batch, condition: Classes) -> Posterior:
        """Where pictures lie among the latents, in float32."""
        features = self.body(flat(image, self.axes)).flatten(1)
        told = self.posterior(features).float() + self.embedding(condition).float()
        mean, log_variance = told.chunk(2, dim=1)
        # A variance beyond these bounds is an accident of the first steps, and its exponent overflows.
        return Posterior(mean, log_variance.clamp(-_LOGS, _LOGS))
