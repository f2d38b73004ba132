"""The public face: sorted, complete, and everything on it is there."""

import importlib

import vesalius


def test_public_names_are_sorted_and_unique():
    assert list(vesalius.__all__) == sorted(set(vesalius.__all__))


def test_every_public_name_can_be_reached():
    missing = [name for name in vesalius.__all__ if not hasattr(vesalius, name)]
    assert not missing


def test_every_public_name_is_listed_by_dir():
    assert set(vesalius.__all__) <= set(dir(vesalius))


def test_every_error_of_the_tree_is_public():
    errors = importlib.import_module("vesalius.errors")
    tree = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert tree <= set(vesalius.__all__), sorted(tree - set(vesalius.__all__))


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(vesalius, "no_such_name")
