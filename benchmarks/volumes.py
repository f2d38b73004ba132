"""Whole volumes: hippocampus crops learnt in three dimensions, and what one text for 2-D and 3-D costs.

Run as ``.venv/bin/python benchmarks/volumes.py [--size 32 48] [--minutes 20] [--seed 0] [--data FOLDER]
[--out FOLDER] [--quick]``. The folder must be new; run, report and a sheet of each size stay in it, to be
looked at: real volumes, samples of the linear model and made ones, each as its middle axial, coronal and
sagittal plane. Distances are to the volumes of people aside (none of whom chose anything), in features of
an encoder over three axes and in texture of three directions. Of so few people no interval is claimed.
"""

import argparse
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from cohorts import COHORTS
from PIL import Image as Raster
from promise import new_out, promise
from race import Entry, raced
from throughput import counted

from vesalius.cli.people import gather_people
from vesalius.cohort.cohort import Cohort
from vesalius.evidence.baselines import linear_samples
from vesalius.evidence.diversity import neighbourhoods
from vesalius.evidence.features import Space, ssl_space, texture_space
from vesalius.evidence.fidelity import kernel_distance
from vesalius.evidence.intervals import numbered
from vesalius.evidence.pictures import tiled
from vesalius.evidence.planes import shown
from vesalius.evidence.sampling import half_size, halves
from vesalius.imaging.intensity import Window
from vesalius.model.model import Model, load_model
from vesalius.networks.blocks import size_of
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.objectives.augment import Augment
from vesalius.objectives.hinge import Hinge
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.sizes import Size
from vesalius.tasks.synthesis import Synthesis
from vesalius.training.devices import find_machine, without_denormals
from vesalius.training.loop import begin, train
from vesalius.training.stream import Stacked, stack

_SPLITS = 20
_SHOWN = 8
_LARGER = 3


@dataclass(frozen=True, eq=False)
class Bench:
    """What made volumes are held against.

    Args:
        train: Volumes that are learnt from.
        aside: Volumes of other people.
        spaces: Feature spaces, fitted on the first.
    """

    train: Stacked
    aside: Stacked
    spaces: tuple[Space, ...]


def measured(bench: Bench, made: np.ndarray) -> list[float]:
    """KID in each space, and coverage in the last, against the people aside."""
    people = numbered(bench.aside.patients)
    seen = [(space.embed(bench.aside.stack), space.embed(made)) for space in bench.spaces]
    kids = [kernel_distance(real, rows, people)[0] for real, rows in seen]
    real, rows = seen[-1]
    count = min(len(real), len(rows))
    return [*kids, float(neighbourhoods(real[:count], rows[:count]).covered.mean())]


def floor(bench: Bench) -> list[list[float]]:
    """The same of real volumes against those of other people: over random halves by person."""
    pool = np.concatenate([bench.train.stack, bench.aside.stack])
    people = numbered(bench.train.patients + bench.aside.patients)
    rows, rng = [space.embed(pool) for space in bench.spaces], np.random.default_rng(0)
    size = half_size(people, len(bench.aside))
    found = []
    for _ in range(_SPLITS):
        one, other = halves(people, size, rng)
        kids = [kernel_distance(seen[one], seen[other], people[one])[0] for seen in rows]
        found.append([*kids, float(neighbourhoods(rows[-1][one], rows[-1][other]).covered.mean())])
    return np.quantile(found, [0.5, 0.025, 0.975], axis=0).tolist()


def line(what: str, numbers: list[float]) -> None:
    """One row of the table."""
    print(f"{what:34} {numbers[0]:12.4f} {numbers[1]:9.4f} {numbers[2]:9.3f}", flush=True)


def sheet(bench: Bench, linear: np.ndarray, made: np.ndarray, file: Path) -> None:
    """Some real volumes, as many of the linear model, and twice as many made ones, below each other."""
    some = [bench.aside.stack[:_SHOWN], linear[:_SHOWN], made[: 2 * _SHOWN]]
    picture = Raster.fromarray(tiled(shown(np.concatenate(some)), _SHOWN // 2))
    picture.resize((picture.width * _LARGER, picture.height * _LARGER), Raster.Resampling.NEAREST).save(file)
    print(f"sheet: {file}", flush=True)


def expanded(side: int, asked: argparse.Namespace) -> Model:
    """What the command gives a user."""
    folder, data = asked.out / f"{side}", asked.data / COHORTS["hippocampus"].pack
    words = [str(data), "--label", "none", "--size", f"{side}x{side}x{side}", "--minutes", str(asked.minutes)]
    more = ["--out", str(folder), "--seed", str(asked.seed), "--per-class", "100", "--nifti"]
    program = [str(Path(sys.executable).parent / "vesalius"), "expand", *words, *more]
    quick = ["--quick"] if asked.quick else []
    with (asked.out / f"{side}.log").open("w") as log:
        status = subprocess.run([*program, *quick], stdout=log, stderr=log, check=False).returncode
    print(f"{side}^3: exit {status}; report: {folder / 'report.html'}; said: {log.name}", flush=True)
    return load_model(folder / "run" / "model")


def benched(task: Synthesis, asked: argparse.Namespace) -> Bench:
    """The volumes of the cohort, cut by person as the command cuts them."""
    choice = COHORTS["hippocampus"]
    parts = gather_people(asked.data / choice.pack, replace(choice.selection, label="none"), True).parts
    learnt, aside = stack(parts.train, task), stack(Cohort((*parts.val.cases, *parts.test.cases)), task)
    spaces = texture_space(learnt.stack), ssl_space(learnt.stack, 0, 60 if asked.quick else 400)
    people = len(set(learnt.patients)), len(set(aside.patients))
    print(f"{len(learnt)} volumes of {people[0]} people, {len(aside)} of {people[1]} others", flush=True)
    return Bench(learnt, aside, spaces)


def row(side: int, asked: argparse.Namespace) -> tuple[float, float]:
    """One size; KID ssl of made volumes, and of samples of the linear model."""
    model = expanded(side, asked)
    bench = benched(model.recipe.task, asked)
    wanted = np.zeros(40 if asked.quick else 500, np.int64)
    known = bench.train.stack, bench.train.labels, numbered(bench.train.patients)
    linear = linear_samples(*known, wanted, asked.seed)
    made = model.sample(wanted.tolist(), asked.seed + 1).numpy()
    print(f"{'':34} {'KID texture':>12} {'KID ssl':>9} {'coverage':>9}")
    rows = measured(bench, made), measured(bench, linear)
    line(f"made, after step {model.card.steps}", rows[0])
    line("linear model", rows[1])
    line("training volumes as they are", measured(bench, bench.train.stack))
    for what, numbers in zip(("median", "lowest", "highest"), floor(bench), strict=True):
        line(f"real against real, {what}", numbers)
    sheet(bench, linear, made, asked.out / f"{side}.png")
    return rows[0][1], rows[1][1]


def stepping(size: Size, batch: int) -> Entry:
    """Steps of the default game on noise; what counts is its voxels."""
    window = Window(low=0.0, high=255.0, unit="1")
    task = Synthesis(size=size, channels=1, classes=("a",), fact=None, intensity=window, made=window)
    nothing = Augment(shift=0.0, cutout=0.0, brightness=0.0, contrast=0.0)
    game = Hinge(generator=Generator(width=32), discriminator=Discriminator(width=32), augment=nothing)
    values = np.random.default_rng(0).uniform(-1, 1, (2 * batch, *task.shape)).astype(np.float32)
    names = tuple(map(str, range(len(values))))
    stacked = Stacked(values, np.zeros(len(values), np.int64), names, names)
    recipe = Recipe(task=task, objective=game, steps=10**9, batch=batch, half_life=1e4)
    playing = train(begin(recipe, stacked, find_machine()), stacked)
    return Entry(" x ".join(map(str, size)), lambda: next(playing).numbers(), batch * size_of(size))


def ratio(seconds: float, rounds: int) -> float:
    """Operations a second over three axes beside those over two: the same text, as many voxels a step."""
    with without_denormals():
        entries = [stepping((64, 64), 64), stepping((32, 32, 32), 8)]
        flop = {each.name: counted(each.step) / each.count for each in entries}
        rates = raced(entries, seconds, rounds)
    for name, rate in rates.items():
        print(f"{name:14} {rate / 1e6:7.2f} million voxels/s, {rate * flop[name] / 1e9:7.1f} GFLOP/s")
    flat, deep = (rates[each.name] for each in entries)
    print(f"voxels/s over three axes beside two: {deep / flat:.2f}")
    first, second = (rates[each.name] * flop[each.name] for each in entries)
    return second / first


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, nargs="+", default=[32, 48])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("out/volumes"))
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    if asked.quick:
        asked.size, asked.minutes = asked.size[:1], 0.2
    new_out(asked.out)
    print(f"{find_machine()}, {torch.get_num_threads()} threads")
    speed = ratio(4.0 if asked.quick else 30.0, 2 if asked.quick else 5)
    found = {side: row(side, asked) for side in asked.size}
    kids = ", ".join(
        f"{made:.3f} at {side}^3 (linear {linear:.3f})" for side, (made, linear) in found.items()
    )
    promise(
        "KID in features over three axes",
        f"{kids}; GFLOP/s over three axes beside two {speed:.2f}",
        "below the linear model at every size, and no slower: 0.9",
        all(made < linear for made, linear in found.values()) and speed >= 0.9,
    )
