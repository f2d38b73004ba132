"""One of two processes: plays games, or a run, together with the other one."""

import json
import sys
from pathlib import Path

from vesalius.cohort.phantom import phantom_cohort
from vesalius.networks.ranks import is_first, rank
from vesalius.recipes.recipe import Recipe, read_recipe
from vesalius.training import fit
from vesalius.training.cluster import joined
from vesalius.training.devices import Machine
from vesalius.training.loop import begin, train
from vesalius.training.run import open_run
from vesalius.training.stream import Stacked, stack

CPU = Machine("cpu", has_bf16=False)


def losses(recipe: Recipe, stacked: Stacked) -> list[dict[str, float]]:
    """What every step of a game says, in float32 on the CPU."""
    return [tick.numbers() for tick in train(begin(recipe, stacked, CPU), stacked)]


def play(folder: Path) -> None:
    """Every game whose recipe lies in the folder."""
    for file in sorted(folder.glob("*.json")):
        recipe = read_recipe(file)
        told = losses(recipe, stack(phantom_cohort(24, size=16), recipe.task))
        if is_first():
            file.with_suffix(".losses").write_text(json.dumps(told))


def run(folder: Path, last: int) -> None:
    """A run in the folder, to its end or to a step."""
    opened = open_run(folder / "run", read_recipe(folder / "recipe.json"), phantom_cohort(24, size=16))
    for tick in fit.play(opened):
        sys.stdout.write(f"{rank()} {tick.step}\n")
        sys.stdout.flush()
        if tick.step == last:
            return
    fit.finish(opened)


if __name__ == "__main__":
    with joined():
        where, what = Path(sys.argv[2]), sys.argv[1]
        play(where) if what == "games" else run(where, int(sys.argv[3]))
