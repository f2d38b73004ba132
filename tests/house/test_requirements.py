"""What is imported is required, and what is required is pinned: a fresh environment runs every proof."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions, requires

import pytest
from packaging.requirements import Requirement

# What torch alone brings for one kind of device differs from machine to machine.
DEVICE = ("nvidia-", "cuda-", "triton")
FOLDERS = ("src", "tests", "examples", "benchmarks", "scripts")


def _plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def peers(project):
    """Whom benchmarks compare with, where they are installed."""
    return {_plain(Requirement(each).name) for each in project["optional-dependencies"]["peers"]}


@pytest.fixture(scope="module")
def needed(project):
    """Everything that an installation for development brings, by name."""
    asked = [Requirement(each) for each in project["dependencies"] + project["optional-dependencies"]["dev"]]
    found = set()
    while asked:
        name = _plain(asked.pop().name)
        if name in found or name.startswith(DEVICE):
            continue
        found.add(name)
        further = (Requirement(each) for each in requires(name) or ())
        asked += [each for each in further if not each.marker or each.marker.evaluate({"extra": ""})]
    return found


def test_everything_that_an_installation_brings_is_pinned(root, needed):
    pinned = {_plain(line.split("==")[0]) for line in (root / "constraints.txt").read_text().split()}
    assert not needed - pinned, sorted(needed - pinned)


@pytest.fixture(scope="module")
def extras(project):
    """What few people install, by the only modules that import it."""
    names = {_plain(Requirement(each).name) for each in project["optional-dependencies"]["ray"]}
    return {"src/vesalius/model/workers.py": names, "tests/model/test_bulk.py": names}


def _imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {
            "importorskip",
            "import_module",
        }:
            yield from (each.value for each in node.args[:1] if isinstance(each, ast.Constant))


def test_every_import_comes_with_a_requirement(root, needed, peers, extras):
    brought = {top for top, dists in packages_distributions().items() if needed & set(map(_plain, dists))}
    known = brought | sys.stdlib_module_names | {"vesalius"}
    foreign = []
    for path in (path for folder in FOLDERS for path in sorted((root / folder).rglob("*.py"))):
        own = {each.stem for each in path.parent.glob("*.py")}
        tops = {name.split(".")[0] for name in _imported(ast.parse(path.read_text()))}
        allowed = known | own | (peers if path.is_relative_to(root / "benchmarks") else set())
        allowed |= extras.get(str(path.relative_to(root)), set())
        foreign += [f"{path.relative_to(root)} imports {top}" for top in sorted(tops - allowed)]
    assert not foreign, "\n".join(foreign)
