"""From a folder to the people of a run: read, selected, cut into slices, split."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vesalius.cli.console import aside, say
from vesalius.cli.verbs import Selection
from vesalius.cohort.cohort import Cohort, Parts, is_divided, require
from vesalius.cohort.crossing import Factor, combination, complete, crossing, factors_of
from vesalius.cohort.duplicates import without_duplicates
from vesalius.cohort.folder import survey
from vesalius.cohort.slices import slices
from vesalius.cohort.where import parse_where
from vesalius.evidence.contract import LEAST, PEOPLE
from vesalius.evidence.glance import LEAST as PICTURES
from vesalius.evidence.glance import PEOPLE as JUDGES
from vesalius.evidence.glance import can_judge
from vesalius.imaging.series import Problem
from vesalius.training.stream import Stacked

_SHOWN = 5
_MANY = 0.1  # a cohort without so many of its pictures may be another than was meant


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


def gather_people(
    source: Path, selection: Selection, are_volumes: bool = False, are_known: bool = False
) -> People:
    """Read a folder and cut it by patient, saying aside what was left out.

    Args:
        source: Folder of scans or cohort.parquet.
        selection: Which cases are meant.
        are_volumes: Leave volumes whole; otherwise they are cut into slices.
        are_known: Whether a recipe lists the classes already.

    Raises:
        CohortError: Nobody is left, an unknown column, or a patient in two splits.
    """
    found = survey(source)
    columns = {"patient", "key", *(name for case in found.cohort.cases for name in case.facts)}
    said = [condition for conditions in selection.where for condition in conditions]
    # Facts such as ``position`` come with the slices; by all others whole volumes are passed over unread.
    of_slices = [
        condition
        for condition in said
        if not are_volumes and condition.partition("=")[0].strip() not in columns
    ]
    lines = [f"{problem.path}: {why(problem)}" for problem in found.problems]
    mention(lines, f"`vesalius cohort {source}` names them all")
    for remark in found.cohort.remarks:
        aside.print(f"note: {remark}", markup=False)
    chosen = selected(found.cohort, [condition for condition in said if condition not in of_slices])
    if are_volumes:
        return split_people(require(chosen), selection, are_known)
    return split_people(require(selected(slices(require(chosen)), of_slices)), selection, are_known)


def selected(cohort: Cohort, where: Iterable[str]) -> Cohort:
    """The cases for which all conditions hold.

    Args:
        cohort: Whom to choose from.
        where: Conditions; see `vesalius.cohort.where.parse_where`.

    Raises:
        CohortError: A condition names a column or value that nobody has.
    """
    for condition in where:
        cohort = cohort.where(parse_where(condition, cohort))
    return cohort


def split_people(cohort: Cohort, selection: Selection, are_known: bool = False) -> People:
    """Cut by patient, and take pictures that stand on two sides out of the training side.

    Cases of which a fact is not known are left out, and so are pictures of a class that nobody is learnt
    from; both are counted. When too few people or pictures
    would be left on a side, everybody is learnt from and nothing is claimed of others. Validation people who
    are too few to choose a moment of training by are learnt from, too. But whom a
    recorded split keeps aside is never learnt from.

    Args:
        cohort: Everybody.
        selection: What tells the classes.
        are_known: Whether a recipe lists the classes already.

    Raises:
        CohortError: An unknown column, or a patient in two recorded splits.
    """
    factors = () if selection.label == "none" else factors_of(selection.label, cohort, are_known)
    fact, before = ",".join(map(str, factors)) or None, cohort.remarks
    cohort = complete(cohort, factors)
    for remark in cohort.remarks[len(before) :]:
        aside.print(f"note: {remark}", markup=False)
    people = _divided(cohort, factors, fact)
    for note in people.notes[len(cohort.remarks) :]:
        aside.print(f"note: {note}", markup=False)
    return people


def _divided(cohort: Cohort, factors: tuple[Factor, ...], fact: str | None) -> People:
    """The sides of a cohort of which all facts are known, and what the report has to say of them."""
    is_recorded = is_divided(cohort)
    parts, joined = (cohort.parts(), ()) if is_recorded else _joined(cohort.parts())
    parts, unlearnt = _learnt(parts, factors, cohort)
    notes = (*cohort.remarks, *joined, *unlearnt)
    reason = _too_little(parts)
    if is_recorded or not reason:
        train, pairs = without_duplicates(parts.train, parts.val, parts.test)
        parts, unlearnt = _learnt(Parts(train, parts.val, parts.test), factors, parts.train)
        said = f"{len(pairs)} pair(s) of equal or nearly equal pictures across the split"
        notes += (f"{said}: training side left out", *unlearnt) if pairs else ()
        if left := _too_little(parts):
            reason = f"{said}: without them {left}" if pairs else left
    if not reason:
        return People(parts, fact, notes)
    if is_recorded:
        return People(parts, fact, (*notes, f"{reason}; the recorded split is kept"))
    note = f"{reason}: everybody is learnt from, and nothing can be said of other people"
    nobody = replace(cohort, cases=())
    return People(Parts(cohort, nobody, nobody), fact, (*cohort.remarks, note))


def _joined(parts: Parts) -> tuple[Parts, tuple[str, ...]]:
    """The parts, with validation people who are too few to judge by among those learnt from, and a note."""
    train, val, test = parts
    people = len(val.patients)
    if not people or can_judge(len(val), people):
        return parts, ()
    both = replace(train, cases=(*train.cases, *val.cases))
    note = (
        f"{len(val)} picture(s) of {people} validation patient(s) are too few to choose the best moment by, "
        f"wanted {PICTURES} of {JUDGES}: they are learnt from"
    )
    return Parts(both, replace(val, cases=()), test), (note,)


def _learnt(parts: Parts, factors: tuple[Factor, ...], everybody: Cohort) -> tuple[Parts, tuple[str, ...]]:
    """The parts without the classes of everybody that nobody is learnt from, and what to say of them."""
    if not factors or not len(parts.train):
        return parts, ()
    known = crossing(parts.train, factors).combinations
    lost = [levels for levels in crossing(everybody, factors).combinations if levels not in known]
    if not lost:
        return parts, ()
    val, test = (side.where(lambda case: combination(case, factors) not in lost) for side in parts[1:])
    gone = len(parts.val.patients | parts.test.patients) - len(val.patients | test.patients)
    said = f"nobody to learn from; {gone} patient(s) aside are left out with it"
    return Parts(parts.train, val, test), tuple(
        f"class {', '.join(levels)!r} left out: {said}" for levels in lost
    )


def _too_little(parts: Parts) -> str:
    """Why a cohort cannot be cut so; empty when it can."""
    both = (parts.train, parts.test)
    if min(map(len, both)) >= LEAST and min(len(side.patients) for side in both) >= PEOPLE:
        return ""
    people = len({*parts.train.patients, *parts.val.patients, *parts.test.patients})
    return f"{people} patient(s) are too few to keep some aside"


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


def mention_undecoded(pictures: Stacked, more: str = "these are the first") -> None:
    """Say aside which pictures of a cohort could not be decoded, and warn where they are many.

    Args:
        pictures: What could be decoded, and why the others could not.
        more: What to say of those that are not named.
    """
    mention(pictures.problems, more)
    lost, whole = len(pictures.problems), len(pictures.problems) + len(pictures)
    if lost > _MANY * whole:
        say(f"warning: {lost} of {whole} pictures are left out; the first: {pictures.problems[0]}")
