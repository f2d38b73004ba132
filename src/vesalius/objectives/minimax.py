"""The plain game of the textbooks: cross-entropy, batch normalisation, nothing else."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch.nn.functional import softplus

from vesalius.example import Single
from vesalius.networks import AnyDiscriminator, AnyGenerator
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.objectives.adversaries import exhibit, fit_base, sample, two_players
from vesalius.objectives.margin import by_odds
from vesalius.objectives.turn import Players, Terms, Turn, refuse_rate


def textbook_critic() -> Discriminator:
    """A critic with batch normalisation that is not shown the spread of its batch."""
    return Discriminator(norm="batch", group=1)


@dataclass(frozen=True, kw_only=True)
class Minimax:
    """Two players; no penalty, no augmentation: what every other game is measured against.

    Named by the critic's game. The generator does not minimise what the critic maximises, since
    that gives no gradient where it is needed most: it raises the odds of its pictures.

    Args:
        generator: Makes pictures.
        discriminator: Scores pictures; a score is the logarithm of the odds. Real and made pictures
            come to it in passes of their own, so that batch normalisation does not mix them.
        learning_rate: Step size of Adam for both players.
        betas: Decay of Adam's first and second moment.

    Raises:
        RecipeError: A number that no game can be played with.

    Source:
        Goodfellow et al., NeurIPS 2014, algorithm 1 and section 3; Radford, Metz and Chintala,
        ICLR 2016, section 4, for the numbers.
    """

    family: ClassVar[str] = "GAN"
    kind: Literal["minimax"] = "minimax"
    generator: AnyGenerator = field(default_factory=Generator)
    discriminator: AnyDiscriminator = field(default_factory=textbook_critic)
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)

    players = two_players
    prepare = staticmethod(fit_base)
    margin = staticmethod(by_odds)

    def __post_init__(self) -> None:
        refuse_rate(self.learning_rate, self.betas)

    def turns(self) -> tuple[Turn, ...]:
        """Critic, then generator."""
        return (
            Turn("discriminator", self.discriminator_loss),
            Turn("generator", self.generator_loss),
        )

    def discriminator_loss(self, players: Players, real: Single, rng: torch.Generator) -> Terms:
        """Binary cross-entropy: real pictures are 1, made ones 0."""
        critic = players["discriminator"]
        image, made = exhibit(players, self.generator.latent, real, rng).chunk(2)
        return {
            "real": softplus(-critic(image, real.condition)).mean(),
            "made": softplus(critic(made, real.condition)).mean(),
        }

    def generator_loss(self, players: Players, real: Single, rng: torch.Generator) -> Terms:
        """Binary cross-entropy of made pictures that are called real."""
        made = sample(players, self.generator.latent, real.condition, rng)
        return {"adversarial": softplus(-players["discriminator"](made, real.condition)).mean()}
