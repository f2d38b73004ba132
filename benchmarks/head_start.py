"""Does the linear head start help at equal time? Three cohorts, several seeds, validation people.

Run as ``.venv/bin/python benchmarks/head_start.py [--data FOLDER] [--quick] [--minutes M] [--seeds N]``.
The choice is made on validation people; the test side is never opened here. The last moment of each run
counts, not the best, so that the start is compared and not the watch.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from cohorts import COHORTS, opened
from promise import promise

from vesalius.cli.people import People
from vesalius.evidence.diversity import neighbourhoods
from vesalius.evidence.features import Space, ssl_space, texture_space
from vesalius.evidence.fidelity import kernel_distance
from vesalius.model.model import Model
from vesalius.networks import AnyGenerator
from vesalius.networks.blocks import seeded
from vesalius.recipes.derived import Derived, derive
from vesalius.recipes.recipe import Recipe
from vesalius.recipes.synthesis import conditional_gan
from vesalius.training.fit import finish, play
from vesalius.training.run import open_run
from vesalius.training.stream import Stacked

CHOSEN = ("chest", "nuclei", "hippocampus")
HEAD_START = "head start"


def generators(derived: Derived) -> dict[str, AnyGenerator]:
    """The same player with and without the head start, and the one that cohorts without a frame are given."""
    begun = replace(derived.plain, head_start=derived.components, anchor=derived.anchor)
    return {HEAD_START: begun, "none": derived.plain, "styles": derived.styled}


def measured(spaces: list[Space], real: Stacked, made: np.ndarray) -> list[float]:
    """KID in each space, then coverage in the last, against held-out people of the same classes."""
    kids = [kernel_distance(space.embed(real.stack), space.embed(made))[0] for space in spaces]
    count = min(len(real), len(made))
    near = neighbourhoods(spaces[-1].embed(real.stack[:count]), spaces[-1].embed(made[:count]))
    return [*kids, float(near.covered.mean())]


def linear(model: Model, labels: np.ndarray) -> np.ndarray:
    """Pictures of the linear base alone."""
    condition = torch.from_numpy(labels)
    return model.generator.base.sample(condition, seeded(5)).clamp(-1, 1).numpy()


def trained(recipe: Recipe, people: People, minutes: float) -> Model:
    """A model of one cell of the table."""
    with tempfile.TemporaryDirectory() as folder:
        run = open_run(Path(folder) / "run", recipe, people.parts.train, minutes)
        for _ in play(run):
            pass
        return finish(run)


def row(name: str, what: str, seed: int, steps: int, numbers: list[float]) -> None:
    """One line of the table."""
    texture, ssl, coverage = numbers
    print(f"{name:12} {what:11} {seed:4} {steps:6} {texture:11.4f} {ssl:9.4f} {coverage:9.3f}", flush=True)


def cohort(name: str, data: Path, seeds: int, minutes: float) -> int:
    """All cells of one cohort; in how many of the three numbers the head start is better, over the seeds."""
    side = opened(COHORTS[name].people(data), COHORTS[name].size)
    people, task, train, real = side.people, side.task, side.train, side.val
    spaces = [texture_space(train.stack), ssl_space(train.stack, 0, 150)]
    labels = np.random.default_rng(0).choice(real.labels, 500)
    usual = conditional_gan(task, people.parts.train, minutes)
    arms = generators(derive(task, people.parts.train, minutes))
    found: dict[str, list[list[float]]] = {what: [] for what in arms}
    for seed in range(seeds):
        for what, generator in arms.items():
            objective = replace(usual.objective, generator=generator)
            model = trained(replace(usual, objective=objective, seed=seed), people, minutes)
            if what == HEAD_START and seed == 0:
                row(name, "linear only", seed, 0, measured(spaces, real, linear(model, labels)))
            numbers = measured(spaces, real, model.sample(labels.tolist(), 1).numpy())
            row(name, what, seed, model.card.steps, numbers)
            found[what].append(numbers)
    gain = np.mean(found["none"], axis=0) - np.mean(found[HEAD_START], axis=0)
    return int((gain * [1, 1, -1] > 0).sum())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seeds", type=int, default=2)
    asked = parser.parse_args()
    if asked.quick:
        asked.seeds, asked.minutes = 1, 0.2
    print(f"{'cohort':12} {'what':11} seed  steps KID texture   KID ssl  coverage")
    better = {name: cohort(name, asked.data, asked.seeds, asked.minutes) for name in CHOSEN}
    said = ", ".join(f"{name} {count} of 3" for name, count in better.items())
    holds = sum(count >= 2 for count in better.values()) >= 2
    promise("numbers in which the head start is better", said, "2 of 3 in 2 of 3 cohorts", holds)
