"""Runs in a folder: begun, killed, taken up, finished."""

import hashlib
import json
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from vesalius.cohort.cohort import Cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.errors import (
    CohortError,
    EmptyCohortError,
    ModelError,
    StorageError,
    TrainingError,
)
from vesalius.model.export import balanced, write_samples
from vesalius.model.model import load_model
from vesalius.objectives.hinge import Hinge
from vesalius.tasks.synthesis import Synthesis
from vesalius.training import fit as fitting
from vesalius.training import ledger
from vesalius.training.fit import finish, fit, play
from vesalius.training.rhythm import Rhythm
from vesalius.training.run import open_run
from vesalius.training.stream import stack
from vesalius.training.watch import Look


@pytest.fixture(scope="module")
def finished(recipe_for, people, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return folder, fit(recipe_for(people), people, folder)


def test_a_finished_run_holds_recipe_ledger_and_a_model_that_loads(recipe_for, finished, people):
    folder, model = finished
    loaded = load_model(folder / "model")
    assert loaded.recipe == model.recipe == recipe_for(people)
    assert loaded.card == model.card
    assert (loaded.card.steps, loaded.card.cases, loaded.card.patients) == (30, 12, 12)
    assert torch.equal(loaded.sample([0, 1], 5), model.sample([0, 1], 5))
    steps = [line["step"] for line in ledger.read(folder / "ledger.jsonl") if "seconds" in line]
    assert steps == [5, 10, 15, 20, 25, 30]
    assert "discriminator/r1" in ledger.read(folder / "ledger.jsonl")[0]


def test_every_made_picture_can_be_made_again_by_itself(finished):
    _, model = finished
    together = model.sample([0, 1, 0, 1, 1], 7)
    assert torch.allclose(together[:2], model.sample([0, 1], 7), atol=1e-6)
    for index, label in enumerate([0, 1, 0, 1, 1]):
        assert torch.allclose(together[index : index + 1], model.sample([label], 7, first=index), atol=1e-6)
    assert not torch.allclose(together[3:4], together[4:5], atol=1e-3)


def test_a_picture_is_made_on_the_device_that_is_named_or_not_at_all(finished):
    _, model = finished
    weights = {name: value.clone() for name, value in model.generator.state_dict().items()}
    on_cpu = replace(model, device="cpu").sample([0, 1], 5)
    assert torch.allclose(model.sample([0, 1], 5), on_cpu, atol=1e-4)
    assert all(torch.equal(value, weights[name]) for name, value in model.generator.state_dict().items())
    with pytest.raises(ModelError, match=r"device is elsewhere, wanted (cpu|cuda)"):
        replace(model, device="elsewhere").sample([0], 5)


def test_a_class_that_the_model_does_not_have_is_refused(finished):
    _, model = finished
    with pytest.raises(ModelError, match="class index is 2, wanted 0 to 1"):
        model.sample([2], 0)


def test_a_negative_seed_makes_no_picture(finished, tmp_path):
    _, model = finished
    with pytest.raises(ModelError, match="seed is -1, wanted 0 or more"):
        model.sample([0], -1)
    with pytest.raises(ModelError, match="seed is -1, wanted 0 or more"):
        write_samples(model, [0], -1, tmp_path / "made")
    assert list(tmp_path.iterdir()) == []


def test_tampered_weights_are_refused(finished, tmp_path):
    _, model = finished
    model.save(tmp_path)
    weights = tmp_path / "generator.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x00")
    with pytest.raises(ModelError, match="not those that the card was written for"):
        load_model(tmp_path)


def test_weights_of_networks_that_were_built_otherwise_are_refused(finished, tmp_path):
    _, model = finished
    model.save(tmp_path)
    weights, card = tmp_path / "generator.safetensors", tmp_path / "card.json"
    save_file(load_file(weights) | {"stem.weight": torch.zeros(64, 16)}, weights)
    said = json.loads(card.read_text()) | {"weights": hashlib.sha256(weights.read_bytes()).hexdigest()}
    card.write_text(json.dumps(said))
    with pytest.raises(ModelError, match=r"written by Vesalius .*, are not of the networks"):
        load_model(tmp_path)


def test_a_run_left_early_is_taken_up_and_ends_like_one_never_left(recipe_for, finished, people, tmp_path):
    _, model = finished
    for _, tick in zip(range(7), play(open_run(tmp_path, recipe_for(people), people)), strict=False):
        assert tick.step < 30
    run = open_run(tmp_path, recipe_for(people), people)
    assert run.game.step == 7
    for _ in play(run):
        pass
    assert torch.equal(finish(run).sample([0, 1], 3), model.sample([0, 1], 3))


def test_a_run_whose_newest_checkpoint_is_damaged_goes_on_from_the_one_before_and_says_so(
    recipe_for, finished, people, tmp_path
):
    _, model = finished
    for last in (9, 10):
        run = open_run(tmp_path, recipe_for(people), people)
        for tick in play(run):
            if tick.step == last:
                break
    content = bytearray(run.checkpoint.read_bytes())
    content[-1] ^= 1
    run.checkpoint.write_bytes(content)
    run = open_run(tmp_path, recipe_for(people), people)
    assert run.game.step == 9
    assert "checkpoint is damaged" in run.damage
    (said,) = [line for line in ledger.read(run.ledger) if "event" in line]
    assert said["step"] == 9
    assert "newest checkpoint was damaged" in said["event"]
    for _ in play(run):
        pass
    assert torch.equal(finish(run).sample([0, 1], 3), model.sample([0, 1], 3))


def test_a_run_that_is_taken_up_decodes_nothing_again(recipe_for, people, tmp_path, monkeypatch):
    first = open_run(tmp_path, recipe_for(people), people).stacked
    monkeypatch.setattr(Synthesis, "encode", None)
    again = open_run(tmp_path, recipe_for(people), people).stacked
    assert np.array_equal(again.stack, first.stack)
    assert (again.keys, again.patients) == (first.keys, first.patients)


def test_a_run_of_another_recipe_is_refused(recipe_for, people, tmp_path):
    open_run(tmp_path, recipe_for(people), people)
    other = replace(recipe_for(people), seed=2)
    with pytest.raises(TrainingError, match=r"another recipe, wanted .*: seed is 2, not 1"):
        open_run(tmp_path, other, people)


def test_a_run_on_other_people_is_refused_and_its_pictures_stay(recipe_for, people, tmp_path):
    open_run(tmp_path, recipe_for(people), people)
    before = (tmp_path / "pictures.npy").read_bytes()
    with pytest.raises(TrainingError, match="holds a run on other pictures"):
        open_run(tmp_path, recipe_for(people), phantom_cohort(12, size=16, seed=5))
    assert (tmp_path / "pictures.npy").read_bytes() == before


def test_a_run_on_other_labels_is_refused(recipe_for, people, tmp_path):
    open_run(tmp_path, recipe_for(people), people)
    other = {"healthy": "lesion", "lesion": "healthy"}
    cases = [
        replace(case, facts={**case.facts, "label": other[case.facts["label"]]}) for case in people.cases
    ]
    with pytest.raises(TrainingError, match="holds a run on other pictures, labels or people"):
        open_run(tmp_path, recipe_for(people), Cohort(tuple(cases), people.name))


@pytest.mark.parametrize("minutes", [0.0, -1.0, float("nan")])
def test_a_budget_of_no_minutes_is_refused_before_anything_is_written(recipe_for, people, tmp_path, minutes):
    with pytest.raises(TrainingError, match=r"minutes, wanted more than 0"):
        open_run(tmp_path / "run", recipe_for(people), people, minutes)
    assert not (tmp_path / "run").exists()


def test_nobody_is_refused(recipe_for, people, tmp_path):
    with pytest.raises(EmptyCohortError):
        open_run(tmp_path / "run", recipe_for(people), Cohort(()))


def test_minutes_end_the_run_and_the_model_says_how_many_steps_they_bought(recipe_for, people, tmp_path):
    run = open_run(tmp_path, recipe_for(people, steps=10**6), people, minutes=0.01)
    steps = sum(1 for _ in play(run))
    assert 0.6 <= run.seconds < 6
    model = finish(run)
    assert model.card.steps == model.recipe.steps == steps
    assert ledger.read(run.ledger)[-1]["step"] == steps
    again = open_run(tmp_path, recipe_for(people, steps=10**6), people, minutes=0.01)
    assert list(play(again)) == []


class Slow:
    """A judge who takes five seconds, and the only clock; each reading of it takes a hundredth."""

    labels, patients = np.array([0, 1, 1]), 3

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        self.now += 0.01
        return self.now

    def __call__(self, made):
        self.now += 2.5  # he looks at two averages
        return Look(1.0, {"watch/rank": 1.0})


def test_the_time_of_the_last_look_is_part_of_the_budget(recipe_for, people, tmp_path, monkeypatch):
    judge = Slow()
    monkeypatch.setattr(fitting, "time", judge)
    run = open_run(tmp_path, recipe_for(people, steps=10**6), people, minutes=0.2)
    run.keep(Rhythm(beat=50, looks=(1,)))
    run.judge = judge
    for _ in play(run):
        pass
    looks = [line["seconds"] for line in ledger.read(run.ledger) if "watch/rank" in line]
    assert looks == [pytest.approx(0.0, abs=0.1), pytest.approx(7.0, abs=0.1)]
    assert run.seconds == pytest.approx(12.0, abs=0.1)


def test_a_case_that_cannot_be_read_is_named_and_left_out(recipe_for, people, tmp_path):
    broken = replace(
        people.cases[0], key="broken", pictures=phantom_cohort(1, size=16, slices=3).cases[0].pictures
    )
    stacked = stack(Cohort((*people.cases, broken)), recipe_for(people).task, tmp_path / "pictures.npy")
    assert len(stacked) == 12
    assert stacked.problems == ("broken: picture has 3 slices, wanted one; cut it into slices",)
    assert isinstance(stacked.stack, np.memmap)


def test_made_pictures_are_written_as_a_cohort_that_reads_back(finished, tmp_path):
    _, model = finished
    folder = write_samples(model, balanced(model, 2), 9, tmp_path / "made", evidence="e" * 64)
    lines = (folder / "metadata.csv").read_text().splitlines()
    assert lines[0] == "file,label,patient,seed,index"
    assert len(lines) == 5
    assert all((folder / line.split(",")[0]).exists() for line in lines[1:])


def test_a_folder_of_something_else_is_refused_and_untouched(recipe_for, people, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StorageError, match="holds no run, wanted a new folder"):
        open_run(tmp_path, recipe_for(people), people)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_run_stopped_before_its_length_was_known_is_begun_again(recipe_for, people, tmp_path):
    open_run(tmp_path, recipe_for(people), people)
    (tmp_path / "recipe.json").unlink()
    assert open_run(tmp_path, recipe_for(people), people).game.step == 0


def test_a_class_without_a_usable_picture_is_named(recipe_for, people, tmp_path):
    volume = phantom_cohort(1, size=16, slices=3).cases[0].pictures
    cases = [
        replace(case, pictures=volume) if case.facts["label"] == "lesion" else case for case in people.cases
    ]
    with pytest.raises(CohortError, match=r"class 'lesion' has no usable training picture.*3 slices"):
        open_run(tmp_path / "run", recipe_for(people), Cohort(tuple(cases)))


def test_ctrl_c_is_held_back_until_the_step_is_whole(recipe_for, finished, people, tmp_path, monkeypatch):
    _, model = finished
    run = open_run(tmp_path, recipe_for(people), people)
    real = Hinge.generator_loss

    def pressed(self, *seen):
        if run.game.step == 4:
            signal.raise_signal(signal.SIGINT)
        return real(self, *seen)

    monkeypatch.setattr(Hinge, "generator_loss", pressed)
    with pytest.raises(KeyboardInterrupt):
        for _ in play(run):
            pass
    monkeypatch.setattr(Hinge, "generator_loss", real)
    again = open_run(tmp_path, recipe_for(people), people)
    assert again.game.step == 5
    for _ in play(again):
        pass
    assert torch.equal(finish(again).sample([0, 1], 3), model.sample([0, 1], 3))
