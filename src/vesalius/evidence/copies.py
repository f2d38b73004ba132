"""The search for copies in one assessment: conformal tests, near-duplicates, and the list of both."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from vesalius.evidence.contract import Sets
from vesalius.evidence.estimate import Estimate
from vesalius.evidence.intervals import clopper_pearson, numbered
from vesalius.evidence.memorisation import Matches, Pair, baseline, copy_test, hashed, near_duplicates
from vesalius.evidence.planes import grey
from vesalius.evidence.record import Copying
from vesalius.evidence.verdict import Thresholds
from vesalius.evidence.views import References, Seen

_BASELINES = ("linear", "augmented")

_FEWEST = 12
"""Training people below which "normal" cannot be told, and only near-duplicates are looked for."""


@dataclass(frozen=True, eq=False)
class Search:
    """What the search for copies found.

    Args:
        copying: What goes into the record.
        matches: Best training match of each made picture.
        rows: Made pictures found to be copies, the most similar first.
    """

    copying: Copying
    matches: Matches
    rows: list[int]


def find_copies(sets: Sets, refs: References, spaces: tuple[Seen, ...], thresholds: Thresholds) -> Search:
    """Test every made picture against every training person.

    Args:
        sets: The sets.
        refs: Its linear samples are pictures of nobody, which no rule may accuse.
        spaces: Feature spaces of the conformal test; the first decides.
        thresholds: Where the lines are.
    """
    people = numbered(sets.train.patients)
    can_calibrate = sets.has_others and len(set(sets.train.patients)) >= _FEWEST
    results = [
        copy_test(one.space.record.name, one.train, people, one.holdout, one.made, thresholds.false_discovery)
        for one in (spaces if can_calibrate else ())
    ]
    stacks = (sets.train.stack, sets.holdout.stack, refs.stacks["linear"], sets.made.stack)
    train, holdout, nobody, made = (grey(stack) for stack in stacks)
    limits = (thresholds.correlation, thresholds.closeness)
    search, matches, duplicate = near_duplicates(train, people, holdout, nobody, made, *limits)
    baselines = tuple(
        baseline(name, grey(refs.stacks[name]), train, people, search, len(made)) for name in _BASELINES
    )
    untested = (None, np.ones(len(sets.made)), np.zeros(len(sets.made), bool))
    _, p, flagged = results[0] if results else untested
    has_say = len(set(sets.train.patients)) >= thresholds.copy_patients
    flagged = flagged & has_say
    found = np.flatnonzero(flagged | duplicate)
    rows = [int(row) for row in found[np.argsort(-matches.correlation[found])]]
    pairs = tuple(_pair(sets, matches, row, p, duplicate, flagged) for row in rows)
    share = clopper_pearson(len(rows), len(sets.made))
    copied = Estimate(
        "copied share", len(rows) / len(sets.made), *share, "Clopper-Pearson", len(sets.made), 0, "1", "lower"
    )
    tests = tuple(test for test, _, _ in results)
    repeated = len({pair.patient for pair in pairs})
    return Search(Copying(tests, search, baselines, copied, repeated, pairs), matches, rows)


def _pair(
    sets: Sets,
    matches: Matches,
    row: int,
    p: Float[np.ndarray, "m"],
    duplicate: Bool[np.ndarray, "m"],
    flagged: Bool[np.ndarray, "m"],
) -> Pair:
    patient = hashed(sets.train.patients[matches.index[row]])
    correlation = round(float(matches.correlation[row]), 4)
    return Pair(
        sets.made.keys[row], patient, correlation, float(p[row]), bool(duplicate[row]), bool(flagged[row])
    )
