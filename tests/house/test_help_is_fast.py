"""The command line answers before the heavy libraries are needed."""

import subprocess
import sys

HEAVY = (
    "torch",
    "pandas",
    "pydicom",
    "matplotlib",
    "scipy",
    "sklearn",
    "skimage",
    "lightning_fabric",
    "SimpleITK",
)


def _heavy_after(statement):
    ask = f"import sys; {statement}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    said = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    return said.stdout.split()


def test_the_command_line_starts_without_heavy_libraries():
    assert _heavy_after("import vesalius.cli") == []


def test_the_package_itself_starts_without_heavy_libraries():
    assert _heavy_after("import vesalius") == []
