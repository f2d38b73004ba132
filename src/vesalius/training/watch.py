"""The watch: which moment of a run is worth keeping, judged on people aside and never by a loss."""

import copy
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from operator import attrgetter
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int
from torch import nn

from vesalius.errors import EmptyCohortError
from vesalius.model.model import drawn, together
from vesalius.shapes import Batch, Stack
from vesalius.tasks import AnyTask
from vesalius.training.average import Average, settle_centre, settle_norms
from vesalius.training.interrupt import uninterrupted
from vesalius.training.loop import Game, Snapshot
from vesalius.training.stream import Stacked, batch, stack_made

_PRICED = 32
_SEEN_AT_ONCE = 64
_BATCHES = 8
_VALUES_AT_ONCE = 2**23
_VALUES = 2**26


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


def look(
    game: Game, stacked: Stacked, judge: Judge, averages: int = 2, between: Callable[[], None] = uninterrupted
) -> Look:
    """Show a judge what the averages of the game make now, and keep the better if it is the best so far.

    A function of the game alone, so that a resumed run keeps the same moment.

    Args:
        game: Its `kept` may change; everything else is left as it is.
        stacked: Training pictures, for the shares of the classes.
        judge: Who looks.
        averages: How many of the averages he is shown, the faster first.
        between: Called before each batch of pictures that is made for him; what it raises ends the look.

    Returns:
        What is said of the better one; among its numbers in which share of all pictures it forgets half.
    """
    shown = game.averages[:averages]
    return min((_look(game, stacked, judge, each, between) for each in shown), key=attrgetter("rank"))


def price(
    game: Game,
    stacked: Stacked,
    judge: Judge,
    clock: Callable[[], float],
    between: Callable[[], None] = uninterrupted,
) -> float:
    """Seconds that it takes to make the pictures of one average for a judge, foreseen from some of them.

    Args:
        game: It is left as it is.
        stacked: Training pictures, for the shares of the classes.
        judge: Who will look.
        clock: Tells the time in seconds.
        between: As for `look`.
    """
    labels, seed = judge.labels.tolist(), game.recipe.seed
    some = labels[: min(_PRICED, together(game.recipe))]
    begun = clock()
    generator = settled(game, stacked, game.average, between)
    # The first pictures take longer than others, and wait for what an accelerator was asked for before.
    drawn(generator, game.recipe, labels[:1], seed, between=between)
    ready = clock()
    drawn(generator, game.recipe, some, seed, between=between)
    return ready - begun + (clock() - ready) * len(labels) / len(some)


def _look(game: Game, stacked: Stacked, judge: Judge, average: Average, between: Callable[[], None]) -> Look:
    generator, recipe = settled(game, stacked, average, between), game.recipe
    made = drawn(generator, recipe, judge.labels.tolist(), recipe.seed, between=between)
    said = _said(made, judge, recipe.task)
    if said.rank < (inf if game.kept is None else game.kept.rank):
        weights = {name: value.cpu() for name, value in generator.state_dict().items()}
        game.kept = Snapshot(game.step, said.rank, weights)
    return Look(said.rank, {**said.numbers, "watch/average": average.ramp} if said.numbers else {})


def _said(voxels: Batch, judge: Judge, task: AnyTask) -> Look:
    """What the judge says; of pictures that are not finite, or too blank to be scaled, nothing good."""
    labels = judge.labels.tolist()
    if bool(voxels.isfinite().all()):
        with suppress(EmptyCohortError):
            made = stack_made(voxels, labels, task)
            if len(made) == len(labels):
                return judge(made.stack)
    return Look(inf, {})


def settled(
    game: Game, stacked: Stacked, average: Average, between: Callable[[], None] = uninterrupted
) -> nn.Module:
    """An averaged generator as it would be kept: a copy, its normalisation measured anew.

    Args:
        game: As it stands.
        stacked: Training pictures, for the shares of the classes.
        average: One of the game.
        between: Called before each batch that is made to measure by.
    """
    recipe, machine = game.recipe, game.machine
    generator, latent = copy.deepcopy(average.network), recipe.objective.generator.latent
    # Of large volumes fewer: their features lie in memory all at once.
    count = max(recipe.batch, min(_SEEN_AT_ONCE, _VALUES_AT_ONCE // recipe.task.voxels))
    batches = max(2, min(_BATCHES, _VALUES // (count * recipe.task.voxels)))
    typical = batch(stacked, recipe.seed, game.step, 0, count).condition.to(machine.device)
    with machine.precision(False):
        settle_norms(generator, latent, typical, recipe.seed, batches, between)
        settle_centre(generator, latent, typical, recipe.seed, batches, between)
    return generator.eval()
