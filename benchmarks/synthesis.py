"""Every method of synthesis at equal time: which pictures are closest to those of other people?

Run as ``.venv/bin/python benchmarks/synthesis.py [--cohorts chest nuclei ...] [--methods ours linear ...]
[--seeds 3] [--minutes 10] [--out FOLDER] [--data FOLDER] [--quick] [--again]``. Every method trains for the
same wall time, the looks of the watch included, and is measured on the test people once: kernel distance
in two feature spaces, coverage, how well two classifiers tell it from real pictures, and how well a
classifier that learnt from it does on real people. Feature spaces and judge are shared by all methods of
a cohort and seed. What is finished lies in ``--out`` (``COHORT/SEED/METHOD/row.json``) and is not played
again, nor is what ``benchmarks/rows`` records of another day and commit, which is said: take the rows of a
method that was changed since out of it. A run that was broken off goes on.
``COHORT/sheet.png`` shows side by side all methods that were played here. With ``--again`` what is finished
is measured anew, for when a measure was mended. The method ``learnt`` is none: it shows pictures of the
people that the others learn from, who are not like test people to the last either.

Ours is worse than a method where intervals of the kernel distance lie apart in its disfavour in either
space, and clearly better where they lie apart in its favour in both; over seeds the median counts. Beside
that stands what the difference of the two distances says, person by person
(`vesalius.evidence.fidelity.distance_difference`): it can tell methods apart even where intervals of real
people overlap with those of a method.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from statistics import median

from cohorts import COHORTS, PHANTOMS, opened, people_of
from contest import LEARNT, METHODS, UNTRAINED, Contest, entered
from promise import promise
from rows import RECORD, Row, Score, found, keep
from sheets import leave_shown, sheet

from vesalius.cli.people import People
from vesalius.evidence.effort import FULL, QUICK
from vesalius.evidence.estimate import Estimate
from vesalius.evidence.fidelity import distance_difference
from vesalius.model.model import Model, load_model
from vesalius.training.run import Run

OURS = "ours"
SIZE = 64
CHOSEN = ("chest", "nuclei", "hippocampus", PHANTOMS)
ASKED = ("ours", "linear", "dcgan", "wasserstein_gan", "hinge_diffaugment", "fastgan", "diffusion")
DISTANCES = ("KID texture", "KID ssl")
MEASURES = (
    *DISTANCES,
    "coverage texture",
    "coverage ssl",
    "C2ST texture",
    "C2ST ssl",
    "TSTR network",
    "TSTR logistic",
)
WORDS = {1: "better", 0: "level", -1: "worse"}


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


def against(ours: Estimate, other: Estimate) -> int:
    """1 where the intervals lie apart in favour of the first, -1 in favour of the second, else 0."""
    ends = (ours.low, ours.high, other.low, other.high)
    if any(end is None for end in ends):
        return 0
    low, high, other_low, other_high = (float(end) for end in ends if end is not None)
    is_below, is_above = high < other_low, low > other_high
    return (is_below - is_above) * (1 if ours.better == "lower" else -1)


def by_intervals(ours: Score, other: Score) -> int:
    """Whether intervals lie apart; see `against`."""
    return against(ours.estimate, other.estimate)


def by_people(ours: Score, other: Score) -> int | None:
    """1 where ours is clearly nearer to the same people, -1 where the other is, else 0; None if unknown."""
    if ours.everybody is None or other.everybody is None:
        return None
    low, high = distance_difference(ours.everybody.distance, other.everybody.distance)
    return (low > 0) - (high < 0)


Way = Callable[[Score, Score], int | None]
"""How two methods are held against each other by one measure."""


def standing(rows: Sequence[Row], rival: str, measure: str, way: Way = by_intervals) -> int | None:
    """How ours does against a method by one measure on one cohort: the median over seeds.

    Where seeds are evenly split it is level. A method that failed is worse; one that was not measured, or in
    other feature spaces, says nothing; nothing is said either where the way does not know every seed.
    """
    by_seed = {(row.method, row.seed): row for row in rows}
    told: list[int | None] = []
    for seed in sorted({row.seed for row in rows}):
        ours, other = by_seed[OURS, seed], by_seed[rival, seed]
        if ours.problem or other.problem:
            told.append(bool(other.problem) - bool(ours.problem))
        elif ours.spaces != other.spaces:
            continue  # of another day or machine, where a space was learnt otherwise: nothing to compare
        elif (mine := ours.score(measure)) and (theirs := other.score(measure)):
            told.append(way(mine, theirs))
    known = [one for one in told if one is not None]
    return int(median(known)) if known and len(known) == len(told) else None


def compared(
    rows: Sequence[Row], rivals: Sequence[str], way: Way = by_intervals, told: str = "intervals"
) -> int | None:
    """How ours does on a cohort against the method that it does worst against; None where not all is known.

    Prints how it stands by every measure that the way knows; `told` is the name of the way.
    """
    distances = []
    for rival in rivals:
        said = {measure: standing(rows, rival, measure, way) for measure in MEASURES}
        words = [f"{name} {WORDS[one]}" for name, one in said.items() if one is not None]
        head = f"{rows[0].cohort:12} ours against {rival:18} by {told}"
        print(f"{head}: {', '.join(words) or 'not known'}", flush=True)
        distances += [said[distance] for distance in DISTANCES]
    known = [one for one in distances if one is not None]
    return min(known) if known and len(known) == len(distances) else None


def conclude(rows: Sequence[Row], rivals: Sequence[str]) -> None:
    """The promise: nowhere worse, and clearly better on three of four cohorts, by intervals."""
    cohorts = list(dict.fromkeys(row.cohort for row in rows))

    def counted(way: Way, told: str) -> tuple[int, int, int]:
        worst = [compared([row for row in rows if row.cohort == name], rivals, way, told) for name in cohorts]
        known = [one for one in worst if one is not None]
        return len(known), sum(one >= 0 for one in known), sum(one > 0 for one in known)

    _, level, better = counted(by_intervals, "intervals")
    by_each = counted(by_people, "people")
    print(
        "by people, of {} cohorts that are known: worse nowhere on {}, clearly better on {}".format(*by_each)
    )
    wanted = -(-3 * len(cohorts) // 4)
    promise(
        "cohorts where ours is worse than no method, and clearly better than all (KID, both spaces)",
        f"{level} and {better} of {len(cohorts)}",
        f"{len(cohorts)} and {wanted}",
        level == len(cohorts) and better >= wanted,
    )


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
