"""A folder that may not be read is one named problem, and stops nobody."""

import errno
import os
from pathlib import Path

import pytest

from vesalius.cohort.folder import survey
from vesalius.errors import CohortError, EmptyCohortError
from vesalius.imaging.series import find_series, unreachable_below


@pytest.fixture
def closed(monkeypatch):
    """Close a folder, also to the superuser."""

    def close(folder: Path) -> Path:
        def refusing(looking, where):
            def look(place=".", *more, **options):
                if str(folder) == where(os.fspath(place)):
                    raise PermissionError(errno.EACCES, "Permission denied", str(place))
                return looking(place, *more, **options)

            return look

        monkeypatch.setattr(os, "stat", refusing(os.stat, os.path.dirname))
        for name in ("scandir", "listdir"):
            monkeypatch.setattr(os, name, refusing(getattr(os, name), str))
        return folder

    return close


@pytest.mark.parametrize("kind", ["classes", "flat", "nnunet", "parts"])
def test_a_closed_folder_beside_others_is_one_problem(tmp_path: Path, png, closed, kind):
    folders = {"classes": "ill", "flat": ".", "nnunet": "imagesTr", "parts": "train/ill"}
    png(tmp_path / folders[kind] / "a.png")
    png(tmp_path / "shut" / "b.png")
    shut = closed(tmp_path / "shut")
    found = survey(tmp_path)
    assert len(found.cohort) == 1
    (problem,) = found.problems
    assert problem.path == shut
    assert "Permission denied, wanted a folder that may be read" in problem.reason


def test_a_closed_folder_in_a_dicom_tree_is_one_problem(data, tmp_path: Path, closed):
    (tmp_path / "open").symlink_to(data("dicom_mixed") / "variety" / "CT_small.dcm")
    (tmp_path / "shut").mkdir()
    shut = closed(tmp_path / "shut")
    assert [problem.path for problem in find_series(tmp_path).problems] == [shut]
    found = survey(tmp_path)
    assert found.kind == "dicom"
    assert [problem.path for problem in found.problems] == [shut]


def test_a_source_that_is_closed_is_named_without_a_traceback(tmp_path: Path, png, closed):
    png(tmp_path / "shut" / "b.png")
    shut = closed(tmp_path / "shut")
    with pytest.raises(CohortError, match=r"shut: Permission denied, wanted a folder of pictures"):
        survey(shut)
    with pytest.raises(EmptyCohortError, match=r"shut: not read: Permission denied"):
        survey(tmp_path)


def test_a_picture_of_a_table_in_a_closed_folder_is_named(tmp_path: Path, png, closed):
    png(tmp_path / "a.png")
    png(tmp_path / "shut" / "b.png")
    (tmp_path / "metadata.csv").write_text("file,patient\na.png,p\nshut/b.png,q\n")
    shut = closed(tmp_path / "shut")
    found = survey(tmp_path)
    assert len(found.cohort) == 1
    assert [problem.path for problem in found.problems] == [shut / "b.png"]
    assert "Permission denied" in found.problems[0].reason


def test_a_folder_that_may_be_listed_but_not_entered_is_closed(tmp_path: Path, monkeypatch):
    (tmp_path / "seen").mkdir()
    (tmp_path / ".hidden").mkdir()
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place).name not in ("seen", ".hidden"))
    (problem,) = unreachable_below(tmp_path)
    assert problem.path == tmp_path / "seen"
