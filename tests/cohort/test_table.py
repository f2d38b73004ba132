"""Tables of cohorts refuse what they cannot give back; the round trip is a law."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vesalius.cohort.cohort import Case, Cohort
from vesalius.cohort.folder import survey
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


def foreign(folder: Path, said: dict[str, str] | None = None, **columns: object) -> Path:
    """A table of two people that another tool made."""
    known = {"key": ["a", "b"], "patient": ["p", "q"], **columns}
    pq.write_table(pa.table(known).replace_schema_metadata(said), folder / "cohort.parquet")
    return folder


@pytest.mark.parametrize(
    ("column", "cells", "wanted"),
    [
        ("picture:image", ["a.png", "b.png"], r"'picture:image' is string: "),
        ("picture:image", [{"paths": ["a.png"]}, {"paths": []}], r"'picture:image' has a cell without paths"),
        ("mask:mask", [{"file": "a.png"}, None], r"'mask:mask' has a cell without paths"),
        ("fact:label", [["x"], ["y"]], r"'fact:label' is list<"),
        ("patient", ["p", None], r"'patient' has an empty cell"),
    ],
)
def test_a_column_of_another_form_is_named_with_its_type(tmp_path: Path, column, cells, wanted):
    with pytest.raises(CohortError, match=wanted):
        survey(foreign(tmp_path, **{column: cells}))


def test_words_beside_a_table_that_are_no_json_are_refused(tmp_path: Path):
    with pytest.raises(CohortError, match=r"metadata vesalius\.cohort not read: .*wanted JSON"):
        survey(foreign(tmp_path, {"vesalius.cohort": "study"}))


def test_numbers_and_categories_of_other_tools_are_read(tmp_path: Path, png):
    png(tmp_path / "a.png")
    levels = pa.array(["x", "y"]).dictionary_encode()
    places = [{"paths": ["a.png"]}, {"paths": ["a.png"]}]
    cohort = survey(
        foreign(tmp_path, **{"patient": [1, 2], "picture:image": places, "fact:label": levels})
    ).cohort
    assert [(case.patient, case.facts["label"]) for case in cohort.cases] == [("1", "x"), ("2", "y")]


def test_a_case_without_a_picture_is_named_and_stops_nobody(tmp_path: Path, png):
    png(tmp_path / "a.png")
    found = survey(foreign(tmp_path, **{"picture:image": [{"paths": ["a.png"]}, None]}))
    assert [case.key for case in found.cohort.cases] == ["a"]
    assert [problem.reason for problem in found.problems] == ["case b has no picture, wanted one"]
