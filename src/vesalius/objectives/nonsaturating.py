"""Logistic losses with a lazy R1 penalty; augmentation fixed, or as strong as overfitting asks for."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch.nn.functional import softplus

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
from vesalius.objectives.margin import by_odds
from vesalius.objectives.penalties import flatness
from vesalius.objectives.turn import Players, Terms, Turn


@dataclass(frozen=True, kw_only=True)
class Nonsaturating:
    """Two players; the critic says with which odds a picture is real, the generator raises them.

    Args:
        generator: Makes pictures.
        discriminator: Scores pictures; a score is the logarithm of the odds.
        augment: What the critic must forgive.
        adaptive: How the strength of `augment` follows the critic; None keeps it as it is.
        gamma: Weight of the R1 penalty.
        lazy: The penalty is paid at every so-many-th step, that many times as heavy.
        learning_rate: Step size of Adam for both players.
        betas: Decay of Adam's first and second moment.

    Raises:
        RecipeError: A number that no game can be played with, or a critic with batch normalisation.

    Source:
        Goodfellow et al., NeurIPS 2014, section 3, for the losses; Karras et al., NeurIPS 2020, for
        R1 and adaptive augmentation beside them.
    """

    family: ClassVar[str] = "GAN"
    kind: Literal["nonsaturating"] = "nonsaturating"
    generator: AnyGenerator = field(default_factory=Generator)
    discriminator: AnyDiscriminator = field(default_factory=Discriminator)
    augment: Augment = field(default_factory=Augment)
    adaptive: Adaptive | None = None
    gamma: float = 1.0
    lazy: int = 16
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.0, 0.99)

    players = steered_players
    prepare = staticmethod(fit_base)
    margin = staticmethod(by_odds)

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
        """Raise the odds of real pictures, lower those of made ones; the strength looks on.

        Where it adapts, ``strength`` and the mean sign ``r_t`` of the real scores are written down.
        """
        shown = exhibit(players, self.generator.latent, real, rng)
        on_real, on_made = opinions(players, augmented(self, players, shown, rng), real.condition)
        terms = {"real": softplus(-on_real).mean(), "made": softplus(on_made).mean()}
        return terms | watched(players, on_real)

    def penalty(self, players: Players, real: Single, rng: torch.Generator) -> Terms:
        """R1: keep the critic flat at the real pictures."""
        image = augmented(self, players, real.image, rng)
        return {"r1": self.lazy * self.gamma / 2 * flatness(players, image, real.condition)}

    def generator_loss(self, players: Players, real: Single, rng: torch.Generator) -> Terms:
        """Raise the odds of made pictures."""
        made = sample(players, self.generator.latent, real.condition, rng)
        scores = players["discriminator"](augmented(self, players, made, rng), real.condition)
        return {"adversarial": softplus(-scores).mean()}
