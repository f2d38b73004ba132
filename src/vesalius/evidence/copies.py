"""The search for copies in one assessment: conformal tests, near-duplicates, and the list of both."""

from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from jaxtyping import Bool, Int

from vesalius.evidence.conformal import Crowd, Suspicion, copy_test
from vesalius.evidence.contract import Sets
from vesalius.evidence.copying import Copying
from vesalius.evidence.correlation import best_matches, body
from vesalius.evidence.estimate import Estimate
from vesalius.evidence.intervals import clopper_pearson, numbered
from vesalius.evidence.memorisation import (
    Baseline,
    CorrelationTest,
    Matches,
    Pair,
    baseline,
    hashed,
    near_duplicates,
)
from vesalius.evidence.planes import Grey, grey
from vesalius.evidence.verdict import Thresholds
from vesalius.evidence.views import References, Seen
from vesalius.training.stream import Stacked

_BASELINES = ("linear", "augmented")

_FEWEST = 12
"""Training people below which "normal" cannot be told, and only near-duplicates are looked for."""

_SOMEBODY = 20
"""Training people below which a sample of the linear model may be near one of them: no stranger."""


@dataclass(frozen=True, eq=False)
class Search:
    """What the search for copies found.

    Args:
        copying: What goes into the record.
        matches: Best training match of each made picture; of those that only the conformal test
            found, the picture that is nearest in its features.
        rows: Made pictures found to be copies, the most similar first.
    """

    copying: Copying
    matches: Matches
    rows: list[int]


def find_copies(sets: Sets, refs: References, spaces: tuple[Seen, ...], thresholds: Thresholds) -> Search:
    """Test every made picture against every training person.

    Near-duplicates are looked for among the people of earlier runs in the weights, too; what is normal, the
    conformal tests learn from the people of this run.

    Args:
        sets: The sets.
        refs: Its linear samples are pictures of nobody, which no rule may accuse, where people are many.
        spaces: Feature spaces of the conformal test; the first decides.
        thresholds: Where the lines are.
    """
    learnt = sets.learnt
    people = numbered(learnt.patients)
    ours = numbered(sets.train.patients)
    tested = _tested(sets, ours, spaces, thresholds)
    stacks = (learnt.stack, sets.holdout.stack, refs.stacks["linear"], sets.made.stack)
    train, holdout, linear, made = (grey(stack) for stack in stacks)
    # The linear samples are of this run's people alone, however many came with the weights.
    nobody = linear if len(np.unique(ours)) >= _SOMEBODY else linear[:0]
    limits = (thresholds.correlation, thresholds.closeness)
    search, matches, duplicate = near_duplicates(train, people, holdout, nobody, made, *limits)
    baselines = tuple(
        baseline(name, grey(refs.stacks[name]), train, people, search, len(made)) for name in _BASELINES
    )
    flagged, p = np.zeros(len(made), bool), np.ones(len(made))
    if tested:
        flagged, p = tested[0].flagged, tested[0].p
        matches = _renamed(matches, made, train, np.flatnonzero(flagged & ~duplicate), tested[0].nearest)
    found = np.flatnonzero(flagged | duplicate)
    rows = [int(row) for row in found[np.argsort(-matches.correlation[found])]]
    pairs = tuple(_pair(sets, learnt, matches, row, float(p[row]), duplicate, flagged) for row in rows)
    return Search(_copying(tested, search, baselines, pairs, len(made)), matches, rows)


def _copying(
    tested: list[Suspicion],
    search: CorrelationTest,
    baselines: tuple[Baseline, ...],
    pairs: tuple[Pair, ...],
    made: int,
) -> Copying:
    share = clopper_pearson(len(pairs), made)
    copied = Estimate("copied share", len(pairs) / made, *share, "Clopper-Pearson", made, 0, "1", "lower")
    people = len({pair.patient for pair in pairs})
    return Copying(tuple(one.test for one in tested), search, baselines, copied, people, pairs)


def _tested(
    sets: Sets, people: Int[np.ndarray, "n"], spaces: tuple[Seen, ...], thresholds: Thresholds
) -> list[Suspicion]:
    """Conformal tests, where there are people enough for one to accuse anybody."""
    learnt, held = len(np.unique(people)), len(set(sets.holdout.patients))
    rate, enough = thresholds.false_discovery, thresholds.copy_patients
    if not held or learnt < _FEWEST or (learnt < enough and held < ceil(1 / rate) - 1):
        return []
    others = numbered(sets.holdout.patients)
    return [
        copy_test(
            one.space.record.name,
            Crowd(one.train, people),
            Crowd(one.holdout, others),
            one.made,
            rate,
            enough,
        )
        for one in spaces
    ]


def _renamed(
    matches: Matches, made: Grey, train: Grey, rows: Int[np.ndarray, "r"], nearest: Int[np.ndarray, "m"]
) -> Matches:
    """The matches, those of some rows with the training picture that the conformal test means."""
    index, correlation = matches.index.copy(), matches.correlation.copy()
    mask, one = body(train), np.zeros(1, int)
    for row in rows:
        index[row] = nearest[row]
        alike = best_matches(made[row : row + 1], train[nearest[row] : nearest[row] + 1], one, mask)
        correlation[row] = alike.correlation[0]
    return replace(matches, index=index, correlation=correlation)


def _pair(
    sets: Sets,
    learnt: Stacked,
    matches: Matches,
    row: int,
    p: float,
    duplicate: Bool[np.ndarray, "m"],
    flagged: Bool[np.ndarray, "m"],
) -> Pair:
    patient = hashed(learnt.patients[matches.index[row]])
    correlation = round(float(matches.correlation[row]), 4)
    return Pair(sets.made.keys[row], patient, correlation, p, bool(duplicate[row]), bool(flagged[row]))
