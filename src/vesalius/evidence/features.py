"""Feature spaces: pictures as rows of numbers in which sets can be compared."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from sklearn.utils.extmath import randomized_svd

from vesalius.evidence.encoder import digest, encode, learn_encoder
from vesalius.evidence.planes import DIRECTIONS, Features, are_volumes, cuts, directions, grey, seen
from vesalius.evidence.texture import texture, texture_names
from vesalius.shapes import Stack

_CLIP = 10.0
_ALIKE = 0.95
_EXACT = 2048


@dataclass(frozen=True)
class SpaceRecord:
    """What is written down of a feature space.

    Args:
        name: ``texture``, ``ssl`` or ``pixel``.
        dim: Features.
        weights_sha256: Fingerprint of everything that was fitted.
        trained_on: Which pictures it was fitted on.
    """

    name: str
    dim: int
    weights_sha256: str
    trained_on: str = "train"


@dataclass(frozen=True, eq=False)
class Space:
    """A feature space, fitted on the training pictures and ready for any others.

    Args:
        record: Name, size and fingerprint.
        columns: Name of each feature.
        embed: Pictures to features: centred and scaled by the training pictures, clipped to ±10.
    """

    record: SpaceRecord
    columns: tuple[str, ...]
    embed: Callable[[Stack], Features]


@dataclass(frozen=True, eq=False)
class Scale:
    """Centre and spread of features on the training pictures."""

    centre: Float[np.ndarray, "d"]
    spread: Float[np.ndarray, "d"]

    def __call__(self, rows: Features) -> Features:
        """Rows in units of the training spread, clipped to ±10."""
        return np.clip((rows - self.centre) / self.spread, -_CLIP, _CLIP)


def scale_of(rows: Features) -> Scale:
    """The scale that gives these rows mean 0 and spread 1; constant columns stay at 0."""
    spread = rows.std(axis=0)
    return Scale(rows.mean(axis=0), np.where(spread > 1e-9, spread, np.inf))


def texture_space(train: Stack) -> Space:
    """Nameable features; those that repeat another (correlation above 0.95) are dropped.

    Of a volume they are the means over eight planes in each direction; see `evidence.planes.directions`.
    """
    rows = _described(train)
    kept = _distinct(rows)
    scale = scale_of(rows[:, kept])
    names = _names(train[:1])
    record = SpaceRecord("texture", len(kept), _sha256(scale.centre, scale.spread, kept))
    return Space(record, tuple(names[i] for i in kept), lambda stack: scale(_described(stack)[:, kept]))


def _described(stack: Stack) -> Features:
    if not are_volumes(stack):
        return texture(grey(stack))
    rows = []
    for direction in directions(stack):
        planes = cuts(stack, direction)
        found = texture(planes.reshape(-1, *planes.shape[2:]))
        rows.append(found.reshape(*planes.shape[:2], -1).mean(axis=1))
    return np.concatenate(rows, axis=1)


def _names(stack: Stack) -> tuple[str, ...]:
    if not are_volumes(stack):
        return texture_names(grey(stack))
    named = {direction: texture_names(cuts(stack, direction)[0]) for direction in directions(stack)}
    return tuple(f"{DIRECTIONS[direction]}_{name}" for direction, names in named.items() for name in names)


def ssl_space(train: Stack, seed: int, steps: int, batch: int = 128, mirror: bool = False) -> Space:
    """Features of an encoder that learnt to tell the training pictures apart.

    Args:
        train: Training pictures.
        seed: Fixes weights and order.
        steps: Updates of the weights.
        batch: Pictures in each update.
        mirror: Left and right may be exchanged.
    """
    encoder = learn_encoder(seen(train), seed, steps, batch, mirror)
    scale = scale_of(encode(encoder, seen(train)))
    columns = tuple(f"ssl_{index}" for index in range(len(scale.centre)))
    record = SpaceRecord("ssl", len(columns), digest(encoder))
    return Space(record, columns, lambda stack: scale(encode(encoder, seen(stack))))


def pixel_space(train: Stack, most: int = 64) -> Space:
    """Principal components of the grey values, each scaled to spread 1."""
    rows = grey(train).reshape(len(train), -1).astype(np.float64)
    centre = rows.mean(axis=0)
    rows -= centre
    components = min(most, len(rows) - 1, rows.shape[1])
    axes = principal_axes(rows, components)
    scale = scale_of(rows @ axes)
    record = SpaceRecord("pixel", components, _sha256(centre, axes))

    def embed(stack: Stack) -> Features:
        return scale((grey(stack).reshape(len(stack), -1) - centre) @ axes)

    return Space(record, tuple(f"pixel_{index}" for index in range(components)), embed)


def principal_axes(
    rows: Float[np.ndarray, "n p"], components: int, exact: int = _EXACT
) -> Float[np.ndarray, "p k"]:
    """Directions in which centred rows vary most, as columns of length 1, the widest first.

    By the smaller of the two square matrices of the rows; where even that is large, by random
    projections with a fixed seed, so that twenty thousand pictures take seconds.

    Args:
        rows: Centred observations.
        components: How many to keep.
        exact: Rows and columns of the largest square matrix to decompose in full.

    Source:
        Halko et al., SIAM Review 53, 2011, algorithms 4.4 and 5.1.
    """
    if min(rows.shape) > exact:
        spare, rounds = components, 7
        _, _, found = randomized_svd(rows, components, n_oversamples=spare, n_iter=rounds, random_state=0)  # pyright: ignore[reportArgumentType]
        return found.T
    if len(rows) > rows.shape[1]:
        return np.linalg.eigh(rows.T @ rows)[1][:, ::-1][:, :components]
    values, vectors = np.linalg.eigh(rows @ rows.T)
    values, vectors = values[::-1][:components], vectors[:, ::-1][:, :components]
    return rows.T @ vectors / np.sqrt(np.maximum(values, 1e-12))


def _distinct(rows: Features) -> list[int]:
    """Columns that vary and do not repeat an earlier one."""
    varying = np.flatnonzero(rows.std(axis=0) > 1e-9)
    alike = np.abs(np.atleast_2d(np.corrcoef(rows[:, varying].T)))
    kept: list[int] = []
    for index in range(len(varying)):
        if not (alike[index, kept] > _ALIKE).any():
            kept.append(index)
    return [int(varying[index]) for index in kept]


def _sha256(*arrays: Float[np.ndarray, "..."] | list[int]) -> str:
    return hashlib.sha256(b"".join(np.asarray(array).tobytes() for array in arrays)).hexdigest()
