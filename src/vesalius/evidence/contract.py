"""What sets of pictures must fulfil before anything is said about them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool

from vesalius.errors import EvidenceError, LeakageError
from vesalius.evidence.planes import are_volumes
from vesalius.evidence.record import SetRecord
from vesalius.training.stream import Stacked

LEAST = 12
"""Pictures of a set below which nothing is measured on it."""

PEOPLE = 3
"""People aside below which nothing is measured against them: without one, no two would be left."""

_OF_VOLUMES = (
    "Volumes: learnt features and classifiers see whole volumes; texture is the mean over eight planes in "
    "each of three directions, and has no Fréchet distance where it has more than 64 features. Copies are "
    "looked for in whole volumes of less than 64 voxels a side (larger ones are averaged down), mirrored "
    "along every axis, turned by quarters within the slices, shifted and softened: not turned otherwise, "
    "and not as single planes. Duplicates across the split were looked for in the middle slice. Sheets show "
    "the middle axial, coronal and sagittal plane."
)


@dataclass(frozen=True, eq=False)
class Sets:
    """The sets of one assessment, after they were admitted.

    Args:
        train: Exactly the pictures that the generator learnt from.
        holdout: Real pictures it never saw: the reference of fidelity; nobody in a small cohort.
        test: Real pictures on which usefulness is tested; nobody in a small cohort.
        made: Synthetic pictures.
        classes: Names of the classes.
        same_holdout: Holdout and test are the same people.
        notes: What was changed or noticed on admission.
        earlier: Pictures of other people who are in the weights, because they started from another model's.
    """

    train: Stacked
    holdout: Stacked
    test: Stacked
    made: Stacked
    classes: tuple[str, ...]
    same_holdout: bool
    notes: tuple[str, ...] = ()
    earlier: Stacked | None = None

    @cached_property
    def learnt(self) -> Stacked:
        """Everybody who is in the weights: the training pictures, then those of earlier runs.

        A person whom both knew is one person; classes are those of either run by its own numbers.
        """
        return self.train if self.earlier is None else joined(self.train, self.earlier)

    @property
    def has_others(self) -> bool:
        """Whether anybody was kept aside to compare with."""
        return len(self.holdout) > 0


def admit(
    train: Stacked,
    test: Stacked,
    made: Stacked,
    holdout: Stacked | None,
    classes: tuple[str, ...],
    earlier: Stacked | None = None,
) -> Sets:
    """Check the data contract and set aside real pictures that stand on both sides.

    Holdout and test people who are fewer than three, or have fewer than twelve pictures, are
    left out: then nothing is measured against them.

    Args:
        train: Exactly the pictures that the generator learnt from.
        test: Real pictures of other people.
        made: Synthetic pictures.
        holdout: More real pictures of other people; the test people when None.
        classes: Names of the classes.
        earlier: Pictures of other people who are in the weights.

    Raises:
        EvidenceError: Too few training or made pictures; not finite, out of range, another shape.
        LeakageError: A training patient, of this run or an earlier one, is in the holdout or the test set.
    """
    known = train if earlier is None else joined(train, earlier)
    held = test if holdout is None else holdout
    named = {"train": train, "holdout": held, "test": test, "made": made}
    for role, one in named.items():
        if len(one) or role in ("train", "made"):
            _check(role, one, train, len(classes))
    _refuse_leaks(known, named, ("test",) if holdout is None else ("holdout", "test"))
    notes: list[str] = []
    seen = set(_digests(known))
    clean = [_enough(role, _without(role, named[role], seen, notes), notes) for role in ("holdout", "test")]
    for role, one in zip(("holdout", "test"), clean, strict=True):
        if len(one):
            _check(role, one, train, len(classes))
    told = (*notes, *_remarks(named))
    return Sets(train, clean[0], clean[1], made, classes, holdout is None, told, earlier)


def _remarks(named: dict[str, Stacked]) -> Iterator[str]:
    for role, one in named.items():
        if one.problems:
            yield f"{role}: {len(one.problems)} picture(s) could not be used and were left out."
    if are_volumes(named["train"].stack):
        yield _OF_VOLUMES


def _refuse_leaks(known: Stacked, named: dict[str, Stacked], sides: tuple[str, ...]) -> None:
    for role in sides:
        if both := set(known.patients) & set(named[role].patients):
            raise LeakageError(tuple(sorted(both)), ("train", role))


def joined(one: Stacked, other: Stacked) -> Stacked:
    """The pictures of two sets, one after the other; people of one name are one person.

    Raises:
        EvidenceError: They have not the same extent.
    """
    if one.stack.shape[1:] != other.stack.shape[1:]:
        raise EvidenceError(
            f"earlier set: pictures of {other.stack.shape[1:]}, wanted {one.stack.shape[1:]} as in train"
        )
    return Stacked(
        np.concatenate([one.stack, other.stack]),
        np.concatenate([one.labels, other.labels]),
        one.patients + other.patients,
        one.keys + other.keys,
    )


def describe(role: str, one: Stacked, classes: tuple[str, ...], people: bool = True) -> SetRecord:
    """What is written down of a set.

    Args:
        role: Which set it is.
        one: The set.
        classes: Names of the classes; empty for a set that has others.
        people: Its pictures are of people.
    """
    counts = np.bincount(one.labels, minlength=len(classes)) if classes else []
    digests = _digests(one)
    lines = sorted(f"{d} {y} {p}" for d, y, p in zip(digests, one.labels, one.patients, strict=True))
    return SetRecord(
        role,
        len(one),
        len(set(one.patients)) if people else 0,
        {name: int(count) for name, count in zip(classes, counts, strict=True)},
        hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    )


def _check(role: str, one: Stacked, train: Stacked, classes: int) -> None:
    if len(one) < LEAST and role in ("train", "made"):
        raise EvidenceError(f"{role} set: {len(one)} pictures, wanted at least {LEAST}")
    if one.stack.shape[1:] != train.stack.shape[1:]:
        raise EvidenceError(
            f"{role} set: pictures of {one.stack.shape[1:]}, wanted {train.stack.shape[1:]} as in train"
        )
    if not len(one.stack) == len(one.labels) == len(one.patients) == len(one.keys):
        raise EvidenceError(
            f"{role} set: {len(one.stack)} pictures, wanted as many labels, patients and keys"
        )
    low, high = float(one.stack.min()), float(one.stack.max())
    if not (low >= -1.001 and high <= 1.001):
        raise EvidenceError(f"{role} set: values from {low:.3g} to {high:.3g}, wanted numbers in [-1, 1]")
    if one.labels.min() < 0 or one.labels.max() >= classes:
        raise EvidenceError(f"{role} set: class index {one.labels.max()}, wanted 0 to {classes - 1}")
    if role != "made" and len(one) >= LEAST and float(np.ptp(one.stack, axis=0).max()) == 0:
        raise EvidenceError(f"{role} set: all {len(one)} pictures are the same, wanted different people")


def _digests(one: Stacked) -> list[str]:
    return [hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest() for picture in one.stack]


def _without(role: str, one: Stacked, seen: set[str], notes: list[str]) -> Stacked:
    twice = np.array([digest in seen for digest in _digests(one)])
    if not twice.any():
        return one
    notes.append(
        f"{int(twice.sum())} picture(s) of the {role} set equal a training picture "
        "under another patient: left out."
    )
    return subset(one, ~twice)


def _enough(role: str, one: Stacked, notes: list[str]) -> Stacked:
    """The set, or nobody's pictures where there is too little to compare with."""
    people = len(set(one.patients))
    if (people >= PEOPLE and len(one) >= LEAST) or not len(one):
        return one
    few = f"{len(one)} picture(s) of {people} people are too few to compare with"
    notes.append(f"{role}: {few}, wanted {LEAST} of {PEOPLE}: left out.")
    return subset(one, np.zeros(len(one), bool))


def subset(one: Stacked, keep: Bool[np.ndarray, "n"]) -> Stacked:
    """The pictures of a set that a mask keeps."""
    rows = np.flatnonzero(keep)
    return Stacked(
        one.stack[rows],
        one.labels[rows],
        tuple(one.patients[row] for row in rows),
        tuple(one.keys[row] for row in rows),
        one.problems,
    )
