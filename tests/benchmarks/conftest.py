"""Scripts of the benchmarks as modules, and a contest that takes seconds."""

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from vesalius.cli.people import split_people
from vesalius.cli.verbs import Selection
from vesalius.cohort.phantom import phantom_cohort
from vesalius.evidence.effort import Effort

TINY = Effort(2, 16, 2, 9, 1, 2, 2, 1, 2, False)


@pytest.fixture
def script(request, monkeypatch):
    """A function that loads a script of ``benchmarks/`` by its name."""
    folder = request.config.rootpath / "benchmarks"
    monkeypatch.syspath_prepend(str(folder))

    def load(name):
        spec = spec_from_file_location(f"benchmark_{name}", folder / f"{name}.py")
        loaded = module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, loaded)
        spec.loader.exec_module(loaded)
        return loaded

    return load


@pytest.fixture(scope="session")
def people():
    """Phantoms, cut by patient."""
    return split_people(phantom_cohort(170, size=16), Selection())


@pytest.fixture
def contest(script, people):
    """All phantoms opened, to be measured with the least effort."""
    # As the scripts import it, so that its classes are theirs.
    side = import_module("cohorts").opened(people, 16, with_test=True)
    return import_module("contest").Contest(side, 0, TINY)
