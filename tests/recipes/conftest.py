"""People drawn once for all tests of recipes, and a frame that is not looked for."""

from dataclasses import replace
from functools import cache

import pytest

from vesalius.cohort.cohort import Cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.recipes import derived
from vesalius.tasks.synthesis import synthesis_of


@pytest.fixture(scope="session")
def drawn():
    """Cohorts of phantoms, each drawn once: it takes seconds under the checks of shapes."""
    return cache(phantom_cohort)


@pytest.fixture(scope="session")
def crowd(drawn):
    """As many people as are asked for, who look like eight."""

    def people(count):
        bodies = drawn(8).cases
        cases = [replace(bodies[n % 8], key=f"{n}", patient=f"{n}") for n in range(count)]
        return Cohort(tuple(cases), "crowd")

    return people


@pytest.fixture(scope="session")
def task(drawn):
    """Of pictures of 32 x 32, with and without a lesion."""
    return synthesis_of(drawn(8), 32, "label")


@pytest.fixture
def firm(monkeypatch):
    """A firm frame, as phantoms have one: it is looked for where it is tested."""
    monkeypatch.setattr(derived, "foretold_share", lambda task, train: 0.9)
