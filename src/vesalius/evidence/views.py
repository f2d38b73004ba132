"""Cuts the sets of an assessment into groups that may be compared."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from vesalius.evidence.baselines import augmented, blurred, linear_samples
from vesalius.evidence.contract import PEOPLE, Sets
from vesalius.evidence.features import Space
from vesalius.evidence.intervals import numbered
from vesalius.evidence.measure import Views
from vesalius.evidence.planes import Features
from vesalius.evidence.sampling import matched, shares_of
from vesalius.shapes import Stack

_LEAST = 20

Rows = Int[np.ndarray, "_"]
"""Rows of a set."""


@dataclass(frozen=True, eq=False)
class References:
    """Pictures of known worth, in the class shares of the holdout.

    Args:
        labels: Class of each, the same for all of them.
        stacks: ``train`` (training pictures as they are), ``augmented``, ``linear`` and ``blur``.
    """

    labels: Rows
    stacks: dict[str, Stack]


def references(sets: Sets, seed: int, mirror: bool) -> References:
    """Training pictures themselves, augmented, samples of the linear model, and blurred ones."""
    rng = np.random.default_rng(seed)
    pattern = sets.holdout if sets.has_others else sets.train
    rows = matched(sets.train.labels, shares_of(pattern.labels), len(pattern), rng)
    train, labels = sets.train.stack[rows], sets.train.labels[rows]
    people = numbered(sets.train.patients)
    stacks = {
        "train": train,
        "augmented": augmented(train, seed, mirror),
        "linear": linear_samples(sets.train.stack, sets.train.labels, people, labels, seed),
        "blur": blurred(train),
    }
    return References(labels, stacks)


@dataclass(frozen=True, eq=False)
class Seen:
    """All sets as one feature space sees them.

    Args:
        space: The space.
        train: Training pictures.
        holdout: Holdout pictures.
        made: Made pictures.
        references: Pictures of known worth, by name.
    """

    space: Space
    train: Features
    holdout: Features
    made: Features
    references: dict[str, Features]


def seen(space: Space, sets: Sets, refs: References) -> Seen:
    """Embed every set once."""
    embedded = {name: space.embed(stack) for name, stack in refs.stacks.items()}
    train, made = space.embed(sets.train.stack), space.embed(sets.made.stack)
    holdout = space.embed(sets.holdout.stack) if sets.has_others else train[:0]
    return Seen(space, train, holdout, made, embedded)


def group_names(sets: Sets) -> tuple[str, ...]:
    """The classes that have twenty pictures in every set, and three holdout people."""
    sides = (sets.train, sets.holdout, sets.made)
    counts = np.array([np.bincount(one.labels, minlength=len(sets.classes)) for one in sides]).min(axis=0)
    people = [
        len({sets.holdout.patients[row] for row in np.flatnonzero(sets.holdout.labels == index)})
        for index in range(len(sets.classes))
    ]
    found = zip(sets.classes, counts, people, strict=True)
    return tuple(name for name, count, held in found if count >= _LEAST and held >= PEOPLE)


def view(sets: Sets, refs: References, one: Seen, group: str, splits: int, draws: int, seed: int) -> Views:
    """One class, or ``all``, with equal counts and equal class shares on both sides.

    Args:
        sets: The sets.
        refs: Pictures of known worth.
        one: All of them in one space.
        group: Name of a class, or ``all``.
        splits: Half splits for the floor.
        draws: Sub-samples of the made pictures where there are more than needed.
        seed: Chooses among equals; the same rows in every space.
    """
    rng = np.random.default_rng(seed)
    train, real, made, known = (
        np.arange(len(labels)) if group == "all" else np.flatnonzero(labels == sets.classes.index(group))
        for labels in (sets.train.labels, sets.holdout.labels, sets.made.labels, refs.labels)
    )
    picked, chosen = _equal(sets, real, made, min(len(known), (len(train) + len(real)) // 2), draws, rng)
    people = numbered(sets.train.patients + sets.holdout.patients)
    pool_people = people[np.concatenate([train, len(sets.train) + real])]
    return Views(
        one.space.record.name,
        group,
        one.holdout[picked],
        numbered(tuple(sets.holdout.patients[row] for row in picked)),
        tuple(one.made[rows] for rows in chosen),
        {name: rows[known[: len(picked)]] for name, rows in one.references.items()},
        np.concatenate([one.train[train], one.holdout[real]]),
        np.unique(pool_people, return_inverse=True)[1],
        splits,
        seed,
    )


def _equal(
    sets: Sets, real: Rows, made: Rows, most: int, draws: int, rng: np.random.Generator
) -> tuple[Rows, list[Rows]]:
    """As many holdout as made rows, with the class shares of the holdout; several draws of the made.

    Where a class is so scarce among the made that twenty could not be compared, its scarcity is
    what is compared: the made are drawn as they are.
    """
    real_labels, made_labels = sets.holdout.labels[real], sets.made.labels[made]
    shares, most = shares_of(real_labels), min(most, len(real), len(made))
    first = matched(made_labels, shares, most, rng)
    as_they_are = len(first) < min(_LEAST, most)
    if as_they_are:
        first = rng.permutation(len(made))[:most]
    size = len(first)
    more = draws - 1 if len(made) > size else 0
    others = [
        rng.permutation(np.arange(len(made)) if as_they_are else matched(made_labels, shares, size, rng))[
            :size
        ]
        for _ in range(more)
    ]
    picked = real[matched(real_labels, shares, size, rng)]
    return picked, [made[one[: len(picked)]] for one in (first, *others) if len(one) == size]


def uneven(sets: Sets) -> str:
    """What a reader must know where the classes are not compared in equal shares; empty where they are."""
    counts = [np.bincount(one.labels, minlength=len(sets.classes)) for one in (sets.holdout, sets.made)]
    if not sets.has_others:
        return ""
    wanted, had = (count / count.sum() for count in counts)
    most = min(len(sets.holdout), len(sets.made))
    even = matched(sets.made.labels, shares_of(sets.holdout.labels), most, np.random.default_rng(0))
    lacking = (wanted > 0) & (counts[1] == 0)
    if len(even) >= min(_LEAST, most) and not lacking.any():
        return ""
    worst = int(np.argmin(np.where(wanted > 0, had / np.maximum(wanted, 1e-9), np.inf)))
    return (
        f"Class shares are not equal in the comparison of all classes together: {sets.classes[worst]!r} is "
        f"{had[worst]:.1%} of the synthetic and {wanted[worst]:.1%} of the held-out real images, "
        "too few to compare in equal shares."
    )
