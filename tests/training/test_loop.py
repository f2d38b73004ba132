"""The loop: repeatable, resumable to the step, and honest when it breaks."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from vesalius.errors import DivergenceError, ModelError, StorageError
from vesalius.imaging.intensity import Window
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.objectives.hinge import Hinge
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.synthesis import Synthesis
from vesalius.training import checkpoint, loop
from vesalius.training.devices import find_machine
from vesalius.training.loop import Tick, begin, train
from vesalius.training.stream import Stacked, batch


def toy(steps=6, head_start=0, seed=3) -> Recipe:
    """A recipe that plays a step in milliseconds."""
    window = Window(low=0.0, high=255.0, unit="1")
    return Recipe(
        task=Synthesis(
            size=(16, 16), channels=1, classes=("a", "b"), fact="label", intensity=window, made=window
        ),
        objective=Hinge(
            generator=Generator(width=4, latent=8, head_start=head_start),
            discriminator=Discriminator(width=4),
            lazy=4,
        ),
        steps=steps,
        batch=4,
        half_life=100.0,
        seed=seed,
    )


def pictures(count=24) -> Stacked:
    """Pictures of noise with a class each."""
    values = np.random.default_rng(0).random((count, 1, 1, 16, 16), np.float32) * 2 - 1
    names = tuple(f"p{index}" for index in range(count))
    return Stacked(values, np.arange(count) % 2, names, names)


def weights(game):
    return torch.cat([value.flatten().double() for value in game.players.state_dict().values()])


def test_the_same_seed_gives_the_same_losses_and_another_seed_others(played):
    _, first = played(toy(), pictures())
    _, second = played(toy(), pictures())
    _, other = played(toy(seed=4), pictures())
    assert first == second
    assert first != other


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_a_resumed_game_ends_with_the_weights_of_an_uninterrupted_one(tmp_path, stop, played):
    recipe = toy(head_start=2)
    whole, _ = played(recipe, pictures())
    stopped, _ = played(recipe, pictures(), steps=stop)
    checkpoint.save(stopped, tmp_path / "game.safetensors", seconds=1.5)
    taken_up = begin(recipe, pictures(), find_machine())
    assert checkpoint.resume(taken_up, tmp_path / "game.safetensors") == (1.5, "")
    for _ in train(taken_up, pictures()):
        pass
    assert torch.equal(weights(whole), weights(taken_up))
    for mine, other in zip(whole.averages, taken_up.averages, strict=True):
        for name, value in mine.network.state_dict().items():
            assert torch.equal(value, other.network.state_dict()[name]), name


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path, played):
    game, _ = played(toy(), pictures(), steps=1)
    checkpoint.save(game, tmp_path / "game.safetensors")
    other = begin(toy(seed=9), pictures(), find_machine())
    with pytest.raises(ModelError, match="another recipe"):
        checkpoint.resume(other, tmp_path / "game.safetensors")


def test_a_checkpoint_of_networks_that_were_built_otherwise_is_refused(tmp_path, played):
    game, _ = played(toy(), pictures(), steps=1)
    game.players["generator"].stem = torch.nn.Linear(16, 64)
    checkpoint.save(game, tmp_path / "game.safetensors")
    with pytest.raises(ModelError, match="networks that an earlier version built otherwise"):
        checkpoint.resume(begin(toy(), pictures(), find_machine()), tmp_path / "game.safetensors")


def test_a_checkpoint_from_before_some_fields_came_is_of_the_same_recipe(tmp_path, monkeypatch, played):
    game, _ = played(toy(), pictures(), steps=2)
    said = json.loads(game.recipe.to_json())
    for name in ("is_whole", "crossing"):
        del said["task"][name]
    del said["objective"]["discriminator"]["detail"]
    monkeypatch.setattr(Recipe, "to_json", lambda recipe: json.dumps(said))
    checkpoint.save(game, tmp_path / "game.safetensors")
    monkeypatch.undo()
    taken_up = begin(toy(), pictures(), find_machine())
    checkpoint.resume(taken_up, tmp_path / "game.safetensors")
    assert taken_up.step == 2
    assert torch.equal(weights(game), weights(taken_up))


def test_a_damaged_checkpoint_is_refused_by_name(tmp_path):
    path = tmp_path / "game.safetensors"
    path.write_bytes(b"\x00" * 100)
    with pytest.raises(ModelError, match=r"game.safetensors: checkpoint cannot be read"):
        checkpoint.resume(begin(toy(), pictures(), find_machine()), path)


@pytest.mark.parametrize("at", [3, 400, -1], ids=["its length", "its words", "its numbers"])
def test_of_a_checkpoint_with_one_bit_turned_the_one_before_is_taken(tmp_path, at, played):
    path = tmp_path / "game.safetensors"
    recipe = toy()
    for step in (2, 4):
        game, _ = played(recipe, pictures(), steps=step)
        checkpoint.save(game, path, seconds=float(step))
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    taken_up = begin(recipe, pictures(), find_machine())
    seconds, damage = checkpoint.resume(taken_up, path)
    assert (seconds, taken_up.step) == (2, 2)
    assert damage.startswith(f"{path}: checkpoint ")
    for _ in train(taken_up, pictures()):
        pass
    assert torch.equal(weights(played(recipe, pictures())[0]), weights(taken_up))
    checkpoint.before(path).unlink()
    with pytest.raises(ModelError, match=r"game.safetensors: checkpoint (is damaged|cannot be read)"):
        checkpoint.resume(begin(recipe, pictures(), find_machine()), path)


def test_a_full_disk_leaves_the_earlier_checkpoint_whole(tmp_path, monkeypatch, played):
    game, _ = played(toy(), pictures(), steps=1)
    path = tmp_path / "game.safetensors"
    checkpoint.save(game, path)
    before = path.read_bytes()

    def full(tensors, target, said):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(StorageError, match="No space left on device"):
        checkpoint.save(game, path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["game.safetensors"]


def test_a_loss_that_is_not_finite_is_named():
    with pytest.raises(DivergenceError, match=r"generator/adversarial is not finite at step 7"):
        Tick(
            7, {"discriminator/real": torch.tensor(1.0), "generator/adversarial": torch.tensor(float("nan"))}
        ).numbers()


def test_rare_classes_are_drawn_by_the_root_of_their_share():
    values = np.zeros((101, 1, 1, 16, 16), np.float32)
    names = tuple(map(str, range(101)))
    unbalanced = Stacked(values, np.array([0] * 100 + [1]), names, names)
    drawn = np.concatenate([batch(unbalanced, 0, step, 0, 50).condition.numpy() for step in range(200)])
    assert drawn.mean() == pytest.approx(1 / 11, abs=0.01)


def test_the_average_follows_and_settles(played):
    game, _ = played(replace(toy(), steps=3), pictures())
    mine = game.average.network.state_dict()["stem.weight"]
    theirs = game.players["generator"].state_dict()["stem.weight"]
    assert 0 < float((mine - theirs).abs().max()) < 0.01


@pytest.mark.parametrize(
    ("counts", "wanted"),
    [
        ((100, 4, 30, 6), (30, 4, 30, 6)),
        ((100, 4, 50, 6), (30, 4, 30, 6)),
        ((100, 4, 10, 6), (50, 4, 10, 6)),
        ((20, 20, 0, 20), (20, 20, 0, 20)),
        ((90, 0, 90), (35, 0, 35)),
    ],
)
def test_what_a_small_class_leaves_of_its_share_is_seen_of_larger_ones(counts, wanted, monkeypatch):
    labels = np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))
    cohort = replace(pictures(len(labels)), labels=labels)
    seen = []
    monkeypatch.setattr(Hinge, "prepare", staticmethod(lambda players, sample: seen.append(sample.condition)))
    monkeypatch.setattr(loop, "_VALUES_SEEN", 70 * 16 * 16)
    recipe = toy()
    names = tuple("abcd"[: len(counts)])
    begin(replace(recipe, task=replace(recipe.task, classes=names)), cohort, find_machine())
    assert tuple(np.bincount(seen[0], minlength=len(counts)).tolist()) == wanted


def test_a_class_that_is_one_person_leaves_no_trace_in_the_first_weights():
    several = pictures(40)
    hers = replace(
        several, labels=np.repeat([0, 1], 20), patients=tuple(f"p{row}" for row in range(20)) + ("her",) * 20
    )
    recipe = toy(head_start=3)
    base = begin(recipe, hers, find_machine()).players["generator"].base
    assert torch.equal(base.mean[1], base.mean[0])
    assert torch.allclose(base.mean[0], torch.from_numpy(hers.stack[:20]).mean(0).flatten(), atol=1e-5)


def test_a_game_from_before_there_were_two_averages_goes_on_with_its_one():
    one, two = torch.ones(1), torch.zeros(1)
    before = checkpoint.Saved({}, {"average/w": one, "players/generator.w": two})
    assert before.averages == ({"w": one}, {"w": one})
    assert checkpoint.Saved({}, before.tensors | {"slower/w": two}).averages == ({"w": one}, {"w": two})


def test_a_run_that_was_ended_between_two_checkpoints_goes_on_from_the_one_there_is(tmp_path, played):
    path = tmp_path / "game.safetensors"
    game, _ = played(toy(), pictures(), steps=2)
    checkpoint.save(game, path, seconds=2.0)
    path.rename(checkpoint.before(path))
    taken_up = begin(toy(), pictures(), find_machine())
    assert checkpoint.resume(taken_up, path) == (2.0, "")
    assert torch.equal(weights(game), weights(taken_up))


def test_a_checkpoint_is_on_the_disk_before_it_takes_the_place_of_another(tmp_path, monkeypatch, played):
    path = tmp_path / "game.safetensors"
    game, _ = played(toy(), pictures(), steps=2)
    checkpoint.save(game, path)
    first, flushed = path.read_bytes(), []

    def sync(descriptor):
        flushed.append((os.fstat(descriptor).st_size, path.read_bytes() == first))

    monkeypatch.setattr(os, "fsync", sync)
    checkpoint.save(game, path, seconds=9.0)
    assert flushed == [(path.stat().st_size, True)]
    assert path.read_bytes() != first
