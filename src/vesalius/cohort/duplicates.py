"""The same picture twice: exact copies and near ones, across people and parts."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from vesalius.cohort.cohort import Cohort
from vesalius.cohort.thumbnails import Thumbnails, thumbnails

NEAR = 0.99
"""Normalised cross-correlation from which two pictures count as one."""

_BLOCK = 1024


@dataclass(frozen=True)
class Pair:
    """Two pictures that are the same, or nearly.

    Args:
        first: Key of one case.
        second: Key of the other.
        ncc: Normalised cross-correlation of their thumbnails, at most 1.
        exact: Whether all values are equal.
    """

    first: str
    second: str
    ncc: float
    exact: bool


def duplicates(*parts: Cohort | Thumbnails, near: float = NEAR) -> tuple[Pair, ...]:
    """Find pictures that occur twice.

    Of one cohort, pairs of different people are looked for (two pictures of one person may well
    look alike); of several, pairs across the cohorts.

    Args:
        parts: One cohort, or the sides of a split.
        near: Normalised cross-correlation, of thumbnails of 32 and then of 64 rows and columns,
            from which two pictures count as near duplicates.

    Returns:
        Pairs, the most alike first.

    Source:
        Exact hash and normalised cross-correlation of at least 0.99: the de-duplication that
        must come before any test of privacy.
    """
    seen = [part if isinstance(part, Thumbnails) else thumbnails(part) for part in parts]
    if len(seen) == 1:
        found = [
            pair
            for i, j, pair in _pairs(seen[0], seen[0], near)
            if i < j and seen[0].patients[i] != seen[0].patients[j]
        ]
    else:
        found = [pair for a, b in combinations(seen, 2) for _, _, pair in _pairs(a, b, near)]
    return tuple(sorted(found, key=lambda pair: (not pair.exact, -pair.ncc, pair.first, pair.second)))


def without_duplicates(train: Cohort, *others: Cohort, near: float = NEAR) -> tuple[Cohort, tuple[Pair, ...]]:
    """Training cases none of whose pictures stands, exactly or nearly, also on another side.

    Args:
        train: The side that gives way.
        others: Validation and test people.
        near: As for `duplicates`.

    Returns:
        The training cases that stay, and the pairs for which others went; first is the training case.
    """
    mine = thumbnails(train)
    pairs = tuple(pair for other in others for pair in duplicates(mine, thumbnails(other), near=near))
    gone = {pair.first for pair in pairs}
    return train.where(lambda case: case.key not in gone), pairs


def _pairs(first: Thumbnails, second: Thumbnails, near: float) -> Iterator[tuple[int, int, Pair]]:
    for i, j in _candidates(first, second, near):
        exact = first.contents[i] == second.contents[j]
        ncc = float(np.clip(first.large[i] @ second.large[j], -1, 1))
        if exact or ncc >= near:
            yield i, j, Pair(first.keys[i], second.keys[j], round(ncc, 6), exact)


def _candidates(first: Thumbnails, second: Thumbnails, near: float) -> Iterator[tuple[int, int]]:
    """Equal contents (constant pictures correlate with nothing), and small thumbnails that correlate."""
    found = {(i, j) for i, j in _equal(first, second)}
    for start in range(0, len(first), _BLOCK):
        alike = first.small[start : start + _BLOCK] @ second.small.T >= near
        found.update((int(i) + start, int(j)) for i, j in np.argwhere(alike))
    yield from sorted(found)


def _equal(first: Thumbnails, second: Thumbnails) -> Iterator[tuple[int, int]]:
    places: dict[str, list[int]] = {}
    for j, content in enumerate(second.contents):
        places.setdefault(content, []).append(j)
    for i, content in enumerate(first.contents):
        yield from ((i, j) for j in places.get(content, ()))
