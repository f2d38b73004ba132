"""Diffusion after Karras et al.: a network that takes noise away, and the way from noise to a picture."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vesalius.errors import RecipeError
from vesalius.networks.blocks import Shape, size_of, stages_of
from vesalius.networks.conditions import Conditions
from vesalius.networks.unet import UNet
from vesalius.shapes import Batch, Classes, Latents

_FAINTEST = 0.01
_HURRIED = 3


class Preconditioning(NamedTuple):
    """How a noisy picture enters the network, and what the answer means.

    Args:
        skip: Share of the noisy picture in the clean one.
        out: Scale of the network's answer; the loss of a picture weighs one over its square.
        into: Scale of the noisy picture as the network sees it.
        noise: What the network is told of the noise.
    """

    skip: Tensor
    out: Tensor
    into: Tensor
    noise: Tensor


def preconditioned(sigma: Tensor, sigma_data: Tensor) -> Preconditioning:
    """Scales that let the network see and answer in unit variance, whatever the noise.

    Args:
        sigma: Standard deviation of the noise.
        sigma_data: Standard deviation of the pictures.

    Source:
        Karras et al., NeurIPS 2022, table 1 (EDM) and appendix B.6.
    """
    both = (sigma.square() + sigma_data.square()).sqrt()
    return Preconditioning(
        skip=(sigma_data / both).square(), out=sigma * sigma_data / both, into=1 / both, noise=sigma.log() / 4
    )


def noise_levels(steps: int, lowest: float, highest: float, rho: float) -> Float[Tensor, "levels"]:
    """Standard deviations of the noise on the way to a picture, from the highest to none.

    Args:
        steps: One less than there are levels; 2 or more.
        lowest: Last level but none.
        highest: First level.
        rho: The larger, the more of the steps are spent on little noise.

    Source:
        Karras et al., NeurIPS 2022, eq. 5.
    """
    share = torch.arange(steps, dtype=torch.float64) / (steps - 1)
    root = highest ** (1 / rho) + share * (lowest ** (1 / rho) - highest ** (1 / rho))
    return torch.cat([root**rho, torch.zeros(1, dtype=torch.float64)])


def heun(denoise: Callable[[Tensor, float], Tensor], start: Tensor, levels: Tensor) -> Tensor:
    """Follow the probability flow from noise to pictures; second order, nothing random.

    Args:
        denoise: Clean pictures, expected from noisy ones and the standard deviation of their noise.
        start: Noise of the first level.
        levels: Falling to zero; every step but the last asks `denoise` twice.

    Source:
        Karras et al., NeurIPS 2022, algorithm 1.
    """
    here = start
    for high, low in pairwise(levels.tolist()):
        slope = (here - denoise(here, high)) / high
        there = here + (low - high) * slope
        if low > 0:
            onward = (there - denoise(there, low)) / low
            there = here + (low - high) * (slope + onward) / 2
        here = there
    return here


@dataclass(frozen=True, kw_only=True)
class Diffusion:
    """Noise and a class to a picture, in many passes through one network.

    Args:
        width: Channels of the finest grid, a multiple of 4.
        latent: Values of one picture: the way begins at as many of noise.
        fold: Side of the cells that are folded into channels: 1, or a power of 2.
        steps: Of the sampler; a picture costs one pass less than twice as many. With few, pictures are
            spread too widely: by 5.5 % with 18, for a Gaussian of standard deviation 0.5.
        sigma_min: Lowest noise of the sampler before none.
        sigma_max: Noise that the sampler begins at, in scaled units (the whole range is 2).
        rho: How much of the sampler is spent on little noise.

    Raises:
        RecipeError: A number that no picture can be made with.

    Source:
        Karras et al., NeurIPS 2022, table 1, for steps (CIFAR-10), sigma_min, sigma_max and rho.
    """

    kind: Literal["unet.diffusion"] = "unet.diffusion"
    width: int = 32
    latent: int = 4096
    fold: int = 1
    steps: int = 18
    sigma_min: float = 0.002
    sigma_max: float = 80.0
    rho: float = 7.0

    def __post_init__(self) -> None:
        self._refuse(self.width > 0 and self.width % 4 == 0, "width", "a multiple of 4, more than 0")
        self._refuse(self.latent > 0, "latent", "more than 0")
        self._refuse(self.fold > 0 and self.fold.bit_count() == 1, "fold", "1, 2, 4 or another power of 2")
        self._refuse(self.steps > 1, "steps", "2 or more")
        self._refuse(0 < self.sigma_min < inf, "sigma_min", "more than 0")
        self._refuse(self.sigma_min < self.sigma_max < inf, "sigma_max", f"more than {self.sigma_min}")
        self._refuse(0 < self.rho < inf, "rho", "more than 0")

    @property
    def passes(self) -> int:
        """How often a picture goes through the network."""
        return 2 * self.steps - 1

    def build(self, shape: Shape, classes: Conditions) -> "Denoiser":
        """The network for pictures of a shape, freshly drawn.

        Raises:
            RecipeError: The sides of the picture cannot be halved or folded as asked, or it has another
                number of values than the spec has latent coordinates.
        """
        self._refuse(self.latent == size_of(shape), "latent", f"{size_of(shape)}, the values of a picture")
        most = 2 ** (stages_of(shape) - 1)
        self._refuse(self.fold <= most, "fold", f"{most} or less for pictures of this size")
        return Denoiser(self, shape, classes)

    def _refuse(self, is_possible: bool, name: str, wanted: str) -> None:
        if not is_possible:
            raise RecipeError(f"diffusion.{name} is {getattr(self, name)}, wanted {wanted}")


class Denoiser(nn.Module):
    """A network that takes noise away; called as a generator it goes the whole way from noise to pictures.

    Mean and standard deviation of the training pictures are buffers: they are saved with the weights.

    Source:
        Karras et al., NeurIPS 2022.
    """

    centre: Tensor
    sigma_data: Tensor

    def __init__(self, spec: Diffusion, shape: Shape, classes: Conditions) -> None:
        super().__init__()
        self.shape = shape
        self.levels, self.few = (
            noise_levels(steps, spec.sigma_min, spec.sigma_max, spec.rho)
            for steps in (spec.steps, min(spec.steps, _HURRIED))
        )
        self.unet = UNet(spec.width, spec.fold, shape, classes)
        self.register_buffer("centre", torch.tensor(0.0))
        self.register_buffer("sigma_data", torch.tensor(0.5))

    def measure(self, image: Batch) -> None:
        """Take mean and standard deviation of all values from training pictures."""
        self.centre.copy_(image.mean())
        self.sigma_data.copy_(image.std(correction=0).clamp_min(_FAINTEST))

    def forward(self, latents: Latents, condition: Classes) -> Batch:
        """Pictures, about in [-1, 1], by the deterministic sampler: the same noise gives the same picture."""
        start = latents.unflatten(1, self.shape) * float(self.levels[0])

        def clean(noisy: Tensor, level: float) -> Tensor:
            return self.denoise(noisy, noisy.new_full((len(noisy),), level), condition)

        return heun(clean, start, self.levels) + self.centre

    def hurried(self) -> "Denoiser":
        """The same network on a way of few steps: its pictures tell a fault, but not how good it is."""
        quick = copy.copy(self)
        quick.levels = self.few
        return quick

    def denoise(self, noisy: Batch, sigma: Float[Tensor, "b"], condition: Classes) -> Batch:
        """Clean pictures expected from noisy ones, both about their common centre.

        Args:
            noisy: Pictures less their centre, plus noise.
            sigma: Standard deviation of the noise of each.
            condition: Class of each.

        Source:
            Karras et al., NeurIPS 2022, eq. 7.
        """
        scale = self.preconditioning(sigma)
        answer = self.unet(scale.into * noisy, scale.noise.flatten(), condition)
        return scale.skip * noisy + scale.out * answer

    def preconditioning(self, sigma: Float[Tensor, "b"]) -> Preconditioning:
        """Scales for noise of each picture, shaped to meet ``b c z y x``."""
        return preconditioned(sigma[:, None, None, None, None], self.sigma_data)
