"""The watch: which moment of a run is worth keeping, judged on people aside and never by a loss."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int
from torch import nn

from vesalius.model.model import drawn
from vesalius.shapes import Stack
from vesalius.training.average import settle_norms
from vesalius.training.loop import Game, Snapshot
from vesalius.training.stream import Stacked, batch, stack_made

LOOKS = frozenset(round(250 * 2 ** (half / 2)) for half in range(40))
"""Steps after which the watch looks: half octaves, so that its cost grows with the logarithm of a run."""

_SEEN_BY_NORMS = 64


@dataclass(frozen=True)
class Look:
    """What a judge says of the pictures of one moment.

    Args:
        rank: Lower is better; comparable between looks of one judge only.
        numbers: What the rank was made of, by name.
    """

    rank: float
    numbers: Mapping[str, float]


@runtime_checkable
class Judge(Protocol):
    """Who says how good pictures are, by people that the generator does not learn from."""

    @property
    def labels(self) -> Int[np.ndarray, "_"]:
        """Class of each picture that it wants to see."""
        ...

    @property
    def patients(self) -> int:
        """How many people it judges by."""
        ...

    def __call__(self, made: Stack) -> Look:
        """Look at made pictures of the classes of `labels`."""
        ...


def look(game: Game, stacked: Stacked, judge: Judge) -> Look:
    """Show a judge what the game makes now, and keep this moment if it is the best so far.

    A function of the game alone, so that a resumed run keeps the same moment.

    Args:
        game: Its `kept` may change; everything else is left as it is.
        stacked: Training pictures, for the shares of the classes.
        judge: Who looks.
    """
    generator, recipe = settled(game, stacked), game.recipe
    voxels = drawn(generator, recipe, judge.labels.tolist(), recipe.seed)
    said = Look(inf, {})
    if bool(voxels.isfinite().all()):
        said = judge(stack_made(voxels, judge.labels.tolist(), recipe.task).stack)
    rank = said.rank if isfinite(said.rank) else inf
    if game.kept is None or rank < game.kept.rank:
        game.kept = Snapshot(game.step, rank, generator.state_dict())
    return said


def settled(game: Game, stacked: Stacked) -> nn.Module:
    """The averaged generator as it would be kept: a copy on the CPU, its normalisation measured anew.

    Args:
        game: As it stands.
        stacked: Training pictures, for the shares of the classes.
    """
    recipe, machine = game.recipe, game.machine
    generator = copy.deepcopy(game.average.network)
    typical = batch(stacked, recipe.seed, game.step, 0, _SEEN_BY_NORMS).condition.to(machine.device)
    with machine.precision(False):
        settle_norms(generator, recipe.objective.generator.latent, typical, recipe.seed)
    return generator.cpu().eval()
