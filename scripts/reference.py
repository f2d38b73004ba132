"""Writes docs/reference/names.md from the docstrings: `make reference`."""

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "names.md"
HEAD = """# Names

Every public name of the package with the first sentence of its docstring; the docstrings themselves
say shapes, units, errors and sources. Written by `make reference`; a test keeps it current.
"""

Named = ast.ClassDef | ast.FunctionDef
Member = tuple[str, str]


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Named]]:
    """Public classes, functions, methods and properties, as they stand in the file."""
    for node in body:
        if isinstance(node, Named) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{prefix}{node.name}.")


def constants(body: list[ast.stmt]) -> Iterator[Member]:
    """Module values that carry a docstring of their own."""
    for node, after in pairwise(body):
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if isinstance(target, ast.Name) and is_text and not target.id.startswith("_"):
            yield target.id, str(after.value.value)


def members(tree: ast.Module) -> Iterator[Member]:
    """What one file offers: name and docstring."""
    yield from constants(tree.body)
    for name, node in public(tree.body):
        yield name, ast.get_docstring(node) or ""


def first_sentence(docstring: str) -> str:
    """The first paragraph on one line, in Markdown."""
    return " ".join(docstring.strip().split("\n\n")[0].split()).replace("``", "`").replace("|", "\\|")


def page() -> str:
    """The whole reference page."""
    tree, chapters = ["| module | what |", "|---|---|"], []
    for path in sorted((ROOT / "src" / "vesalius").rglob("*.py")):
        parsed = ast.parse(path.read_text())
        if not parsed.body:
            continue
        module = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
        tree.append(f"| `{module}` | {first_sentence(ast.get_docstring(parsed) or '')} |")
        rows = [f"| `{name}` | {first_sentence(text)} |" for name, text in members(parsed)]
        if rows:
            chapters += [f"\n## `{module}`\n", "| name | what |", "|---|---|", *rows]
    return "\n".join([HEAD, "## The tree\n", *tree, *chapters]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
