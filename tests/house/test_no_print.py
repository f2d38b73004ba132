"""The package returns, raises or logs; only the command line speaks, and it does so through rich."""

import ast


def test_the_package_does_not_print(sources):
    printed = [
        source.at(node, "prints")
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not printed, "\n".join(printed)
