"""Whether made pictures are as many-sided as real ones: coverage, Vendi score, cluster shares."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial.distance import cdist
from scipy.stats import false_discovery_control, fisher_exact
from sklearn.cluster import KMeans

from vesalius.errors import EvidenceError
from vesalius.evidence.intervals import effective_count
from vesalius.evidence.planes import Features


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """Which real and made pictures lie in each other's neighbourhoods.

    Args:
        precise: Whether each made picture lies in the ball of some real one.
        recalled: Whether each real picture lies in the ball of some made one.
        density: In how many real balls each made picture lies, over k.
        covered: Whether the ball of each real picture holds a made one.
    """

    precise: Bool[np.ndarray, "m"]
    recalled: Bool[np.ndarray, "n"]
    density: Float[np.ndarray, "m"]
    covered: Bool[np.ndarray, "n"]

    def of(self, name: str) -> Float[np.ndarray, "_"]:
        """One value a picture, by the name of the number: precision, recall, density or coverage."""
        return {
            "precision": self.precise,
            "recall": self.recalled,
            "density": self.density,
            "coverage": self.covered,
        }[name].astype(float)


def neighbourhoods(real: Features, made: Features, k: int = 5) -> Neighbourhoods:
    """Balls that reach to the k-th neighbour in the own set, and who lies strictly inside.

    Depends on the ratio of the counts: compare equal counts only. Even for equal
    distributions coverage is 1 - 2⁻ᵏ and recall and precision stay below 1.

    Raises:
        EvidenceError: A set has no more than k pictures.

    Source:
        Kynkäänniemi et al., NeurIPS 2019, eq. 1; Naeem et al., ICML 2020, eq. 4 and 5.
    """
    if min(len(real), len(made)) <= k:
        raise EvidenceError(f"{min(len(real), len(made))} pictures on a side, wanted more than k = {k}")
    real_radius, made_radius = _radii(real, k), _radii(made, k)
    distance = cdist(real, made)
    in_real, in_made = distance < real_radius[:, None], distance < made_radius
    return Neighbourhoods(
        in_real.sum(axis=0) > 0, in_made.sum(axis=1) > 0, in_real.sum(axis=0) / k, in_real.sum(axis=1) > 0
    )


def _radii(rows: Features, k: int) -> Float[np.ndarray, "n"]:
    return np.partition(cdist(rows, rows), k, axis=1)[:, k]


def vendi_score(rows: Features) -> float:
    """Effective number of different pictures: the exponential entropy of their cosines.

    Grows with the count of pictures, so compare equal counts only.

    Source:
        Friedman and Dieng, TMLR 2023, eq. 1, with the cosine kernel.

    Examples:
        >>> round(vendi_score(np.eye(7)), 6)
        7.0
    """
    norm = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = rows / np.maximum(norm, 1e-12)
    gram = unit.T @ unit if rows.shape[1] < len(rows) else unit @ unit.T
    return vendi_of(gram / len(rows))


def vendi_of(kernel: Float[np.ndarray, "n n"]) -> float:
    """The same of a kernel matrix that is already divided by its count.

    Examples:
        >>> similar = np.array([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1]])
        >>> round(vendi_of(similar / 3), 7)
        2.1573005
    """
    values = np.linalg.eigvalsh(kernel)
    values = values[values > 1e-12]
    return float(np.exp(-(values * np.log(values)).sum()))


@dataclass(frozen=True)
class ClusterShares:
    """How the kinds of picture found among the training pictures are represented.

    Args:
        clusters: How many kinds were looked for.
        worst_ratio: Share among made over share among real pictures, of the kind most lacking.
        starved: Median over the repetitions of how many kinds have a share of less than a third
            of the real one, beyond chance (false discovery rate 5 %).
        repetitions: How often the kinds were sought afresh.
        n: Pictures on each side.
        seed: Seed of the first repetition.
    """

    clusters: int
    worst_ratio: float
    starved: float
    repetitions: int
    n: int
    seed: int


def cluster_shares(
    train: Features, real: Features, made: Features, seed: int, repetitions: int, people: Int[np.ndarray, "n"]
) -> ClusterShares:
    """Compare the shares of the kinds of picture, real against made.

    Chance is judged by as many real pictures as those of so many people are worth: one person of
    many pictures can fill a kind alone, which no other cohort would show.

    Args:
        train: Where the kinds are sought, by k-means.
        real: Holdout pictures.
        made: As many made pictures.
        seed: Start of the repetitions.
        repetitions: k-means is not stable, so the median is taken.
        people: Person of each holdout picture, numbered from 0.
    """
    worth = effective_count(people) / len(people)
    clusters = max(2, min(20, len(real) // 15))
    found = [_starved(train, real, made, clusters, seed + turn, worth) for turn in range(repetitions)]
    worst, starved = np.median(np.array(found), axis=0)
    return ClusterShares(clusters, float(worst), float(starved), repetitions, min(len(real), len(made)), seed)


def _starved(
    train: Features, real: Features, made: Features, clusters: int, seed: int, worth: float
) -> tuple[float, float]:
    folded = seed % 2**32  # the most that scikit-learn takes
    means = KMeans(clusters, n_init=1, random_state=folded, max_iter=50).fit(train)  # pyright: ignore[reportArgumentType]
    counts = [np.bincount(means.predict(rows), minlength=clusters) for rows in (real, made)]
    ratio = _ratios(*counts)
    told, people = np.round(counts[0] * worth).astype(int), round(len(real) * worth)
    p = [
        fisher_exact([[m, len(made) - m], [r, max(people - r, 0)]], alternative="less")[1]
        for r, m in zip(told, counts[1], strict=True)
    ]
    lacking = (ratio < 1 / 3) & (false_discovery_control(p) < 0.05)
    return float(ratio.min()), float(lacking.sum())


def _ratios(real: Int[np.ndarray, "k"], made: Int[np.ndarray, "k"]) -> Float[np.ndarray, "k"]:
    return ((made + 0.5) / (made.sum() + 0.5)) / ((real + 0.5) / (real.sum() + 0.5))
