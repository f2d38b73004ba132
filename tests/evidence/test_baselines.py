"""The linear model that judges and the linear model that networks start from are one."""

import numpy as np

from vesalius.cohort.phantom import phantom_cohort
from vesalius.evidence import baselines
from vesalius.evidence.baselines import augmented
from vesalius.evidence.intervals import numbered
from vesalius.networks.head_start import HeadStart
from vesalius.networks.linear import LinearBase
from vesalius.recipes.derived import derive
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.stream import stack


def test_the_linear_anchor_has_as_many_components_as_the_head_start(monkeypatch):
    built = []

    class Spy(LinearBase):
        def __init__(self, shape: tuple[int, ...], classes: int, start: HeadStart) -> None:
            super().__init__(shape, classes, start)
            built.append(start.components)

    monkeypatch.setattr(baselines, "LinearBase", Spy)
    for cohort in (phantom_cohort(40, size=16), phantom_cohort(6, size=16, pictures_per_patient=12)):
        task = synthesis_of(cohort, 16, "label")
        people = stack(cohort, task)
        baselines.linear_samples(people.stack, people.labels, numbered(people.patients), np.zeros(2, int), 0)
        assert built[-1] == derive(task, cohort, 1.0).components > 1


def test_classical_augmentation_keeps_what_there_is_and_moves_it_by_a_twentieth():
    """In an oblong picture too: a turn is a turn of what is seen, not of the grid."""
    y, x = np.mgrid[-16:16, -32:32] + 0.5
    bar = ((abs(x) < 12) & (abs(y) < 3)).astype(np.float32) * 1.6 - 0.8
    changed = augmented(np.broadcast_to(bar, (200, 1, 1, 32, 64)), 3)[:, 0, 0] + 0.8
    assert np.array_equal(changed, augmented(np.broadcast_to(bar, (200, 1, 1, 32, 64)), 3)[:, 0, 0] + 0.8)
    seen = changed > 0.8
    assert np.all(abs(seen.sum((1, 2)) / (24 * 6) - 1) < 0.25)
    across, down = (np.array([place[one].mean() for one in seen]) for place in (x, y))
    assert 2 < abs(across).max() < 64 * 0.056
    assert 1 < abs(down).max() < 32 * 0.066
    tilt = [np.polyfit(x[one], y[one], 1)[0] for one in seen]
    assert 0.09 < np.abs(tilt).max() < 0.14, "as steep as 7 degrees"
