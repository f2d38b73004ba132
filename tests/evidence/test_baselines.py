"""The linear model that judges and the linear model that networks start from are one."""

import numpy as np

from vesalius.cohort.phantom import phantom_cohort
from vesalius.evidence import baselines
from vesalius.evidence.intervals import numbered
from vesalius.networks.linear import LinearBase
from vesalius.recipes.derived import derive
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.stream import stack


def test_the_linear_anchor_has_as_many_components_as_the_head_start(monkeypatch):
    built = []

    class Spy(LinearBase):
        def __init__(self, shape: tuple[int, ...], classes: int, components: int) -> None:
            super().__init__(shape, classes, components)
            built.append(components)

    monkeypatch.setattr(baselines, "LinearBase", Spy)
    for cohort in (phantom_cohort(40, size=16), phantom_cohort(6, size=16, pictures_per_patient=12)):
        task = synthesis_of(cohort, 16, "label")
        people = stack(cohort, task)
        baselines.linear_samples(people.stack, people.labels, numbered(people.patients), np.zeros(2, int), 0)
        assert built[-1] == derive(task, cohort, 1.0).components > 1
