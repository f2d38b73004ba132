"""From a folder to the people of a run: read, selected, cut into slices, split."""

from dataclasses import dataclass
from pathlib import Path

from vesalius.cli.console import aside
from vesalius.cohort.cohort import Cohort, Parts, require
from vesalius.cohort.duplicates import without_duplicates
from vesalius.cohort.folder import survey
from vesalius.cohort.slices import slices
from vesalius.cohort.where import parse_where

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
    notes: tuple[str, ...]


def gather_people(source: Path, label: str, where: tuple[str, ...]) -> People:
    """Read a folder and cut it by patient, saying aside what was left out.

    Args:
        source: Folder of scans or cohort.parquet.
        label: Column that tells the classes, or ``none``.
        where: Conditions that all must hold.

    Raises:
        CohortError: Nobody is left, an unknown column, or a patient in two splits.
    """
    found = survey(source)
    for problem in found.problems[:_SHOWN]:
        aside.print(f"left out: {problem.path}: {problem.reason}", markup=False)
    if len(found.problems) > _SHOWN:
        aside.print(f"left out: {len(found.problems) - _SHOWN} more; `vesalius cohort {source}` names them")
    chosen = found.cohort
    for condition in where:
        chosen = chosen.where(parse_where(condition, chosen))
    chosen = slices(require(chosen)) if _has_volumes(chosen) else require(chosen)
    fact = None if label == "none" else label
    return _cut(chosen, fact)


def _has_volumes(cohort: Cohort) -> bool:
    return any(int(case.facts.get("slices", 1)) > 1 for case in cohort.cases)


def _cut(cohort: Cohort, fact: str | None) -> People:
    parts = cohort.parts()
    levels = set(cohort.levels(fact)) if fact else set()
    if not len(parts.test) or not len(parts.train) or (fact and set(parts.train.levels(fact)) != levels):
        note = (
            f"{len(cohort.patients)} patient(s) are too few to keep some aside: everybody is learnt from, "
            "and no claim about other people can be made"
        )
        nobody = Cohort((), cohort.name)
        return People(Parts(cohort, nobody, nobody), fact, (note,))
    train, pairs = without_duplicates(parts.train, parts.val, parts.test)
    note = (
        f"{len(pairs)} training picture(s) stood, exactly or nearly, also on another side and were left out"
    )
    return People(Parts(train, parts.val, parts.test), fact, (note,) if pairs else ())
