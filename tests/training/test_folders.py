"""What else may lie in the folder of a run: files of others, halves that a kill has left, what is no text."""

import pytest

from vesalius.errors import StorageError, TrainingError
from vesalius.training import ledger
from vesalius.training.fit import play
from vesalius.training.run import open_run


def test_a_run_is_begun_in_no_file(recipe_for, people, tmp_path):
    (tmp_path / "run").write_text("notes")
    with pytest.raises(StorageError, match=r"run: not written: it is a file, wanted a new folder"):
        open_run(tmp_path / "run", recipe_for(people), people)
    assert (tmp_path / "run").read_text() == "notes"


def test_what_a_kill_has_left_half_written_is_swept_when_the_run_goes_on(recipe_for, people, tmp_path):
    for _ in play(open_run(tmp_path, recipe_for(people, 4), people)):
        pass
    left = [tmp_path / f".0123abcd.{name}.safetensors" for name in ("checkpoint", "shelter")]
    for file in left:
        file.write_bytes(b"half")
    whole = (tmp_path / "checkpoint.safetensors").read_bytes()
    open_run(tmp_path, recipe_for(people, 4), people)
    assert not any(file.exists() for file in left)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == whole


@pytest.mark.parametrize("name", ["cohort.sha256", "ledger.jsonl"])
def test_a_file_of_a_run_that_is_no_text_ends_in_no_traceback(recipe_for, people, tmp_path, name):
    for _ in play(open_run(tmp_path, recipe_for(people, 4), people)):
        pass
    (tmp_path / name).write_bytes(b"\xff\xfe\x00")
    if name == "ledger.jsonl":
        assert ledger.read(tmp_path / name) == []
        return
    with pytest.raises(TrainingError, match="on other pictures, labels or people"):
        open_run(tmp_path, recipe_for(people, 4), people)
