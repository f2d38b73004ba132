"""A summary counts everything and hides nothing."""

from pathlib import Path

import pytest

from vesalius.cohort.fingerprint import fingerprint
from vesalius.cohort.folder import read_cohort, survey
from vesalius.cohort.phantom import phantom_cohort
from vesalius.cohort.summary import summarise
from vesalius.errors import ImagingError


@pytest.fixture
def pack(tmp_path: Path, png) -> Path:
    for name, seed in (("a.png", 0), ("b.png", 1), ("c.png", 0)):
        png(tmp_path / name, seed)
    lines = [
        "file,label,patient,split",
        "a.png,x,p,train",
        "b.png,x,q,train",
        "c.png,y,r,test",
        "d.png,y,s,test",
    ]
    (tmp_path / "metadata.csv").write_text("\n".join(lines))
    return tmp_path


def test_a_summary_counts_and_names(pack: Path):
    summary = summarise(survey(pack))
    assert (summary.cases, summary.patients, summary.masks) == (3, 3, 0)
    assert summary.labels == {"x": 2, "y": 1}
    assert summary.splits == {"train": 2, "test": 1}
    assert summary.sizes == {"1 x 16 x 16": 3}
    assert [problem.path.name for problem in summary.problems] == ["d.png"]
    (pair,) = summary.duplicates
    assert {pair.first, pair.second} == {"a.png", "c.png"}
    assert pair.exact


def test_a_summary_without_decoding_finds_no_duplicates(pack: Path):
    assert summarise(survey(pack), look_for_duplicates=False).duplicates == ()


def test_a_fingerprint_describes_what_it_identifies():
    found = fingerprint(phantom_cohort(4, size=16, pictures_per_patient=2))
    assert (found.cases, found.patients, found.units) == (8, 4, ("[hnsf'U]",))
    assert found.labels == {"lesion": 6, "healthy": 2}
    assert found.modalities == {"CT": 8}
    assert found.sizes == {"1 x 16 x 16": 8}
    assert found.spacing == (8.0, 23.75, 23.75)


def test_a_fingerprint_of_a_lost_file_names_it(pack: Path):
    cohort = read_cohort(pack)
    (pack / "b.png").unlink()
    with pytest.raises(ImagingError, match=r"b\.png"):
        fingerprint(cohort)


def test_a_fingerprint_counts_every_file_of_a_real_pack(data):
    assert fingerprint(read_cohort(data("chest_xray_pneumonia"))).cases == 2000
