"""Shared fixtures: where real data lie, and a fixed seed for hypothesis."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "house", deadline=None, derandomize=True, max_examples=25, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data():
    """A folder of real data by name; the test is skipped, naming the folder, where it is absent."""

    def find(name: str) -> Path:
        folder = Path(os.environ.get("VESALIUS_DATA", ROOT.parent / "shared" / "data")) / name
        if not folder.is_dir():
            pytest.skip(f"no real data: {folder} is missing (set VESALIUS_DATA)")
        return folder

    return find
