"""Wasserstein distance with a gradient penalty on the lines between real and made pictures."""

from dataclasses import dataclass, field
from math import inf
from typing import ClassVar, Literal

import torch

from vesalius.errors import RecipeError
from vesalius.example import Single
from vesalius.networks import AnyDiscriminator, AnyGenerator
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.objectives.adversaries import (
    exhibit,
    fit_base,
    opinions,
    refuse_batch_norm,
    refuse_few,
    refuse_impossible,
    sample,
    two_players,
)
from vesalius.objectives.margin import by_distance
from vesalius.objectives.penalties import between, unevenness
from vesalius.objectives.turn import Players, Terms, Turn


@dataclass(frozen=True, kw_only=True)
class Wasserstein:
    """Two players; the critic measures how far made pictures lie from real ones.

    Args:
        generator: Makes pictures.
        discriminator: Scores pictures; differences of scores are distances.
        gamma: Weight of the gradient penalty, the paper's lambda.
        drift: Weight of the mean squared score of real pictures, which has no place of its own
            otherwise; 0 as published, 0.001 in progressive growing.
        critic_turns: Turns of the critic in a step, each on pictures of its own.
        learning_rate: Step size of Adam for both players.
        betas: Decay of Adam's first and second moment.

    Raises:
        RecipeError: A number that no game can be played with, or a critic with batch normalisation.

    Source:
        Gulrajani et al., Improved Training of Wasserstein GANs, NeurIPS 2017, algorithm 1, for all
        defaults; Karras et al., ICLR 2018, appendix A.1, for the drift.
    """

    family: ClassVar[str] = "GAN"
    kind: Literal["wasserstein"] = "wasserstein"
    generator: AnyGenerator = field(default_factory=Generator)
    discriminator: AnyDiscriminator = field(default_factory=Discriminator)
    gamma: float = 10.0
    drift: float = 0.0
    critic_turns: int = 5
    learning_rate: float = 1e-4
    betas: tuple[float, float] = (0.0, 0.9)

    players = two_players
    prepare = staticmethod(fit_base)
    margin = staticmethod(by_distance)

    def __post_init__(self) -> None:
        refuse_impossible(self.gamma, self.learning_rate, self.betas)
        refuse_batch_norm(self.discriminator)
        refuse_few("critic_turns", self.critic_turns)
        if not 0 <= self.drift < inf:
            raise RecipeError(f"drift is {self.drift}, wanted 0 or more")

    def turns(self) -> tuple[Turn, ...]:
        """Critic, several times; generator."""
        critic = Turn("discriminator", self.discriminator_loss)
        return (*[critic] * self.critic_turns, Turn("generator", self.generator_loss))

    def discriminator_loss(self, players: Players, real: Single, rng: torch.Generator) -> Terms:
        """Score real pictures above made ones, with a slope of 1 on the way from one to the other."""
        shown = exhibit(players, self.generator.latent, real, rng)
        on_real, on_made = opinions(players, shown, real.condition)
        image, made = shown.chunk(2)
        way = between(image, made, rng)
        uneven = unevenness(players["discriminator"](way, real.condition), way)
        terms = {"distance": on_made.mean() - on_real.mean(), "penalty": self.gamma * uneven}
        return terms | ({"drift": self.drift * on_real.square().mean()} if self.drift else {})

    def generator_loss(self, players: Players, real: Single, rng: torch.Generator) -> Terms:
        """Raise the scores of made pictures."""
        made = sample(players, self.generator.latent, real.condition, rng)
        return {"adversarial": -players["discriminator"](made, real.condition).mean()}
