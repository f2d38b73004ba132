"""Code in the documentation is code: it runs, and its command lines are understood."""

import re
import shlex
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from vesalius import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
VERBS = {verb.__name__.lower(): verb for verb in typing.get_args(cli.Command)}
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def _blocks(page, language):
    """Code blocks of a page, each with the number of lines before it."""
    text = page.read_text()
    for found in re.finditer(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield text[: found.start(1)].count("\n"), found.group(1)


def _commands():
    for page in PAGES:
        for _, block in _blocks(page, "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words and words[0].split("/")[-1] == "vesalius":
                    yield pytest.param(words[1:], id=f"{page.name}: {line.strip()}")


@pytest.mark.parametrize("page", [p for p in PAGES if any(_blocks(p, "python"))], ids=lambda p: p.name)
def test_the_code_of_a_page_runs_from_top_to_bottom(page, tmp_path):
    lines = [""] * len(page.read_text().splitlines())
    for start, block in _blocks(page, "python"):
        code = block.splitlines()
        lines[start : start + len(code)] = code
    program = tmp_path / page.with_suffix(".py").name
    program.write_text("\n".join(lines))  # an error names the line of the page
    # As a reader runs it, in a process of its own and without the checks of shapes.
    ran = subprocess.run([sys.executable, program], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("words", list(_commands()))
def test_a_command_line_in_the_documentation_is_understood(words, monkeypatch):
    for verb in VERBS.values():
        monkeypatch.setattr(verb, "run", lambda self: None)
    assert cli.main(words) == 0


@pytest.mark.parametrize("verb", VERBS)
def test_every_flag_of_a_verb_stands_in_the_reference(verb, capsys):
    with pytest.raises(SystemExit):
        cli.main([verb, "--help"])
    flags = {
        flag for flag in FLAG.findall(capsys.readouterr().out) if not flag.startswith(("--help", "--no-"))
    }
    page = (ROOT / "docs" / "reference" / "cli.md").read_text()
    chapter = re.search(rf"^## {verb}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert chapter, f"cli.md has no chapter on {verb}"
    assert flags == set(FLAG.findall(chapter.group(1)))


def test_the_documentation_shows_code_and_commands():
    assert any(True for page in PAGES for _ in _blocks(page, "python"))
    assert list(_commands())
