"""Laws of cohorts: nobody on two sides, fingerprints without names, tables that give back what they took."""

import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesalius.cohort.cohort import Case, Cohort, Stored, separate
from vesalius.cohort.fingerprint import fingerprint
from vesalius.cohort.phantom import phantom_cohort
from vesalius.cohort.table import read_table, write_cohort
from vesalius.errors import LeakageError

FIVE = phantom_cohort(5, size=16)

names = st.text("abcdefgh0123456789-_", min_size=1, max_size=8)
people = st.lists(names, min_size=1, max_size=40)


def study(patients: list[str]) -> Cohort:
    return Cohort(tuple(Case(f"{i}", patient) for i, patient in enumerate(patients)))


def sides(cohort: Cohort) -> dict[str, str]:
    parts = cohort.parts()
    return {case.patient: side for side in parts._fields for case in getattr(parts, side).cases}


@given(people, st.randoms(use_true_random=False))
def test_a_patient_is_on_one_side_only_however_cases_are_permuted(patients: list[str], chance: random.Random):
    cohort = study(patients)
    shuffled = replace(cohort, cases=tuple(chance.sample(cohort.cases, len(cohort))))
    parts = shuffled.parts()
    separate(train=parts.train, val=parts.val, test=parts.test)
    assert sum(map(len, parts)) == len(cohort)
    assert sides(shuffled) == sides(cohort)


@given(people, people)
def test_everybody_keeps_their_side_when_others_join(patients: list[str], others: list[str]):
    before = sides(study(patients))
    after = sides(study(patients + others))
    assert {patient: after[patient] for patient in before} == before


@given(people, st.floats(0, 1))
def test_a_larger_second_side_takes_people_and_gives_none_back(patients: list[str], fraction: float):
    cohort = study(patients)
    _, small = cohort.split(fraction / 2)
    _, large = cohort.split(fraction)
    assert small.patients <= large.patients


@given(people)
def test_a_recorded_split_with_one_person_on_two_sides_is_refused(patients: list[str]):
    cases = [
        Case(f"{i}{s}", p, facts={"split": s}) for i, p in enumerate(patients) for s in ("train", "test")
    ]
    with pytest.raises(LeakageError, match="on one side only"):
        Cohort(tuple(cases)).parts()


def test_the_share_of_a_split_is_as_asked():
    first, second = study([f"p{i}" for i in range(4000)]).split(0.2)
    assert len(second) == pytest.approx(800, abs=80)
    assert not first.patients & second.patients


@given(st.randoms(use_true_random=False))
def test_a_fingerprint_knows_neither_order_nor_names(chance: random.Random):
    cohort = FIVE
    shuffled = [replace(case, key=f"x{i}") for i, case in enumerate(chance.sample(cohort.cases, 5))]
    assert fingerprint(Cohort(tuple(shuffled), "other")).sha256 == fingerprint(cohort).sha256


def test_a_fingerprint_knows_content_not_paths(tmp_path: Path):
    names = ("a/1.png", "b/deep/2.png")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"picture")
    first, second = (
        Cohort((Case("k", "p", {"image": Stored((tmp_path / name,))}),))
        for name in ("a/1.png", "b/deep/2.png")
    )
    assert fingerprint(first).sha256 == fingerprint(second).sha256
    (tmp_path / "b/deep/2.png").write_bytes(b"picturE")
    assert fingerprint(first).sha256 != fingerprint(second).sha256


@given(st.integers(0, 4))
def test_a_fingerprint_changes_when_somebody_leaves(index: int):
    cohort = FIVE
    fewer = cohort.where(lambda case: case is not cohort.cases[index])
    assert fingerprint(fewer).sha256 != fingerprint(cohort).sha256


words = st.sampled_from(["", "a", "CT", "0123", "é/ü", "line\nbreak", "null", "1.0"])
sources = st.lists(st.tuples(names, st.none() | st.integers(0, 300)), max_size=2)
values = {
    "label": words,
    "age": st.integers(-(2**63), 2**63 - 1),
    "dose": st.floats(allow_nan=False),
    "é: x": words,
}
facts = st.fixed_dictionaries({}, optional=values)


@given(st.lists(st.tuples(words, sources, facts), max_size=5), words)
def test_a_table_gives_back_what_it_took(tmp_path_factory: pytest.TempPathFactory, rows: list, name: str):
    folder = tmp_path_factory.mktemp("table")
    cases = []
    for i, (patient, places, known) in enumerate(rows):
        stored = {
            f"t{j}": Stored((folder / file, Path("/elsewhere") / file), z)
            for j, (file, z) in enumerate(places)
        }
        cases.append(Case(f"{i} {patient}", patient, stored, dict(list(stored.items())[:1]), known))
    back = read_table(write_cohort(Cohort(tuple(cases), name), folder / "cohort.parquet"))
    assert back.name == name
    assert [vars(one) for one in back.cases] == [vars(one) for one in cases]
    for one, other in zip(back.cases, cases, strict=True):
        assert {k: type(v) for k, v in one.facts.items()} == {k: type(v) for k, v in other.facts.items()}


def test_a_table_moves_with_its_pictures(tmp_path: Path):
    here, there = tmp_path / "here", tmp_path / "there"
    cohort = Cohort((Case("k", "p", {"image": Stored((here / "images/1.png",))}),))
    write_cohort(cohort, here / "cohort.parquet")
    shutil.move(here, there)
    assert read_table(there / "cohort.parquet").cases[0].pictures["image"] == Stored(
        (there / "images/1.png",)
    )
