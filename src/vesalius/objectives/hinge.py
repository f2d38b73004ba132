"""Hinge loss with a lazy R1 penalty and augmentation, fixed or adaptive: the first engine."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch.nn.functional import relu

from vesalius.example import Single
from vesalius.networks import AnyDiscriminator, AnyGenerator
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.objectives.adaptive import Adaptive, augmented, steered_players, watched
from vesalius.objectives.adversaries import (
    exhibit,
    fit_base,
    opinions,
    refuse_batch_norm,
    refuse_few,
    refuse_impossible,
    sample,
)
from vesalius.objectives.augment import Augment
from vesalius.objectives.margin import by_hinges
from vesalius.objectives.penalties import flatness
from vesalius.objectives.turn import Players, Terms, Turn
from vesalius.shapes import Scores


def margins(on_real: Scores, on_made: Scores) -> Terms:
    """How far real scores are below +1, and made ones above -1.

    Source:
        Lim and Ye, arXiv 1705.02894, eq. 11.
    """
    return {"real": relu(1 - on_real).mean(), "made": relu(1 + on_made).mean()}


@dataclass(frozen=True, kw_only=True)
class Hinge:
    """Two players; the critic stops caring once a picture is on its side of the margin.

    Args:
        generator: Makes pictures.
        discriminator: Scores pictures.
        augment: What the critic must forgive.
        adaptive: How the strength of `augment` follows the critic; None keeps it as it is.
        gamma: Weight of the R1 penalty.
        lazy: The penalty is paid at every so-many-th step, that many times as heavy.
        learning_rate: Step size of Adam for both players.
        betas: Decay of Adam's first and second moment.

    Raises:
        RecipeError: A number that no game can be played with.

    Source:
        Lim and Ye, arXiv 1705.02894, eq. 11; Karras et al., CVPR 2020, section 3.1, for
        lazy regularisation; Karras et al., NeurIPS 2020, section 3.1, for adaptive augmentation.
    """

    family: ClassVar[str] = "GAN"
    kind: Literal["hinge"] = "hinge"
    generator: AnyGenerator = field(default_factory=Generator)
    discriminator: AnyDiscriminator = field(default_factory=Discriminator)
    augment: Augment = field(default_factory=Augment)
    adaptive: Adaptive | None = None
    gamma: float = 1.0
    lazy: int = 16
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.99)

    players = steered_players
    prepare = staticmethod(fit_base)
    margin = staticmethod(by_hinges)

    def __post_init__(self) -> None:
        refuse_impossible(self.gamma, self.learning_rate, self.betas)
        refuse_batch_norm(self.discriminator)
        refuse_few("lazy", self.lazy)

    def turns(self) -> tuple[Turn, ...]:
        """Critic, its lazy penalty, generator."""
        return (
            Turn("discriminator", self.discriminator_loss),
            Turn("discriminator", self.penalty, every=self.lazy, is_precise=True),
            Turn("generator", self.generator_loss),
        )

    def discriminator_loss(self, players: Players, real: Single, rng: torch.Generator) -> Terms:
        """Push real pictures above +1 and made ones below -1; the strength looks on.

        Where it adapts, ``strength`` and the mean sign ``r_t`` of the real scores are written down.
        """
        shown = exhibit(players, self.generator.latent, real, rng)
        on_real, on_made = opinions(players, augmented(self, players, shown, rng), real.condition)
        return margins(on_real, on_made) | watched(players, on_real)

    def penalty(self, players: Players, real: Single, rng: torch.Generator) -> Terms:
        """R1: keep the critic flat at the real pictures."""
        image = augmented(self, players, real.image, rng)
        return {"r1": self.lazy * self.gamma / 2 * flatness(players, image, real.condition)}

    def generator_loss(self, players: Players, real: Single, rng: torch.Generator) -> Terms:
        """Raise the scores of made pictures."""
        made = sample(players, self.generator.latent, real.condition, rng)
        scores = players["discriminator"](augmented(self, players, made, rng), real.condition)
        return {"adversarial": -scores.mean()}
