"""How far made pictures are from real ones: kernel and Fréchet distances of their features."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from vesalius.errors import EvidenceError
from vesalius.evidence.intervals import Interval, jackknife_variance, normal_interval
from vesalius.evidence.planes import Features

_FEWEST = 3  # people, or made pictures, below which nobody can be left out

People = Int[np.ndarray, "_"]
"""Person of each row, numbered from 0."""


def kernel(x: Features, y: Features) -> Float[np.ndarray, "n m"]:
    """The cubic kernel ``(x·y / d + 1)³``.

    Source:
        Bińkowski et al., ICLR 2018, section 4.
    """
    base = x @ y.T
    base /= x.shape[1]
    base += 1
    return base * base * base


@dataclass(frozen=True, eq=False)
class KernelSums:
    """Sums of the kernel over pairs of different people, from which everything else follows.

    Args:
        total: Sum over all such pairs, both orders.
        pairs: How many.
        by_patient: Sum over the pairs that each person is in, as first member.
        pairs_by_patient: How many those are.
    """

    total: float
    pairs: float
    by_patient: Float[np.ndarray, "g"]
    pairs_by_patient: Float[np.ndarray, "g"]

    @property
    def mean(self) -> float:
        """Mean over pairs of different people."""
        return self.total / self.pairs

    @property
    def means_without(self) -> Float[np.ndarray, "g"]:
        """The mean when one person is left out, for each person."""
        return (self.total - 2 * self.by_patient) / (self.pairs - 2 * self.pairs_by_patient)


def within(values: Float[np.ndarray, "n n"], people: People) -> KernelSums:
    """Kernel sums inside one set; pairs of one person say nothing of others and are left out."""
    apart = values * (people[:, None] != people)
    counts = np.bincount(people)
    by_patient = np.bincount(people, apart.sum(axis=1))
    pairs_by_patient = counts * float(len(people)) - counts**2
    return KernelSums(float(by_patient.sum()), float(pairs_by_patient.sum()), by_patient, pairs_by_patient)


@dataclass(frozen=True, eq=False)
class KernelDistance:
    """A kernel distance, and what it would be without one of the people.

    Args:
        value: On everybody; see `kernel_distance`.
        without_person: Without each person of the real pictures; empty for fewer than three people or made
            pictures.
        variance_made: What the made pictures, which are a sample too, add to its variance.
    """

    value: float
    without_person: Float[np.ndarray, "g"]
    variance_made: float

    @property
    def interval(self) -> Interval | None:
        """95 % jackknife interval; None where nobody could be left out."""
        if not len(self.without_person):
            return None
        return normal_interval(self.value, jackknife_variance(self.without_person) + self.variance_made)


def kernel_distance(x: Features, y: Features, people: People | None = None) -> tuple[float, Interval | None]:
    """Kernel Inception Distance in any feature space: the unbiased squared discrepancy of two sets.

    The U-statistic over the whole sample: 0 in expectation for equal distributions at any
    count, hence negative at times; not clipped. The interval leaves out one patient of `x` or
    one picture of `y` at a time, from the same kernel sums. A naive bootstrap would be wrong
    (its pairs contain duplicates).

    Args:
        x: Features of real pictures.
        y: Features of made pictures.
        people: Person of each real picture; all different when None.

    Returns:
        The distance and its 95 % jackknife interval; None for fewer than three on a side.

    Raises:
        EvidenceError: The real pictures are of one person, or there is one made picture.

    Source:
        Gretton et al., JMLR 13, 2012, eq. 3; Bińkowski et al., ICLR 2018.

    Examples:
        >>> distance, _ = kernel_distance(np.array([[0.0, 0], [1, 0]]), np.array([[0.0, 1], [1, 1]]))
        >>> distance
        1.1875
    """
    found = leave_one_out(x, y, people)
    return found.value, found.interval


def leave_one_out(x: Features, y: Features, people: People | None = None) -> KernelDistance:
    """`kernel_distance`, with the values that remain when one person is left out.

    Args:
        x: Features of real pictures.
        y: Features of made pictures.
        people: Person of each real picture, numbered from 0; all different when None.

    Raises:
        EvidenceError: The real pictures are of one person, or there is one made picture.
    """
    who = np.arange(len(x)) if people is None else people
    _require_pairs(len(np.unique(who)), len(y))
    real, made = within(kernel(x, x), who), within(kernel(y, y), np.arange(len(y)))
    cross = kernel(x, y)
    value = real.mean + made.mean - 2 * float(cross.mean())
    if min(len(real.by_patient), len(y)) < _FEWEST:
        return KernelDistance(value, np.zeros(0), 0.0)
    rows, counts = np.bincount(who, cross.sum(axis=1)), np.bincount(who)
    without_x = (cross.sum() - rows) / ((len(x) - counts) * len(y))
    without_y = (cross.sum() - cross.sum(axis=0)) / (len(x) * (len(y) - 1))
    side_x = real.means_without + made.mean - 2 * without_x
    side_y = real.mean + made.means_without - 2 * without_y
    return KernelDistance(value, side_x, jackknife_variance(side_y))


def distance_difference(one: KernelDistance, other: KernelDistance) -> Interval:
    """95 % interval of how much smaller one distance is than another, to the same people.

    What one person does to both distances is taken away: two intervals that overlap may be of distances that
    clearly differ.

    Args:
        one: Of some made pictures.
        other: Of others, made without knowing those; the same people in the same order.

    Returns:
        Above 0 where the first are nearer.

    Raises:
        EvidenceError: They are of other numbers of people, or have no interval.
    """
    people, others = len(one.without_person), len(other.without_person)
    if people != others or not people:
        raise EvidenceError(
            f"kernel distances that leave out {people} and {others} people, wanted the same number, of three "
            "people and three made pictures or more"
        )
    by_people = jackknife_variance(other.without_person - one.without_person)
    return normal_interval(other.value - one.value, by_people + one.variance_made + other.variance_made)


def _require_pairs(people: int, made: int) -> None:
    if min(people, made) < 2:
        raise EvidenceError(
            f"kernel distance: {people} people and {made} made pictures, wanted two or more of each"
        )


def permutation_p(
    x: Features, y: Features, people: People, rng: np.random.Generator, draws: int = 199
) -> float:
    """How often chance labels, given to whole patients, give a kernel distance as large.

    Args:
        x: Features of real pictures.
        y: Features of made pictures.
        people: Person of each real picture, numbered from 0.
        rng: Source of the chance labels.
        draws: How many; the least p is one over one more.

    Source:
        Gretton et al., JMLR 13, 2012, section 6; the kernel is computed once.
    """
    blocks = np.concatenate([people, people.max() + 1 + np.arange(len(y))])
    values = kernel(*(np.concatenate([x, y]),) * 2) * (blocks[:, None] != blocks)
    sides = [np.arange(len(blocks)) < len(x)]
    for _ in range(draws):
        rank = rng.permutation(int(blocks.max()) + 1)
        order = np.argsort(rank[blocks], kind="stable")
        side = np.zeros(len(blocks), bool)
        side[order[: len(x)]] = True
        sides.append(side)
    distances = _distances(values, np.stack(sides).astype(float), blocks)
    return float((1 + (distances[1:] >= distances[0]).sum()) / (draws + 1))


def _distances(
    values: Float[np.ndarray, "n n"], sides: Float[np.ndarray, "d n"], blocks: People
) -> Float[np.ndarray, "d"]:
    """The distance for each way of naming some rows real (1) and the others made (0)."""
    others = 1 - sides
    toward = sides @ values
    first, cross = (toward * sides).sum(axis=1), (toward * others).sum(axis=1)
    second = values.sum() - first - 2 * cross

    def pairs(side: Float[np.ndarray, "d n"], other: Float[np.ndarray, "d n"]) -> Float[np.ndarray, "d"]:
        counts = [np.array([np.bincount(blocks, row) for row in matrix]) for matrix in (side, other)]
        return side.sum(axis=1) * other.sum(axis=1) - (counts[0] * counts[1]).sum(axis=1)

    return first / pairs(sides, sides) + second / pairs(others, others) - 2 * cross / pairs(sides, others)


def frechet_distance(x: Features, y: Features) -> float:
    """Distance of two sets whose features are taken as Gaussian.

    Squared: a doubled shift counts four times. Biased upwards for small samples, so compare
    only at equal counts, beside the real-against-real floor. Works with fewer rows than
    features.

    Returns:
        Zero for equal means and covariances; no upper bound; in squared units of the features.

    Source:
        Dowson and Landau, J. Multivar. Anal. 12, 1982; Heusel et al., NeurIPS 2017. The trace
        of the root is the nuclear norm of ``R₁ R₂ᵀ``, the triangular factors of the centred rows.
    """
    left, right = (_root(rows) for rows in (x, y))
    root = np.linalg.svd(left @ right.T, compute_uv=False).sum()
    shift = ((x.mean(axis=0) - y.mean(axis=0)) ** 2).sum()
    return float(shift + (left**2).sum() + (right**2).sum() - 2 * root)


def _root(rows: Features) -> Float[np.ndarray, "r d"]:
    """A factor R with ``RᵀR`` the covariance."""
    return np.asarray(np.linalg.qr((rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1), mode="r"))
