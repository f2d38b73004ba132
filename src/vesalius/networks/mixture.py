"""What the coefficients of people are like who differ in more ways than one: a mixture of Gaussians."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import one_hot

from vesalius.networks.principal import quarters, shares
from vesalius.shapes import Classes, Latents

_SETTLED = 1e-4
_LEAD = 8  # coefficients after which the first parts are cut; the others are mostly noise
_LEAST = 1e-3


@dataclass(frozen=True, eq=False)
class Clusters:
    """A mixture of Gaussians whose axes are those of the coefficients.

    Args:
        centre: Mean of each, ``k r``.
        spread: Standard deviations, ``k r``.
        share: How many people belong to each; sums to 1.
        people: Number of people of whom each is the most likely one.
    """

    centre: Float[Tensor, "k r"]
    spread: Float[Tensor, "k r"]
    share: Float[Tensor, "k"]
    people: Int[Tensor, "k"]


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
        self.centre[label, :count, :kept] = clusters.centre
        self.spread[label, :count, :kept] = clusters.spread
        # A Gaussian number lies between the quantiles of two sums of shares as often as the share says.
        sums = clusters.share.double().cumsum(0)[:-1].clamp(0, 1)
        self.edges[label, : count - 1] = torch.special.ndtri(sums).to(self.edges)

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
        least: People of each, so that its centre is nobody.

    Returns:
        None where one Gaussian is all that can be told.
    """
    sides = [(rows[~aside], who[~aside], rows[aside], who[aside]) for aside in quarters(who)]

    def likelihood(count: int) -> float:
        fitted = ((_fitted(asked, by, count), others, of) for asked, by, others, of in sides)
        return sum(
            float(_likely(found, others).logsumexp(1) @ shares(of).to(rows)) for found, others, of in fitted
        )

    usual = None
    while most > 1 and rows.shape[1]:
        if len(who.unique()) >= least * most:
            found = _fitted(rows, who, most)
            usual = usual or likelihood(1)
            if int(found.people.min()) >= least and likelihood(most) >= usual:
                return found
        most //= 2
    return None


def _fitted(rows: Float[Tensor, "n r"], who: Int[Tensor, "n"], count: int) -> Clusters:
    """Clusters by expectation and maximisation, begun with parts of equal size."""
    weight = shares(who).to(rows)
    found, before = _moments(rows, weight, _parts(rows[:, :_LEAD], count)), -torch.inf
    likely = _likely(found, rows)
    while (now := float(likely.logsumexp(1) @ weight)) - before > _SETTLED:
        found, before = _moments(rows, weight, likely.softmax(1)), now
        likely = _likely(found, rows)
    nearest = likely.argmax(1)
    return replace(found, people=torch.stack([_people(who[nearest == each]) for each in range(count)]))


def _parts(rows: Float[Tensor, "n r"], count: int) -> Float[Tensor, "n k"]:
    """Which of some parts of equal size a row belongs to: halves of halves across where each is widest."""
    part = torch.zeros(len(rows), dtype=torch.long, device=rows.device)
    parts = 1
    while parts < count:
        for each in range(parts):
            own = (part == each).nonzero().squeeze(1)
            widest = rows[own].var(0).argmax() if len(own) > 1 else 0
            order = rows[own, widest].argsort(stable=True)
            part[own[order[len(own) // 2 :]]] += parts
        parts *= 2
    return one_hot(part, count).to(rows)


def _moments(
    rows: Float[Tensor, "n r"], weight: Float[Tensor, "n"], belong: Float[Tensor, "n k"]
) -> Clusters:
    """Clusters of rows that belong to them in part; what they differ in by chance alone is evened out.

    Centres, and the spreads beyond one number for each cluster, are drawn towards what is common to all by as
    much as their differences along a coefficient are what so few rows would show without any.
    """
    each = belong * weight[:, None]
    share = each.sum(0).clamp_min(1e-9)
    count = share * len(rows)
    raw = each.T @ rows / share[:, None]
    common = share @ raw
    within = ((weight @ rows.square()) - share @ raw.square()).clamp_min(_LEAST)
    centre = common + _kept(raw, share, within / count[:, None]) * (raw - common)
    around = each.T @ rows.square() / share[:, None] - 2 * centre * raw + centre.square()
    ratio = (around / within).clamp_min(_LEAST)
    size = ratio.mean(1, keepdim=True)
    shape = (ratio / size).log()
    usual = share @ shape
    shape = usual + _kept(shape, share, 2 / count[:, None]) * (shape - usual)
    people = torch.zeros(len(share), dtype=torch.long)
    return Clusters(centre, (within * size * shape.exp()).sqrt(), share / share.sum(), people)


def _kept(
    value: Float[Tensor, "k r"], share: Float[Tensor, "k"], chance: Float[Tensor, "k _"]
) -> Float[Tensor, "k r"]:
    """Which part of a difference is kept, by the variance that chance explains.

    Source:
        Efron and Morris, J. Am. Stat. Assoc. 68, 1973 (empirical Bayes); the variance between clusters by
        moments, as DerSimonian and Laird, Control. Clin. Trials 7, 1986.
    """
    between = share @ (value - share @ value).square() - share @ chance.expand_as(value)
    between = between.clamp_min(0)
    return between / (between + chance)


def _likely(found: Clusters, rows: Float[Tensor, "n r"]) -> Float[Tensor, "n k"]:
    """Log density of rows in each cluster, times its share, but for a constant."""
    apart = ((rows[:, None] - found.centre) / found.spread).square().sum(2)
    return found.share.log() - apart / 2 - found.spread.log().sum(1)


def _people(who: Int[Tensor, "n"]) -> Int[Tensor, ""]:
    return torch.tensor(len(who.unique()))
