"""Intervals that hold for pictures of patients."""

from math import sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

_Z = 1.959963984540054


class Interval(NamedTuple):
    """Two ends of a 95 % interval."""

    low: float
    high: float


def jackknife_variance(without: Float[np.ndarray, "_"]) -> float:
    """Variance of a number, from the values that remain when one patient is left out.

    Samples that a number compares are independent: their variances add.

    Args:
        without: The number without each patient in turn.

    Source:
        Efron and Stein, Ann. Stat. 9, 1981.

    Examples:
        >>> round(jackknife_variance(np.array([2.5, 2.0, 1.5])), 3)
        0.333
    """
    return float((len(without) - 1) / len(without) * ((without - without.mean()) ** 2).sum())


def normal_interval(value: float, variance: float) -> Interval:
    """The 95 % interval of a number that is about normal.

    Examples:
        >>> tuple(round(float(end), 3) for end in normal_interval(2.0, 1 / 3))
        (0.868, 3.132)
    """
    half = _Z * sqrt(variance)
    return Interval(value - half, value + half)


def clopper_pearson(hits: int, n: int) -> Interval:
    """Exact interval of a proportion.

    Args:
        hits: How often it happened.
        n: How often it could have.

    Source:
        Clopper and Pearson, Biometrika 26, 1934.

    Examples:
        >>> tuple(round(float(end), 6) for end in clopper_pearson(5, 100))
        (0.016432, 0.112835)
    """
    low = 0.0 if hits == 0 else float(stats.beta.ppf(0.025, hits, n - hits + 1))
    high = 1.0 if hits == n else float(stats.beta.ppf(0.975, hits + 1, n - hits))
    return Interval(low, high)


def score_interval(area: float, positives: float, negatives: float) -> Interval:
    """The areas under the ROC curve that so many people do not exclude; never of width zero.

    Args:
        area: What was measured.
        positives: Independent people of one class.
        negatives: ... and of the other.

    Source:
        Newcombe, Stat. Med. 25, 2006, part 2, method 5, with the variance of Hanley and McNeil,
        Radiology 143, 1982; here on a grid of 1/2000.

    Examples:
        >>> score_interval(1.0, 10.0, 10.0), score_interval(1.0, 3.0, 3.0)
        (Interval(low=0.8005, high=1.0), Interval(low=0.5015, high=1.0))
    """
    guess = np.linspace(0, 1, 2001)
    pairs = (positives + negatives) / 2 - 1
    among = 1 + pairs * ((1 - guess) / (2 - guess) + guess / (1 + guess))
    error = np.sqrt(guess * (1 - guess) * among / (positives * negatives))
    left = guess[np.abs(guess - area) <= _Z * error + 1e-9]
    ends = left if len(left) else np.array([area])
    return Interval(round(float(ends.min()), 4), round(float(ends.max()), 4))


def zero_hits_bound(n: int) -> float:
    """Rate that no hit in `n` trials excludes at 95 %, one-sided: about three over n.

    Source:
        Hanley and Lippman-Hand, JAMA 249, 1983.

    Examples:
        >>> round(zero_hits_bound(100), 5)
        0.02951
    """
    return 1 - 0.05 ** (1 / n)


def bootstrap_mean(
    values: Float[np.ndarray, "n"], patients: Int[np.ndarray, "n"], rng: np.random.Generator, draws: int = 500
) -> Interval:
    """Percentile interval of a mean when whole patients are drawn again.

    Valid for means of independent patients only: a distance or a neighbour count drawn this
    way would see its own duplicates.

    Args:
        values: One number a picture.
        patients: Person of each picture, numbered from 0.
        rng: Source of the draws.
        draws: How many.
    """
    totals = np.bincount(patients, values)
    counts = np.bincount(patients)
    picks = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=draws)
    means = (picks @ totals) / (picks @ counts)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(low), float(high))


def effective_count(patients: Int[np.ndarray, "n"]) -> float:
    """How many independent pictures those of some people are worth, at worst.

    The number of people where all have as many pictures; less where a few people have most.

    Args:
        patients: Person of each picture, numbered from 0.

    Source:
        Kish, Survey Sampling, Wiley 1965: the design effect of clusters whose members are alike.

    Examples:
        >>> effective_count(np.array([0, 1, 2])), effective_count(np.array([0, 0, 1, 1]))
        (3.0, 2.0)
    """
    counts = np.bincount(patients)
    return float(counts.sum() ** 2 / (counts**2).sum())


def numbered(names: tuple[str, ...]) -> Int[np.ndarray, "n"]:
    """Patients as numbers from 0, in the order of their names."""
    return np.unique(np.array(names), return_inverse=True)[1]
