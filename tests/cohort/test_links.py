"""Links are followed, once; one that leads nowhere is named."""

from pathlib import Path

import pytest

from vesalius.cohort.folder import survey
from vesalius.imaging.series import files_below


@pytest.fixture
def linked(tmp_path: Path, dicom) -> Path:
    """Two people who lie elsewhere, in a folder of links."""
    (tmp_path / "tree").mkdir()
    for who in ("ann", "bob"):
        for number in (1, 2):
            dicom(tmp_path / "store" / who / f"{number}.dcm", who, f"{ord(who[0])}{number}")
        (tmp_path / "tree" / who).symlink_to(tmp_path / "store" / who)
    return tmp_path / "tree"


def test_a_tree_of_linked_people_is_read_as_the_people_themselves(linked: Path, tmp_path: Path):
    found, wanted = survey(linked), survey(tmp_path / "store")
    assert (found.kind, found.problems) == ("dicom", wanted.problems)
    told = [[(case.key, case.patient, case.facts) for case in each.cohort.cases] for each in (found, wanted)]
    assert told[0] == told[1]


def test_linked_people_beside_a_real_file_are_not_lost(linked: Path, dicom):
    dicom(linked / "eva.dcm", "eva", "9")
    assert len(survey(linked).cohort.patients) == 3


def test_links_in_a_circle_end(linked: Path):
    (linked / "self").symlink_to(linked)
    (linked / "up").symlink_to(linked.parent)
    seen = list(files_below(linked))
    assert len(seen) == len({path.resolve() for path in seen}) == 4
    assert len(survey(linked).cohort.patients) == 2


@pytest.mark.parametrize("kind", ["dicom", "classes", "flat"])
def test_a_link_that_leads_nowhere_is_one_problem(linked: Path, png, kind):
    folder = linked if kind == "dicom" else linked.parent / kind
    if kind != "dicom":
        png(folder / ("ill/a.png" if kind == "classes" else "a.png"))
    (folder / "gone.dcm").symlink_to("/nowhere/annex")
    found = survey(folder)
    assert found.kind == kind
    (problem,) = found.problems
    assert problem.path == folder / "gone.dcm"
    assert "is a link to /nowhere/annex, which leads nowhere" in problem.reason
