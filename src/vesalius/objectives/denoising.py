"""Diffusion: one player, who learns to take noise of every strength out of pictures."""

from dataclasses import dataclass, field
from math import inf, isfinite
from typing import ClassVar, Literal, cast

import torch
from torch import Tensor

from vesalius.errors import RecipeError
from vesalius.example import Single
from vesalius.networks.blocks import Shape
from vesalius.networks.conditions import Conditions
from vesalius.networks.diffusion import Denoiser, Diffusion
from vesalius.networks.ranks import normal
from vesalius.objectives.turn import Players, Terms, Turn, refuse_rate


@dataclass(frozen=True, kw_only=True)
class Denoising:
    """One player; the loss is the squared error of the clean picture, every strength of noise equally heavy.

    Args:
        generator: The denoiser; called, it goes from noise to pictures.
        log_mean: Mean of the natural logarithm of the noise that is learnt from.
        log_std: Its standard deviation.
        learning_rate: Step size of Adam.
        betas: Decay of Adam's first and second moment.

    Raises:
        RecipeError: A number that nothing can be learnt with.

    Source:
        Karras et al., NeurIPS 2022, table 1 (EDM) and eq. 8.
    """

    family: ClassVar[str] = "diffusion model"
    kind: Literal["denoising"] = "denoising"
    generator: Diffusion = field(default_factory=Diffusion)
    log_mean: float = -1.2
    log_std: float = 1.2
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)

    def __post_init__(self) -> None:
        refuse_rate(self.learning_rate, self.betas)
        if not isfinite(self.log_mean):
            raise RecipeError(f"log_mean is {self.log_mean}, wanted a finite number")
        if not 0 <= self.log_std < inf:
            raise RecipeError(f"log_std is {self.log_std}, wanted 0 or more")

    def players(self, shape: Shape, classes: Conditions) -> Players:
        """A fresh denoiser for pictures of a shape."""
        return Players({"generator": self.generator.build(shape, classes)})

    def prepare(self, players: Players, sample: Single) -> None:
        """Measure mean and standard deviation of training pictures."""
        _denoiser(players).measure(sample.image)

    def turns(self) -> tuple[Turn, ...]:
        """The denoiser moves alone."""
        return (Turn("generator", self.error),)

    def error(self, players: Players, real: Single, rng: torch.Generator) -> Terms:
        """Squared error of clean pictures, weighed so that each strength of noise begins at one."""
        denoiser = _denoiser(players)
        sigma = self.strengths(len(real.image), rng).to(real.image.device)
        noise = normal(rng, *real.image.shape).to(real.image.device)
        clean = real.image - denoiser.centre
        scale = denoiser.preconditioning(sigma)
        noisy = clean + noise * sigma[:, None, None, None, None]
        off = (denoiser.denoise(noisy, sigma, real.condition) - clean) / scale.out
        return {"denoising": off.square().mean()}

    def strengths(self, count: int, rng: torch.Generator) -> Tensor:
        """Standard deviations of noise to learn from, one for each picture: log-normal."""
        return (self.log_mean + self.log_std * normal(rng, count)).exp()


def _denoiser(players: Players) -> Denoiser:
    return cast("Denoiser", players["generator"])
