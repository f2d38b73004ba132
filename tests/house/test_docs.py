"""What is public is explained, and what is explained is true."""

import importlib.util
import re
from dataclasses import fields

import pytest

import vesalius
from vesalius import errors
from vesalius.evidence.record import Data, Evidence, Likeness
from vesalius.recipes.synthesis import RECIPES

LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


@pytest.fixture(scope="session")
def pages(root):
    """Every page a reader may open."""
    return (root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md")))


@pytest.fixture(scope="session")
def reference(root):
    """All reference pages as one text."""
    return "\n".join(path.read_text() for path in sorted((root / "docs" / "reference").glob("*.md")))


def test_every_public_name_stands_in_the_reference(reference):
    words = set(re.findall(r"[A-Za-z_]\w*", reference))
    missing = [name for name in vesalius.__all__ if name not in words]
    assert not missing


def test_every_error_stands_on_the_page_of_errors(root):
    page = (root / "docs" / "reference" / "errors.md").read_text()
    tree = [
        name for name, value in vars(errors).items() if isinstance(value, type) and name.endswith("Error")
    ]
    assert not [name for name in tree if f"`{name}`" not in page]


def test_every_field_of_the_evidence_stands_on_its_page(root):
    page = (root / "docs" / "reference" / "evidence-json.md").read_text()
    assert not [
        field.name
        for kind in (Evidence, Data, Likeness)
        for field in fields(kind)
        if f"| `{field.name}` |" not in page
    ]


def test_every_recipe_stands_in_the_reference(reference):
    assert not [name for name in RECIPES if f"`{name}`" not in reference]


def test_the_page_of_names_is_current(root):
    spec = importlib.util.spec_from_file_location("reference", root / "scripts" / "reference.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.PAGE.read_text() == script.page(), "stale: run `make reference`"


def test_every_link_between_pages_leads_somewhere(pages):
    broken = [
        f"{page}: {target}"
        for page in pages
        for target in LINK.findall(page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not broken, "\n".join(broken)
