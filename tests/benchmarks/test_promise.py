"""What every benchmark begins and ends with."""

import runpy
import sys

import pytest


@pytest.mark.parametrize("name", ["expand", "unattended", "volumes"])
def test_an_earlier_folder_is_not_reported_as_new(name, request, tmp_path, monkeypatch, script):
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(request.config.rootpath / "benchmarks" / f"{name}.py"), run_name="__main__")
    assert ended.value.code == f"--out is {tmp_path}, which exists already; wanted a new folder"


def test_a_new_folder_is_made(script, tmp_path):
    script("promise").new_out(tmp_path / "out" / "new")
    assert (tmp_path / "out" / "new").is_dir()


@pytest.mark.parametrize(("holds", "code", "word"), [(True, 0, "holds"), (False, 1, "falls short")])
def test_the_last_line_says_what_the_exit_code_says(script, holds, code, word, capsys):
    with pytest.raises(SystemExit) as ended:
        script("promise").promise("seconds", "2", "3", holds)
    assert ended.value.code == code
    assert capsys.readouterr().out == f"seconds: 2; target: 3; {word}\n"
