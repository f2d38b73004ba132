"""What the coefficients of people are like who differ in more ways than one: a mixture of Gaussians."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import one_hot

from vesalius.networks.principal import quarters, shares
from vesalius.shapes import Classes, Latents

_SETTLED = 1e-4
_LEAD = 8  # coefficients after which the first parts are cut; the others are mostly noise
_LEAST = 1e-3
_EMPTY = 1e-9


@dataclass(frozen=True, eq=False)
class Clusters:
    """A mixture of Gaussians whose axes are those of the coefficients.

    Args:
        centre: Mean of each, ``k r``.
        spread: Standard deviations, ``k r``.
        share: How many people belong to each; sums to 1.
        people: How many people each rests on: as many as belong to it, and fewer where a few of them, of many
            pictures, make up most of it.
    """

    centre: Float[Tensor, "k r"]
    spread: Float[Tensor, "k r"]
    share: Float[Tensor, "k"]
    people: Float[Tensor, "k"]


class Mixture(nn.Module):
    """Gaussian latent coordinates to coefficients of a mixture; until one is learnt, to themselves.

    Args:
        classes: How many there are.
        clusters: Gaussians of each class, at most.
        components: Coefficients.
    """

    centre: Tensor
    spread: Tensor
    edges: Tensor

    def __init__(self, classes: int, clusters: int, components: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(classes, clusters, components))
        self.register_buffer("spread", torch.ones(classes, clusters, components))
        self.register_buffer("edges", torch.full((classes, clusters - 1), torch.inf))

    @property
    def counts(self) -> list[int]:
        """Gaussians of each class."""
        return (self.edges.isfinite().sum(1) + 1).tolist()

    def learn(self, label: int, clusters: Clusters) -> None:
        """Take over the clusters of a class.

        Args:
            label: Index of the class.
            clusters: At most as many, of at most as many coefficients, as there is room for; coefficients
                that they do not know stay Gaussian.
        """
        count, kept = clusters.centre.shape
        self.forget(label)
        self.centre[label, :count, :kept] = clusters.centre
        self.spread[label, :count, :kept] = clusters.spread
        # A Gaussian number lies between the quantiles of two sums of shares as often as the share says.
        sums = clusters.share.double().cumsum(0)[:-1].clamp(0, 1)
        self.edges[label, : count - 1] = torch.special.ndtri(sums).to(self.edges)

    def forget(self, label: int) -> None:
        """One Gaussian again."""
        self.centre[label], self.spread[label], self.edges[label] = 0.0, 1.0, torch.inf

    def forward(self, latents: Latents, condition: Classes) -> Float[Tensor, "b r"]:
        """Coefficients: the last coordinate says of which Gaussian, the first ones where in it."""
        known = latents.float()
        place = (known[:, -1:] > self.edges[condition]).sum(1)
        components = self.centre.shape[2]
        return self.centre[condition, place] + self.spread[condition, place] * known[:, :components]


def clusters_of(rows: Float[Tensor, "n r"], who: Int[Tensor, "n"], most: int, least: int) -> Clusters | None:
    """The most clusters under which people who were not asked are at least as likely as under one Gaussian.

    More of them cover more of what people are like, and say it less surely. Every person counts the same.

    Args:
        rows: Coefficients.
        who: Person of each.
        most: Clusters that are thought of; halves of it, too.
        least: People that each has to rest on, so that its centre is nobody.

    Returns:
        None where one Gaussian is all that can be told.
    """
    rows = rows.cpu().double()
    sides = [(rows[~aside], who[~aside], rows[aside], who[aside]) for aside in quarters(who)]

    def likelihood(count: int) -> float:
        fitted = ((_fitted(asked, by, count), others, of) for asked, by, others, of in sides)
        return sum(float(_likely(found, others).logsumexp(1) @ shares(of)) for found, others, of in fitted)

    usual = None
    while most > 1 and rows.shape[1]:
        if len(who.unique()) >= least * most:
            found = _fitted(rows, who, most)
            usual = usual or likelihood(1)
            if float(found.people.min()) >= least and likelihood(most) >= usual:
                return found
        most //= 2
    return None


def _fitted(rows: Float[Tensor, "n r"], who: Int[Tensor, "n"], count: int) -> Clusters:
    """Clusters by expectation and maximisation, begun with parts of equal size."""
    weight, found = shares(who), _moments(rows, who, _parts(rows[:, :_LEAD], count))
    best, highest = found, -torch.inf
    while True:
        likely = _likely(found, rows)
        now = float(likely.logsumexp(1) @ weight)
        # What is drawn together may be less likely than before: then it was best before.
        if now - highest < _SETTLED:
            return best
        highest, best, found = now, found, _moments(rows, who, likely.softmax(1))


def _parts(rows: Float[Tensor, "n r"], count: int) -> Float[Tensor, "n k"]:
    """Which of some parts of equal size a row belongs to: halves of halves across where each is widest."""
    part = torch.zeros(len(rows), dtype=torch.long)
    parts = 1
    while parts < count:
        for each in range(parts):
            own = (part == each).nonzero().squeeze(1)
            widest = rows[own].var(0).argmax() if len(own) > 1 else 0
            order = rows[own, widest].argsort(stable=True)
            part[own[order[len(own) // 2 :]]] += parts
        parts *= 2
    return one_hot(part, count).to(rows)


def _moments(rows: Float[Tensor, "n r"], who: Int[Tensor, "n"], belong: Float[Tensor, "n k"]) -> Clusters:
    """Clusters of rows that belong to them in part; what they differ in by chance alone is evened out.

    Centres, and the spreads beyond one number for each cluster, are drawn towards what is common to all by as
    much as their differences along a coefficient are what so few people would show without any.

    Source:
        Kish, Survey Sampling, 1965, section 11.7, for the number of people that a weighted mean rests on.
    """
    place = who.unique(return_inverse=True)[1]
    weight = shares(who)
    each = belong * weight[:, None]
    share = each.sum(0).clamp_min(_EMPTY)
    persons = each.new_zeros(int(place.max()) + 1, each.shape[1]).index_add_(0, place, each)
    people = persons.sum(0).square() / persons.square().sum(0).clamp_min(_EMPTY**2)
    rests = people.clamp_min(1.0)[:, None]
    raw = each.T @ rows / share[:, None]
    common = share @ raw
    within = (weight @ rows.square() - share @ raw.square()).clamp_min(_LEAST)
    centre = common + _kept(raw, share, within / rests) * (raw - common)
    around = each.T @ rows.square() / share[:, None] - 2 * centre * raw + centre.square()
    ratio = (around / within).clamp_min(_LEAST)
    size = ratio.mean(1, keepdim=True)
    shape = (ratio / size).log()
    usual = share @ shape
    shape = usual + _kept(shape, share, 2 / rests) * (shape - usual)
    return Clusters(centre, (within * size * shape.exp()).sqrt(), share / share.sum(), people)


def _kept(
    value: Float[Tensor, "k r"], share: Float[Tensor, "k"], chance: Float[Tensor, "k _"]
) -> Float[Tensor, "k r"]:
    """Which part of a difference is kept, by the variance that chance explains.

    Source:
        Efron and Morris, J. Am. Stat. Assoc. 68, 1973 (empirical Bayes); the variance between clusters by
        moments, as DerSimonian and Laird, Control. Clin. Trials 7, 1986.
    """
    apart = share @ (value - share @ value).square()
    by_chance = (share * (1 - share)) @ chance.expand_as(value)
    between = (apart - by_chance).clamp_min(0) / (1 - share.square().sum()).clamp_min(_EMPTY)
    return between / (between + chance)


def _likely(found: Clusters, rows: Float[Tensor, "n r"]) -> Float[Tensor, "n k"]:
    """Log density of rows in each cluster, times its share, but for a constant."""
    inverse = found.spread.square().reciprocal()
    # The square written out: all differences at once would take as much memory as rows times clusters.
    apart = rows.square() @ inverse.T - 2 * rows @ (found.centre * inverse).T
    apart = apart + (found.centre.square() * inverse).sum(1)
    return found.share.log() - apart / 2 - found.spread.log().sum(1)
