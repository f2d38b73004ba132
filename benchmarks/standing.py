"""How ours stands against each other method: worse, level or better, by rows of all cohorts and seeds.

Ours is worse than a method where intervals of the kernel distance lie apart in its disfavour in either
space, and clearly better where they lie apart in its favour in both; over seeds the median counts. Beside
that stands on how many cohorts it is better than each in one space at least and worse in none, and what the
difference of the two distances says, person by person (`vesalius.evidence.fidelity.distance_difference`): it
can tell methods apart even where intervals of real people overlap with those of a method.
"""

from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from promise import promise
from rows import Row, Score

from vesalius.evidence.estimate import Estimate
from vesalius.evidence.fidelity import distance_difference

OURS = "ours"
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


class Held(NamedTuple):
    """How ours does on a cohort against the method that it does worst against; 1, 0 or -1 as in `WORDS`.

    Args:
        both: Where it does worse of the two spaces.
        either: Where it does better of the two.
    """

    both: int
    either: int


def compared(
    rows: Sequence[Row], rivals: Sequence[str], way: Way = by_intervals, told: str = "intervals"
) -> Held | None:
    """How ours does on a cohort against the methods that it does worst against; None where not all is known.

    Prints how it stands by every measure that the way knows; `told` is the name of the way.
    """
    distances = []
    for rival in rivals:
        said = {measure: standing(rows, rival, measure, way) for measure in MEASURES}
        words = [f"{name} {WORDS[one]}" for name, one in said.items() if one is not None]
        head = f"{rows[0].cohort:12} ours against {rival:18} by {told}"
        print(f"{head}: {', '.join(words) or 'not known'}", flush=True)
        distances.append([one for distance in DISTANCES if (one := said[distance]) is not None])
    if not distances or any(len(known) < len(DISTANCES) for known in distances):
        return None
    return Held(min(map(min, distances)), min(map(max, distances)))


class Tally(NamedTuple):
    """Of how many cohorts something is known, and on how many of them ours is what.

    Args:
        known: Cohorts where all methods can be compared.
        level: Worse than no method in either space.
        nearer: Besides, better than each in one space at least.
        better: Better than all in both.
    """

    known: int
    level: int
    nearer: int
    better: int


def tallied(held: Sequence[Held | None]) -> Tally:
    """What cohorts say together."""
    known = [one for one in held if one is not None]
    level = [one for one in known if one.both >= 0]
    return Tally(
        len(known), len(level), sum(one.either > 0 for one in level), sum(one.both > 0 for one in level)
    )


def conclude(rows: Sequence[Row], rivals: Sequence[str]) -> None:
    """The promise: nowhere worse, and clearly better on three of four cohorts, by intervals."""
    cohorts = list(dict.fromkeys(row.cohort for row in rows))

    def counted(way: Way, told: str) -> Tally:
        tally = tallied(
            [compared([row for row in rows if row.cohort == name], rivals, way, told) for name in cohorts]
        )
        print(
            f"by {told}, of {tally.known} cohorts that are known: worse nowhere on {tally.level}, besides "
            f"clearly better than each in one space on {tally.nearer}, in both on {tally.better}"
        )
        return tally

    tally = counted(by_intervals, "intervals")
    counted(by_people, "people")
    wanted = -(-3 * len(cohorts) // 4)
    promise(
        "cohorts where ours is worse than no method, and clearly better than all (KID, both spaces)",
        f"{tally.level} and {tally.better} of {len(cohorts)}",
        f"{len(cohorts)} and {wanted}",
        tally.level == len(cohorts) and tally.better >= wanted,
    )
