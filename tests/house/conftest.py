"""What the house rules look at: the text and the syntax tree of every file of the package."""

import ast
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Source:
    """One file of the package."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        """Its dotted name."""
        parts = self.path.relative_to(ROOT / "src").with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def at(self, node: ast.stmt | ast.expr | ast.ExceptHandler, what: str) -> str:
        """A complaint that an editor can jump to."""
        return f"{self.path.relative_to(ROOT)}:{node.lineno} {what}"


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def sources() -> tuple[Source, ...]:
    """Every Python file of the package."""
    paths = sorted((ROOT / "src" / "vesalius").rglob("*.py"))
    return tuple(Source(path, text := path.read_text(), ast.parse(text)) for path in paths)


@pytest.fixture(scope="session")
def tracked() -> tuple[Path, ...]:
    """Every file that belongs to the project: known to git or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if path.is_file())
