"""Cuts the sets of an assessment into groups that may be compared."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from vesalius.evidence.baselines import augmented, blurred, linear_samples
from vesalius.evidence.contract import Sets
from vesalius.evidence.effort import Effort
from vesalius.evidence.features import Space
from vesalius.evidence.intervals import numbered
from vesalius.evidence.measure import Views
from vesalius.evidence.sampling import matched, shares_of
from vesalius.shapes import Stack

_LEAST = 20

Rows = Int[np.ndarray, "_"]
"""Rows of a set."""


@dataclass(frozen=True, eq=False)
class Group:
    """Rows of each set that are compared with each other: equal counts, equal class shares.

    Args:
        name: Class, or ``all``.
        real: Rows of the holdout.
        made: Draws of as many rows of the made set.
        train: As many rows of the training set.
        pool_train: Training rows for the floor.
        pool_holdout: Holdout rows for the floor.
    """

    name: str
    real: Rows
    made: tuple[Rows, ...]
    train: Rows
    pool_train: Rows
    pool_holdout: Rows


def groups(sets: Sets, effort: Effort, seed: int) -> list[Group]:
    """All pictures together, then each class that has twenty pictures in every set."""
    rng = np.random.default_rng(seed)
    every = np.ones(len(sets.classes), bool)
    found = [_group("all", sets, every, effort.draws, rng)]
    if len(sets.classes) > 1 and effort.per_class:
        for index, name in enumerate(sets.classes):
            counts = [(one.labels == index).sum() for one in (sets.train, sets.holdout, sets.made)]
            if min(counts) >= _LEAST:
                found.append(_group(name, sets, np.arange(len(every)) == index, 1, rng))
    return found


def _group(
    name: str, sets: Sets, wanted: np.ndarray, draws: int, rng: np.random.Generator
) -> Group:
    rows = [np.flatnonzero(wanted[one.labels]) for one in (sets.train, sets.holdout, sets.made)]
    train, real, made = rows
    shares = shares_of(sets.holdout.labels[real])
    most = min(len(real), len(made), (len(train) + len(real)) // 2)
    chosen = made[matched(sets.made.labels[made], shares, most, rng)]
    if len(chosen) < _LEAST // 2:
        chosen = rng.permutation(made)[:most]
    more = range(draws - 1) if len(made) > len(chosen) else range(0)
    others = [made[matched(sets.made.labels[made], shares, len(chosen), rng)] for _ in more]
    picked = real[matched(sets.holdout.labels[real], shares, len(chosen), rng)]
    alike = train[matched(sets.train.labels[train], shares, len(chosen), rng)]
    return Group(name, picked, (chosen, *others), alike, train, real)


@dataclass(frozen=True, eq=False)
class References:
    """Pictures of known worth for one group, ready to be embedded."""

    stacks: dict[str, Stack]


def references(sets: Sets, group: Group, seed: int, mirror: bool) -> References:
    """Training pictures themselves, augmented, samples of the linear model, and blurred ones."""
    train = np.ascontiguousarray(sets.train.stack[group.train])
    labels = sets.train.labels[group.train]
    samples = linear_samples(
        sets.train.stack, sets.train.labels, len(set(sets.train.patients)), labels, seed
    )
    return References(
        {
            "train": train,
            "augmented": augmented(train, seed, mirror),
            "linear": samples,
            "blur": blurred(train),
        }
    )


def view(space: Space, sets: Sets, group: Group, refs: References, effort: Effort, seed: int) -> Views:
    """One group as one feature space sees it."""
    people = numbered(sets.train.patients + sets.holdout.patients)
    train_people, held_people = people[: len(sets.train)], people[len(sets.train) :]
    pool = np.concatenate(
        [
            space.embed(sets.train.stack[group.pool_train]),
            space.embed(sets.holdout.stack[group.pool_holdout]),
        ]
    )
    pool_people = np.concatenate([train_people[group.pool_train], held_people[group.pool_holdout]])
    return Views(
        space.record.name,
        group.name,
        space.embed(sets.holdout.stack[group.real]),
        numbered(tuple(sets.holdout.patients[row] for row in group.real)),
        tuple(space.embed(sets.made.stack[rows]) for rows in group.made),
        {name: space.embed(stack) for name, stack in refs.stacks.items()},
        pool,
        np.unique(pool_people, return_inverse=True)[1],
        effort.splits,
        seed,
    )
