"""Area under the ROC curve, with the share of each patient in its error."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import rankdata, t

from vesalius.evidence.estimate import Estimate
from vesalius.evidence.intervals import Interval, effective_count, score_interval

METHOD = "DeLong with Student's t, or Newcombe's score interval where wider; patients as clusters"
"""How an interval is got."""

_SMALLEST = 1e-3


@dataclass(frozen=True, eq=False)
class Area:
    """An area under the ROC curve and the influence of each patient on it.

    Args:
        value: 0.5 for guessing, 1 for a perfect order.
        influence: How much each patient moves the value; its squares add up to the variance.
        people: How many independent people the pictures of either class are worth.
    """

    value: float
    influence: Float[np.ndarray, "g"]
    people: tuple[float, float]

    @property
    def quantile(self) -> float:
        """Student's t at 97.5 % with the degrees of freedom that the class of fewer people leaves."""
        return float(t.ppf(0.975, max(min(self.people) - 1, 1)))

    @property
    def interval(self) -> Interval:
        """The DeLong interval with Student's t, no narrower than what as many people can tell at all.

        DeLong's variance of a perfect order is zero, and near one it is too small for few people.
        """
        half = self.quantile * float(np.sqrt((self.influence**2).sum()))
        low, high = score_interval(self.value, *self.people)
        return Interval(min(low, max(0.0, self.value - half)), max(high, min(1.0, self.value + half)))

    def estimate(self, name: str, n: int, seed: int) -> Estimate:
        """The area as a number of the record."""
        return Estimate(name, self.value, *self.interval, METHOD, n, seed, "1", "higher")


def area(
    scores: Float[np.ndarray, "n"], positive: Int[np.ndarray, "n"], patients: Int[np.ndarray, "n"]
) -> Area:
    """Area under the ROC curve of two classes.

    With one picture a patient its interval is DeLong's; with several, the placement values of
    one person are added up before they are squared.

    Args:
        scores: Larger means more likely positive.
        positive: 1 for positive, 0 for negative; both must occur twice or more.
        patients: Person of each picture, numbered from 0.

    Source:
        DeLong et al., Biometrics 44, 1988, eq. 1 to 6; the sums by patient as Obuchowski,
        Biometrics 53, 1997.

    Examples:
        >>> two = area(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]), np.arange(4))
        >>> two.value
        0.75
    """
    is_positive = positive == 1
    m, n = int(is_positive.sum()), int((~is_positive).sum())
    ranks = rankdata(scores)
    placement = np.empty(len(scores))
    placement[is_positive] = (ranks[is_positive] - rankdata(scores[is_positive])) / n
    placement[~is_positive] = 1 - (ranks[~is_positive] - rankdata(scores[~is_positive])) / m
    value = float(placement[is_positive].mean())
    sides = [np.unique(patients[side], return_inverse=True)[1] for side in (is_positive, ~is_positive)]
    above, below = (_corrected(int(side.max()) + 1) / len(side) for side in sides)
    influence = np.bincount(patients, (placement - value) * np.where(is_positive, above, below))
    return Area(value, influence, (effective_count(sides[0]), effective_count(sides[1])))


def _corrected(people: int) -> float:
    """What the mean of so few people hides of their spread."""
    return float(np.sqrt(people / max(people - 1, 1)))


def macro_area(
    scores: Float[np.ndarray, "n k"], labels: Int[np.ndarray, "n"], patients: Int[np.ndarray, "n"]
) -> Area:
    """Mean one-against-rest area over the classes that occur; the plain area when there are two.

    Args:
        scores: One column a class.
        labels: Class of each picture.
        patients: Person of each picture, numbered from 0.
    """
    if scores.shape[1] == 2:
        return area(scores[:, 1] - scores[:, 0], labels, patients)
    present = [k for k in range(scores.shape[1]) if 2 <= (labels == k).sum() <= len(labels) - 2]
    areas = [area(scores[:, k], (labels == k).astype(int), patients) for k in present]
    people = np.min([one.people for one in areas], axis=0)
    return Area(
        float(np.mean([one.value for one in areas])),
        np.mean([one.influence for one in areas], axis=0),
        (float(people[0]), float(people[1])),
    )


def ratio(upper: Area, lower: Area) -> tuple[float, Interval]:
    """Ratio of two areas on the same patients, its interval on the logarithm by the delta method.

    An area below 0.001, which a few people can give, counts as 0.001, so that there is a ratio.
    An area without spread, such as a perfect order, adds the width of its own interval.
    """
    above, below = max(upper.value, _SMALLEST), max(lower.value, _SMALLEST)
    value = above / below
    influence = upper.influence / above - lower.influence / below
    spread = max(upper.quantile, lower.quantile) * float(np.sqrt((influence**2).sum()))
    half = float(np.hypot(spread, np.hypot(_unseen(upper), _unseen(lower))))
    return value, Interval(value * np.exp(-half), value * np.exp(half))


def _unseen(one: Area) -> float:
    """Half the width, on the logarithm, of an area whose people show no spread; 0 where they do."""
    if one.influence.any():
        return 0.0
    ends = np.log(np.maximum([one.interval.low, one.value, one.interval.high], _SMALLEST))
    return float(np.diff(ends).max())
