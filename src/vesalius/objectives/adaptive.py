"""Augmentation as strong as the critic's overfitting asks for, and no stronger.

`steered_players` is written as the method ``players`` of a game that adapts; it takes it over by name.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vesalius.errors import RecipeError
from vesalius.networks.blocks import Shape
from vesalius.networks.conditions import Conditions
from vesalius.networks.ranks import count, sum_over_all
from vesalius.objectives.adversaries import TwoPlayers, two_players
from vesalius.objectives.augment import Augment
from vesalius.objectives.turn import Players, Terms
from vesalius.shapes import Batch, Scores


@dataclass(frozen=True, kw_only=True)
class Adaptive:
    """How the strength of augmentation follows the critic.

    Each game has a signal whose sign is 1 on average where the critic knows the training pictures by heart,
    and 0 where it cannot tell: above the target strength rises, below it falls. Where a score says real or
    made (hinge and logistic losses) it is the score of a real picture, as published. A relativistic critic
    knows no such border: there it is the score of a real picture less that of the made one that it is paired
    with, whose mean sign is twice the share of pairs told apart, less 1. That is our own choice, not yet
    measured on a cohort. Pairs are told apart more easily than a border is kept: real and made scores spread
    evenly (Gaussian) about two means have 0.77 in pairs where they have 0.6 alone, so the same target
    augments the sooner.

    Args:
        target: Mean sign of the signal that is aimed at.
        every: Batches between two adjustments.
        ramp: Pictures in which the strength may go from 0 to 1.
        most: Strength is not raised further: up to there augmentation does not leak in practice.

    Raises:
        RecipeError: A number that steers nothing.

    Source:
        Karras et al., Training Generative Adversarial Networks with Limited Data, NeurIPS 2020,
        section 3.1, eq. 1: r_t, its target of 0.6, every 4 batches, 500,000 pictures; section 2.2 for 0.8.
    """

    target: float = 0.6
    every: int = 4
    ramp: int = 500_000
    most: float = 0.8

    def __post_init__(self) -> None:
        if not -1 < self.target < 1:
            raise RecipeError(f"adaptive.target is {self.target}, wanted more than -1 and less than 1")
        for name in ("every", "ramp"):
            if getattr(self, name) < 1:
                raise RecipeError(f"adaptive.{name} is {getattr(self, name)}, wanted 1 or more")
        if not 0 < self.most <= 1:
            raise RecipeError(f"adaptive.most is {self.most}, wanted more than 0 and at most 1")

    def build(self) -> "Strength":
        """Strength 0, and nothing seen."""
        return Strength(self)


class Strength(nn.Module):
    """The strength of augmentation: a player without parameters, so that a checkpoint holds it.

    What was seen since the last adjustment is kept too, summed over all processes.

    Args:
        spec: How it follows the critic.
    """

    value: Tensor
    signs: Tensor
    seen: Tensor
    batches: Tensor

    def __init__(self, spec: Adaptive) -> None:
        super().__init__()
        self.spec = spec
        for name in ("value", "signs", "seen", "batches"):
            self.register_buffer(name, torch.zeros(()))

    @torch.no_grad()
    def follow(self, signal: Float[Tensor, "b"]) -> None:
        """Take note of the signal of some real pictures, and adjust when it is time; nothing is waited for.

        Args:
            signal: Above 0 where the critic knows a picture to be real; see `Adaptive`.
        """
        self.signs += sum_over_all(signal.sign().sum())
        self.seen += len(signal) * count()
        self.batches += 1
        is_time = self.batches >= self.spec.every
        way = (self.signs / self.seen - self.spec.target).sign()
        moved = (self.value + way * self.seen / self.spec.ramp).clamp(0, self.spec.most)
        self.value.copy_(torch.where(is_time, moved, self.value))
        for counted in (self.signs, self.seen, self.batches):
            counted.masked_fill_(is_time, 0)


@runtime_checkable
class Steered(TwoPlayers, Protocol):
    """A game of two players whose augmentation may adapt."""

    @property
    def augment(self) -> Augment:
        """What the critic must forgive."""
        ...

    @property
    def adaptive(self) -> Adaptive | None:
        """How the strength of it follows the critic; None keeps it as it is."""
        ...


def steered_players(game: Steered, shape: Shape, classes: Conditions) -> Players:
    """Fresh generator and discriminator, and the strength where it adapts.

    Args:
        game: Whose players.
        shape: Extent of one picture, ``(c, z, y, x)``.
        classes: What there is to tell apart.
    """
    players = two_players(game, shape, classes)
    if game.adaptive is not None:
        players["strength"] = game.adaptive.build()
    return players


def augmented(game: Steered, players: Players, image: Batch, rng: torch.Generator) -> Batch:
    """Pictures as the critic is shown them: as strongly changed as it stands now, where that adapts.

    Args:
        game: Whose augmentation.
        players: Hold the ``strength`` where it adapts.
        image: Pictures; gradients flow through.
        rng: Random stream on the CPU.
    """
    return game.augment(image, rng, None if game.adaptive is None else _strength(players).value)


def watched(players: Players, signal: Scores) -> Terms:
    """Let the strength look on, where it adapts: what it is, and the mean sign ``r_t`` that moves it.

    Args:
        players: Hold the ``strength`` where it adapts.
        signal: Of the real pictures, augmented; see `Adaptive`. Where there are several judges, the first is
            followed.

    Returns:
        Terms without gradient, so that nothing is learnt from them; none where nothing adapts.
    """
    if "strength" not in players:
        return {}
    strength, first = _strength(players), signal.detach().reshape(len(signal), -1)[:, 0]
    strength.follow(first)
    return {"strength": strength.value.clone(), "r_t": first.sign().mean()}


def _strength(players: Players) -> Strength:
    return players["strength"]  # pyright: ignore[reportReturnType]
