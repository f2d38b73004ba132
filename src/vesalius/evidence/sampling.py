"""Which pictures are compared with which: equal counts, equal class shares, patients kept whole."""

import numpy as np
from jaxtyping import Int

Indices = Int[np.ndarray, "_"]
"""Rows of a set."""


def matched(
    labels: Int[np.ndarray, "m"], shares: dict[int, float], most: int, rng: np.random.Generator
) -> Indices:
    """Rows whose classes occur in the wanted shares, as many as there are, at most `most`.

    A wanted class that does not occur at all is passed over: its lack is what the comparison
    is to show.

    Args:
        labels: Class of each row.
        shares: Wanted share of each class.
        most: Upper limit of rows.
        rng: Chooses among equals.
    """
    rows = {k: rng.permutation(np.flatnonzero(labels == k)) for k in shares}
    have = {k: share for k, share in shares.items() if len(rows[k]) and share > 0}
    total = sum(have.values())
    if not have:
        return np.empty(0, int)
    size = min(most, *(int(len(rows[k]) * total / share) for k, share in have.items()))
    parts = [rows[k][: max(1, round(size * share / total))] for k, share in have.items()]
    return rng.permutation(np.concatenate(parts))[:most]


def shares_of(labels: Int[np.ndarray, "n"]) -> dict[int, float]:
    """Share of each class that occurs."""
    values, counts = np.unique(labels, return_counts=True)
    return {int(k): float(c) / len(labels) for k, c in zip(values, counts, strict=True)}


def half_size(patients: Int[np.ndarray, "n"], wanted: int) -> int:
    """Rows that each of two `halves` has in whatever order the people come: at most `wanted`.

    The person in whom the first half ends goes to neither side, so that many pictures of one
    person can leave fewer than half of all.

    Args:
        patients: Person of each row, numbered from 0.
        wanted: Rows wanted on each side.

    Examples:
        >>> half_size(np.array([0, 1, 2, 3, 4, 5]), 3), half_size(np.array([0, 0, 0, 1, 2, 3]), 3)
        (3, 2)
    """
    most = int(np.bincount(patients).max())
    return min(wanted, (len(patients) - most + 1) // 2)


def halves(patients: Int[np.ndarray, "n"], size: int, rng: np.random.Generator) -> tuple[Indices, Indices]:
    """Two sets of `size` rows without a patient in common, in random order of patients.

    Args:
        patients: Person of each row, numbered from 0.
        size: Rows on each side, no more than `half_size` allows.
        rng: Orders the people.
    """
    order = rng.permutation(int(patients.max()) + 1)
    rank = np.argsort(order)
    rows = np.argsort(rank[patients], kind="stable")
    sorted_patients = patients[rows]
    wall = size
    while sorted_patients[wall] == sorted_patients[wall - 1]:
        wall += 1
    return rows[:size], rows[wall : wall + size]
