"""Shared fixtures: where real data lie, and a fixed seed for hypothesis."""

import os
from pathlib import Path

import jaxtyping
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "house", deadline=None, derandomize=True, max_examples=25, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")

ROOT = Path(__file__).resolve().parents[1]
WHOLE = {"stories", "benchmarks", "cli"}


def pytest_runtest_setup(item):
    """Check shapes where parts are tested: whole ways play the same parts often, half of it checks."""
    is_whole = item.path.parent.name in WHOLE or item.get_closest_marker("whole") is not None
    jaxtyping.config.update("jaxtyping_disable", is_whole)


@pytest.fixture(scope="session")
def data():
    """A folder of real data by name; the test is skipped, naming the folder, where it is absent."""

    def find(name: str) -> Path:
        folder = Path(os.environ.get("VESALIUS_DATA", ROOT.parent / "shared" / "data")) / name
        if not folder.is_dir():
            pytest.skip(f"no real data: {folder} is missing (set VESALIUS_DATA)")
        return folder

    return find
