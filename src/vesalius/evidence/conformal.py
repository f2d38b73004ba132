"""The conformal copy test: is a made picture closer to one training person than chance allows?"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial.distance import cdist
from scipy.stats import false_discovery_control, ks_2samp

from vesalius.evidence.planes import Features

_NEIGHBOURS = 10

People = Int[np.ndarray, "_"]
"""Person of each row, numbered from 0."""

Scores = Float[np.ndarray, "_"]
"""Closeness of each row to its nearest person; small is close."""


@dataclass(frozen=True, eq=False)
class Crowd:
    """Pictures of people as one feature space sees them.

    Args:
        rows: Features of each picture.
        people: Person of each, numbered from 0.
    """

    rows: Features
    people: People


@dataclass(frozen=True)
class CopyTest:
    """The conformal test of every made picture in one feature space.

    Args:
        space: Feature space.
        calibration: ``leave-one-out`` (training pictures against other people), ``holdout``, or
            ``both``: the larger p of the two.
        control_p: Kolmogorov-Smirnov p of the two calibrations; small: the space knows its own
            training pictures, so the holdout calibrates.
        n_calibration: People who say what is normal; of both calibrations the fewer.
        n_made: Pictures tested.
        flagged: Made pictures closer to one person than chance allows.
        rate: Nominal false discovery rate; where nothing is copied, the most that the probability
            of any accusation is.
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
        """Share of copies below which the test cannot flag any: 1 / (q (n + 1)); above 1, it never can."""
        return 1 / (self.rate * (self.n_calibration + 1))


@dataclass(frozen=True, eq=False)
class Suspicion:
    """A conformal test and what it says of each made picture.

    Args:
        test: What goes into the record.
        p: Conformal p-value of each made picture.
        flagged: Which are closer to one person than chance allows.
        nearest: Row of the training picture that each is nearest to.
    """

    test: CopyTest
    p: Float[np.ndarray, "m"]
    flagged: Bool[np.ndarray, "m"]
    nearest: Int[np.ndarray, "m"]


def copy_test(
    space: str, train: Crowd, holdout: Crowd, made: Features, rate: float, enough: int = 100
) -> Suspicion:
    """Compare how close each made picture is to its nearest training person with what is normal.

    The score is the distance to the nearest person over the mean distance to the next nine,
    so that crowded regions are not suspect. Normal is what training pictures score against
    other people; where a Kolmogorov-Smirnov test (1 %) says that the space knows its own
    training pictures, what holdout pictures score. Features fitted on few people hold those
    apart: below `enough` training people a picture must be too close by both. Each person counts
    once, however many pictures there are of them.

    Args:
        space: Name of the feature space.
        train: Training pictures.
        holdout: Pictures of other people.
        made: Features of the made pictures.
        rate: False discovery rate.
        enough: Training people from which one calibration suffices.

    Source:
        Bates et al., Ann. Stat. 51, 2023, for conformal p-values; Lee, Barber and Willett,
        Distribution-free inference with hierarchical data, 2023, for several rows a person;
        Benjamini and Hochberg, 1995.
    """
    own, _ = _closeness(train.rows, train, train.people)
    others, _ = _closeness(holdout.rows, train)
    scores, nearest = _closeness(made, train)
    control = float(ks_2samp(own, others).pvalue)  # pyright: ignore[reportAttributeAccessIssue]
    by_own, by_others = _p(scores, own, train.people), _p(scores, others, holdout.people)
    counts = tuple(len(np.unique(one.people)) for one in (train, holdout))
    p, name, count = by_others, "holdout", counts[1]
    if counts[0] < enough:
        p, name, count = np.maximum(by_own, by_others), "both", min(counts)
    elif control > 0.01:
        p, name, count = by_own, "leave-one-out", counts[0]
    flagged = false_discovery_control(p) <= rate
    test = CopyTest(space, name, control, count, len(made), int(flagged.sum()), rate)
    return Suspicion(test, p, flagged, nearest)


def _p(scores: Scores, normal: Scores, people: People) -> Float[np.ndarray, "_"]:
    """How usual it is among people to be as close: each person counts by the share of their pictures."""
    weight = 1 / np.bincount(people)[people]
    order = np.argsort(normal)
    below = np.concatenate([[0.0], np.cumsum(weight[order])])
    usual = (1 + below[np.searchsorted(normal[order], scores, side="right")]) / (people.max() + 2)
    return np.minimum(usual, 1)


def _closeness(
    rows: Features, train: Crowd, own: People | None = None
) -> tuple[Scores, Int[np.ndarray, "_"]]:
    """Distance to the nearest person over the mean distance to the next nine, and the nearest row."""
    order = np.argsort(train.people, kind="stable")
    starts = np.flatnonzero(np.diff(train.people[order], prepend=-1))
    apart = cdist(rows, train.rows[order])
    nearest = order[apart.argmin(axis=1)]
    distance = np.minimum.reduceat(apart, starts, axis=1)
    if own is not None:
        distance[np.arange(len(rows)), own] = np.inf
    near = min(_NEIGHBOURS, distance.shape[1] - (own is not None))
    distance = np.partition(distance, near - 1, axis=1)[:, :near]
    distance.sort(axis=1)
    return distance[:, 0] / np.maximum(distance[:, 1:].mean(axis=1), 1e-12), nearest
