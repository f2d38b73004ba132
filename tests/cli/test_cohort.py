"""``vesalius cohort`` writes its table where nothing was."""

import pytest

from vesalius.cli.cohort import show_cohort
from vesalius.cli.verbs import Cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.cohort.table import read_table
from vesalius.errors import StorageError
from vesalius.imaging.formats import write_image


@pytest.fixture
def scans(tmp_path):
    for case in phantom_cohort(2, size=16).cases:
        write_image(case.image(), tmp_path / "scans" / f"{case.patient}.nii.gz")
    return tmp_path / "scans"


def test_a_table_is_written(scans, tmp_path, capsys):
    show_cohort(Cohort(source=scans, out=tmp_path / "people.parquet"))
    assert len(read_table(tmp_path / "people.parquet")) == 2
    assert "written: " in capsys.readouterr().out


def test_a_file_that_is_there_already_is_not_overwritten(scans, tmp_path, capsys):
    (tmp_path / "people.parquet").write_text("another study")
    with pytest.raises(StorageError, match=r"people\.parquet.*it exists already, wanted a new file"):
        show_cohort(Cohort(source=scans, out=tmp_path / "people.parquet"))
    assert (tmp_path / "people.parquet").read_text() == "another study"
    assert not capsys.readouterr().out
