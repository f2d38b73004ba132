"""Area under the ROC curve, with the share of each patient in its error."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import rankdata

from vesalius.evidence.estimate import Estimate
from vesalius.evidence.intervals import Interval

_Z = 1.959963984540054
_SMALLEST = 1e-3


@dataclass(frozen=True, eq=False)
class Area:
    """An area under the ROC curve and the influence of each patient on it.

    Args:
        value: 0.5 for guessing, 1 for a perfect order.
        influence: How much each patient moves the value; its squares add up to the variance.
    """

    value: float
    influence: Float[np.ndarray, "g"]

    @property
    def interval(self) -> Interval:
        """The DeLong interval, clipped to [0, 1]."""
        half = _Z * float(np.sqrt((self.influence**2).sum()))
        return Interval(max(0.0, self.value - half), min(1.0, self.value + half))

    def estimate(self, name: str, n: int, seed: int) -> Estimate:
        """The area as a number of the record."""
        method = "DeLong, patients as clusters"
        return Estimate(name, self.value, *self.interval, method, n, seed, "1", "higher")


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
    weight = np.where(is_positive, 1 / np.sqrt(m * max(m - 1, 1)), 1 / np.sqrt(n * max(n - 1, 1)))
    return Area(value, np.bincount(patients, (placement - value) * weight))


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
    return Area(
        float(np.mean([one.value for one in areas])), np.mean([one.influence for one in areas], axis=0)
    )


def ratio(upper: Area, lower: Area) -> tuple[float, Interval]:
    """Ratio of two areas on the same patients, its interval on the logarithm by the delta method.

    An area below 0.001, which a few people can give, counts as 0.001, so that there is a ratio.
    """
    above, below = max(upper.value, _SMALLEST), max(lower.value, _SMALLEST)
    value = above / below
    influence = upper.influence / above - lower.influence / below
    half = _Z * float(np.sqrt((influence**2).sum()))
    return value, Interval(value * np.exp(-half), value * np.exp(half))
