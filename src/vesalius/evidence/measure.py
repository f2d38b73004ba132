"""Each number of fidelity and diversity beside its floor and its anchors."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from vesalius.evidence.auc import METHOD, Area
from vesalius.evidence.diversity import neighbourhoods, vendi_score
from vesalius.evidence.estimate import Anchor, Comparison, Estimate, Floor
from vesalius.evidence.fidelity import frechet_distance, kernel_distance
from vesalius.evidence.intervals import bootstrap_mean
from vesalius.evidence.planes import Features
from vesalius.evidence.sampling import half_size, halves
from vesalius.evidence.separability import FOLDS, two_sample_area

People = Int[np.ndarray, "_"]
"""Person of each row, numbered from 0."""

_NEIGHBOURS = 5
_SHARES = ("precision", "recall", "density", "coverage")
_OF_REAL = ("recall", "coverage")
_MOST_FRECHET = 64


@dataclass(frozen=True, eq=False)
class Views:
    """The sets of one group of pictures in one feature space, equal in count.

    Args:
        space: Name of the space.
        group: Class, or ``all``.
        real: Holdout pictures.
        people: Person of each.
        made: Draws of as many made pictures; several where there are more than needed.
        anchors: As many pictures of known worth, by name.
        pool: Training and holdout pictures together, for the floor.
        pool_people: Person of each.
        splits: Random halves of the pool.
        seed: Seed of everything random.
    """

    space: str
    group: str
    real: Features
    people: People
    made: tuple[Features, ...]
    anchors: dict[str, Features]
    pool: Features
    pool_people: People
    splits: int
    seed: int


def compare(views: Views) -> dict[str, Comparison]:
    """All numbers of one group in one space, by name."""
    numbers = _numbers(views, views.made)
    reached = {name: _numbers(views, (rows,)) for name, rows in views.anchors.items()}
    floors = _floors(views)
    return {
        name: Comparison(
            views.group,
            views.space,
            estimate,
            floors.get(name),
            tuple(Anchor(anchor, found[name]) for anchor, found in reached.items()),
        )
        for name, estimate in numbers.items()
    }


def vendi_ratio(views: Views, draws: int) -> Estimate:
    """Effective number of different made pictures over that of real ones, at equal counts.

    Args:
        views: The sets.
        draws: Sub-samples of four fifths, drawn without repetition on both sides.
    """
    rng = np.random.default_rng(views.seed)
    size = max(4, len(views.real) * 4 // 5)
    ratios = [
        vendi_score(rng.permutation(views.made[turn % len(views.made)])[:size])
        / vendi_score(rng.permutation(views.real)[:size])
        for turn in range(draws)
    ]
    low, high = (float(end) for end in np.quantile(ratios, [0.025, 0.975]))
    method = f"{draws} sub-samples of four fifths"
    value = float(np.median(ratios))
    return Estimate("Vendi ratio", value, low, high, method, size, views.seed, "1", "higher")


def _numbers(views: Views, draws: tuple[Features, ...]) -> dict[str, Estimate]:
    made, n, seed = draws[0], len(views.real), views.seed
    distance, interval = kernel_distance(views.real, made, views.people)
    low, high = interval or (None, None)
    method = "jackknife by patient" if interval else "none claimed: fewer than three people"
    numbers = {"KID": Estimate("KID", distance, low, high, method, n, seed, "1", "lower")}
    if views.real.shape[1] <= _MOST_FRECHET:
        value = frechet_distance(views.real, made)
        why = "none claimed: biased at this count, read it beside its floor"
        numbers["FD"] = Estimate("FD", value, None, None, why, n, seed, "1", "lower")
    if views.group == "all" and len(np.unique(views.people)) >= FOLDS:
        numbers["C2ST"] = _separability(two_sample_area(views.real, made, views.people), n, seed)
    return numbers | _shares(views, draws)


def _separability(found: Area, n: int, seed: int) -> Estimate:
    method = f"{METHOD}; on held-out scores of the better of two classifiers"
    return Estimate("C2ST", found.value, *found.interval, method, n, seed, "1", "lower")


def _shares(views: Views, draws: tuple[Features, ...]) -> dict[str, Estimate]:
    found = [neighbourhoods(views.real, made, _NEIGHBOURS) for made in draws]
    rng = np.random.default_rng(views.seed)
    numbers: dict[str, Estimate] = {}
    for name in _SHARES:
        rows = np.stack([one.of(name) for one in found])
        values = rows.mean(axis=0) if name in _OF_REAL else rows[0]
        people = views.people if name in _OF_REAL else np.arange(len(values))
        interval = bootstrap_mean(values, people, rng)
        method = f"bootstrap by patient, radii fixed; k = {_NEIGHBOURS}, {len(draws)} draw(s)"
        n = len(views.real)
        numbers[name] = Estimate(name, float(values.mean()), *interval, method, n, views.seed, "1", "higher")
    return numbers


def _floors(views: Views) -> dict[str, Floor]:
    """What real against real gives, over random halves by patient, all of one size."""
    rng = np.random.default_rng(views.seed)
    readings: dict[str, list[float]] = {}
    size = half_size(views.pool_people, len(views.real))
    for _ in range(views.splits):
        first, second = halves(views.pool_people, size, rng)
        for name, value in _readings(views.pool[first], views.pool[second]).items():
            readings.setdefault(name, []).append(value)
    return {name: _floor(values, size, views) for name, values in readings.items()}


def _readings(x: Features, y: Features) -> dict[str, float]:
    near = neighbourhoods(x, y, _NEIGHBOURS)
    distances: dict[str, Callable[[Features, Features], float]] = {
        "KID": lambda a, b: kernel_distance(a, b)[0],
        "FD": frechet_distance,
    }
    return {name: distance(x, y) for name, distance in distances.items()} | {
        name: float(near.of(name).mean()) for name in _SHARES
    }


def _floor(values: list[float], size: int, views: Views) -> Floor:
    low, median, high = (float(end) for end in np.quantile(values, [0.025, 0.5, 0.975]))
    return Floor(median, low, high, size, views.splits, views.seed)
