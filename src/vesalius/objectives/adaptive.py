"""Augmentation as strong as the critic's overfitting asks for, and no stronger."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vesalius.errors import RecipeError
from vesalius.networks.ranks import count, sum_over_all
from vesalius.shapes import Scores


@dataclass(frozen=True, kw_only=True)
class Adaptive:
    """How the strength of augmentation follows the critic.

    The sign of the critic's scores of real training pictures is 1 on average where it knows them by
    heart and 0 where it cannot tell: above the target strength rises, below it falls.

    Args:
        target: Mean sign that is aimed at.
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
    def follow(self, scores: Scores) -> None:
        """Take note of scores of real pictures, and adjust when it is time; no value is waited for."""
        self.signs += sum_over_all(scores.sign().sum())
        self.seen += len(scores) * count()
        self.batches += 1
        is_time = self.batches >= self.spec.every
        way = (self.signs / self.seen - self.spec.target).sign()
        moved = (self.value + way * self.seen / self.spec.ramp).clamp(0, self.spec.most)
        self.value.copy_(torch.where(is_time, moved, self.value))
        for counted in (self.signs, self.seen, self.batches):
            counted.masked_fill_(is_time, 0)
