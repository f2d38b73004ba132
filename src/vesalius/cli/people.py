"""From a folder to the people of a run: read, selected, cut into slices, split."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vesalius.cli.console import aside
from vesalius.cli.verbs import Selection
from vesalius.cohort.cohort import Cohort, Parts, is_divided, require
from vesalius.cohort.duplicates import without_duplicates
from vesalius.cohort.folder import survey
from vesalius.cohort.slices import slices
from vesalius.cohort.where import parse_where
from vesalius.evidence.contract import LEAST, PEOPLE
from vesalius.imaging.series import Problem
from vesalius.training.stream import Stacked

_SHOWN = 5


@dataclass(frozen=True)
class People:
    """Who takes part in a run.

    Args:
        parts: The cohort cut by patient; without a test side when it has too few people.
        fact: What conditions the generator, or None.
        notes: What the report has to say of the cut.
    """

    parts: Parts
    fact: str | None
    notes: tuple[str, ...] = ()


def gather_people(source: Path, selection: Selection) -> People:
    """Read a folder and cut it by patient, saying aside what was left out.

    Args:
        source: Folder of scans or cohort.parquet.
        selection: Which cases are meant.

    Raises:
        CohortError: Nobody is left, an unknown column, or a patient in two splits.
    """
    found = survey(source)
    lines = [f"{problem.path}: {why(problem)}" for problem in found.problems]
    mention(lines, f"`vesalius cohort {source}` names them all")
    for remark in found.cohort.remarks:
        aside.print(f"note: {remark}", markup=False)
    return split_people(slices(require(selected(found.cohort, selection.where))), selection)


def selected(cohort: Cohort, where: tuple[str, ...]) -> Cohort:
    """The cases for which all conditions hold.

    Raises:
        CohortError: A condition names a column or value that nobody has.
    """
    for condition in where:
        cohort = cohort.where(parse_where(condition, cohort))
    return cohort


def split_people(cohort: Cohort, selection: Selection) -> People:
    """Cut by patient, and take pictures that stand on two sides out of the training side.

    When too few people or pictures would be left on a side, or a class without training
    pictures, everybody is learnt from and nothing is claimed of others; but whom a recorded split
    keeps aside is never learnt from.

    Raises:
        CohortError: An unknown column, or a patient in two recorded splits.
    """
    fact = None if selection.label == "none" else selection.label
    levels = cohort.levels(fact) if fact else ()
    parts, notes, is_recorded = cohort.parts(), cohort.remarks, is_divided(cohort)
    reason = _too_little(parts, fact, levels)
    if is_recorded or not reason:
        train, pairs = without_duplicates(parts.train, parts.val, parts.test)
        parts = Parts(train, parts.val, parts.test)
        said = f"{len(pairs)} pair(s) of equal or nearly equal pictures across the split"
        notes += (f"{said}: training side left out",) if pairs else ()
        if left := _too_little(parts, fact, levels):
            reason = f"{said}: without them {left}" if pairs else left
    if reason and is_recorded:
        return People(parts, fact, (*notes, f"{reason}; the recorded split is kept"))
    if reason:
        nobody = replace(cohort, cases=())
        note = f"{reason}: everybody is learnt from, and nothing can be said of other people"
        return People(Parts(cohort, nobody, nobody), fact, (*cohort.remarks, note))
    return People(parts, fact, notes)


def _too_little(parts: Parts, fact: str | None, levels: tuple[str, ...]) -> str:
    """Why a cohort cannot be cut so; empty when it can."""
    both = (parts.train, parts.test)
    if min(map(len, both)) < LEAST or min(len(side.patients) for side in both) < PEOPLE:
        people = len({*parts.train.patients, *parts.val.patients, *parts.test.patients})
        return f"{people} patient(s) are too few to keep some aside"
    missing = sorted(set(levels) - set(parts.train.levels(fact))) if fact else []
    return f"all people of class {missing[0]!r} would be kept aside" if missing else ""


def why(problem: Problem) -> str:
    """The reason of a problem without the file that most reasons begin with."""
    return problem.reason.removeprefix(f"{problem.path}: ")


def mention(lines: Sequence[str], more: str) -> None:
    """Say aside what was left out; the first few by name, then how many more.

    Args:
        lines: One for each picture.
        more: What to say of those that are not named.
    """
    for line in lines[:_SHOWN]:
        aside.print(f"left out: {line}", markup=False)
    if len(lines) > _SHOWN:
        aside.print(f"left out: {len(lines) - _SHOWN} more; {more}", markup=False)


def mention_undecoded(pictures: Stacked) -> None:
    """Say aside which pictures of a cohort could not be decoded."""
    mention(pictures.problems, "`vesalius cohort` names them all")
