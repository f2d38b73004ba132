"""The same picture twice is found; pictures that only look alike are not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vesalius.cohort.cohort import Case, Cohort, Held, separate
from vesalius.cohort.duplicates import duplicates, without_duplicates
from vesalius.cohort.folder import read_cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.cohort.thumbnails import thumbnails
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image


def copied(case: Case, change=lambda voxels: voxels) -> Case:
    image = case.image()
    changed = replace(image, voxels=change(image.voxels))
    return replace(
        case, key=f"{case.key}-copy", patient=f"{case.patient}-copy", pictures={"image": Held(changed)}
    )


@pytest.fixture(scope="module")
def people() -> Cohort:
    return phantom_cohort(24)


def test_people_are_not_copies_of_each_other(people: Cohort):
    assert duplicates(people) == ()


def test_pictures_of_one_person_are_not_reported():
    (case,) = phantom_cohort(1).cases
    assert duplicates(Cohort((case, replace(copied(case), patient=case.patient)))) == ()


def test_an_exact_copy_is_found(people: Cohort):
    (pair,) = duplicates(Cohort((*people.cases, copied(people.cases[3]))))
    assert (pair.first, pair.second) == (people.cases[3].key, f"{people.cases[3].key}-copy")
    assert pair.exact
    assert pair.ncc == 1


@pytest.mark.parametrize(
    "change",
    [lambda voxels: voxels + 15 * torch.randn_like(voxels), lambda voxels: voxels * 0.7 + 30],
    ids=["noise", "another window"],
)
def test_a_near_copy_across_sides_is_found_and_the_training_side_gives_way(people: Cohort, change):
    torch.manual_seed(0)
    test = Cohort(tuple(copied(case, change) for case in people.cases[5:7]), "test")
    stays, pairs = without_duplicates(people, test)
    assert {pair.first for pair in pairs} == {case.key for case in people.cases[5:7]}
    assert not any(pair.exact for pair in pairs)
    assert len(stays) == 22
    assert duplicates(stays, test) == ()
    separate(train=stays, test=test)


def test_constant_pictures_are_copies_only_when_equal(people: Cohort):
    flat = [copied(people.cases[0], lambda voxels, v=v: torch.full_like(voxels, v)) for v in (5.3, 5.3, 7.7)]
    cohort = Cohort(tuple(replace(case, key=f"{i}", patient=f"{i}") for i, case in enumerate(flat)))
    assert [(pair.first, pair.second) for pair in duplicates(cohort)] == [("0", "1")]


def test_nobody_has_no_duplicates():
    assert duplicates(Cohort(()), Cohort(())) == ()


def test_of_two_thousand_pictures_of_noise_none_is_a_copy():
    noise = torch.from_numpy(np.random.default_rng(0).random((2000, 1, 1, 64, 64), np.float32))
    grid = Geometry.plain((1, 64, 64), (1.0, 1.0, 1.0))
    cohort = Cohort(
        tuple(Case(f"{i}", f"{i}", {"image": Held(Image(one, grid))}) for i, one in enumerate(noise))
    )
    assert duplicates(cohort) == ()


def test_unreadable_pictures_have_no_thumbnail(tmp_path: Path, png):
    for i in range(2):
        png(tmp_path / f"{i}.png", i)
    cohort = read_cohort(tmp_path)
    (tmp_path / "1.png").write_bytes(b"broken")
    assert thumbnails(cohort).keys == ("0.png",)
