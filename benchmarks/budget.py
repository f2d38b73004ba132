"""Is the time that a run is given the time that it takes, and does it leave when it is told to?

Run as ``.venv/bin/python benchmarks/budget.py [--minutes 0.5 2] [--size 64] [--recipes NAME ...] [--quick]``.
Phantoms, judged by their validation people. Of each recipe and budget: wall time from the first step to the
last look, and beside it what writing the model takes. Then SIGTERM one second after the first look has begun:
how long until the run is left, and whether it is taken up from a checkpoint and played to its end.
"""

import argparse
import os
import signal
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cohorts import Opened, opened, phantoms
from promise import promise

from vesalius.evidence.glance import Glance, glance_by
from vesalius.recipes.synthesis import RECIPES
from vesalius.shapes import Stack
from vesalius.training.devices import find_machine
from vesalius.training.fit import finish, play
from vesalius.training.run import Run, open_run
from vesalius.training.watch import Look

CHOSEN = ("synthesis.conditional_gan", "synthesis.stylegan", "synthesis.diffusion")
SLACK = 0.05
"""By which share of it a run may miss its budget."""


@dataclass(eq=False)
class Pressing:
    """A judge in whose first look SIGTERM comes.

    Args:
        judge: Who judges.
        pressed: When it came; 0 before.
        timer: Presses a second after the first look has begun; None before.
    """

    judge: Glance
    pressed: float = 0.0
    timer: threading.Timer | None = None

    @property
    def labels(self) -> np.ndarray:
        """Those of the judge; whoever asks for them is about to make pictures for him."""
        if self.timer is None:
            self.timer = threading.Timer(1.0, self._press)
            self.timer.start()
        return self.judge.labels

    @property
    def patients(self) -> int:
        """Those of the judge."""
        return self.judge.patients

    def __call__(self, made: Stack) -> Look:
        """What the judge says."""
        return self.judge(made)

    def _press(self) -> None:
        self.pressed = time.monotonic()
        os.kill(os.getpid(), signal.SIGTERM)


def run_of(side: Opened, name: str, minutes: float, folder: Path) -> Run:
    """A run as the command begins it, without its judge."""
    people = side.people.parts.train
    recipe = RECIPES[name](side.task, people, minutes, 0, find_machine().pace)
    return open_run(folder, recipe, people, minutes)


def played(run: Run) -> float:
    """Seconds from the first step to the end of the last look."""
    begun = time.monotonic()
    for _ in play(run):
        pass
    return time.monotonic() - begun


def kept(side: Opened, judge: Glance, name: str, minutes: float, folder: Path) -> float:
    """By which share of its budget a run misses it."""
    run = run_of(side, name, minutes, folder)
    run.judge = judge
    wall = played(run)
    begun = time.monotonic()
    finish(run)
    model = time.monotonic() - begun
    said = f"{run.game.step} steps, judged by {run.rhythm.averages} of two averages"
    print(f"{name:28} {minutes * 60:6.0f} s {wall:8.1f} s, model {model:.1f} s; {said}", flush=True)
    return abs(wall / (minutes * 60) - 1)


def left(side: Opened, judge: Glance, name: str, minutes: float, folder: Path) -> float:
    """Seconds from SIGTERM, in the first look, to the end of the run, which is then played to its own end."""
    run = run_of(side, name, minutes, folder)
    run.judge = pressing = Pressing(judge)
    try:
        played(run)
    except KeyboardInterrupt:
        waited = time.monotonic() - pressing.pressed
    else:
        raise SystemExit(f"{name}: no look of a second was had in {minutes:g} minutes, wanted one to stop")
    finally:
        if pressing.timer is not None:
            pressing.timer.cancel()
    again = run_of(side, name, minutes, folder)
    again.judge = judge
    at = again.game.step
    played(again)
    steps = finish(again).card.played
    if not again.is_over or steps != again.game.step:
        raise SystemExit(f"{name}: taken up, but left at step {steps}, wanted it to be played to its end")
    print(
        f"{name:28} left {waited:.1f} s after SIGTERM, taken up at step {at}, played to {steps}", flush=True
    )
    return waited


def measured(
    asked: argparse.Namespace, names: Sequence[str], folder: Path
) -> tuple[list[float], list[float]]:
    """What every recipe and budget misses, and how long each recipe takes to leave."""
    side = opened(phantoms(), asked.size)
    judge = glance_by(side.train, side.val)
    if judge is None:
        raise SystemExit("too few validation people, wanted a judge")
    cells = [(name, minutes) for name in names for minutes in asked.minutes]
    misses = [kept(side, judge, *cell, folder / f"{at}") for at, cell in enumerate(cells)]
    most = max(asked.minutes)
    return misses, [left(side, judge, name, most, folder / name) for name in names]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, nargs="+", default=[0.5, 2.0])
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--recipes", nargs="+", default=list(CHOSEN), choices=sorted(RECIPES))
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    if asked.quick:
        asked.minutes, asked.size = [0.5], 16
    with tempfile.TemporaryDirectory() as folder:
        misses, waits = measured(asked, asked.recipes, Path(folder))
    promise(
        "largest share of its budget that a run misses; longest wait for one to leave",
        f"{max(misses):.1%}; {max(waits):.1f} s",
        f"at most {SLACK:.0%}; 10 s",
        max(misses) <= SLACK and max(waits) <= 10,
    )
