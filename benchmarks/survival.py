"""Does a run survive? Injuries with the watch and without it, and kills at random moments.

Run as ``.venv/bin/python benchmarks/survival.py [--quick] [--steps N] [--kills N]``. Phantoms at 32 x 32,
those with a lesion lying on their side, and the recipe's networks at a quarter of their width, on the CPU.
Beside the recipe as it is, which shrugs off much, stand games that an injury is meant to ruin: a generator
that may leave its head start, or has none but styles and no normalisation, there with hinge and with logistic
losses. Each of these is played sound, injured under the watch, and injured with nobody watching.

An injury counts as met when it was seen within 5 % of the budget of its onset and the run then stopped with
an account, or recovered (beside the sound run it is finite, no rougher than four times and no less varied
than four tenths), or when it did no harm: kernel distances, what real pictures show among themselves added,
at most 1.5 times those of the sound run in both feature spaces, and coverage, of all and of each class, at
most 0.1 lower. It proves something only where the run that nobody watched is worse than that. A kill counts
as survived when the run, however often it was killed, ends with the weights of one that never was; no
checkpoint may be damaged. ``--quick`` leaves out the recipe as it is.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from injuries import (
    WIDTH,
    Fate,
    Injury,
    Ward,
    as_it_is,
    black,
    by_odds,
    classless,
    free,
    nothing,
    styled,
    unreal,
    ward_of,
    wild,
)
from promise import promise

from vesalius.cohort.cohort import Cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.model.model import load_model
from vesalius.objectives.hinge import Hinge
from vesalius.recipes.recipe import Recipe
from vesalius.recipes.synthesis import conditional_gan
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.fit import finish, play
from vesalius.training.run import open_run

PEOPLE, SIZE = 100, 32

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
    if not isinstance(game, Hinge):
        raise TypeError(f"objective is {game.kind}, wanted hinge")
    small = replace(
        game,
        generator=replace(game.generator, width=WIDTH),
        discriminator=replace(game.discriminator, width=WIDTH),
    )
    return replace(recipe, objective=small, steps=steps)


HALF = 0.5
WILD = "penalty off, rate x20"

RUINOUS = (
    Injury(WILD, wild, HALF, styled),
    Injury(WILD, wild, HALF, by_odds),
    Injury("all-black batches", black, HALF, free),
    Injury("a class removed", classless, 0.0, styled),
    Injury("NaN in one picture", unreal, HALF, free),
)
"""What ruins a run that nobody watches."""

USUAL = tuple(replace(each, onset=max(each.onset, HALF), weaken=as_it_is) for each in RUINOUS[1:])
"""The same to the recipe as it is, half-way."""


def told(name: str, fate: Fate, verdict: str) -> None:
    """Print a line of the table."""
    seen = "not seen" if fate.late is None else f"seen after {fate.late:.1%}"
    print(f"{name:36} {verdict:9} {seen:16} {fate.last}; {fate.done or 'nothing was done'}", flush=True)


def failures(ward: Ward, injuries: Sequence[Injury]) -> tuple[int, int]:
    """How many injuries were met, and how many ruined the run that nobody watched; both are printed.

    A sound run that the watch does not leave alone is told as missed, and counts against what was met.
    """
    met = ruined = 0
    sound: dict[str, Fate] = {}
    for each in injuries:
        game = each.weaken.__name__
        if game not in sound:
            sound[game] = ward.fate(replace(each, spoil=nothing), is_watched=True)
            met -= bool(sound[game].done)
            told(f"{game}: sound", sound[game], "MISSED" if sound[game].done else "")
        last = sound[game].last
        watched = ward.fate(each, is_watched=True, sound=last)
        met += watched.is_met(last)
        told(f"{game}: {each.name}", watched, "met" if watched.is_met(last) else "MISSED")
        if each.weaken is not as_it_is:
            alone = ward.fate(each, is_watched=False, sound=last)
            is_ruined = not alone.last.is_as_good_as(last)
            ruined += is_ruined
            told("    nobody watching", alone, "ruined" if is_ruined else "UNHARMED")
    return met, ruined


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
        asked.steps, asked.kills = 1000, 2
    injuries = RUINOUS if asked.quick else (*RUINOUS, *USUAL)
    ward = ward_of(PEOPLE, SIZE, lambda people: recipe_of(people, asked.steps))
    met, ruined = failures(ward, injuries)
    steps = asked.steps // 4 if asked.quick else asked.steps
    count, damaged, is_same = survived(phantom_cohort(PEOPLE, size=SIZE), steps, asked.kills)
    weights = "the same weights" if is_same else "OTHER WEIGHTS"
    print(f"{count} kills, {damaged} damaged checkpoints, {weights}")
    whole = count if is_same and not damaged else 0
    promise(
        "injuries met; those that ruin a run that nobody watches; kills survived",
        f"{met} of {len(injuries)}; {ruined} of {len(RUINOUS)}; {whole} of {count}",
        "all",
        met == len(injuries) and ruined == len(RUINOUS) and whole == count,
    )
