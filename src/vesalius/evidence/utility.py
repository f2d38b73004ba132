"""Whether a classifier taught by made pictures serves real people."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from vesalius.evidence.auc import Area, macro_area, ratio
from vesalius.evidence.baselines import augmented
from vesalius.evidence.classifier import linear_scores, network_scores, teach
from vesalius.evidence.estimate import Estimate
from vesalius.evidence.features import Space
from vesalius.evidence.planes import seen
from vesalius.shapes import Stack

People = Int[np.ndarray, "_"]
"""Person of each row, numbered from 0."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """Labelled pictures to learn from or to be tested on.

    Args:
        stack: Pictures.
        labels: Class of each.
    """

    stack: Stack
    labels: Int[np.ndarray, "n"]


@dataclass(frozen=True)
class Arm:
    """What one kind of training set leads to on the real test people.

    Args:
        name: ``real``, ``real, augmented``, ``made`` or ``linear``.
        architecture: Which classifier.
        n_train: Pictures it learnt from.
        auc: Area under the ROC curve on the test people, of the scores averaged over the seeds.
    """

    name: str
    architecture: str
    n_train: int
    auc: Estimate


@dataclass(frozen=True)
class Utility:
    """Train on made, test on real, beside train on real, test on real.

    Args:
        arms: One for each kind of training set and classifier.
        ratios: Area after made pictures over area after real ones, for each classifier.
        seeds: Repetitions of each network.
        n_test: Test pictures.
        n_patients: Test people.
        fewest_patients: Test people of the class that has fewest.
    """

    arms: tuple[Arm, ...]
    ratios: tuple[Estimate, ...]
    seeds: int
    n_test: int
    n_patients: int
    fewest_patients: int


@dataclass(frozen=True, eq=False)
class Exam:
    """What every training set is put through, with the same budget.

    Args:
        test: Real pictures of people in no training set.
        people: Person of each test picture, numbered from 0.
        space: Features for the linear classifier.
        classes: Classes in all.
        seed: First of the paired seeds.
        repetitions: How many seeds.
        steps: Updates of each network.
        mirror: Left and right may be exchanged in augmentation.
    """

    test: Lesson
    people: People
    space: Space
    classes: int
    seed: int
    repetitions: int
    steps: int
    mirror: bool = False

    def network(self, lesson: Lesson, augmentation: bool = False) -> Area:
        """Result of the small network, scores averaged over the seeds."""
        pictures, asked = seen(lesson.stack), seen(self.test.stack)
        options = (self.steps, augmentation, self.mirror)
        networks = [
            teach(pictures, lesson.labels, self.classes, self.seed + turn, *options)
            for turn in range(self.repetitions)
        ]
        scores = np.mean([network_scores(network, asked) for network in networks], axis=0)
        return macro_area(scores, self.test.labels, self.people)

    def linear(self, lesson: Lesson, augmentation: bool = False) -> Area:
        """Result of logistic regression on features; with augmentation, of each picture changed once too."""
        rows, labels, asked = self.space.embed(lesson.stack), lesson.labels, self.space.embed(self.test.stack)
        if augmentation:
            changed = self.space.embed(augmented(lesson.stack, self.seed, self.mirror))
            rows, labels = np.concatenate([rows, changed]), np.concatenate([labels, labels])
        scores = linear_scores(rows, labels, asked, self.classes)
        return macro_area(scores, self.test.labels, self.people)


def measure_utility(exam: Exam, lessons: dict[str, Lesson]) -> Utility:
    """Train classifiers on each set and test them on the same real people.

    Args:
        exam: The test and the budget.
        lessons: Training sets by name; ``real`` and ``made`` must be there.
    """
    logistic = f"logistic on {exam.space.record.name}"
    areas = {(name, "network"): exam.network(lesson) for name, lesson in lessons.items()}
    areas["real, augmented", "network"] = exam.network(lessons["real"], augmentation=True)
    areas |= {(name, logistic): exam.linear(lesson) for name, lesson in lessons.items()}
    areas["real, augmented", logistic] = exam.linear(lessons["real"], augmentation=True)
    asked = len(exam.test.labels)
    arms = [
        Arm(name, how, _count(lessons, name), one.estimate("AUC on real test people", asked, exam.seed))
        for (name, how), one in areas.items()
    ]
    ratios = [
        _ratio(areas["made", how], areas["real", how], how, asked, exam.seed) for how in ("network", logistic)
    ]
    return Utility(
        tuple(arms), tuple(ratios), exam.repetitions, asked, int(exam.people.max()) + 1, _fewest(exam)
    )


def _fewest(exam: Exam) -> int:
    pairs = np.unique(np.stack([exam.test.labels, exam.people]), axis=1)
    return int(np.bincount(pairs[0], minlength=exam.classes).min())


def _count(lessons: dict[str, Lesson], name: str) -> int:
    return len(lessons[name.split(",")[0]].labels)


def _ratio(made: Area, real: Area, how: str, n: int, seed: int) -> Estimate:
    value, interval = ratio(made, real)
    method = "delta method on the logarithm with Student's t, paired by patient"
    return Estimate(f"AUC ratio made / real, {how}", value, *interval, method, n, seed, "1", "higher")
