"""Scripts of the benchmarks as modules."""

import importlib.util
import sys

import pytest


@pytest.fixture
def script(request, monkeypatch):
    """A function that loads a script of ``benchmarks/`` by its name."""
    folder = request.config.rootpath / "benchmarks"
    monkeypatch.syspath_prepend(str(folder))

    def load(name):
        spec = importlib.util.spec_from_file_location(f"benchmark_{name}", folder / f"{name}.py")
        loaded = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, loaded)
        spec.loader.exec_module(loaded)
        return loaded

    return load
