"""What the benchmark of reading makes of its own figures."""

import numpy as np
import pytest


@pytest.fixture
def bench(script):
    return script("io")


@pytest.mark.parametrize(("took", "word"), [(20.0, "2.0x of 2x"), (19.0, "1.9x SHORT OF 2x")])
def test_a_ratio_is_held_against_its_target(bench, capsys, took, word):
    row = bench.Row("volume", "nifti.gz", {})
    assert bench.show(row, {"ours": 10.0, "nibabel": took, "nobody": 1.0}) == [f"nifti.gz nibabel {word}"]
    assert f"nibabel {took:.1f} ms" in capsys.readouterr().out


def test_where_nothing_is_promised_nothing_is_held(bench):
    assert bench.show(bench.Row("volume", "", {}), {"ours": 1.0, "nibabel": 0.1}) == []


def test_a_reader_of_other_values_is_named(bench, capsys):
    readers = {"ours": lambda: np.zeros(3), "SimpleITK": lambda: np.ones(3)}
    found = bench.raced(bench.Row("volume", "", readers), 2)
    assert found.keys() == readers.keys()
    assert "SimpleITK reads other values than ours" in capsys.readouterr().out


def test_all_rows_are_read_by_all_who_are_there(bench, tmp_path):
    rows = bench.rows(tmp_path, tmp_path)
    assert [row.kind for row in rows] == ["dicom", "nifti.gz", ""]
    assert all({"ours", "SimpleITK"} <= row.readers.keys() for row in rows)
    first = rows[0].readers
    assert np.array_equal(first["ours"](), first["pydicom"]())
