"""The training sets that the utility test of one assessment compares."""

import numpy as np

from vesalius.evidence.baselines import linear_samples
from vesalius.evidence.contract import PEOPLE, Sets
from vesalius.evidence.effort import Effort
from vesalius.evidence.features import Space
from vesalius.evidence.intervals import numbered
from vesalius.evidence.utility import Exam, Lesson, Utility, measure_utility

_LEAST = 5


def utility_of(
    sets: Sets, space: Space, effort: Effort, seed: int, mirror: bool
) -> tuple[Utility | None, str]:
    """Usefulness of the made pictures, or the reason why it cannot be measured.

    Args:
        sets: The sets.
        space: Features for the linear classifier.
        effort: Repetitions and steps.
        seed: First of the paired seeds.
        mirror: Left and right may be exchanged in augmentation.
    """
    reason = obstacle(sets)
    if reason:
        return None, reason
    train = sets.train
    people = numbered(train.patients)
    samples = linear_samples(train.stack, train.labels, people, train.labels, seed + 1)
    lessons = {
        "real": Lesson(train.stack, train.labels),
        "made": Lesson(sets.made.stack, sets.made.labels),
        "linear": Lesson(samples, train.labels),
    }
    test = Lesson(sets.test.stack, sets.test.labels)
    exam = Exam(
        test,
        numbered(sets.test.patients),
        space,
        len(sets.classes),
        seed,
        effort.seeds,
        effort.network_steps,
        mirror,
    )
    return measure_utility(exam, lessons), ""


def obstacle(sets: Sets) -> str:
    """Why usefulness cannot be measured; empty when it can."""
    if len(sets.classes) < 2:
        return "There is one class only, so no classifier can be taught."
    for role, one in (("training", sets.train), ("test", sets.test), ("synthetic", sets.made)):
        counts = np.bincount(one.labels, minlength=len(sets.classes))
        if counts.min() < _LEAST:
            name = sets.classes[int(counts.argmin())]
            return f"Class {name!r} has {counts.min()} {role} picture(s), wanted at least {_LEAST}."
    for index, name in enumerate(sets.classes):
        people = {sets.test.patients[row] for row in np.flatnonzero(sets.test.labels == index)}
        if len(people) < PEOPLE:
            return f"Class {name!r} has {len(people)} test people, wanted at least {PEOPLE}."
    return ""
