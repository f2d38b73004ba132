"""Every method of synthesis at equal time: which pictures are closest to those of other people?

Run as ``.venv/bin/python benchmarks/synthesis.py [--cohorts chest nuclei ...] [--methods ours linear ...]
[--seeds 3] [--minutes 10] [--out FOLDER] [--data FOLDER] [--quick] [--again]``. Every method trains for the
same wall time, the looks of the watch included (diffusion is not looked at and keeps its last moment, as its
looks would take a fifth of its time), and is measured on the test people once: kernel distance in two
feature spaces, coverage, how well two classifiers tell it from real pictures, and how well a classifier that
learnt from it does on real people. Feature spaces and judge are shared by all methods of a cohort and seed.
What is finished lies in ``--out`` (``COHORT/SEED/METHOD/row.json``) and is not played again, nor is what
``benchmarks/rows`` records of another day and commit, which is said: take the rows of a method that was
changed since out of it. A run that was broken off goes on.
``COHORT/sheet.png`` shows side by side all methods that were played here. With ``--again`` what is finished
is measured anew, for when a measure was mended. The method ``learnt`` is none: it shows pictures of the
people that the others learn from, who are not like test people to the last either.

What is said of ours against them in the end is in ``standing.py``.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from cohorts import COHORTS, PHANTOMS, opened, people_of
from contest import LEARNT, METHODS, UNTRAINED, Contest, entered
from rows import RECORD, Row, found, keep
from sheets import leave_shown, sheet
from standing import OURS, conclude

from vesalius.cli.people import People
from vesalius.evidence.effort import FULL, QUICK
from vesalius.model.model import Model, load_model
from vesalius.training.run import Run

SIZE = 64
CHOSEN = ("chest", "nuclei", "hippocampus", PHANTOMS)
ASKED = ("ours", "linear", "dcgan", "wasserstein_gan", "hinge_diffaugment", "fastgan", "diffusion")


@dataclass(frozen=True)
class Place:
    """Where everything of the benchmark lies.

    Args:
        out: Folder of all rows.
        data: Folder of the data packs.
        minutes: Budget of each run.
        quick: Fewer repetitions of the measurement, fewer phantoms.
        again: Measure finished rows anew.
        record: Folder of the rows of all days.
    """

    out: Path
    data: Path
    minutes: float
    quick: bool
    again: bool = False
    record: Path = RECORD

    def folder(self, cohort: str, seed: int, method: str) -> Path:
        """Of one row."""
        return self.out / cohort / str(seed) / method

    def people(self, cohort: str) -> People:
        """The people of a cohort, cut by patient."""
        return people_of(cohort, self.data, self.quick)


def played(place: Place, cohort: str, seed: int, methods: Sequence[str]) -> list[Row]:
    """The rows of all methods on one cohort with one seed; those that are there are not played again."""
    rows: list[Row] = []

    @cache
    def contest() -> Contest:
        side = opened(place.people(cohort), SIZE, with_test=True)
        if side.test is not None:
            leave_shown(side.test, place.folder(cohort, seed, "real") / "shown.npy")
        return Contest(side, seed, QUICK if place.quick else FULL)

    for method in methods:
        folder = place.folder(cohort, seed, method)
        asked = Row(cohort, method, seed, place.minutes, place.quick)
        row, kept = found(asked, folder, place.record), folder / "run" / "model"
        if row is None:
            folder.mkdir(parents=True, exist_ok=True)
            is_played = method not in UNTRAINED
            run = begun(contest(), method, place.minutes, folder / "run") if is_played else None
            row = measured(contest(), asked, run, place)
        elif place.again and (method in UNTRAINED or kept.exists()):
            is_kept = method not in UNTRAINED
            again = replace(asked, origin=row.origin) if is_kept else asked
            row = measured(contest(), again, load_model(kept) if is_kept else None, place)
        show(row)
        rows.append(row)
    return rows


def measured(contest: Contest, asked: Row, by: Run | Model | None, place: Place) -> Row:
    """The row of a method, left in its folder with what is shown of it, and in the record."""
    row, made = entered(contest, asked, by)
    keep(row, made, place.folder(row.cohort, row.seed, row.method), place.record)
    return row


def begun(contest: Contest, method: str, minutes: float, folder: Path) -> Run:
    """The run of a method on all training people."""
    return contest.begun(contest.recipe(method, minutes), minutes, folder)


def show(row: Row) -> None:
    """When a row was played, and its numbers, one a line; beside them what real pictures reach."""
    head = f"{row.cohort:12} {row.seed:4} {row.method:18} {row.kept:7} of {row.played:7}"
    print(f"{head} {row.origin}", flush=True)
    if row.problem:
        print(f"{head} failed: {row.problem}", flush=True)
    for one in row.scores:
        real = "-" if one.real is None else f"{one.real:.3f}"
        print(f"{head} {one.name:17} {one.estimate!s:>28} {real:>8}", flush=True)


def draw(place: Place, cohort: str, seed: int, methods: Sequence[str]) -> None:
    """The sheet of one cohort, real people first."""
    files = {name: place.folder(cohort, seed, name) / "shown.npy" for name in ("real", *methods)}
    there = {name: file for name, file in files.items() if file.exists()}
    if there:
        sheet(there, place.out / cohort / "sheet.png")


def parsed() -> argparse.Namespace:
    """What was asked on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", nargs="+", default=list(CHOSEN), choices=[*sorted(COHORTS), PHANTOMS])
    parser.add_argument("--methods", nargs="+", default=list(ASKED), choices=list(METHODS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("out/synthesis"))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument(
        "--again",
        action="store_true",
        help="measure finished rows anew, without training: those whose model was kept "
        "(COHORT/SEED/METHOD/run/model), and those that have nothing to play; each row.json is replaced once "
        "it is measured",
    )
    return parser.parse_args()


if __name__ == "__main__":
    asked = parsed()
    if asked.quick:
        asked.seeds, asked.minutes = 1, 0.1
    place = Place(asked.out, asked.data, asked.minutes, asked.quick, asked.again)
    rows: list[Row] = []
    for name in asked.cohorts:
        for seed in range(asked.seeds):
            rows += played(place, name, seed, asked.methods)
        draw(place, name, 0, asked.methods)
    rivals = [method for method in asked.methods if method not in {OURS, LEARNT}]
    if OURS in asked.methods and rivals:
        conclude(rows, rivals)
