"""Very many pictures are those of one process, whoever makes them and whoever dies."""

import gc
import os
import signal
from dataclasses import replace
from importlib import import_module

import pytest
from pydicom import dcmread

from vesalius.cohort.phantom import phantom_cohort
from vesalius.errors import ModelError, StorageError
from vesalius.model import bulk
from vesalius.model.bulk import fill, write_in_bulk
from vesalius.model.export import write_samples
from vesalius.model.model import load_model
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.objectives.wasserstein import Wasserstein
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.fit import fit

CLASSES = [0, 1] * 30 + [1] * 36


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The folder of a model that makes noise."""
    people = phantom_cohort(12, size=16)
    objective = Wasserstein(generator=Generator(width=4, latent=8), discriminator=Discriminator(width=4))
    task = synthesis_of(people, 16, "label")
    recipe = Recipe(task=task, objective=objective, steps=1, batch=4, half_life=9.0)
    folder = tmp_path_factory.mktemp("bulk")
    fit(recipe, people, folder / "run")
    return folder / "run" / "model"


@pytest.fixture(scope="module")
def alone(model, tmp_path_factory):
    """What one process writes in a row."""
    return contents(write_samples(load_model(model), CLASSES, 5, tmp_path_factory.mktemp("alone") / "made"))


@pytest.fixture(autouse=True)
def small_shares(monkeypatch):
    monkeypatch.setattr(bulk, "BATCHES", 1)


def with_ray():
    """The module that needs Ray; the test is skipped where that is missing."""
    pytest.importorskip("ray", reason="the extra ray is not installed")
    return import_module("vesalius.model.workers")


def contents(folder):
    """Every file of a folder, hidden ones too; of DICOM files what does not say when they were written."""
    return {str(file.relative_to(folder)): told(file) for file in folder.rglob("*") if file.is_file()}


def told(file):
    if file.suffix != ".dcm":
        return file.read_bytes()
    dataset = dcmread(file)
    return dataset.SOPInstanceUID, dataset.PatientID, dataset.PixelData


def test_shares_are_the_pictures_of_a_row(model, alone, tmp_path):
    watched = []
    made = write_in_bulk(model, CLASSES, 5, tmp_path / "made", watch=watched.append)
    assert contents(made) == alone
    assert watched == [0, 64, 96]
    assert [file.name for file in tmp_path.iterdir()] == ["made"]


def test_shares_of_nifti_files_are_those_of_a_row(model, tmp_path):
    alone = write_samples(load_model(model), CLASSES, 5, tmp_path / "alone", nifti=True)
    made = write_in_bulk(model, CLASSES, 5, tmp_path / "made", nifti=True)
    assert contents(made) == contents(alone)
    assert len([*made.rglob("*.nii.gz")]) == len(CLASSES)


def test_whoever_is_stopped_goes_on_with_what_lacks(model, alone, tmp_path):
    filled = []

    def stopped(shares):
        for share in shares:
            fill(share)
            filled.append(share.first)
            if len(filled) == 1:
                raise KeyboardInterrupt
            yield share

    with pytest.raises(KeyboardInterrupt):
        write_in_bulk(model, CLASSES, 5, tmp_path / "made", stopped)
    assert not (tmp_path / "made").exists()
    made = write_in_bulk(model, CLASSES, 5, tmp_path / "made", stopped)
    assert filled == [0, 64]
    assert contents(made) == alone


@pytest.mark.parametrize("last", [0, 70])
def test_a_kill_while_the_shares_are_joined_costs_nothing(last, model, alone, tmp_path, monkeypatch):
    moved = []
    replaced = os.replace

    def killed(source, target):
        if "00" in str(target.name) and source.parent.name != "made" and source.is_dir():
            moved.append(target)
        if len(moved) == last + 1:
            raise KeyboardInterrupt
        replaced(source, target)

    def shares_then_kill(shares):
        yield from bulk.in_a_row(shares)
        monkeypatch.setattr(bulk.os, "replace", killed)

    with pytest.raises(KeyboardInterrupt):
        write_in_bulk(model, CLASSES, 5, tmp_path / "made", shares_then_kill)
    monkeypatch.setattr(bulk.os, "replace", replaced)
    assert contents(write_in_bulk(model, CLASSES, 5, tmp_path / "made")) == alone


def test_what_was_left_of_a_finished_folder_is_not_taken_for_pictures(model, alone, tmp_path, monkeypatch):
    removed = bulk.shutil.rmtree

    def killed(folder, **how):
        if folder.name.endswith(".made"):
            raise KeyboardInterrupt
        removed(folder, **how)

    monkeypatch.setattr(bulk.shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        write_in_bulk(model, CLASSES, 5, tmp_path / "made")
    monkeypatch.setattr(bulk.shutil, "rmtree", removed)
    removed(tmp_path / "made")
    assert contents(write_in_bulk(model, CLASSES, 5, tmp_path / "made")) == alone


def test_a_folder_that_somebody_made_meanwhile_costs_nothing(model, alone, tmp_path, monkeypatch):
    def shares_then_folder(shares):
        yield from bulk.in_a_row(shares)
        (tmp_path / "made").mkdir()
        (tmp_path / "made" / "mine").touch()

    with pytest.raises(StorageError, match="not empty"):
        write_in_bulk(model, CLASSES, 5, tmp_path / "made", shares_then_folder)
    assert [file.name for file in (tmp_path / "made").iterdir()] == ["mine"]
    (tmp_path / "made").rename(tmp_path / "theirs")
    monkeypatch.setattr(bulk, "written_pictures", None)
    assert contents(write_in_bulk(model, CLASSES, 5, tmp_path / "made")) == alone


def test_halves_of_killed_workers_and_of_a_killed_join_are_swept_away(model, alone, tmp_path):
    work = tmp_path / ".made.shares"
    (work / ".0a1b2c3d.000000064" / "healthy").mkdir(parents=True)
    (work / "pictures").mkdir()
    (work / "pictures" / ".0a1b2c3d.metadata.csv").write_text("half")
    assert contents(write_in_bulk(model, CLASSES, 5, tmp_path / "made")) == alone
    assert [file.name for file in tmp_path.iterdir()] == ["made"]


def test_a_share_that_somebody_else_has_filled_meanwhile_is_as_good(model, tmp_path, monkeypatch):
    written_by_us = bulk.written_pictures

    def overtaken(ours, classes, seed, folder, *more):
        yield from written_by_us(ours, classes, seed, folder, *more)
        (folder.parent / folder.name[10:] / "healthy").mkdir(parents=True)

    monkeypatch.setattr(bulk, "written_pictures", overtaken)
    weights = load_model(model).card.weights
    share = bulk.Share(model, weights, (0, 1), 5, 0, "", tmp_path / "000000000")
    fill(share)
    assert [file.name for file in tmp_path.iterdir()] == ["000000000"]


def test_other_pictures_are_not_mixed_in(model, tmp_path):
    with pytest.raises(RuntimeError):
        write_in_bulk(
            model, CLASSES, 5, tmp_path / "made", lambda shares: (_ for _ in ()).throw(RuntimeError)
        )
    with pytest.raises(StorageError, match="other pictures were begun there"):
        write_in_bulk(model, CLASSES, 6, tmp_path / "made")


def test_a_folder_that_exists_is_not_touched(model, tmp_path):
    with pytest.raises(StorageError, match="wanted a new folder"):
        write_in_bulk(model, CLASSES, 5, tmp_path)


def test_a_model_that_became_another_is_refused(model, tmp_path):
    def other(shares):
        fill(replace(shares[0], weights="0" * 64))
        return ()

    with pytest.raises(ModelError, match="wanted 000000000000 as at the start"):
        write_in_bulk(model, CLASSES, 5, tmp_path / "made", other)


def dying(share):
    """Fill a share, but for the first time that a share is met: then the process dies."""
    mark = share.folder.with_name(f"died-{share.first}")
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    fill(share)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_processes_that_die_are_begun_again(model, alone, tmp_path, monkeypatch):
    workers = with_ray()
    mortal = workers.ray.remote(num_cpus=1, max_retries=2)(dying)
    monkeypatch.setattr(workers, "_fill", mortal)
    assert contents(write_in_bulk(model, CLASSES, 5, tmp_path / "made", workers.over(2))) == alone
    # Ray does not wait for the processes that it ends; Python says so when it forgets them: here, not later.
    gc.collect()


def test_ray_leaves_sigterm_to_whoever_heard_it_before(monkeypatch):
    workers = with_ray()
    monkeypatch.delenv("RAY_ADDRESS", raising=False)

    def greedy(**how):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    for name in ("init", "shutdown"):
        monkeypatch.setattr(workers.ray, name, greedy)
    before = signal.getsignal(signal.SIGTERM)
    with workers._started(1):
        assert signal.getsignal(signal.SIGTERM) is before
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("named", "address", "cores", "most"),
    [(None, "local", 3, 6), ("", "local", 3, 6), ("10.0.0.1:6379", None, None, 3)],
)
def test_only_a_cluster_that_is_named_is_looked_for(named, address, cores, most, monkeypatch):
    workers = with_ray()
    asked = []
    if named is None:
        monkeypatch.delenv("RAY_ADDRESS", raising=False)
    else:
        monkeypatch.setenv("RAY_ADDRESS", named)
    monkeypatch.setattr(workers.ray, "init", lambda **how: asked.append((how["address"], how["num_cpus"])))
    assert workers._begin(3) == most
    assert asked == [(address, cores)]


def test_a_cluster_that_is_not_there_is_a_mistake_in_a_line(tmp_path, monkeypatch):
    workers = with_ray()

    def lost(**how):
        raise ConnectionError("Could not find any running Ray instance.\nMore.")

    monkeypatch.setattr(workers.ray, "init", lost)
    with pytest.raises(
        ModelError, match=r"Ray cannot be started \(Could not find any running Ray instance.\)"
    ):
        [*workers.over(1)([bulk.Share(tmp_path, "", (0,), 5, 0, "", tmp_path)])]


def test_somebody_has_to_work(monkeypatch):
    workers = with_ray()
    with pytest.raises(ModelError, match="workers is 0, wanted 1 or more"):
        workers.over(0)
