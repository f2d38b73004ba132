"""A quick look at made pictures while a generator learns: is it worth keeping as it is now?"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import log, sqrt

import numpy as np
from jaxtyping import Float, Int

from vesalius.evidence.diversity import neighbourhoods
from vesalius.evidence.features import Space, ssl_space, texture_space
from vesalius.evidence.fidelity import kernel_distance
from vesalius.evidence.intervals import numbered
from vesalius.evidence.planes import Features
from vesalius.evidence.verdict import Thresholds
from vesalius.networks.blocks import size_of
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
_VALUES_KNOWN = 2**28
_ENCODER_STEPS = 150
_DRAWS = 8
_SLACK = Thresholds().coverage_slack
_LOST = 50.0
_SURE = 2.0  # standard errors by which a class of few pictures may fall behind


@dataclass(frozen=True, eq=False)
class Kind:
    """Pictures of one class among those that are judged by, or all of them.

    Args:
        label: The class; None for all.
        least: Coverage below which variety is being lost: what real pictures reach, less what a verdict
            allows and chance explains.
    """

    label: int | None
    least: float

    def of(self, rows: Features, labels: Int[np.ndarray, "_"]) -> Features:
        """Its rows."""
        return rows if self.label is None else rows[labels == self.label]


@dataclass(frozen=True, eq=False)
class Glance:
    """A judge for the watch: kernel distance in two feature spaces, and coverage.

    The rank is a sum of logarithms: halving the distance in one space weighs as much as halving
    it in the other, or as doubling the share of real pictures that are covered. Distances count
    only above what real pictures show among themselves. Where coverage, of all pictures or of a class of
    them, is further below what real pictures reach than a verdict allows, variety is being lost, and every
    further 0.02 weighs as much as a distance 2.7 times as long: sharper pictures do not make up for
    missing people, nor does one class for another.

    Args:
        spaces: ``texture`` and ``ssl``, fitted on training pictures.
        real: Pictures of people aside, as each space sees them.
        noise: Distance between as many training and those pictures, in each space.
        kinds: All of them, then each class of which there are enough, in the last space.
        labels: Class of each picture that is wanted: those of the people aside, several times.
        people: Person of each picture of people aside, numbered from 0.
    """

    spaces: tuple[Space, ...]
    real: tuple[Float[np.ndarray, "_ _"], ...]
    noise: tuple[float, ...]
    kinds: tuple[Kind, ...]
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
        covered = [self._covered(kind, rows[-1]) for kind in self.kinds]
        near = sum(log(max(one, 0.0) + noise) for one, noise in zip(distances, self.noise, strict=True))
        missing = [kind.least - share for kind, share in zip(self.kinds, covered, strict=True)]
        rank = near - log(covered[0] + 1 / len(self.real[-1])) + _LOST * max(0.0, *missing)
        names = [space.record.name for space in self.spaces]
        numbers = {f"watch/KID {name}": one for name, one in zip(names, distances, strict=True)}
        numbers[f"watch/coverage {names[-1]}"] = covered[0]
        if len(covered) > 1:
            worst = 1 + int(np.argmax(missing[1:]))
            numbers[f"watch/coverage {names[-1]} of the worst class"] = covered[worst]
        return Look(rank, numbers)

    def _covered(self, kind: Kind, made: Features) -> float:
        wanted = self.labels[: len(self.real[-1])]
        return _coverage(kind.of(self.real[-1], wanted), kind.of(made, self.labels))


def can_judge(pictures: int, people: int) -> bool:
    """Whether so many pictures of so many people aside are enough to judge by."""
    return pictures >= LEAST and people >= PEOPLE


def glance_by(train: Stacked, aside: Stacked, seed: int = 0) -> Glance | None:
    """A judge who knows the training pictures and judges by people aside.

    Args:
        train: What the generator learns from.
        aside: Pictures of other people, neither learnt from nor tested on.
        seed: Of the features and the choice of pictures.

    Returns:
        The judge; None when there are too few pictures aside to judge by, or too few people.
    """
    if not can_judge(len(aside), len(set(aside.patients))):
        return None
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(aside))[:_MOST])
    # Enough to know the training pictures by; a large cohort, or large pictures, need not fit into memory.
    most = min(len(train), _KNOWN, max(len(chosen), _VALUES_KNOWN // size_of(train.shape)))
    known = train.stack[np.unique(np.linspace(0, len(train) - 1, most).round().astype(int))]
    spaces = (texture_space(known), ssl_space(known, seed, _ENCODER_STEPS))
    real = tuple(space.embed(aside.stack[chosen]) for space in spaces)
    others = [np.sort(rng.permutation(len(train))[: len(chosen)]) for _ in range(_DRAWS)]
    drawn = [[space.embed(train.stack[rows]) for rows in others] for space in spaces]
    wanted = aside.labels[chosen]
    usual = [(rows, train.labels[places]) for rows, places in zip(drawn[-1], others, strict=True)]
    people = numbered(tuple(aside.patients[index] for index in chosen))
    noise = tuple(_noise(*pair, people) for pair in zip(real, drawn, strict=True))
    labels = np.tile(wanted, max(1, round(_MADE / len(chosen))))
    return Glance(spaces, real, noise, tuple(_kinds(real[-1], wanted, usual)), labels, people)


def _kinds(
    real: Features, labels: Int[np.ndarray, "_"], usual: list[tuple[Features, Int[np.ndarray, "_"]]]
) -> Iterator[Kind]:
    """All pictures, and each class of which enough are there in every draw."""
    whole = np.mean([_coverage(real, rows) for rows, _ in usual])
    yield Kind(None, float(whole) - _SLACK)
    classes = np.unique(labels)
    for label in classes if len(classes) > 1 else ():
        kind = Kind(int(label), 0.0)
        counts = [int((labels == label).sum()), *(int((drawn == label).sum()) for _, drawn in usual)]
        if min(counts) >= LEAST:
            found = np.mean([_coverage(kind.of(real, labels), kind.of(*draw)) for draw in usual])
            chance = _SURE * sqrt(found * (1 - found) / min(counts))
            yield replace(kind, least=float(found) - _SLACK - chance)


def _noise(real: Features, draws: list[Features], people: Int[np.ndarray, "_"]) -> float:
    """Typical distance of real pictures from real pictures: what cannot be told from none."""
    return max(float(np.mean([abs(kernel_distance(real, rows, people)[0]) for rows in draws])), 1e-9)


def _coverage(real: Features, made: Features) -> float:
    """Share of real pictures that are covered, over draws of equal count."""
    size = min(len(real), len(made))
    starts = range(0, len(made) - size + 1, size)
    return float(np.mean([neighbourhoods(real[:size], made[at : at + size]).covered.mean() for at in starts]))
