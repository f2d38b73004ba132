"""The loop. There is one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor
from torch.optim import Adam

from vesalius.errors import DivergenceError
from vesalius.networks import ranks
from vesalius.networks.blocks import seeded, size_of
from vesalius.objectives.turn import Objective, Players, Turn
from vesalius.recipes.recipe import Recipe
from vesalius.training.average import Average
from vesalius.training.devices import Machine, brought
from vesalius.training.stream import Stacked, batch

_SEEN_BY_PREPARE = 4096
_VALUES_SEEN = 2**29
_RAMP = 0.05
_SLOWER = 0.2


@dataclass(frozen=True)
class Tick:
    """What one step did.

    Args:
        step: Steps played so far, this one included.
        losses: Terms by ``player/term``, still on the device: reading one waits for it.
    """

    step: int
    losses: Mapping[str, Tensor]

    def numbers(self) -> dict[str, float]:
        """The terms as numbers.

        Raises:
            DivergenceError: One of them is not finite.
        """
        read = {name: float(value) for name, value in self.losses.items()}
        for name, value in read.items():
            if not abs(value) < float("inf"):
                player, _, term = name.partition("/")
                raise DivergenceError(player, term, self.step)
        return read


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A moment of a game that is worth keeping.

    Args:
        step: Steps played until then.
        rank: What a judge said of it; lower is better.
        weights: Of the generator, as it would be saved.
    """

    step: int
    rank: float
    weights: Mapping[str, Tensor]


@dataclass(frozen=True)
class Pulse:
    """What pictures are like, in three numbers, and in two how the game goes that makes them.

    Args:
        spread: How much pictures of one class differ, seen coarsely: their standard deviation in
            scaled units. A collapse is a fall of it.
        roughness: Mean squared difference of neighbouring pixels. Noise, lattices and checkerboards
            are a rise of it.
        variety: Share of the fine detail, in amplitude, that differs between pictures of one class: 0
            where all have the same, 1 where nothing is common to them. Of made pictures only what the
            network adds to its linear base counts. A network that no longer listens is a fall of it.
        margin: How far the critic scores made pictures below real ones, on the scale of its loss: at 1 it has
            nothing left to win; see `objectives.margin`. None where nobody scores: of a game of one, and of
            training pictures.
        slope: Length of the gradients that have lately moved the generator, over as many steps as Adam
            remembers. A game that runs away is a rise of it, which lasts. None before the first step, and of
            training pictures.
    """

    spread: float
    roughness: float
    variety: float = 0.0
    margin: float | None = None
    slope: float | None = None


@dataclass(frozen=True)
class Haven:
    """A moment of a game to fall back to; all of it lies in a file of the run.

    Args:
        step: Steps played until then.
        pulse: Of what was made then; its slope is the least of this and of all shelters before.
    """

    step: int
    pulse: Pulse


@dataclass
class Game:
    """A recipe being played: the few things that change.

    Args:
        recipe: What is played.
        players: Networks by name.
        optimizers: One for each player that has parameters.
        average: Slow copy of the generator.
        slower: A slower one: what a game that has arrived is best kept as, and one on its way is not.
        machine: Where it is played.
        step: Steps played so far.
        kept: The best moment so far, where a judge looks; see `training.watch`.
        haven: The moment to fall back to; see `training.rescue`.
        tries: How often the game fell back.
    """

    recipe: Recipe
    players: Players
    optimizers: dict[str, Adam]
    average: Average
    slower: Average
    machine: Machine
    step: int = 0
    kept: Snapshot | None = None
    haven: Haven | None = None
    tries: int = 0

    @property
    def objective(self) -> Objective:
        """What is played now: that of the recipe, calmed where the game fell back."""
        return self.recipe.calmed(self.tries).objective

    @property
    def averages(self) -> tuple[Average, Average]:
        """What a judge may choose from, the faster first."""
        return self.average, self.slower


def begin(recipe: Recipe, stacked: Stacked, machine: Machine) -> Game:
    """Fresh players that have looked at the training pictures once, the same in all processes.

    Args:
        recipe: What will be played.
        stacked: Training pictures.
        machine: Where it will be played.

    Raises:
        RecipeError: Several processes play, and cannot share its batch.
    """
    objective: Objective = recipe.objective
    ranks.refuse_uneven(recipe.batch, getattr(getattr(objective, "discriminator", None), "group", 1))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        players = objective.players(stacked.shape, recipe.task.conditions)
    # Of large pictures fewer: they lie in memory all at once, in 2 GiB at most.
    most = min(_SEEN_BY_PREPARE, _VALUES_SEEN // size_of(stacked.shape))
    objective.prepare(players, stacked.at(_some_of_each(stacked, most)))
    machine.settle(players)
    ranks.same_(players)
    average, slower = (Average(players["generator"], recipe.half_life, ramp) for ramp in (_RAMP, _SLOWER))
    ranks.shared(players)
    movers = {name: player for name, player in players.items() if any(True for _ in player.parameters())}
    optimizers = {name: _adam(objective, player.parameters()) for name, player in movers.items()}
    return Game(recipe, players, optimizers, average, slower, machine)


def train(game: Game, stacked: Stacked) -> Iterator[Tick]:
    """Play on from where the game stands, one tick at a time.

    There are no callbacks: stop by leaving the ``for``, save by saving, log by logging.
    Every random number is a function of the recipe's seed, the step and the turn, so a game
    that was saved and resumed goes on as if nothing had happened.

    Args:
        game: Changed in place.
        stacked: Training pictures.
    """
    recipe, machine = game.recipe, game.machine
    stacked = brought(stacked, machine.device, machine.room)
    while game.step < recipe.steps:
        losses: dict[str, Tensor] = {}
        for index, turn in enumerate(game.objective.turns()):
            if game.step % turn.every == 0:
                losses |= _take(game, turn, stacked, index)
        game.step += 1
        for average in game.averages:
            average.follow(game.players["generator"], recipe.batch, game.step * recipe.batch)
        yield Tick(game.step, losses)


def _take(game: Game, turn: Turn, stacked: Stacked, index: int) -> dict[str, Tensor]:
    recipe, machine = game.recipe, game.machine
    for name, player in game.players.items():
        player.requires_grad_(name == turn.player)
    real = batch(stacked, recipe.seed, game.step, index, recipe.batch, ranks.mine).to(machine.device)
    rng = seeded(recipe.seed, game.step, index)
    with machine.precision(turn.is_precise):
        terms = turn.loss(game.players, real, rng)
    optimizer = game.optimizers[turn.player]
    optimizer.zero_grad()
    torch.stack([value.float() for value in terms.values() if value.requires_grad]).sum().backward()
    slopes = [each.grad for each in game.players[turn.player].parameters() if each.grad is not None]
    losses = {f"{turn.player}/{term}": value.detach() for term, value in terms.items()}
    ranks.average_([*slopes, *losses.values()])
    optimizer.step()
    return losses


def _adam(objective: Objective, parameters: Iterator[torch.nn.Parameter]) -> Adam:
    return Adam(parameters, lr=objective.learning_rate, betas=objective.betas, fused=True)


def _some_of_each(stacked: Stacked, most: int) -> Int[np.ndarray, "b"]:
    """Up to `most` pictures, evenly over the cohort: of each class as many, where it has so many."""
    members = [np.flatnonzero(stacked.labels == index) for index in np.unique(stacked.labels)]
    chosen, left = [], most
    for classes, rows in zip(range(len(members), 0, -1), sorted(members, key=len), strict=True):
        count = min(len(rows), max(1, left // classes))
        chosen.append(rows[np.linspace(0, len(rows) - 1, count).round().astype(int)])
        left -= count
    return np.sort(np.concatenate(chosen))
