"""Whether a simple classifier can tell made pictures from real ones."""

import numpy as np
from jaxtyping import Float, Int
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.neighbors import KNeighborsClassifier

from vesalius.evidence.auc import Area, area
from vesalius.evidence.planes import Features

People = Int[np.ndarray, "_"]
"""Person of each row, numbered from 0."""


def two_sample_area(real: Features, made: Features, people: People) -> Area:
    """Area under the ROC curve of the better of two classifiers, real against made.

    Logistic regression and nearest neighbours, five folds by patient, one area on all held-out
    scores. 0.5: these classifiers cannot tell them apart. 1: always.

    Args:
        real: Features of real pictures.
        made: Features of made pictures.
        people: Person of each real picture, numbered from 0.

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
    areas = [area(_held_out(learner, rows, is_made, groups), is_made, groups) for learner in learners]
    return max(areas, key=lambda one: one.value)


def _held_out(
    learner: LogisticRegression | KNeighborsClassifier, rows: Features, is_made: People, groups: People
) -> Float[np.ndarray, "n"]:
    scores = np.empty(len(rows))
    for fit, held in GroupKFold(5, shuffle=True, random_state=0).split(rows, is_made, groups):
        scores[held] = learner.fit(rows[fit], is_made[fit]).predict_proba(rows[held])[:, 1]
    return scores


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
