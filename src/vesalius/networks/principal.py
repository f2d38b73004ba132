"""Principal components of rows, and how many of them people describe who were not asked."""

from dataclasses import dataclass
from math import inf, log

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from vesalius.networks.blocks import seeded

_ASIDE = 4  # one person in four says how many components the others foresaw
_ROWS = 2048  # more rows than these would cost seconds and change no choice


def shares(who: Int[Tensor, "n"]) -> Float[Tensor, "n"]:
    """What each picture counts when every person counts the same; sums to 1."""
    people, place, count = who.unique(return_inverse=True, return_counts=True)
    return 1 / (count[place].double() * len(people))


def evened(rows: Float[Tensor, "n d"], who: Int[Tensor, "n"]) -> Float[Tensor, "n d"]:
    """Centred rows, scaled so that every person adds the same to their squares."""
    return rows * (len(rows) * shares(who)).sqrt().to(rows)[:, None]


@dataclass(frozen=True, eq=False)
class Principal:
    """Scaled principal components of centred rows.

    Args:
        weight: Components scaled by the root of their variance above the noise, ``r d``;
            rows beyond the rank are zero.
        noise: Mean variance of the directions left out.
    """

    weight: Float[Tensor, "r d"]
    noise: float


def principal(rows: Float[Tensor, "n d"], components: int) -> Principal:
    """Maximum-likelihood weights of probabilistic principal component analysis.

    Args:
        rows: Centred observations.
        components: How many to keep; those beyond the rank less one come out as zero.

    Source:
        Tipping and Bishop, 1999, eq. 7 and 8, by the Gram matrix of the rows.
    """
    count, features = rows.shape
    rank = min(count - 1, features)
    kept = max(min(components, rank - 1), 0)
    values, vectors = _spectrum(rows)
    noise = float(values[kept:rank].sum() / (features - kept)) if rank > kept else 0.0
    weight = torch.zeros(components, features)
    weight[:kept] = vectors[:kept] * (values[:kept] - noise).clamp_min(0).sqrt()[:, None]
    return Principal(weight, noise)


def _spectrum(rows: Float[Tensor, "n d"]) -> tuple[Float[Tensor, "r"], Float[Tensor, "r d"]]:
    """Variances and directions, largest first, by the smaller of the two square matrices."""
    count, features = rows.shape
    if count > features:
        values, vectors = torch.linalg.eigh((rows.T @ rows / (count - 1)).double())
        return values.flip(0).clamp_min(0).float(), vectors.flip(1).T.float()
    values, vectors = torch.linalg.eigh((rows @ rows.T / max(count - 1, 1)).double())
    values = values.flip(0).clamp_min(0)
    scale = (values * max(count - 1, 1)).clamp_min(1e-20).sqrt()
    return values.float(), (vectors.flip(1) / scale).T.float() @ rows


@dataclass(frozen=True, eq=False)
class Foreseen:
    """What some people say of others.

    Args:
        components: Number under which the others are most likely.
        aside: Centred rows of the others; every person counts the same.
        left: What the components leave of them.
    """

    components: int
    aside: Float[Tensor, "m d"]
    left: Float[Tensor, "m d"]


def foresee(rows: Float[Tensor, "n d"], who: Int[Tensor, "n"], most: int) -> Foreseen:
    """How many components describe people who were not asked.

    Three people of four are described by 0, 1, 2, 4, ... or `most` components and even noise; the number
    under which the fourth is most likely is the answer. Pictures that are aligned bear many; of
    pictures without a common frame nearly every component is an accident of who was asked.

    Args:
        rows: Centred observations of at least two people.
        who: Person of each.
        most: The largest number that is thought of.

    Source:
        Tipping and Bishop, J. R. Stat. Soc. B 61, 1999, eq. 4, for the likelihood.
    """
    is_aside = quarters(who)[0]
    asked, aside = (_thinned(rows[chosen], who[chosen]) for chosen in (~is_aside, is_aside))
    values, vectors = _spectrum(asked)
    # A direction without any variance has no likelihood.
    values = values.clamp_min(float(values[0]) * 1e-9)
    places = aside @ vectors[:most].T
    counts = [0, *(2**power for power in range(most.bit_length()) if 2**power < most), most]
    fits = [(_likelihood(values, places, aside, count), count) for count in counts]
    best = max(fits)[1]
    return Foreseen(best, aside, aside - places[:, :best] @ vectors[:best])


def foretold(rows: Float[Tensor, "n d"], who: Int[Tensor, "n"], most: int) -> float:
    """How much of other people components explain, as a share of what they explain of their own.

    Every person is once among the others: components are taken from three quarters of the people at a time.

    Args:
        rows: Centred observations of at least four people.
        who: Person of each.
        most: Components; fewer where they would be taken from fewer than four pictures each.

    Returns:
        About 1 where what some people differ in, others differ in, too; near 0 where each component is
        an accident of who was asked.
    """
    own, other = [], []
    for is_aside in quarters(who):
        asked, aside = (evened(rows[chosen], who[chosen]) for chosen in (~is_aside, is_aside))
        vectors = _spectrum(asked)[1][: min(most, max(1, len(asked) // _ASIDE))]
        own.append(_explained(asked, vectors))
        other.append(_explained(aside, vectors))
    return sum(other) / sum(own) if sum(own) > 0 else 0.0


def quarters(who: Int[Tensor, "n"]) -> list[Bool[Tensor, "n"]]:
    """Which rows are of the people of each quarter; the same people always, in no order of theirs."""
    people = who.unique()
    people = people[torch.randperm(len(people), generator=seeded(0))]
    return [torch.isin(who, people[first::_ASIDE]) for first in range(_ASIDE)]


def _explained(rows: Float[Tensor, "n d"], vectors: Float[Tensor, "k d"]) -> float:
    whole = float(rows.square().sum())
    return float((rows @ vectors.T).square().sum()) / whole if whole > 0 else 0.0


def _thinned(rows: Float[Tensor, "n d"], who: Int[Tensor, "n"]) -> Float[Tensor, "m d"]:
    step = -(-len(rows) // _ROWS)
    return evened(rows[::step], who[::step])


def _likelihood(
    values: Float[Tensor, "r"], places: Float[Tensor, "m k"], aside: Float[Tensor, "m d"], count: int
) -> float:
    """Mean log likelihood of rows under some components and even noise, but for a constant."""
    features = aside.shape[1]
    rank = min(len(values), features)
    if count >= rank - 1 or not values[0]:
        return -inf
    noise = float(values[count:rank].sum()) / (features - count)
    known = places[:, :count].square()
    left = (aside.square().sum() - known.sum()) / len(aside)
    spread = values[:count]
    return -0.5 * float(
        spread.log().sum() + (features - count) * log(noise) + (known / spread).sum(1).mean() + left / noise
    )
