"""Whether made pictures are copies of training pictures: one answer for each picture."""

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial.distance import cdist
from scipy.stats import false_discovery_control, ks_2samp, norm

from vesalius.evidence.correlation import Matches, best_matches, body
from vesalius.evidence.planes import Features, Planes

_NEIGHBOURS = 10

People = Int[np.ndarray, "_"]
"""Person of each row, numbered from 0."""


@dataclass(frozen=True)
class CopyTest:
    """The conformal test of every made picture in one feature space.

    Args:
        space: Feature space.
        calibration: ``leave-one-out`` (training pictures against other people) or ``holdout``.
        control_p: Kolmogorov-Smirnov p of the two calibrations; small: the space knows its own
            training pictures, so the holdout calibrates.
        n_calibration: Pictures that say what is normal.
        n_made: Pictures tested.
        flagged: Made pictures closer to one person than chance allows.
        rate: Nominal false discovery rate.
    """

    space: str
    calibration: str
    control_p: float
    n_calibration: int
    n_made: int
    flagged: int
    rate: float

    @property
    def detection_limit(self) -> float:
        """Share of copies below which the test cannot flag any: 1 / (q (n + 1))."""
        return min(1.0, 1 / (self.rate * (self.n_calibration + 1)))


@dataclass(frozen=True)
class CorrelationTest:
    """The search for near-duplicates by normalised cross-correlation.

    Args:
        threshold: A near-duplicate correlates at least so.
        closeness: ... and what it misses of a perfect match is at most this share of what the
            matches of other people miss.
        holdout_median: What the best match of another real person reaches; None without any.
        holdout_max: The most that any holdout picture reaches; None without any.
        holdout_above: Holdout pictures that reach the threshold.
        holdout_found: Holdout pictures that the whole rule would call near-duplicates.
        n_holdout: Holdout pictures.
        near_duplicates: Made pictures found.
    """

    threshold: float
    closeness: float
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
        name: ``linear`` (nobody's pictures) or ``augmented`` (training pictures changed a little).
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
        correlation: Normalised cross-correlation of the two.
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


def copy_test(
    space: str, train: Features, people: People, holdout: Features, made: Features, rate: float
) -> tuple[CopyTest, Float[np.ndarray, "m"], Bool[np.ndarray, "m"]]:
    """Compare how close each made picture is to its nearest training person with what is normal.

    The score is the distance to the nearest person over the mean distance to the next nine,
    so that crowded regions are not suspect. Normal is what training pictures score against
    other people; where a Kolmogorov-Smirnov test (1 %) says that the space knows its own
    training pictures, what holdout pictures score.

    Args:
        space: Name of the feature space.
        train: Features of the training pictures.
        people: Person of each training picture, numbered from 0.
        holdout: Features of other people.
        made: Features of the made pictures.
        rate: False discovery rate.

    Returns:
        The test, the p-value of each made picture, and which are flagged.

    Source:
        Bates et al., Ann. Stat. 51, 2023, for conformal p-values; Benjamini and Hochberg, 1995.
    """
    own = _closeness(train, train, people, people)
    others = _closeness(holdout, train, people)
    control = float(ks_2samp(own, others).pvalue)  # pyright: ignore[reportAttributeAccessIssue]
    normal, name = (own, "leave-one-out") if control > 0.01 else (others, "holdout")
    scores = _closeness(made, train, people)
    p = (1 + np.searchsorted(np.sort(normal), scores, side="right")) / (len(normal) + 1)
    flagged = false_discovery_control(p) <= rate
    test = CopyTest(space, name, control, len(normal), len(made), int(flagged.sum()), rate)
    return test, p, flagged


def _closeness(
    rows: Features, train: Features, people: People, own: People | None = None
) -> Float[np.ndarray, "m"]:
    """Distance to the nearest person over the mean distance to the next nine."""
    order = np.argsort(people, kind="stable")
    starts = np.flatnonzero(np.diff(people[order], prepend=-1))
    distance = np.minimum.reduceat(cdist(rows, train[order]), starts, axis=1)
    if own is not None:
        distance[np.arange(len(rows)), own] = np.inf
    nearest = min(_NEIGHBOURS, distance.shape[1] - (own is not None))
    distance = np.partition(distance, nearest - 1, axis=1)[:, :nearest]
    distance.sort(axis=1)
    return distance[:, 0] / np.maximum(distance[:, 1:].mean(axis=1), 1e-12)


def near_duplicates(
    train: Planes,
    people: People,
    holdout: Planes,
    nobody: Planes,
    made: Planes,
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
        nobody: Samples of the linear model: smooth, and nobody's copy.
        made: Pictures to search.
        least: Least correlation of a near-duplicate.
        closeness: Upper limit of ``Matches.closeness``.

    Returns:
        Test, best match of each made picture, and which are near-duplicates.
    """
    mask = body(train)
    strangers = [best_matches(planes, train, people, mask) for planes in (nobody, holdout) if len(planes)]
    matches = best_matches(made, train, people, mask)
    limit = min(closeness, *(chance_limit(one.closeness, len(made)) for one in strangers))
    found = _repeats(matches, least, limit)
    real = strangers[1] if len(holdout) else None
    return _search(real, (least, limit), int(found.sum())), matches, found


def baseline(
    name: str, planes: Planes, train: Planes, people: People, search: CorrelationTest, most: int
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


def _search(real: Matches | None, limits: tuple[float, float], found: int) -> CorrelationTest:
    if real is None:
        return CorrelationTest(*limits, None, None, 0, 0, 0, found)
    reached = real.correlation
    above, accused = int((reached >= limits[0]).sum()), int(_repeats(real, *limits).sum())
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
