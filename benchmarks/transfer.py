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
from cohorts import COHORTS
from promise import promise

from vesalius.cohort.cohort import Cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.evidence.diversity import neighbourhoods
from vesalius.evidence.features import Space, ssl_space, texture_space
from vesalius.evidence.fidelity import kernel_distance
from vesalius.model.model import Model
from vesalius.recipes.synthesis import conditional_gan
from vesalius.tasks.synthesis import Synthesis, synthesis_of
from vesalius.training.fit import fit
from vesalius.training.stream import Stacked, stack
from vesalius.training.transfer import Start, read_start, started

FEW = (50, 100, 200, 400)


def people_of(data: Path, is_quick: bool) -> tuple[Cohort, Cohort]:
    """Training and validation people."""
    if is_quick:
        return phantom_cohort(160, size=32), phantom_cohort(60, size=32, seed=1)
    parts = COHORTS["chest"].people(data).parts
    return parts.train, parts.val


def first(cohort: Cohort, patients: list[str]) -> Cohort:
    """The cases of some patients."""
    return cohort.where(lambda case: case.patient in set(patients))


def trained(task: Synthesis, cohort: Cohort, seed: int, folder: Path, start: Start | None) -> Model:
    """A model of one cell of the table."""
    recipe = conditional_gan(task, cohort, MINUTES, seed)
    recipe = recipe if start is None else started(recipe, start)
    return fit(recipe, cohort, folder, MINUTES, start=start)


def measured(spaces: list[Space], real: Stacked, model: Model, labels: np.ndarray) -> list[float]:
    """KID in each space, then coverage in the last."""
    made = model.sample(labels.tolist(), 1).numpy()
    kids = [kernel_distance(space.embed(real.stack), space.embed(made))[0] for space in spaces]
    count = min(len(real), len(made))
    near = neighbourhoods(spaces[-1].embed(real.stack[:count]), spaces[-1].embed(made[:count]))
    return [*kids, float(near.covered.mean())]


def table(train: Cohort, val: Cohort, sizes: tuple[int, ...], seeds: int, folder: Path) -> dict[int, int]:
    """All cells; for each number of people, in how many of the three numbers the start is better."""
    task = synthesis_of(train, 32 if sizes[0] < FEW[0] else 64, "label")
    patients = sorted(train.patients)
    few, many = patients[: sizes[-1]], patients[sizes[-1] :]
    real = stack(val, task)
    spaces = [texture_space(real.stack), ssl_space(stack(first(train, many), task).stack, 0, 150)]
    labels = np.random.default_rng(0).choice(real.labels, 500)
    trained(task, first(train, many), 0, folder / "many", None)
    start = read_start(folder / "many")
    better = {}
    for size in sizes:
        cohort = first(train, few[:size])
        found: dict[str, list[list[float]]] = {"started": [], "fresh": []}
        for seed in range(seeds):
            for what, begun in (("started", start), ("fresh", None)):
                model = trained(task, cohort, seed, folder / f"{what}-{size}-{seed}", begun)
                numbers = measured(spaces, real, model, labels)
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
    MINUTES = 0.05 if asked.quick else asked.minutes
    sides = people_of(asked.data, asked.quick)
    print("people what     seed  steps KID texture   KID ssl  coverage")
    with tempfile.TemporaryDirectory() as place:
        sizes = (24,) if asked.quick else FEW
        better = table(*sides, sizes, 1 if asked.quick else asked.seeds, Path(place))
    said = ", ".join(f"{size} people {count} of 3" for size, count in better.items())
    holds = min(better.values()) >= 2
    promise("numbers in which a start is better", said, "2 of 3 for each number of people", holds)
