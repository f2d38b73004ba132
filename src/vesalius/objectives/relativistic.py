"""R3GAN: a relativistic pairing loss kept flat on both sides."""

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
from vesalius.objectives.penalties import steepness
from vesalius.objectives.turn import Players, Terms, Turn


@dataclass(frozen=True, kw_only=True)
class Relativistic:
    """Two players; the critic only says which of two pictures is the more real.

    Args:
        generator: Makes pictures.
        discriminator: Scores pictures.
        augment: What the critic must forgive.
        adaptive: How the strength of `augment` follows the critic; None keeps it as it is.
        gamma: Weight of the R1 and R2 penalties.
        lazy: They are paid at every so-many-th step, that many times as heavy; at every step as published
            where it is 1, in the pass that scores.
        learning_rate: Step size of Adam for both players.
        betas: Decay of Adam's first and second moment.

    Raises:
        RecipeError: A number that no game can be played with.

    Source:
        Huang et al., The GAN is dead; long live the GAN! (R3GAN), NeurIPS 2024, eq. 2 to 4; Karras et al.,
        CVPR 2020, section 3.1, for lazy regularisation.
    """

    family: ClassVar[str] = "GAN"
    kind: Literal["relativistic"] = "relativistic"
    generator: AnyGenerator = field(default_factory=Generator)
    discriminator: AnyDiscriminator = field(default_factory=Discriminator)
    augment: Augment = field(default_factory=Augment)
    adaptive: Adaptive | None = None
    gamma: float = 1.0
    lazy: int = 1
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
        """Critic, its penalty where that is lazy, generator."""
        lazily = Turn("discriminator", self.penalty, every=self.lazy, is_precise=True)
        return (
            Turn("discriminator", self.discriminator_loss),
            *((lazily,) if self.lazy > 1 else ()),
            Turn("generator", self.generator_loss),
        )

    def discriminator_loss(self, players: Players, real: Single, rng: torch.Generator) -> Terms:
        """Score every real picture above a made one of its class, stay flat at both; the strength looks on.

        Where it adapts, ``strength`` is written down, and ``r_t``: twice the share of pairs in which the real
        picture is scored above the made one, less 1.
        """
        shown = exhibit(players, self.generator.latent, real, rng)
        pictures = augmented(self, players, shown, rng).requires_grad_()
        on_real, on_made = opinions(players, pictures, real.condition)
        terms = {"adversarial": softplus(on_made - on_real).mean()}
        if self.lazy == 1:
            terms["r1+r2"] = self.gamma * steepness(torch.cat([on_real, on_made]), pictures)
        return terms | watched(players, on_real - on_made)

    def penalty(self, players: Players, real: Single, rng: torch.Generator) -> Terms:
        """R1 and R2 in a pass of their own: stay flat at real and made pictures."""
        shown = exhibit(players, self.generator.latent, real, rng)
        pictures = augmented(self, players, shown, rng).requires_grad_()
        both = torch.cat(opinions(players, pictures, real.condition))
        return {"r1+r2": self.lazy * self.gamma * steepness(both, pictures)}

    def generator_loss(self, players: Players, real: Single, rng: torch.Generator) -> Terms:
        """Score made pictures above real ones of their class."""
        made = sample(players, self.generator.latent, real.condition, rng)
        real_side, made_side = augmented(self, players, torch.cat([real.image, made]), rng).chunk(2)
        # Nothing is learnt through the real half: in one pass with the made one it would cost a way back.
        with torch.no_grad():
            on_real = players["discriminator"](real_side, real.condition)
        on_made = players["discriminator"](made_side, real.condition)
        return {"adversarial": softplus(on_real - on_made).mean()}
