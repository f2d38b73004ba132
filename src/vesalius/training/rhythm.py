"""The rhythm of a run: after which steps it is noted, felt and looked at; a short run more often."""

import json
from dataclasses import asdict, dataclass, replace
from math import ceil
from pathlib import Path

from vesalius.errors import TrainingError
from vesalius.storage import written

EARLY = 25
"""Steps within which a run that the clock ends finds its rhythm; also the most from one note to the next."""

ALL = 2
"""Averages of the weights that there are; see `training.loop.Game`."""

_BEAT = 50
_BEATS = 40
_LEAST_BEAT = 5
_FIRST_LOOK = 250
_BEFORE_FIRST = 8
_TIMED = 0.01
_LOOKING = 0.25
_INSTANT = 1e-3
_GRID = tuple(sorted({round(_FIRST_LOOK * 2 ** (half / 2)) for half in range(-16, 40)}))


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """After which steps a run is noted, felt and looked at.

    Args:
        beat: Steps from one pulse to the next; see `training.pulse`.
        looks: Steps after which the watch looks, besides the last: half octaves, so that its cost grows with
            the logarithm of a run.
        step: Seconds of a step, by the first of them; 0 where they were not timed.
        look: Seconds of the first look of a judge; 0 until it is known.
        averages: How many averages of the weights a judge is shown; none where making their pictures would
            take too much of the budget.
        limit: The budget that it was found for, in seconds; 0 where steps alone end the run.
    """

    beat: int
    looks: tuple[int, ...]
    step: float = 0.0
    look: float = 0.0
    averages: int = ALL
    limit: float = 0.0

    @property
    def note(self) -> int:
        """Steps from one line of losses in the ledger to the next; each pulse falls on one."""
        return min(self.beat, EARLY)

    @property
    def words(self) -> str:
        """What was chosen and why, in one line."""
        first = ", ".join(map(str, self.looks[:4]))
        return ", ".join(
            (
                *([f"a step takes {self.step:.2g} s"] if self.step else ()),
                f"watched for faults every {self.beat} steps",
                f"looked at after {first}, ... steps",
                *([f"which takes {self.look:.2g} s"] if self.look else ()),
                *(["judged by nobody"] if not self.averages else ()),
                *(["by one of two averages"] if self.averages == 1 else ()),
            )
        )

    def is_noted(self, step: int) -> bool:
        """Whether losses are read, and faults looked for, after a step."""
        return step % self.note == 0

    def is_felt(self, step: int) -> bool:
        """Whether the pulse is taken after a step."""
        return step % self.beat == 0

    def is_looked_at(self, step: int) -> bool:
        """Whether the watch looks after a step."""
        return step in self.looks


USUAL = Rhythm(beat=_BEAT, looks=tuple(step for step in _GRID if step >= _FIRST_LOOK))
"""Of a run of 2,000 steps or more."""


def rhythm_of(steps: int) -> Rhythm:
    """The rhythm of a run of so many steps: 40 pulses, and its first look after an eighth of it.

    From 2,000 steps on it is the usual one. Short of 200 there are fewer pulses, as one costs nearly as
    much as a step.

    Args:
        steps: Expected length of the run.

    Examples:
        >>> rhythm_of(9000) == USUAL
        True
        >>> short = rhythm_of(250)
        >>> short.beat, short.looks[:8]
        (6, (44, 62, 88, 125, 177, 250, 354, 500))
    """
    beat = max(_LEAST_BEAT, int(min(steps / _BEATS, _BEAT)))
    # A pulse falls on a note, and notes are at most 25 steps apart.
    beat = beat if beat in (*range(EARLY), _BEAT) else EARLY
    first = min(steps / _BEFORE_FIRST, _FIRST_LOOK)
    return Rhythm(beat=beat, looks=tuple(step for step in _GRID if step >= first))


def is_timed_enough(step: int, seconds: float, limit: float) -> bool:
    """Whether the first steps tell how many the budget will buy: after a hundredth of it, or 25 steps.

    Args:
        step: Played so far.
        seconds: Since the first step that is timed.
        limit: The budget, in seconds.
    """
    return step >= EARLY or seconds >= _TIMED * limit


def timed(step: float, limit: float, steps: int) -> Rhythm:
    """The rhythm of a run that the clock ends.

    Args:
        step: Seconds of a step.
        limit: The budget, in seconds.
        steps: Most that are played.
    """
    expected = min(steps, int(limit / max(step, _INSTANT)))
    return replace(rhythm_of(expected), step=round(step, 6), limit=limit)


def afforded(rhythm: Rhythm, price: float, limit: float) -> Rhythm:
    """The rhythm of a run before its first look: there are two at least, of an eighth of the budget each.

    Args:
        rhythm: As it was.
        price: Seconds that making the pictures of one average for the judge takes.
        limit: The budget, in seconds.

    Examples:
        >>> [afforded(USUAL, price, 60.0).averages for price in (3.0, 6.0, 9.0)]
        [2, 1, 0]
    """
    share = _LOOKING * limit / 2
    return replace(rhythm, averages=min(rhythm.averages, int(share / max(price, _INSTANT))))


def spaced(rhythm: Rhythm, look: float, step: int, expected: float, limit: float) -> Rhythm:
    """The rhythm of a run whose first look has told what one costs: all take at most a quarter of the budget.

    The first and the last look are had in any case; `afforded` has seen to what they cost.

    Args:
        rhythm: As it was.
        look: Seconds that the first look took.
        step: After which it was.
        expected: Length of the run, in steps.
        limit: The budget, in seconds.

    Examples:
        >>> spaced(rhythm_of(9000), 20.0, 250, 9000.0, 600.0).looks[:5]
        (250, 500, 1000, 2000, 4000)
    """
    later = [each for each in rhythm.looks if each > step]
    due = sum(each <= expected for each in later)
    between = max(0, int(_LOOKING * limit / max(look, _INSTANT)) - 2)
    apart = ceil((due + 1) / (between + 1))
    early = [each for each in rhythm.looks if each <= step]
    return replace(rhythm, look=max(round(look, 3), _INSTANT), looks=(*early, *later[apart - 1 :: apart]))


def read_rhythm(path: Path) -> Rhythm:
    """The rhythm of a file.

    Raises:
        TrainingError: It cannot be read, or holds no rhythm.
    """
    try:
        said = json.loads(path.read_text())
        return Rhythm(**{**said, "looks": tuple(said["looks"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(f"{path}: rhythm cannot be read ({error}), wanted that of this run") from error


def write_rhythm(rhythm: Rhythm, path: Path) -> None:
    """Keep a rhythm in a file, for when the run is taken up.

    Raises:
        StorageError: The disk is unwilling; an earlier file is untouched.
    """
    with written(path) as beside:
        beside.write_text(json.dumps(asdict(rhythm)) + "\n")
