"""From a folder to the people of a run: read, selected, cut into slices, split."""

from dataclasses import dataclass, replace
from pathlib import Path

from vesalius.cli.console import aside
from vesalius.cli.verbs import Selection
from vesalius.cohort.cohort import Cohort, Parts, require
from vesalius.cohort.duplicates import without_duplicates
from vesalius.cohort.folder import survey
from vesalius.cohort.slices import slices
from vesalius.cohort.where import parse_where
from vesalius.evidence.contract import LEAST, PEOPLE
from vesalius.imaging.series import Problem

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
    mention(found.problems, source)
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
    pictures, everybody is learnt from and nothing is claimed of others.

    Raises:
        CohortError: An unknown column, or a patient in two recorded splits.
    """
    fact = None if selection.label == "none" else selection.label
    levels = cohort.levels(fact) if fact else ()
    parts = cohort.parts()
    reason = ""
    both = (parts.train, parts.test)
    if min(map(len, both)) < LEAST or min(len(side.patients) for side in both) < PEOPLE:
        reason = f"{len(cohort.patients)} patient(s) are too few to keep some aside"
    elif fact and (missing := sorted(set(levels) - set(parts.train.levels(fact)))):
        reason = f"all people of class {missing[0]!r} would be kept aside"
    if reason:
        nobody = replace(cohort, cases=())
        note = f"{reason}: everybody is learnt from, and nothing can be said of other people"
        return People(Parts(cohort, nobody, nobody), fact, (*cohort.remarks, note))
    train, pairs = without_duplicates(parts.train, parts.val, parts.test)
    note = f"{len(pairs)} pair(s) of equal or nearly equal pictures across the split: training side left out"
    return People(Parts(train, parts.val, parts.test), fact, cohort.remarks + ((note,) if pairs else ()))


def why(problem: Problem) -> str:
    """The reason of a problem without the file that most reasons begin with."""
    return problem.reason.removeprefix(f"{problem.path}: ")


def mention(problems: tuple[Problem, ...], source: Path) -> None:
    """Say aside which files were left out; the first few by name."""
    for problem in problems[:_SHOWN]:
        aside.print(f"left out: {problem.path}: {why(problem)}", markup=False)
    if len(problems) > _SHOWN:
        more = len(problems) - _SHOWN
        aside.print(f"left out: {more} more; `vesalius cohort {source}` names them all", markup=False)
