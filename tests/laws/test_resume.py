"""Law: a run that was killed ends with the weights of one that was not."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

from vesalius.cohort.phantom import phantom_cohort
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.objectives.hinge import Hinge
from vesalius.recipes.augmentation import augment_for
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.fit import finish, play
from vesalius.training.run import open_run

_STEPS = 150

_PROGRAM = """
import sys
from pathlib import Path
from vesalius.cohort.phantom import phantom_cohort
from vesalius.recipes.recipe import read_recipe
from vesalius.training import fit
from vesalius.training.run import open_run
fit._CHECKPOINT_SECONDS = 0.0
run = open_run(Path(sys.argv[1]), read_recipe(Path(sys.argv[2])), phantom_cohort(12, size=16))
for tick in fit.play(run):
    print(tick.step, flush=True)
"""


def test_a_run_killed_at_a_random_step_ends_with_the_weights_of_one_that_was_not(tmp_path):
    people = phantom_cohort(12, size=16)
    recipe = _recipe(people)
    (tmp_path / "recipe.json").write_text(recipe.to_json())
    last = random.Random(time.time_ns()).randint(30, 110)
    _kill_at(last, tmp_path)
    run = open_run(tmp_path / "killed", recipe, people)
    assert 0 < run.game.step < _STEPS, f"killed at {last}"
    whole = open_run(tmp_path / "whole", recipe, people)
    for each in (run, whole):
        for _ in play(each):
            pass
    assert torch.equal(finish(run).sample([0, 1], 3), finish(whole).sample([0, 1], 3)), f"killed at {last}"


def _kill_at(last: int, folder: Path) -> None:
    command = [sys.executable, "-c", _PROGRAM, str(folder / "killed"), str(folder / "recipe.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if int(line) == last:
                process.send_signal(signal.SIGKILL)
                break


def _recipe(people) -> Recipe:
    task = synthesis_of(people, 16, "label")
    return Recipe(
        task=task,
        objective=Hinge(
            generator=Generator(width=4, latent=8, head_start=2, centred="class"),
            discriminator=Discriminator(width=4),
            augment=augment_for(task.modality, task.made.unit),
        ),
        steps=_STEPS,
        batch=4,
        half_life=100.0,
        seed=1,
    )
