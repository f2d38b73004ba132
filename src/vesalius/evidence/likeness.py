"""Fidelity and diversity of one assessment, pooled and class by class."""

from dataclasses import replace

import numpy as np

from vesalius.evidence.contract import LEAST, PEOPLE, Sets
from vesalius.evidence.diversity import ClusterShares, cluster_shares
from vesalius.evidence.effort import Effort
from vesalius.evidence.estimate import Comparison
from vesalius.evidence.fidelity import permutation_p
from vesalius.evidence.intervals import effective_count
from vesalius.evidence.measure import Views, compare, vendi_ratio
from vesalius.evidence.record import Effect, Likeness, PermutationTest
from vesalius.evidence.separability import differing
from vesalius.evidence.views import References, Seen, group_names, view

_FIDELITY = ("KID", "FD", "C2ST")
_VARIETY = ("augmented", "linear")


def likeness_of(
    sets: Sets, refs: References, texture: Seen, ssl: Seen, effort: Effort, seed: int
) -> Likeness | None:
    """Compare made with holdout pictures in both feature spaces.

    Args:
        sets: The sets.
        refs: Pictures of known worth.
        texture: Everything as nameable features.
        ssl: Everything as learnt features.
        effort: Repetitions.
        seed: Seed of every choice.

    Returns:
        The numbers; None where at equal counts too few pictures, or people, are left to compare.
    """

    def cut(one: Seen, group: str) -> Views:
        return view(sets, refs, one, group, effort.splits, effort.draws, seed)

    groups = ("all", *(group_names(sets) if effort.per_class and len(sets.classes) > 1 else ()))
    named, learnt = cut(texture, "all"), cut(ssl, "all")
    if not _suffices(named):
        return None
    views = [cut(one, group) for one in (texture, ssl) for group in groups]
    found = [number for one in views if _suffices(one) for number in compare(one).values()]
    effects = differing(named.real, named.made[0], texture.space.columns)
    known = {name: replace(learnt, made=(learnt.anchors[name],)) for name in _VARIETY}
    return Likeness(
        _only(found, True),
        _only(found, False),
        tuple(_significance(views, effort.permutations) for views in (named, learnt)),
        tuple(Effect(feature, value) for feature, value in effects),
        vendi_ratio(learnt, effort.vendi_draws),
        {name: vendi_ratio(one, effort.vendi_draws) for name, one in known.items()},
        _kinds(ssl, learnt, effort),
        {name: _kinds(ssl, one, effort) for name, one in known.items()},
        effective_count(named.people),
    )


def _kinds(ssl: Seen, views: Views, effort: Effort) -> ClusterShares:
    return cluster_shares(ssl.train, views.real, views.made[0], views.seed, effort.clusterings, views.people)


def _suffices(views: Views) -> bool:
    return len(views.real) >= LEAST and len(np.unique(views.people)) >= PEOPLE


def _only(found: list[Comparison], fidelity: bool) -> tuple[Comparison, ...]:
    return tuple(one for one in found if (one.estimate.name in _FIDELITY) == fidelity)


def _significance(views: Views, draws: int) -> PermutationTest:
    rng = np.random.default_rng(views.seed)
    p = permutation_p(views.real, views.made[0], views.people, rng, draws)
    return PermutationTest(views.space, p, draws, views.seed)
