"""Does a run survive? Injected failures, and kills at random moments.

Run as ``.venv/bin/python benchmarks/survival.py [--quick] [--steps N] [--kills N]``. Phantoms at 32 x 32 and
the recipe's networks at a quarter of their width, on the CPU. A failure counts as met when it was seen within
5 % of the budget of its onset, and the run then recovered unattended (finite, no rougher than four times and
no less varied than four tenths of real pictures) or stopped with an account. A kill counts as survived when
the run, however often it was killed, ends with the weights of one that never was; no checkpoint may be
damaged.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from promise import promise

from vesalius.cohort.cohort import Cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.errors import TrainingError
from vesalius.model.model import load_model
from vesalius.networks.convnet import Discriminator
from vesalius.recipes.recipe import Recipe
from vesalius.recipes.synthesis import conditional_gan
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training import ledger
from vesalius.training.fit import finish, play
from vesalius.training.pulse import fault_of_made, made_pulse
from vesalius.training.run import Run, open_run

PEOPLE, SIZE, WIDTH = 200, 32, 8

PROGRAM = """
import sys
from pathlib import Path
from vesalius.cohort.phantom import phantom_cohort
from vesalius.recipes.recipe import read_recipe
from vesalius.training import fit
from vesalius.training.run import open_run
fit._CHECKPOINT_SECONDS = 0.5
people = phantom_cohort(int(sys.argv[3]), size=int(sys.argv[4]))
run = open_run(Path(sys.argv[1]), read_recipe(Path(sys.argv[2])), people)
print("damaged" if run.damage else "whole", run.game.step, flush=True)
for tick in fit.play(run):
    pass
fit.finish(run)
print("done", flush=True)
"""


def recipe_of(people: Cohort, steps: int) -> Recipe:
    """The default game, small."""
    recipe = conditional_gan(synthesis_of(people, SIZE, "label"), people, 1.0)
    game = recipe.objective
    small = replace(
        game, generator=replace(game.generator, width=WIDTH), discriminator=Discriminator(width=WIDTH)
    )
    return replace(recipe, objective=small, steps=steps)


def black(run: Run) -> None:
    """Every batch from now on is black."""
    run.stacked.stack[:] = -1.0


def classless(run: Run) -> None:
    """One class is gone from now on."""
    run.stacked.labels[:] = 0


def unreal(run: Run) -> None:
    """One picture holds values that are no numbers."""
    run.stacked.stack[0] = np.nan


def nothing(run: Run) -> None:
    """All is well."""


def injected(people: Cohort, recipe: Recipe, onset: int, spoil: Callable[[Run], None]) -> tuple[str, bool]:
    """One failure: what became of it, and whether that was right."""
    with tempfile.TemporaryDirectory() as folder:
        run = open_run(Path(folder) / "run", recipe, people)
        account = ""
        try:
            for tick in play(run):
                if tick.step == onset:
                    spoil(run)
        except TrainingError as error:
            account = str(error).partition(": ")[2]
        told = [line for line in ledger.read(run.ledger) if "event" in line]
        seen = int(told[0]["step"]) if told else run.game.step
        late = (seen - onset) / recipe.steps
        if account:
            return f"stopped {late:.1%} of the budget after the onset: {account}", late <= 0.05
        ill = fault_of_made(made_pulse(run.game, run.stacked), run.usual.pulse, run.usual)
        became = ill or "recovered" if told else ill or "went on, nothing was wrong"
        is_met = not ill and (spoil is nothing) and (not told or late <= 0.05)
        return f"{len(told)} event(s), first after {late:.1%} of the budget: {became}", is_met


def failures(people: Cohort, steps: int) -> int:
    """How many of five failures were met; a sound run must be left alone."""
    recipe = recipe_of(people, steps)
    wild = replace(
        recipe,
        objective=replace(recipe.objective, gamma=0.0, learning_rate=20 * recipe.objective.learning_rate),
    )
    half = steps // 2
    cases = [
        ("sound", recipe, 0, nothing),
        ("penalty off, rate x20", wild, 0, nothing),
        ("all-black batches", recipe, half, black),
        ("a class removed", recipe, half, classless),
        ("NaN in one picture", recipe, half, unreal),
    ]
    met = 0
    for name, each, onset, spoil in cases:
        said, is_met = injected(people, each, onset, spoil)
        met += is_met
        print(f"{name:22} {'met' if is_met else 'MISSED':7} {said}", flush=True)
    return met


def killed(folder: Path, kills: int, seconds: float) -> tuple[int, int]:
    """Kill a run at random moments until it ends; kills and damaged checkpoints."""
    words = [sys.executable, "-c", PROGRAM, str(folder / "killed"), str(folder / "recipe.json")]
    count = damaged = 0
    while True:
        with subprocess.Popen([*words, str(PEOPLE), str(SIZE)], stdout=subprocess.PIPE, text=True) as process:
            said = (process.stdout.readline() if process.stdout else "").split()
            damaged += said[:1] == ["damaged"]
            if count < kills:
                time.sleep(random.uniform(0.0, seconds))
                if process.poll() is None:
                    process.kill()
                    count += 1
                    continue
            process.wait()
        return count, damaged


def survived(people: Cohort, steps: int, kills: int) -> tuple[int, int, bool]:
    """Kills, damaged checkpoints, and whether the weights are those of a run that was never killed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recipe = recipe_of(people, steps)
        (folder / "recipe.json").write_text(recipe.to_json())
        whole = open_run(folder / "whole", recipe, people)
        started = time.monotonic()
        for _ in play(whole):
            pass
        count, damaged = killed(folder, kills, 3 * (time.monotonic() - started) / max(kills, 1))
        ours, theirs = finish(whole), load_model(folder / "killed" / "model")
        states = (ours.generator.state_dict(), theirs.generator.state_dict())
        return count, damaged, all(torch.equal(states[0][name], states[1][name]) for name in states[0])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=20)
    asked = parser.parse_args()
    if asked.quick:
        asked.steps, asked.kills = 1000, 4
    study = phantom_cohort(PEOPLE, size=SIZE)
    met = failures(study, asked.steps)
    count, damaged, is_same = survived(study, asked.steps, asked.kills)
    weights = "the same weights" if is_same else "OTHER WEIGHTS"
    print(f"{count} kills, {damaged} damaged checkpoints, {weights}")
    promise(
        "failures met, kills survived",
        f"{met} of 5, {count if is_same and not damaged else 0} of {count}",
        "all",
        met == 5 and is_same and not damaged,
    )
