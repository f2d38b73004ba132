"""Files are whole or absent."""

import errno

import pytest

from vesalius.errors import StorageError
from vesalius.storage import new_folder, refuse_in_file, written


def _fail_in(context, error):
    with context as beside:
        target = beside / "a.txt" if beside.is_dir() else beside
        target.write_text("half")
        raise error


def test_a_file_appears_when_all_went_well(tmp_path):
    with written(tmp_path / "deep" / "a.tar.gz") as beside:
        assert beside.name.endswith("a.tar.gz")
        beside.write_text("whole")
        assert not (tmp_path / "deep" / "a.tar.gz").exists()
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.tar.gz"]


def test_what_was_there_before_stays_when_writing_fails(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(ValueError, match="halfway"):
        _fail_in(written(path), ValueError("halfway"))
    assert path.read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_is_a_storage_error_that_names_the_file(tmp_path):
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(StorageError, match=r"a\.txt: not written: No space left") as caught:
        _fail_in(written(tmp_path / "a.txt"), full)
    assert caught.value.path == tmp_path / "a.txt"
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_a_file_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="not written"), written(tmp_path / "file" / "a.txt") as beside:
        beside.write_text("never")


def test_nothing_written_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError), written(tmp_path / "a.txt"):
        pass


def test_a_folder_appears_when_it_was_filled(tmp_path):
    with new_folder(tmp_path / "made") as beside:
        (beside / "a.txt").write_text("a")
        assert not (tmp_path / "made").exists()
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["a.txt"]


def test_a_folder_that_could_not_be_filled_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="halfway"):
        _fail_in(new_folder(tmp_path / "made"), ValueError("halfway"))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_exists_is_never_touched(tmp_path):
    (tmp_path / "made").mkdir()
    with pytest.raises(StorageError, match="exists already"), new_folder(tmp_path / "made"):
        pass
    assert not list((tmp_path / "made").iterdir())


def test_what_lies_in_a_file_is_refused_and_what_lies_in_a_folder_to_be_is_not(tmp_path):
    (tmp_path / "notes").write_text("a file")
    with pytest.raises(StorageError, match=r"notes is a file, wanted a folder"):
        refuse_in_file(tmp_path / "notes" / "a" / "b")
    refuse_in_file(tmp_path / "a" / "b")
    refuse_in_file(tmp_path / "notes")
