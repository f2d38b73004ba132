"""The public face: sorted, complete, and everything on it is there."""

import ast
from importlib import import_module

import vesalius


def test_public_names_are_sorted_and_unique():
    assert list(vesalius.__all__) == sorted(set(vesalius.__all__))


def test_every_public_name_can_be_reached():
    missing = [name for name in vesalius.__all__ if not hasattr(vesalius, name)]
    assert not missing


def test_every_public_name_is_listed_by_dir():
    assert set(vesalius.__all__) <= set(dir(vesalius))


def test_the_type_checker_sees_the_same_names_from_the_same_places(sources):
    face = next(source for source in sources if source.module == "vesalius")
    seen = {
        alias.name: node.module
        for node in ast.walk(face.tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vesalius.")
        for alias in node.names
    }
    assert set(seen) == set(vesalius.__all__)
    strange = [
        f"{name}: {module}"
        for name, module in seen.items()
        if getattr(vesalius, name) is not getattr(import_module(module), name)
    ]
    assert not strange


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(vesalius, "no_such_name")
