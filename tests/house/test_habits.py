"""Small habits that keep the house readable."""

import ast
import subprocess
import sys
import tomllib

import pytest

VAGUE = {"utils", "helpers", "common", "base", "manager", "handler", "factory", "misc", "types"}


def _every(sources, kind):
    return ((source, node) for source in sources for node in ast.walk(source.tree) if isinstance(node, kind))


def test_no_module_has_a_vague_name(sources):
    assert not [source.module for source in sources if VAGUE & set(source.module.split("."))]


def test_no_annotation_is_put_off(sources):
    put_off = [
        source.at(node, f"imports {alias.name}")
        for source, node in _every(sources, ast.ImportFrom)
        for alias in node.names
        if node.module == "__future__" or (node.module == "typing" and alias.name == "Self")
    ]
    assert not put_off, "\n".join(put_off)


def test_nothing_swallows_every_error(sources):
    swallowed = [
        source.at(node, "catches everything")
        for source, node in _every(sources, ast.ExceptHandler)
        if node.type is None
        or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
    ]
    assert not swallowed, "\n".join(swallowed)


def test_nothing_is_asserted_or_left_for_later(sources):
    stated = [source.at(node, "asserts") for source, node in _every(sources, ast.Assert)]
    later = [
        f"{source.path.name}: {word}"
        for source in sources
        for word in ("TODO", "FIXME")
        if word in source.text
    ]
    assert not stated + later, "\n".join(stated + later)


def test_no_test_reads_a_clock(root):
    # How fast something is depends on who else is using the machine: benchmarks say it.
    clocks = {"time", "monotonic", "perf_counter", "process_time"}
    read = [
        f"{path.relative_to(root)}:{node.lineno} time.{node.func.attr}"
        for path in sorted((root / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in clocks
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "time"
    ]
    assert not read, "\n".join(read)


def test_every_requirement_is_pinned(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    pinned = {line.split("==")[0].lower() for line in (root / "constraints.txt").read_text().split()}
    names = {requirement.split(">")[0].split("<")[0].strip().lower() for requirement in wanted}
    assert names <= pinned, sorted(names - pinned)


@pytest.mark.parametrize("folder", ["tests", "examples", "benchmarks", "scripts"])
def test_the_linter_sees_a_name_that_nobody_defined(root, folder):
    command = [sys.executable, "-m", "ruff", "check", "--stdin-filename", f"{folder}/new.py", "-"]
    found = subprocess.run(
        command, input="undefined_name()\n", cwd=root, capture_output=True, text=True, check=False
    )
    assert "F821" in found.stdout, found.stderr
