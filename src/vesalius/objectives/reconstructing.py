"""Hinge loss against a critic who must also be able to draw the real pictures again."""

from dataclasses import dataclass, field
from math import inf
from typing import ClassVar, Literal, cast

import torch
from torch import Tensor

from vesalius.errors import RecipeError
from vesalius.example import Single
from vesalius.networks import AnyDiscriminator, AnyGenerator
from vesalius.networks.blocks import axes_of, flat, folded
from vesalius.networks.fast import FastCritic, FastDiscriminator, FastGenerator
from vesalius.networks.redrawing import Corner, Memory, corner_of
from vesalius.objectives.adversaries import exhibit, fit_base, sample, two_players
from vesalius.objectives.augment import Augment
from vesalius.objectives.hinge import margins
from vesalius.objectives.margin import by_hinges
from vesalius.objectives.turn import Players, Terms, Turn, refuse_rate
from vesalius.shapes import Batch


@dataclass(frozen=True, kw_only=True)
class Reconstructing:
    """Two players; what the critic looks at must tell enough of a real picture to draw it again.

    Few pictures are soon known by heart. A critic that has to redraw them keeps looking at all of them
    instead of at the few pixels that give them away. Differences are measured pixel by pixel, where the
    source has a network that was trained on photographs.

    Args:
        generator: Makes pictures.
        discriminator: Scores pictures and draws them again.
        augment: What the critic must forgive; it redraws what it is shown.
        redrawing: Weight of the mean absolute errors of the whole and of a corner, in scaled units.
        learning_rate: Step size of Adam for both players.
        betas: Decay of Adam's first and second moment.

    Raises:
        RecipeError: A number that no game can be played with, or a critic that cannot draw.

    Source:
        Liu et al., Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis,
        ICLR 2021, section 3.2 and 3.3; rates as published.
    """

    family: ClassVar[str] = "GAN"
    kind: Literal["reconstructing"] = "reconstructing"
    generator: AnyGenerator = field(default_factory=FastGenerator)
    discriminator: AnyDiscriminator = field(default_factory=FastDiscriminator)
    augment: Augment = field(default_factory=Augment)
    redrawing: float = 1.0
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)

    players = two_players
    prepare = staticmethod(fit_base)
    margin = staticmethod(by_hinges)

    def __post_init__(self) -> None:
        refuse_rate(self.learning_rate, self.betas)
        if not isinstance(self.discriminator, FastDiscriminator):
            # A run that starts from another one has the networks of that.
            raise RecipeError(
                f"discriminator is {self.discriminator.kind}, wanted fast.discriminator: it can draw again"
            )
        if not 0 <= self.redrawing < inf:
            raise RecipeError(f"redrawing is {self.redrawing}, wanted 0 or more")

    def turns(self) -> tuple[Turn, ...]:
        """Critic, then generator."""
        return (
            Turn("discriminator", self.discriminator_loss),
            Turn("generator", self.generator_loss),
        )

    def discriminator_loss(self, players: Players, real: Single, rng: torch.Generator) -> Terms:
        """Push real pictures above +1 and made ones below -1, and draw the real ones again."""
        critic = cast("FastCritic", players["discriminator"])
        image, made = self.augment(exhibit(players, self.generator.latent, real, rng), rng).chunk(2)
        on_real, memory = critic.remember(image, real.condition)
        error = _error(critic, memory, image, rng)
        return margins(on_real, critic(made, real.condition)) | {"redrawn": self.redrawing * error}

    def generator_loss(self, players: Players, real: Single, rng: torch.Generator) -> Terms:
        """Raise the scores of made pictures."""
        made = self.augment(sample(players, self.generator.latent, real.condition, rng), rng)
        return {"adversarial": -players["discriminator"](made, real.condition).mean()}


def _error(critic: FastCritic, memory: Memory, image: Batch, rng: torch.Generator) -> Tensor:
    """Mean absolute errors of the whole picture at half its sides and of a random corner, added."""
    axes = axes_of((image.shape[1], image.shape[2], image.shape[3], image.shape[4]))
    corner: Corner = tuple(torch.randint(0, 2, (axes,), generator=rng).tolist())
    pictures = flat(image, axes)
    wanted = halved(pictures), corner_of(pictures, corner)
    said = (flat(one, axes) for one in critic.redraw(memory, corner))
    errors = [(one - other).abs().mean() for one, other in zip(said, wanted, strict=True)]
    return errors[0] + errors[1]


def halved(pictures: Tensor) -> Tensor:
    """Pictures at half their sides: means of cells of two pixels along every axis.

    Args:
        pictures: ``b c`` and two or three axes of even length.
    """
    cells = 2 ** (pictures.ndim - 2)
    return folded(pictures, 2).unflatten(1, (cells, -1)).mean(1)
