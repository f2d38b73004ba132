"""Tables of cohorts refuse what they cannot give back; the round trip is a law."""

from pathlib import Path

import pytest

from vesalius.cohort.cohort import Case, Cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.cohort.table import read_table, write_cohort
from vesalius.errors import CohortError


def test_pictures_in_memory_must_be_written_first(tmp_path: Path):
    with pytest.raises(CohortError, match="write the pictures first"):
        write_cohort(phantom_cohort(1, size=16), tmp_path / "cohort.parquet")
    assert not list(tmp_path.iterdir())


def test_a_fact_of_two_types_is_refused(tmp_path: Path):
    cohort = Cohort((Case("a", "p", facts={"age": 40}), Case("b", "q", facts={"age": "forty"})))
    with pytest.raises(CohortError, match=r"'age' is of types \['int', 'str'\]"):
        write_cohort(cohort, tmp_path / "cohort.parquet")


def test_a_file_that_is_no_table_is_refused(tmp_path: Path):
    (tmp_path / "cohort.parquet").write_text("no table")
    with pytest.raises(CohortError, match=r"cohort\.parquet: not read"):
        read_table(tmp_path / "cohort.parquet")


def test_a_name_that_is_no_utf8_is_refused(tmp_path: Path):
    with pytest.raises(CohortError, match="is no UTF-8"):
        write_cohort(Cohort((Case("bild_\udcfc.png", "p"),)), tmp_path / "cohort.parquet")
    assert not list(tmp_path.iterdir())
