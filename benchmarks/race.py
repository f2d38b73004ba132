"""Steps a second of competitors, measured in turns: all of them meet the same minutes of the machine."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import torch

Step = Callable[[], object]


@dataclass(frozen=True)
class Entry:
    """One competitor.

    Args:
        name: For the table.
        step: Plays one step.
        count: What one step counts: pictures, or voxels.
    """

    name: str
    step: Step
    count: int


def timed(step: Step, times: int) -> float:
    """Seconds of one step, until an accelerator is done with it too."""
    _finished()
    started = time.perf_counter()
    for _ in range(times):
        step()
    _finished()
    return (time.perf_counter() - started) / times


def _finished() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def raced(entries: Sequence[Entry], seconds: float, rounds: int) -> dict[str, float]:
    """What each counts in a second: the median over rounds, after one step that warms up.

    Args:
        entries: Who is compared.
        seconds: About how long each is measured, all rounds together.
        rounds: How often it is each one's turn.
    """
    found: dict[str, list[float]] = {each.name: [] for each in entries}
    warm = {}
    for each in entries:
        each.step()
        warm[each.name] = timed(each.step, 1)
    for _ in range(rounds):
        for each in entries:
            times = max(1, round(seconds / rounds / max(warm[each.name], 1e-4)))
            found[each.name].append(each.count / timed(each.step, times))
    return {name: median(rates) for name, rates in found.items()}
