"""Imports go down only, and stand where a reader looks for them."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import grimp


def test_imports_go_down_only(root):
    lint = Path(sys.executable).with_name("lint-imports")
    said = subprocess.run([lint, "--no-cache"], cwd=root, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


def test_no_module_imports_itself_by_a_detour():
    graph = grimp.build_graph("vesalius", cache_dir=None)
    # Verbs import when they run; what they bring may know what was asked of it.
    others = graph.modules - {"vesalius.cli.verbs"}
    imported = {module: graph.find_modules_directly_imported_by(module) for module in others}
    TopologicalSorter(imported).prepare()  # raises CycleError, naming the cycle


def test_imports_stand_at_the_top_of_their_file_except_in_verbs(sources):
    hidden = [
        source.at(node, "imports inside a function")
        for source in sources
        if source.module != "vesalius" and not source.module.startswith("vesalius.cli")
        for function in ast.walk(source.tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not hidden, "\n".join(hidden)
