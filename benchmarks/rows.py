"""Rows of a comparison: what is finished is kept, and not played again by another run on another day.

Pictures and models lie where ``--out`` says; the numbers alone lie in ``benchmarks/rows`` besides, one JSON
file for each cohort, seed and method, with day, commit and machine. To play a row again, delete its file.
"""

import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from pydantic import TypeAdapter
from sheets import leave_shown

from vesalius.evidence.estimate import Estimate
from vesalius.evidence.fidelity import KernelDistance
from vesalius.storage import forget, written
from vesalius.training.cores import cores
from vesalius.training.stream import Stacked

RECORD = Path(__file__).parent / "rows"
"""Where the numbers of all full rows are kept."""

_BULKY = ("pictures.npy", "pictures.json", "checkpoint*", "shelter*")


@dataclass(frozen=True)
class Everybody:
    """A kernel distance to all pictures of all test people; see `vesalius.evidence.fidelity.KernelDistance`.

    Args:
        value: The distance.
        without_person: Without each of them, in the order of their names.
        variance_made: What the made pictures add to its variance.
    """

    value: float
    without_person: tuple[float, ...]
    variance_made: float

    @property
    def distance(self) -> KernelDistance:
        """To be held against another."""
        return KernelDistance(self.value, np.array(self.without_person), self.variance_made)


@dataclass(frozen=True)
class Score:
    """One number of a method.

    Args:
        name: Measure and feature space, or classifier.
        estimate: What the method reaches on test people.
        real: What real pictures reach: against each other, or as training pictures of the classifier.
        everybody: Of a kernel distance, so that methods can be compared person by person.
    """

    name: str
    estimate: Estimate
    real: float | None
    everybody: Everybody | None = None


@dataclass(frozen=True)
class Row:
    """How one method did on one cohort with one seed.

    Args:
        cohort: Name of the cohort.
        method: Name of the method.
        seed: Of training and measurement.
        minutes: Budget.
        quick: Measured with fewer repetitions.
        kept: Step that was kept.
        played: Steps in all.
        seconds: What they took, the looks of the watch included.
        spaces: Fingerprints of the feature spaces.
        scores: The numbers; none where the method failed.
        problem: Why it failed.
        origin: Day, commit and machine.
    """

    cohort: str
    method: str
    seed: int
    minutes: float
    quick: bool
    kept: int = 0
    played: int = 0
    seconds: float = 0.0
    spaces: tuple[str, ...] = ()
    scores: tuple[Score, ...] = ()
    problem: str = ""
    origin: str = ""

    def score(self, name: str) -> Score | None:
        """The number of a name; None where it was not measured."""
        return next((one for one in self.scores if one.name == name), None)

    @property
    def file(self) -> str:
        """Name of its file in the record."""
        return f"{self.cohort}-{self.seed}-{self.method.replace(' ', '-')}-{self.minutes:g}-minutes.json"


ROW = TypeAdapter(Row)
"""Reads and writes rows as JSON."""


def found(asked: Row, folder: Path, record: Path) -> Row | None:
    """What an earlier run left of a row, here or in the record; None where it left nothing.

    One of another budget ends the program where it lies in the folder; in the record it is no such row.

    Args:
        asked: Who is to be measured, and for how long.
        folder: Of the row.
        record: Folder of all rows of earlier days.
    """
    file = folder / "row.json"
    if file.exists():
        row = ROW.validate_json(file.read_bytes())
        if not _is_of(row, asked):
            played, wanted = (f"{one.minutes:g}{', quick' * one.quick}" for one in (row, asked))
            sys.exit(f"{file}: played {played} minutes, wanted {wanted}: name a new --out")
        return row
    file = record / asked.file
    if not file.exists():
        return None
    row = ROW.validate_json(file.read_bytes())
    return row if _is_of(row, asked) else None


def _is_of(row: Row, asked: Row) -> bool:
    return (row.minutes, row.quick) == (asked.minutes, asked.quick)


def keep(row: Row, made: Stacked | None, folder: Path, record: Path) -> None:
    """Leave a row and the pictures that are shown, then drop what only a broken-off run needs.

    One that is not quick, and did not fail, is kept in the record, too.

    Args:
        row: What was measured; it is written last.
        made: The pictures; None where the method failed.
        folder: Of the row: beside it lies that of the run.
        record: Folder of the rows of all days.
    """
    if made is not None:
        leave_shown(made, folder / "shown.npy")
    for file in (folder / "row.json", *(() if row.quick or row.problem else (record / row.file,))):
        file.parent.mkdir(parents=True, exist_ok=True)
        with written(file) as beside:
            beside.write_bytes(ROW.dump_json(row) + b"\n")
    for pattern in _BULKY:
        for file in (folder / "run").glob(pattern):
            forget(file)


def origin() -> str:
    """Day, commit and machine of what is measured now."""
    asked = ("git", "-C", str(RECORD.parent), "describe", "--always", "--dirty")
    try:
        commit = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        commit = "unknown commit"
    cpu = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*:\s*(.*)", cpu.read_text()) if cpu.exists() else None
    name = model.group(1) if model else platform.processor()
    day = datetime.now(UTC).date()
    return f"{day}, {commit}, {cores()} cores ({name}), torch {torch.__version__}"
