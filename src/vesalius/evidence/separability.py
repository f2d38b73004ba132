"""Whether a simple classifier can tell made pictures from real ones."""

import numpy as np
from jaxtyping import Float, Int
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from vesalius.evidence.auc import Area, area
from vesalius.evidence.planes import Features

FOLDS = 5
"""Folds of the classifiers, and the people below which they would not all hold a real picture."""

People = Int[np.ndarray, "_"]
"""Person of each row, numbered from 0."""


def two_sample_area(real: Features, made: Features, people: People) -> Area:
    """Area under the ROC curve of the better of two classifiers, real against made.

    Logistic regression and nearest neighbours, five folds by patient, each with its share of
    both sides, one area on all held-out scores. 0.5: these classifiers cannot tell them apart. 1: always.

    Args:
        real: Features of real pictures.
        made: Features of made pictures.
        people: Person of each real picture, numbered from 0; five or more, or a fold had none.

    Source:
        Lopez-Paz and Oquab, ICLR 2017.
    """
    rows = np.concatenate([real, made])
    is_made = np.repeat([0, 1], [len(real), len(made)])
    groups = np.concatenate([people, people.max() + 1 + np.arange(len(made))])
    learners = (
        LogisticRegression(max_iter=500, C=0.1),
        KNeighborsClassifier(max(3, round(np.sqrt(len(rows) / 2)))),
    )
    fold = np.concatenate([_folds(people), _folds(np.arange(len(made)))])
    areas = [area(_held_out(learner, rows, is_made, fold), is_made, groups) for learner in learners]
    return max(areas, key=lambda one: one.value)


def _held_out(
    learner: LogisticRegression | KNeighborsClassifier, rows: Features, is_made: People, fold: People
) -> Float[np.ndarray, "n"]:
    scores = np.empty(len(rows))
    for held in (fold == index for index in range(FOLDS)):
        scores[held] = learner.fit(rows[~held], is_made[~held]).predict_proba(rows[held])[:, 1]
    return scores


def _folds(people: People) -> People:
    """The fold in which each picture is held out, whole people together."""
    order = np.random.default_rng(0).permutation(int(people.max()) + 1)
    return order[people] % FOLDS


def differing(
    real: Features, made: Features, columns: tuple[str, ...], most: int = 10
) -> list[tuple[str, float]]:
    """The features whose means differ most, as standardised mean differences, made minus real.

    Args:
        real: Features of real pictures.
        made: Features of made pictures.
        columns: Name of each feature.
        most: How many to name.
    """
    spread = np.sqrt((real.var(axis=0) + made.var(axis=0)) / 2)
    effect = (made.mean(axis=0) - real.mean(axis=0)) / np.maximum(spread, 1e-9)
    order = np.argsort(-np.abs(effect))[:most]
    return [(columns[index], float(effect[index])) for index in order]
