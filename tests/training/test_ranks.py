"""Two processes play the game that one plays."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from vesalius.cohort.phantom import phantom_cohort
from vesalius.model.model import load_model
from vesalius.networks import ranks
from vesalius.networks.autoencoder import Autoencoder
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.networks.diffusion import Diffusion
from vesalius.networks.fast import FastDiscriminator, FastGenerator
from vesalius.networks.style import StyleGenerator
from vesalius.objectives import AnyObjective
from vesalius.objectives.adaptive import Adaptive
from vesalius.objectives.augment import Augment
from vesalius.objectives.denoising import Denoising
from vesalius.objectives.hinge import Hinge
from vesalius.objectives.minimax import Minimax
from vesalius.objectives.nonsaturating import Nonsaturating
from vesalius.objectives.reconstructing import Reconstructing
from vesalius.objectives.relativistic import Relativistic
from vesalius.objectives.variational import Variational
from vesalius.objectives.wasserstein import Wasserstein
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training import ledger
from vesalius.training.fit import finish, fit, play
from vesalius.training.run import open_run
from vesalius.training.stream import stack

PROGRAM = Path(__file__).with_name("together.py")
STEPS = 8

generator = Generator(width=4, latent=8, head_start=2, centred="class")
critic = Discriminator(width=4)
adaptive = Adaptive(target=0.1, ramp=64, every=2)
augment = Augment(brightness=0.0, contrast=0.0, rotation=10.0, noise=0.1, probability=0.7)
two = {"generator": generator, "discriminator": critic}
GAMES = {
    "hinge": Hinge(**two, augment=augment, lazy=2),
    "minimax": Minimax(generator=generator, discriminator=Discriminator(width=4, group=1, norm="batch")),
    "hinge, adaptive": Hinge(**two, augment=augment, adaptive=adaptive, lazy=2),
    "nonsaturating": Nonsaturating(**two, augment=augment, adaptive=adaptive, lazy=2),
    "reconstructing": Reconstructing(
        generator=FastGenerator(width=4, latent=8), discriminator=FastDiscriminator(width=4), augment=augment
    ),
    "style": Nonsaturating(
        generator=StyleGenerator(width=4, latent=8), discriminator=critic, augment=augment, lazy=2
    ),
    "relativistic": Relativistic(**two, augment=augment),
    "relativistic, adaptive": Relativistic(**two, augment=augment, adaptive=adaptive),
    "wasserstein": Wasserstein(**two, critic_turns=2),
    "variational": Variational(generator=Autoencoder(width=4, latent=8)),
    "denoising": Denoising(generator=Diffusion(width=4, latent=256)),
}


@pytest.fixture(scope="module")
def people():
    return phantom_cohort(24, size=16)


@pytest.fixture(scope="module")
def recipes(people):
    task = synthesis_of(people, 16, "label")
    return {
        name: Recipe(task=task, objective=game, steps=STEPS, batch=8, half_life=100.0, seed=1)
        for name, game in GAMES.items()
    }


def torchrun(rank):
    """What torchrun tells each of two processes."""
    world = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "GROUP_RANK": "0", "TORCHELASTIC_RUN_ID": "test"}
    return world | {"MASTER_ADDR": "127.0.0.1", "RANK": str(rank), "LOCAL_RANK": str(rank)}


def srun(rank):
    """What SLURM tells each of two tasks on one node."""
    job = {
        "SLURM_JOB_ID": "12345",
        "SLURM_NTASKS": "2",
        "SLURM_STEP_NUM_TASKS": "2",
        "SLURM_NTASKS_PER_NODE": "2",
    }
    return job | {"SLURM_NODELIST": "127.0.0.1", "SLURM_PROCID": str(rank), "SLURM_LOCALID": str(rank)}


@contextmanager
def begun(words, told=torchrun):
    """Two processes, with what they are told by whoever starts them; none outlives the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    same = {"MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    with ExitStack() as stack:
        processes = []
        for rank in range(2):
            process = subprocess.Popen(
                [sys.executable, str(PROGRAM), *map(str, words)],
                env=os.environ | same | told(rank),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            processes.append(stack.enter_context(process))
            stack.callback(process.kill)
        yield processes


def ended(processes):
    """Exit codes and what was said, once all have ended."""
    said = [process.communicate(timeout=100) for process in processes]
    return [process.returncode for process in processes], said


@pytest.fixture(scope="module")
def together(recipes, tmp_path_factory):
    """What two processes said of every game."""
    folder = tmp_path_factory.mktemp("games")
    for name, recipe in recipes.items():
        (folder / f"{name}.json").write_text(recipe.to_json())
    with begun(["games", folder]) as processes:
        codes, said = ended(processes)
    assert codes == [0, 0], said
    return {name: json.loads((folder / f"{name}.losses").read_text()) for name in recipes}


@pytest.fixture(scope="module")
def losses():
    spec = spec_from_file_location("together", PROGRAM)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.losses


def test_no_objective_is_left_out():
    assert {type(game) for game in GAMES.values()} == set(get_args(AnyObjective))


@pytest.mark.parametrize("game", GAMES)
def test_two_processes_have_the_losses_of_one(game, together, recipes, losses, people):
    alone = losses(recipes[game], stack(people, recipes[game].task))
    assert len(alone) == len(together[game]) == STEPS
    for mine, theirs in zip(alone, together[game], strict=True):
        assert theirs == pytest.approx(mine, abs=1e-5, rel=1e-5)


def test_the_shares_of_two_batches_in_one_are_the_shares_of_each(monkeypatch):
    rows = np.arange(16)
    monkeypatch.setattr(ranks, "count", lambda: 2)
    shares = []
    for rank in range(2):
        monkeypatch.setattr(ranks, "rank", lambda rank=rank: rank)
        both = ranks.mine(np.concatenate([rows, rows + 16]))
        assert both.tolist() == [*ranks.mine(rows), *(ranks.mine(rows) + 16)]
        shares.append(ranks.mine(rows))
        drawn = ranks.normal(torch.Generator().manual_seed(0), 8, 3)
        whole = torch.randn(16, 3, generator=torch.Generator().manual_seed(0))
        assert torch.equal(drawn, whole[ranks.mine(rows)])
    assert sorted(np.concatenate(shares)) == rows.tolist()
    assert all(len(set(share // 4)) == 2 for share in shares)


def test_a_batch_that_cannot_be_shared_is_refused(monkeypatch):
    ranks.refuse_uneven(6, 8)
    monkeypatch.setattr(ranks, "count", lambda: 2)
    with pytest.raises(ranks.RecipeError, match="batch is 12 on 2 processes, wanted a multiple of 8"):
        ranks.refuse_uneven(12, 4)
    with pytest.raises(ranks.RecipeError, match="group is 8 on several processes"):
        ranks.refuse_uneven(16, 8)


def test_a_normalisation_alone_is_the_plain_one():
    plain = torch.nn.BatchNorm2d(3)
    features = torch.randn(4, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    other = ranks.SharedNorm(torch.nn.BatchNorm2d(3))
    torch.testing.assert_close(other(features), plain(features))
    torch.testing.assert_close(other.running_var, plain.running_var)
    torch.testing.assert_close(other.eval()(features), plain.eval()(features))
    assert list(other.state_dict()) == list(plain.state_dict())


def prepared(folder, recipe):
    (folder / "recipe.json").write_text(recipe.to_json())
    return folder


def test_a_run_moves_between_one_process_and_two_and_one_of_them_writes(people, recipes, tmp_path):
    recipe = replace(recipes["hinge"], steps=30)
    folder = prepared(tmp_path, recipe)
    for _, _tick in zip(range(6), play(open_run(folder / "run", recipe, people)), strict=False):
        pass
    with begun(["run", folder, 13]) as processes:
        codes, said = ended(processes)
    assert codes == [0, 0], said
    taken_up = open_run(folder / "run", recipe, people)
    assert taken_up.game.step == 13
    for _ in play(taken_up):
        pass
    lines = [line["step"] for line in ledger.read(folder / "run" / "ledger.jsonl") if "seconds" in line]
    assert lines == [5, 10, 15, 20, 25, 30]
    whole = fit(recipe, people, tmp_path / "whole")
    torch.testing.assert_close(finish(taken_up).sample([0, 1], 3), whole.sample([0, 1], 3), atol=1e-3, rtol=0)


def test_two_tasks_of_slurm_finish_one_model(recipes, tmp_path):
    folder = prepared(tmp_path, replace(recipes["hinge"], steps=26))
    with begun(["run", folder, 0], srun) as processes:
        codes, said = ended(processes)
    assert codes == [0, 0], said
    lines = [line["step"] for line in ledger.read(folder / "run" / "ledger.jsonl") if "seconds" in line]
    assert lines == [5, 10, 15, 20, 25, 26]
    assert load_model(folder / "run" / "model").card.played == 26


def test_a_signal_to_one_process_ends_all_with_a_checkpoint(people, recipes, tmp_path):
    recipe = replace(recipes["hinge"], steps=10**6)
    with begun(["run", prepared(tmp_path, recipe), 0]) as processes:
        for line in processes[1].stdout:
            if int(line.split()[1]) == 5:
                processes[1].send_signal(signal.SIGTERM)
                break
        codes, said = ended(processes)
    assert 0 not in codes, said
    assert all("KeyboardInterrupt: 15" in err for _, err in said)
    assert 5 <= open_run(tmp_path / "run", recipe, people).game.step < 10**5


def test_when_one_process_dies_the_others_do_not_wait_for_it(recipes, tmp_path):
    folder = prepared(tmp_path, replace(recipes["hinge"], steps=10**6))
    with begun(["run", folder, 0]) as processes:
        for line in processes[0].stdout:
            if int(line.split()[1]) == 3:
                processes[1].kill()
                break
        codes, said = ended(processes)
    assert codes[0] == 1
    assert "TrainingError: process 0: lost another process of the run" in said[0][1]
