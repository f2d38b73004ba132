"""Cohorts decoded once: one picture at a time, and never twice for the same run."""

import json
import resource
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from vesalius.cohort.cohort import Case, Cohort
from vesalius.cohort.fingerprint import fingerprint
from vesalius.cohort.phantom import phantom_cohort
from vesalius.errors import EmptyCohortError, StorageError
from vesalius.imaging.intensity import Window
from vesalius.tasks.synthesis import Synthesis, synthesis_of
from vesalius.training import stream
from vesalius.training.stream import made_of, stack, stack_once


@pytest.fixture(scope="module")
def people():
    return phantom_cohort(8, size=16)


@pytest.fixture(scope="module")
def task(people):
    return synthesis_of(people, 16, "label")


@pytest.fixture
def once(people, task, tmp_path):
    """`stack_once` in one place, of the people or of others."""

    def decode(cohort=people):
        origin = made_of(cohort, task, fingerprint(cohort).contents)
        return stack_once(cohort, task, tmp_path / "pictures.npy", origin)

    return decode


@pytest.fixture
def encoded(monkeypatch):
    """The keys of the cases that were decoded."""
    seen, real = [], Synthesis.encode

    def encode(self, case):
        seen.append(case.key)
        return real(self, case)

    monkeypatch.setattr(Synthesis, "encode", encode)
    return seen


def volumes(people, *at):
    """The people, with a case that cannot be learnt at some places."""
    broken = phantom_cohort(1, size=16, slices=3).cases[0]
    cases = list(people.cases)
    for place in at:
        cases.insert(place, replace(broken, key=f"broken-{place}"))
    return Cohort(tuple(cases))


def same(first, second):
    assert np.array_equal(first.stack, second.stack)
    assert np.array_equal(first.labels, second.labels)
    assert (first.patients, first.keys, first.problems) == (second.patients, second.keys, second.problems)


def test_a_file_holds_what_memory_would_without_gaps_for_the_unreadable(people, task, tmp_path):
    cohort, file = volumes(people, 0, 4, 10), tmp_path / "pictures.npy"
    seen = []
    stacked = stack(cohort, task, file, seen.append)
    same(stacked, stack(cohort, task))
    assert isinstance(stacked.stack, np.memmap)
    assert len(stacked.problems) == 3
    assert seen == [*range(12)]
    assert np.load(file).shape == (8, *task.shape)
    np.save(tmp_path / "plain.npy", stacked.stack)
    assert file.read_bytes() == (tmp_path / "plain.npy").read_bytes()


def test_decoding_into_a_file_needs_the_memory_of_few_pictures(people, tmp_path):
    large = synthesis_of(people, 128, "label")
    cohort = Cohort(tuple(replace(case, key=f"{i}/{case.key}") for i in range(16) for case in people.cases))
    tracemalloc.start()
    try:
        stacked = stack(cohort, large, tmp_path / "pictures.npy")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(stacked) == 128
    assert peak < stacked.stack.nbytes / 4


def test_a_disk_that_fills_up_is_a_storage_error_and_leaves_nothing(people, task, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(StorageError, match=r"pictures\.npy: not written"):
            stack(people, task, tmp_path / "pictures.npy")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())


def test_nobody_readable_leaves_no_file(task, tmp_path):
    with pytest.raises(EmptyCohortError, match=r"no readable picture.*3 slices"):
        stack(volumes(Cohort(()), 0), task, tmp_path / "pictures.npy")
    assert not list(tmp_path.iterdir())


def test_what_was_decoded_is_not_decoded_again(people, once, encoded):
    cohort = volumes(people, 3)
    first = once(cohort)
    assert len(encoded) == 9
    same(once(cohort), first)
    assert len(encoded) == 9
    assert first.problems


def relabelled(cohort):
    first, *others = cohort.cases
    other = next(case.facts["label"] for case in others if case.facts["label"] != first.facts["label"])
    return Cohort((replace(first, facts={**first.facts, "label": other}), *others))


def swapped(cohort):
    first, second, *others = cohort.cases
    return Cohort(
        (replace(first, pictures=second.pictures), replace(second, pictures=first.pictures), *others)
    )


def adopted(cohort):
    first, *others = cohort.cases
    return Cohort((replace(first, patient=others[0].patient), *others))


@pytest.mark.parametrize("change", [relabelled, swapped, adopted])
def test_the_same_pictures_that_mean_something_else_are_decoded_again(people, task, once, change):
    once()
    other = change(people)
    assert fingerprint(other).sha256 == fingerprint(people).sha256
    same(once(other), stack(other, task))


def shorter(file):
    file.write_bytes(file.read_bytes()[:-1])


def one_bit_off(file):
    content = bytearray(file.read_bytes())
    content[-2] ^= 1
    file.write_bytes(content)


def gone(file):
    file.unlink()


def garbled(file):
    file.write_bytes(b"\x93NUMPY \xff(" + file.read_bytes()[9:])


def other_extent(file):
    np.save(file, np.zeros((8, 1, 1, 16, 8), np.float32))


def empty(file):
    file.write_bytes(b"")


def a_list(file):
    file.write_text("[]")


def without_people(file):
    said = json.loads(file.read_text())
    del said["patients"]
    file.write_text(json.dumps(said))


def fewer_keys(file):
    said = json.loads(file.read_text())
    said["keys"].pop()
    file.write_text(json.dumps(said))


def fewer_labels(file):
    said = json.loads(file.read_text())
    said["labels"].pop()
    file.write_text(json.dumps(said))


def words_for_labels(file):
    said = json.loads(file.read_text())
    said["labels"][0] = "lesion"
    file.write_text(json.dumps(said))


@pytest.mark.parametrize(
    ("name", "damage"),
    [("pictures.npy", each) for each in (shorter, one_bit_off, gone, garbled, other_extent, empty)]
    + [("pictures.json", each) for each in (shorter, gone, garbled, empty, a_list)]
    + [("pictures.json", each) for each in (without_people, fewer_keys, fewer_labels, words_for_labels)],
)
def test_damaged_files_are_decoded_again(once, encoded, tmp_path, name, damage):
    first = once()
    kept = first.stack.copy()
    damage(tmp_path / name)
    again = once()
    assert len(encoded) == 16
    assert np.array_equal(again.stack, kept)
    assert again.keys == first.keys
    once()
    assert len(encoded) == 16


def test_what_a_killed_run_left_is_cleared_away(once, tmp_path):
    (tmp_path / ".0123abcd.pictures.npy").write_bytes(b"half")
    once()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pictures.json", "pictures.npy"]


def test_what_a_stack_was_made_of_is_said_as_it_was_before_tasks_had_more_fields(monkeypatch):
    monkeypatch.setattr(stream, "version", lambda name: "0")
    window = Window(low=0.0, high=255.0, unit="1")
    task = Synthesis(
        size=(16, 16), channels=1, classes=("a", "b"), fact="label", intensity=window, made=window
    )
    one = Cohort((Case("c0", "p0", facts={"label": "a"}),))
    before = "22e02d83fe5c1150b07fd615e34cf050ffdc0e5551841524d34f5bcad3f9b18c"
    for each in (task, replace(task, is_whole=False)):
        assert made_of(one, each, ("0",)) == before
    assert made_of(one, replace(task, outside="low"), ("0",)) != before
