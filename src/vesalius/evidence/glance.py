"""A quick look at made pictures while a generator learns: is it worth keeping as it is now?"""

from dataclasses import dataclass
from math import log

import numpy as np
from jaxtyping import Float, Int

from vesalius.evidence.diversity import neighbourhoods
from vesalius.evidence.features import Space, ssl_space, texture_space
from vesalius.evidence.fidelity import kernel_distance
from vesalius.evidence.intervals import numbered
from vesalius.evidence.planes import Features
from vesalius.evidence.verdict import Thresholds
from vesalius.shapes import Stack
from vesalius.training.stream import Stacked
from vesalius.training.watch import Look

LEAST = 20
"""Pictures of people aside without which nobody judges."""

PEOPLE = 10
"""People aside without whom nobody judges: many pictures of one person show one person."""

_MOST = 400
_MADE = 400
_KNOWN = 4000
_ENCODER_STEPS = 150
_DRAWS = 8
_SLACK = Thresholds().coverage_slack
_LOST = 50.0


@dataclass(frozen=True, eq=False)
class Glance:
    """A judge for the watch: kernel distance in two feature spaces, and coverage.

    The rank is a sum of logarithms: halving the distance in one space weighs as much as halving
    it in the other, or as doubling the share of real pictures that are covered. Distances count
    only above what real pictures show among themselves. Where coverage is further below what real
    pictures reach than a verdict allows, variety is being lost, and every further 0.02 weighs as
    much as a distance 2.7 times as long: sharper pictures do not make up for missing people.

    Args:
        spaces: ``texture`` and ``ssl``, fitted on training pictures.
        real: Pictures of people aside, as each space sees them.
        noise: Distance between as many training and those pictures, in each space.
        usual: Coverage of those pictures by as many training pictures, in the last space.
        labels: Class of each picture that is wanted: those of the people aside, several times.
        people: Person of each picture of people aside, numbered from 0.
    """

    spaces: tuple[Space, ...]
    real: tuple[Float[np.ndarray, "_ _"], ...]
    noise: tuple[float, ...]
    usual: float
    labels: Int[np.ndarray, "_"]
    people: Int[np.ndarray, "_"]

    @property
    def patients(self) -> int:
        """How many people it judges by."""
        return len(np.unique(self.people))

    def __call__(self, made: Stack) -> Look:
        """Rank made pictures of the classes of `labels`; lower is better."""
        rows = [space.embed(made) for space in self.spaces]
        pairs = zip(self.real, rows, strict=True)
        distances = [kernel_distance(real, one, self.people)[0] for real, one in pairs]
        covered = _coverage(self.real[-1], rows[-1])
        near = sum(log(max(one, 0.0) + noise) for one, noise in zip(distances, self.noise, strict=True))
        rank = near - log(covered + 1 / len(self.real[-1]))
        rank += _LOST * max(0.0, self.usual - _SLACK - covered)
        names = [space.record.name for space in self.spaces]
        numbers = {f"watch/KID {name}": one for name, one in zip(names, distances, strict=True)}
        return Look(rank, numbers | {f"watch/coverage {names[-1]}": covered})


def glance_by(train: Stacked, aside: Stacked, seed: int = 0) -> Glance | None:
    """A judge who knows the training pictures and judges by people aside.

    Args:
        train: What the generator learns from.
        aside: Pictures of other people, neither learnt from nor tested on.
        seed: Of the features and the choice of pictures.

    Returns:
        The judge; None when there are too few pictures aside to judge by, or too few people.
    """
    if len(aside) < LEAST or len(set(aside.patients)) < PEOPLE:
        return None
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(aside))[:_MOST])
    # Enough to know the training pictures by; all of a large cohort need not fit into memory.
    known = train.stack[
        np.unique(np.linspace(0, len(train) - 1, min(len(train), _KNOWN)).round().astype(int))
    ]
    spaces = (texture_space(known), ssl_space(known, seed, _ENCODER_STEPS))
    real = tuple(space.embed(aside.stack[chosen]) for space in spaces)
    others = [np.sort(rng.permutation(len(train))[: len(chosen)]) for _ in range(_DRAWS)]
    drawn = [[space.embed(train.stack[rows]) for rows in others] for space in spaces]
    people = numbered(tuple(aside.patients[index] for index in chosen))
    noise = tuple(_noise(*pair, people) for pair in zip(real, drawn, strict=True))
    usual = float(np.mean([_coverage(real[-1], rows) for rows in drawn[-1]]))
    labels = np.tile(aside.labels[chosen], max(1, round(_MADE / len(chosen))))
    return Glance(spaces, real, noise, usual, labels, people)


def _noise(real: Features, draws: list[Features], people: Int[np.ndarray, "_"]) -> float:
    """Typical distance of real pictures from real pictures: what cannot be told from none."""
    return max(float(np.mean([abs(kernel_distance(real, rows, people)[0]) for rows in draws])), 1e-9)


def _coverage(real: Features, made: Features) -> float:
    """Share of real pictures that are covered, over draws of equal count."""
    size = min(len(real), len(made))
    starts = range(0, len(made) - size + 1, size)
    return float(np.mean([neighbourhoods(real[:size], made[at : at + size]).covered.mean() for at in starts]))
