"""How few people are enough, and what augmentation gives: curves over the number of training patients.

Run as ``.venv/bin/python benchmarks/few_images.py [--people 50 100 200 400] [--arms none fixed adaptive]
[--cohort chest] [--seeds 3] [--minutes 10] [--out FOLDER] [--data FOLDER] [--quick]``. The default recipe
is trained on so many patients of the cohort, always the first of one hash order, so that the smaller sets lie
within the larger: without augmentation, with all of it at every step, and as strong as the critic asks for.
Who has so few people has as few to choose by: the moment that is kept is chosen by a share of the
validation people, and is the last where they are too few. Everything is measured on test people once, in
feature spaces that know all training people and are the same for every cell. What is finished lies in
``--out`` and is not played again. Of all cells a detector asks which operations of the augmentation the made
pictures inherit: beside each share stand what halves of held-out people reach, and the cells that were not
augmented.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from cohorts import COHORTS, opened, some
from contest import Contest, entered
from promise import promise
from rows import RECORD, Row, Score, found, keep
from standing import DISTANCES
from synthesis import SIZE, show

from vesalius.cohort.cohort import Cohort
from vesalius.evidence.effort import FULL, QUICK
from vesalius.evidence.glance import Glance, glance_by
from vesalius.evidence.leaks import SHARE, Leak, leaks, learn_detector
from vesalius.objectives.augment import Augment
from vesalius.recipes.recipe import Recipe
from vesalius.training.run import open_run
from vesalius.training.stream import Stacked, stack

OFF = Augment(shift=0.0, cutout=0.0, brightness=0.0, contrast=0.0)
ARMS = {"none": {"augment": OFF, "adaptive": None}, "fixed": {"adaptive": None}, "adaptive": {}}
"""What each arm changes of the default."""

VALIDATION = 0.15 / 0.65
"""Validation people for each training person; see `vesalius.cohort.cohort.Cohort.parts`."""

LEAK = "leak "
"""What the name of a number begins with that says how many made pictures inherit an operation."""


def recipe(contest: Contest, arm: str, people: Cohort, minutes: float) -> Recipe:
    """What an arm plays on so many people: all that is derived follows from them."""
    few = replace(contest.side.people, parts=contest.side.people.parts._replace(train=people))
    usual = replace(contest, side=replace(contest.side, people=few)).recipe("ours", minutes)
    return replace(usual, objective=replace(usual.objective, **ARMS[arm]))


def judge(contest: Contest, train: Stacked, count: int) -> Glance | None:
    """Who chooses the moment where so many people are learnt from: he knows them, and a share of others."""
    few = some(contest.side.people.parts.val, round(VALIDATION * count))
    return glance_by(train, stack(few, contest.side.task), contest.seed)


def cell(contest: Contest, row: Row, count: int, folder: Path) -> Row:
    """Play and measure one arm with so many people, and say what leaked; what is finished is taken up."""
    if (earlier := found(row, folder, RECORD)) is not None:
        return earlier
    folder.mkdir(parents=True, exist_ok=True)
    people, arm = some(contest.side.people.parts.train, count), row.method.split()[0]
    played = recipe(contest, arm, people, row.minutes)
    run = open_run(folder / "run", played, people, row.minutes)
    run.judge = judge(contest, run.stacked, count)
    told, made = entered(contest, row, run)
    if made is not None:
        # Where nothing was augmented, whatever is seen of it is the detector's own fault.
        under = recipe(contest, "fixed", people, row.minutes) if arm == "none" else played
        augment: Augment = getattr(under.objective, "augment", OFF)
        asked = detector(contest, augment)
        found_leaks = leaks(asked, contest.side.val, made, contest.seed)
        told = replace(told, scores=(*told.scores, *map(scored, filter(is_told, found_leaks))))
        words = ", ".join(map(worded, found_leaks))
        (folder / "leaks.txt").write_text(f"{words}\n")
        print(f"{row.method}, seed {row.seed}: leaks: {words}", flush=True)
    keep(told, made, folder, RECORD)
    return told


def worded(leak: Leak) -> str:
    """Whether made pictures inherit an operation, how many of them, and what halves of real people reach."""
    said = "LEAKS" if leak.is_leak else "no" if leak.is_seen else "not seen"
    return f"{leak.operation} {said} ({leak.share}, real halves {leak.floor:.2f})"


def scored(leak: Leak) -> Score:
    """The share of an operation as a number of a row, with its floor."""
    return Score(f"{LEAK}{leak.operation}", leak.share, leak.floor)


def is_told(leak: Leak) -> bool:
    """What cannot be seen has no number."""
    return leak.is_seen


def leaked(rows: Sequence[Row], arm: str) -> int:
    """How many operations leaked in the cells of an arm."""
    shares = [
        one.estimate.low
        for row in rows
        if row.method.split()[0] == arm
        for one in row.scores
        if one.name.startswith(LEAK)
    ]
    return sum(low is not None and low > SHARE for low in shares)


@cache
def detector(contest: Contest, augment: Augment):
    """One for all cells of a seed."""
    return learn_detector(contest.side.train, augment, contest.seed)


def gains(rows: Sequence[Row], people: Sequence[int], seeds: int, arm: str) -> tuple[int, int]:
    """In how many of how many cells the augmentation of an arm lowers the kernel distance, in both spaces."""
    by_name = {(row.method, row.seed): row for row in rows}
    said = []
    for count in people:
        for seed in range(seeds):
            pair = [by_name.get((f"{each} {count}", seed)) for each in (arm, "none")]
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
    lowered, cells = gains(rows, asked.people, asked.seeds, "adaptive")
    by_fixed, _ = gains(rows, asked.people, asked.seeds, "fixed")
    promise(
        "kernel distances that adaptive augmentation lowers (same people, same seed, both spaces); its leaks",
        f"{lowered} of {cells} (fixed {by_fixed}); {leaked(rows, 'adaptive')} "
        f"(fixed {leaked(rows, 'fixed')}, false alarms without augmentation {leaked(rows, 'none')})",
        "more than half; none",
        2 * lowered > cells and not leaked(rows, "adaptive"),
    )
