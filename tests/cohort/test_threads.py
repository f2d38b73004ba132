"""Work on many cases in several threads: what one thread gives, in its order, and no more than wanted."""

import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from vesalius.cohort.cohort import Case, Cohort, Stored
from vesalius.cohort.duplicates import duplicates
from vesalius.cohort.folder import survey
from vesalius.cohort.phantom import phantom_cohort
from vesalius.cohort.slices import slices
from vesalius.cohort.threads import each
from vesalius.cohort.thumbnails import thumbnails
from vesalius.errors import CohortError, ImagingError, StorageError
from vesalius.imaging import formats
from vesalius.imaging.formats import write_image
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.stream import stack


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def one_thread():
    """What a call gives where there is one core."""

    def alone(call):
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return call()
        finally:
            torch.set_num_threads(before)

    return alone


def readers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("reader")]


def named(*names: str) -> list[Case]:
    return [Case(name, name) for name in names]


def test_results_come_in_the_order_of_the_cases():
    def slow_first(case: Case) -> str:
        time.sleep(0.05 if case.key == "a" else 0)
        return case.key

    assert list(each(slow_first, named(*"abcdef"), threads=3)) == list("abcdef")


def test_several_threads_work_at_once():
    meeting = threading.Barrier(2, timeout=10)
    assert len(list(each(lambda case: meeting.wait(), named("a", "b"), threads=2))) == 2


def test_an_error_is_raised_when_its_turn_comes_and_ends_the_work():
    begun = []

    def work(case: Case) -> str:
        begun.append(case.key)
        if case.key == "c":
            raise CohortError("no c")
        return case.key

    found = each(work, named(*"abcdefghijkl"), threads=2)
    assert [next(found), next(found)] == ["a", "b"]
    with pytest.raises(CohortError, match="no c"):
        next(found)
    assert "l" not in begun
    assert not readers()


def test_no_more_is_read_than_is_soon_taken():
    begun = []
    found = each(lambda case: begun.append(case.key), named(*map(str, range(100))), threads=2)
    next(found)
    time.sleep(0.05)
    assert len(begun) <= 5
    found.close()


def test_what_is_left_lying_leaves_no_thread_and_torch_as_it_was():
    before = torch.get_num_threads()
    found = each(lambda case: case.key, named(*"abcdefgh"), threads=3)
    next(found)
    found.close()
    assert torch.get_num_threads() == before
    assert not readers()


def test_slices_of_one_volume_decode_it_once(tmp_path, monkeypatch):
    volumes = phantom_cohort(3, size=16, slices=6)
    for case in volumes.cases:
        write_image(case.image(), tmp_path / f"{case.patient}.nii.gz")
    cut = slices(survey(tmp_path).cohort)
    assert len(cut) > 12
    reads, real = [], formats.read_nifti
    monkeypatch.setattr(formats, "read_nifti", lambda path: (reads.append(path), real(path))[1])
    formats._kept_image.cache_clear()
    list(each(lambda case: case.image().voxels.sum(), cut.cases, threads=2))
    assert len(reads) == 3


@pytest.fixture
def folder(tmp_path):
    """Phantoms on disk."""
    for n, case in enumerate(phantom_cohort(12, size=16).cases):
        path = tmp_path / "people" / f"{n:02d}.nii.gz"
        path.parent.mkdir(exist_ok=True)
        write_image(case.image(), path)
    return tmp_path / "people"


def damage(folder: Path) -> None:
    """Some files become worse than their headers let expect."""
    for n in (0, 5, 11):
        path = folder / f"{n:02d}.nii.gz"
        path.write_bytes(path.read_bytes()[:-8] + bytes(8))


def test_a_cohort_is_stacked_as_by_one_thread(folder, tmp_path, two_threads, one_thread):
    cohort = survey(folder).cohort
    task, seen = synthesis_of(cohort, 16, None), []
    damage(folder)
    alone = one_thread(lambda: stack(cohort, task))
    together = stack(cohort, task, tmp_path / "pictures.npy", seen.append)
    assert np.array_equal(alone.stack, together.stack)
    assert (alone.keys, alone.patients, alone.problems) == (
        together.keys,
        together.patients,
        together.problems,
    )
    assert len(alone.problems) == 3
    assert seen == [*range(13)]


def test_a_folder_is_surveyed_and_searched_for_copies_as_by_one_thread(folder, two_threads, one_thread):
    damage(folder)

    def look():
        found = survey(folder, decode=True)
        seen = thumbnails(found.cohort)
        return found.problems, found.notes, found.cohort.cases, seen.keys, duplicates(found.cohort, near=0.5)

    alone, together = one_thread(look), look()
    assert [case.key for case in alone[2]] == [case.key for case in together[2]]
    assert [case.facts for case in alone[2]] == [case.facts for case in together[2]]
    assert (*alone[:2], *alone[3:]) == (*together[:2], *together[3:])
    assert len(alone[0]) == 3
    assert alone[4]


def test_ctrl_c_while_a_cohort_is_stacked_leaves_neither_file_nor_thread(folder, tmp_path, two_threads):
    cohort = survey(folder).cohort

    def stop(done: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        stack(cohort, synthesis_of(cohort, 16, None), tmp_path / "out" / "pictures.npy", stop)
    assert not list((tmp_path / "out").iterdir())
    assert not readers()
    assert stopped


def test_a_full_disk_is_told_by_several_threads_as_by_one(folder, tmp_path, two_threads):
    cohort = survey(folder).cohort
    task = synthesis_of(cohort, 16, None)
    with pytest.raises(StorageError, match="not written"):
        stack(cohort, task, folder / "00.nii.gz" / "pictures.npy")


def test_encoded_dicom_is_decoded_by_a_child_for_each_thread(data, two_threads):
    paths = sorted((data("dicom_mixed") / "variety").glob("*.dcm"))
    cohort = Cohort(tuple(Case(path.name, path.name, {"image": Stored((path,))}) for path in paths))

    def values(case: Case) -> float | str:
        try:
            return float(case.image().voxels.double().sum())
        except ImagingError as error:
            return str(error)

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        filters = list(warnings.filters)
        assert list(each(values, cohort.cases, threads=2)) == list(each(values, cohort.cases, threads=1))
        assert list(warnings.filters) == filters
    assert not [str(each.message) for each in heard]
    assert len(paths) > 40
