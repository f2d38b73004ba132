"""The words of the Makefile lead somewhere."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_script_that_is_named_outside_exists():
    pages = [ROOT / "Makefile", ROOT / ".ci" / "run", *ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    named = {name for page in pages for name in re.findall(r"\bscripts/[\w./-]*\w", page.read_text())}
    assert named >= {"scripts/check", "scripts/reference.py"}
    assert not [name for name in sorted(named) if not (ROOT / name).is_file()]
