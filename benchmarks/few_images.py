"""How few people are enough, and what augmentation gives: curves over the number of training patients.

Run as ``.venv/bin/python benchmarks/few_images.py [--people 50 100 200 400] [--arms none fixed adaptive]
[--cohort chest] [--seeds 3] [--minutes 10] [--out FOLDER] [--data FOLDER] [--quick]``. The default recipe
is trained on so many patients of the cohort, always the first of one hash order, so that the smaller sets lie
within the larger: without augmentation, with the fixed one of the house, and with logistic losses and
adaptive strength. Everything is measured on test people once, in feature spaces and by a judge that know
all training people and are the same for every cell. What is finished lies in ``--out`` and is not played
again. Of the cells with augmentation a detector asks whether it leaked.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from cohorts import COHORTS, opened, some
from contest import Contest, Row, entered, found, keep
from promise import promise
from synthesis import SIZE, show

from vesalius.cohort.cohort import Cohort
from vesalius.evidence.effort import FULL, QUICK
from vesalius.evidence.leaks import leaks, learn_detector
from vesalius.objectives.augment import Augment
from vesalius.recipes.recipe import Recipe
from vesalius.training.stream import Stacked

OFF = Augment(shift=0.0, cutout=0.0, brightness=0.0, contrast=0.0)
ARMS = {"none": "ours", "fixed": "ours", "adaptive": "nonsaturating"}
"""The method of the comparison that each arm plays."""

DISTANCES = ("KID texture", "KID ssl")


def recipe(contest: Contest, arm: str, people: Cohort, minutes: float) -> Recipe:
    """What an arm plays on so many people: all that is derived follows from them."""
    few = replace(contest.side.people, parts=contest.side.people.parts._replace(train=people))
    usual = replace(contest, side=replace(contest.side, people=few)).recipe(ARMS[arm], minutes)
    return replace(usual, objective=replace(usual.objective, augment=OFF)) if arm == "none" else usual


def cell(contest: Contest, row: Row, count: int, folder: Path) -> Row:
    """Play and measure one arm with so many people, and say what leaked; what is finished is taken up."""
    if (earlier := found(row, folder)) is not None:
        return earlier
    folder.mkdir(parents=True, exist_ok=True)
    people, arm = some(contest.side.people.parts.train, count), row.method.split()[0]
    played = recipe(contest, arm, people, row.minutes)
    told, made = entered(contest, row, contest.begun(played, row.minutes, folder / "run", people))
    if made is not None and arm != "none":
        leaked = leaking(contest, played.objective.augment, made)
        (folder / "leaks.txt").write_text(f"{leaked}\n")
        print(f"{row.method}, seed {row.seed}: leaks: {leaked}", flush=True)
    keep(told, made, folder)
    return told


def leaking(contest: Contest, augment: Augment, made: Stacked) -> str:
    """Which operations the made pictures inherit, and which cannot be seen."""
    words = [
        f"{one.operation} {'LEAKS' if one.is_leak else 'no' if one.is_seen else 'not seen'} ({one.share})"
        for one in leaks(detector(contest, augment), contest.side.val, made, contest.seed)
    ]
    return ", ".join(words)


@cache
def detector(contest: Contest, augment: Augment):
    """One for all cells of a seed."""
    return learn_detector(contest.side.train, augment, contest.seed)


def gains(rows: Sequence[Row], people: Sequence[int], seeds: int) -> tuple[int, int]:
    """In how many of how many cells the fixed augmentation lowers the kernel distance, in both spaces."""
    by_name = {(row.method, row.seed): row for row in rows}
    said = []
    for count in people:
        for seed in range(seeds):
            pair = [by_name.get((f"{arm} {count}", seed)) for arm in ("fixed", "none")]
            if all(one is not None and not one.problem for one in pair):
                said += [lower(*pair, name) for name in DISTANCES]
    return sum(said), len(said)


def lower(ours: Row, other: Row, name: str) -> bool:
    """Whether a number of the first is below that of the second."""
    mine, theirs = ours.score(name), other.score(name)
    return mine is not None and theirs is not None and mine.estimate.value < theirs.estimate.value


def parsed() -> argparse.Namespace:
    """What was asked on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[50, 100, 200, 400])
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--cohort", default="chest", choices=sorted(COHORTS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("out/few_images"))
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    if asked.quick:
        asked.people, asked.seeds, asked.minutes = [50], 1, 0.1
    return asked


if __name__ == "__main__":
    asked = parsed()
    side = opened(COHORTS[asked.cohort].people(asked.data), SIZE, with_test=True)
    rows: list[Row] = []
    for seed in range(asked.seeds):
        contest = Contest(side, seed, QUICK if asked.quick else FULL)
        for count in asked.people:
            for arm in asked.arms:
                folder = asked.out / asked.cohort / str(seed) / f"{arm}-{count}"
                row = Row(asked.cohort, f"{arm} {count}", seed, asked.minutes, asked.quick)
                rows.append(cell(contest, row, count, folder))
                show(rows[-1])
    lowered, cells = gains(rows, asked.people, asked.seeds)
    promise(
        "kernel distances that augmentation lowers (same people, same seed, both spaces)",
        f"{lowered} of {cells}",
        "more than half",
        2 * lowered > cells,
    )
