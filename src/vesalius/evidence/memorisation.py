"""Made pictures that repeat a training picture pixel by pixel, and how each pair is written down."""

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import norm

from vesalius.evidence.correlation import Matches, best_matches, body
from vesalius.evidence.planes import Grey

People = Int[np.ndarray, "_"]
"""Person of each row, numbered from 0."""


@dataclass(frozen=True)
class CorrelationTest:
    """The search for near-duplicates by normalised cross-correlation.

    Args:
        threshold: A near-duplicate correlates at least so.
        closeness: ... and what it misses of a perfect match is at most this share of what the
            matches of other people miss.
        calibration: Whose pictures lowered that share where chance asks for it: ``holdout``,
            ``linear model``, both, or ``none``.
        holdout_median: What the best match of another real person reaches; None without any.
        holdout_max: The most that any holdout picture reaches; None without any.
        holdout_above: Holdout pictures that reach the threshold.
        holdout_found: Holdout pictures that the whole rule would call near-duplicates.
        n_holdout: Holdout pictures.
        near_duplicates: Made pictures found.
    """

    threshold: float
    closeness: float
    calibration: str
    holdout_median: float | None
    holdout_max: float | None
    holdout_above: int
    holdout_found: int
    n_holdout: int
    near_duplicates: int


@dataclass(frozen=True)
class Baseline:
    """What the rule for near-duplicates finds among pictures of known origin.

    Args:
        name: ``linear`` (mixtures of everybody, near somebody where people are few) or ``augmented``
            (training pictures changed a little).
        found: Near-duplicates.
        n: Pictures searched: as many as there are, and no more than made ones.
    """

    name: str
    found: int
    n: int


@dataclass(frozen=True)
class Pair:
    """A made picture and the training person it repeats.

    Args:
        made: Name of the made case.
        patient: First twelve digits of the SHA-256 of the training patient's pseudonym.
        correlation: Normalised cross-correlation of the two: of the best match where that is a
            near-duplicate, else of the picture nearest in the features of the conformal test.
        p: Conformal p-value of the made picture.
        near_duplicate: Found by correlation.
        flagged: Found by the conformal test.
    """

    made: str
    patient: str
    correlation: float
    p: float
    near_duplicate: bool
    flagged: bool


def near_duplicates(
    train: Grey,
    people: People,
    holdout: Grey,
    nobody: Grey,
    made: Grey,
    least: float,
    closeness: float,
) -> tuple[CorrelationTest, Matches, Bool[np.ndarray, "m"]]:
    """Search made pictures that repeat a training picture, however shifted, turned or softened.

    A correlation of 0.95 alone would accuse strangers: in aligned or smooth cohorts different
    people reach it. So a match must also stand out from the other people, at least as clearly
    as `closeness` says, and more clearly than chance gives one in twenty cohorts of this size,
    on holdout people and on samples of the linear model (pictures of nobody).

    Args:
        train: Training pictures.
        people: Person of each, numbered from 0.
        holdout: Pictures of other people; may be none.
        nobody: Samples of the linear model: smooth, and nobody's copy; none where people are so few
            that they may be somebody's.
        made: Pictures to search.
        least: Least correlation of a near-duplicate.
        closeness: Upper limit of ``Matches.closeness``.

    Returns:
        Test, best match of each made picture, and which are near-duplicates.
    """
    mask = body(train)
    known = {"holdout": holdout, "linear model": nobody}
    strangers = {
        name: best_matches(planes, train, people, mask) for name, planes in known.items() if len(planes)
    }
    matches = best_matches(made, train, people, mask)
    limit = min([closeness, *(chance_limit(one.closeness, len(made)) for one in strangers.values())])
    found = _repeats(matches, least, limit)
    limits = (least, limit, ", ".join(strangers) or "none")
    return _search(strangers.get("holdout"), limits, int(found.sum())), matches, found


def baseline(
    name: str, planes: Grey, train: Grey, people: People, search: CorrelationTest, most: int
) -> Baseline:
    """Put pictures of known origin to the same search, with the limits that the made pictures met.

    Args:
        name: What the pictures are.
        planes: The pictures.
        train: Training pictures.
        people: Person of each, numbered from 0.
        search: The search among the made pictures.
        most: Pictures to search at most.
    """
    matches = best_matches(planes[:most], train, people, body(train))
    found = _repeats(matches, search.threshold, search.closeness)
    return Baseline(name, int(found.sum()), len(found))


def _repeats(matches: Matches, least: float, closeness: float) -> Bool[np.ndarray, "m"]:
    return (matches.correlation >= least) & (matches.closeness <= closeness)


def _search(real: Matches | None, limits: tuple[float, float, str], found: int) -> CorrelationTest:
    if real is None:
        return CorrelationTest(*limits, None, None, 0, 0, 0, found)
    reached = real.correlation
    above, accused = int((reached >= limits[0]).sum()), int(_repeats(real, *limits[:2]).sum())
    usual = (float(np.median(reached)), float(reached.max()), above, accused, len(reached))
    return CorrelationTest(*limits, *usual, found)


def chance_limit(closeness: Float[np.ndarray, "n"], tries: int) -> float:
    """Closeness that one of `tries` pictures of other people falls below with probability 5 %.

    A normal tail on the logarithm, from median and quartiles so that a few true duplicates do
    not lower it; never below 0.05.
    """
    low, middle, high = np.quantile(np.log(np.maximum(closeness, 1e-6)), [0.25, 0.5, 0.75])
    return float(max(np.exp(middle - (high - low) / 1.349 * norm.isf(0.05 / tries)), 0.05))


def hashed(patient: str) -> str:
    """A patient's pseudonym, made unreadable: the first twelve digits of its SHA-256."""
    return hashlib.sha256(patient.encode()).hexdigest()[:12]
