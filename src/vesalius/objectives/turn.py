"""The game: players, and the turns they take."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from vesalius.errors import RecipeError
from vesalius.example import Single
from vesalius.networks.blocks import Shape
from vesalius.networks.conditions import Conditions

Players = nn.ModuleDict
"""The networks of a game by name; state that must survive a restart is a buffer of one."""

Terms = dict[str, Tensor]
"""A loss as its named terms: the loop sums those with a gradient, and only writes down those without."""


@dataclass(frozen=True)
class Turn:
    """One player moves while the others hold still.

    Args:
        player: Whose parameters move.
        loss: Named terms of a batch; the random stream is the turn's own. What is drawn for each row is
            drawn by `networks.ranks`, and what is not a mean over rows asks it for the whole batch: then
            several processes play the same game.
        every: The turn is taken at every so-many-th step.
        is_precise: Whether the loss is computed in float32 throughout. Lazy penalties are, being rare; those
            that are paid at every step are not, but for scores and slopes.
    """

    player: str
    loss: Callable[[Players, Single, torch.Generator], Terms]
    every: int = 1
    is_precise: bool = False


@runtime_checkable
class Objective(Protocol):
    """What the loop asks of a game."""

    @property
    def learning_rate(self) -> float:
        """Step size of Adam for every player."""
        ...

    @property
    def betas(self) -> tuple[float, float]:
        """Decay of Adam's first and second moment."""
        ...

    def players(self, shape: Shape, classes: Conditions) -> Players:
        """Fresh networks for pictures of a shape."""
        ...

    def prepare(self, players: Players, sample: Single) -> None:
        """Look at training pictures once before the first turn."""
        ...

    def turns(self) -> tuple[Turn, ...]:
        """The turns of one step, in order."""
        ...


def refuse_rate(learning_rate: float, betas: tuple[float, float]) -> None:
    """Refuse numbers that Adam cannot step by.

    Args:
        learning_rate: Step size.
        betas: Decay of first and second moment.

    Raises:
        RecipeError: One of them is out of its range; the message names it.
    """
    if not 0 < learning_rate < inf:
        raise RecipeError(f"learning_rate is {learning_rate}, wanted more than 0")
    if not all(0 <= beta < 1 for beta in betas):
        raise RecipeError(f"betas are {betas}, wanted two numbers from 0 to below 1")
