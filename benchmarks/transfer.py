"""Does a start from another run help, and with how many people? With and without it, at equal time.

Run as ``.venv/bin/python benchmarks/transfer.py [--data FOLDER] [--quick] [--minutes M] [--seeds N]``.
The training people of the chest X-rays are cut in two: an earlier run learns from all but 400 of them, and
50, 100, 200 and 400 of those 400 are learnt from with and without a start. Validation people are looked at,
the test side is never opened. Quick is one size on phantoms.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from cohorts import COHORTS, some
from head_start import measured
from promise import promise

from vesalius.cohort.cohort import Cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.evidence.features import ssl_space, texture_space
from vesalius.model.model import Model
from vesalius.recipes.recipe import Recipe
from vesalius.recipes.synthesis import conditional_gan
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.fit import fit
from vesalius.training.stream import stack
from vesalius.training.transfer import Start, read_start, started

FEW = (50, 100, 200, 400)


def people_of(data: Path, is_quick: bool) -> tuple[Cohort, Cohort]:
    """Training and validation people."""
    if is_quick:
        return phantom_cohort(160, size=32), phantom_cohort(60, size=32, seed=1)
    parts = COHORTS["chest"].people(data).parts
    return parts.train, parts.val


def cut(train: Cohort, count: int) -> tuple[Cohort, Cohort]:
    """So many people, and all others."""
    few = some(train, count)
    people = few.patients
    return few, train.where(lambda case: case.patient not in people)


def trained(recipe: Recipe, cohort: Cohort, folder: Path, minutes: float, start: Start | None) -> Model:
    """A model of one cell of the table."""
    return fit(recipe if start is None else started(recipe, start), cohort, folder, minutes, start=start)


def table(
    train: Cohort, val: Cohort, sizes: tuple[int, ...], seeds: int, minutes: float, folder: Path
) -> dict[int, int]:
    """All cells; for each number of people, in how many of the three numbers the start is better."""
    task = synthesis_of(train, 32 if sizes[0] < FEW[0] else 64, "label")
    few, many = cut(train, sizes[-1])
    real = stack(val, task)
    spaces = [texture_space(real.stack), ssl_space(stack(many, task).stack, 0, 150)]
    labels = np.random.default_rng(0).choice(real.labels, 500)
    trained(conditional_gan(task, many, minutes), many, folder / "many", minutes, None)
    start = read_start(folder / "many")
    better = {}
    for size in sizes:
        cohort = some(few, size)
        found: dict[str, list[list[float]]] = {"started": [], "fresh": []}
        for seed in range(seeds):
            recipe = conditional_gan(task, cohort, minutes, seed)
            for what, begun in (("started", start), ("fresh", None)):
                model = trained(recipe, cohort, folder / f"{what}-{size}-{seed}", minutes, begun)
                numbers = measured(spaces, real, model.sample(labels.tolist(), 1).numpy())
                texture, ssl, coverage = numbers
                steps = model.card.steps
                print(
                    f"{size:6} {what:8} {seed:4} {steps:6} {texture:11.4f} {ssl:9.4f} {coverage:9.3f}",
                    flush=True,
                )
                found[what].append(numbers)
        gain = np.mean(found["fresh"], axis=0) - np.mean(found["started"], axis=0)
        better[size] = int((gain * [1, 1, -1] > 0).sum())
    return better


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seeds", type=int, default=2)
    asked = parser.parse_args()
    if asked.quick:
        asked.seeds, asked.minutes = 1, 0.05
    sides = people_of(asked.data, asked.quick)
    print("people what     seed  steps KID texture   KID ssl  coverage")
    with tempfile.TemporaryDirectory() as place:
        sizes = (24,) if asked.quick else FEW
        better = table(*sides, sizes, asked.seeds, asked.minutes, Path(place))
    said = ", ".join(f"{size} people {count} of 3" for size, count in better.items())
    holds = min(better.values()) >= 2
    promise("numbers in which a start is better", said, "2 of 3 for each number of people", holds)
