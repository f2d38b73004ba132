"""The cohorts that several benchmarks run on, how they are called here, and how they are opened."""

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from vesalius.cli.people import People, gather_people, split_people
from vesalius.cli.verbs import Selection
from vesalius.cohort.cohort import Cohort, Parts
from vesalius.cohort.phantom import phantom_cohort
from vesalius.tasks.synthesis import Synthesis, synthesis_of
from vesalius.training.stream import Stacked, stack

PHANTOMS = "phantoms"
"""A cohort of no data pack: people of known truth."""

_PHANTOM_PEOPLE = 600


@dataclass(frozen=True)
class Choice:
    """A cohort of the data packs, as a user would name it on the command line."""

    pack: str
    selection: Selection
    size: int = 64

    def people(self, data: Path) -> People:
        """Read it and cut it by patient."""
        return gather_people(data / self.pack, self.selection)

    def words(self) -> list[str]:
        """The same as words after ``vesalius expand``."""
        where = [word for conditions in self.selection.where for word in ("--where", *conditions)]
        return [self.pack, "--label", self.selection.label, "--size", str(self.size), *where]


COHORTS = {
    "chest": Choice("chest_xray_pneumonia", Selection()),
    "nuclei": Choice("seg_nuclei", Selection()),
    "hippocampus": Choice("nifti_hippocampus", Selection(label="position"), size=32),
    "ct-mr": Choice("dicom_mixed", Selection(where=(("group=ct_head_ge,mr_pacsman_series",),))),
}


@dataclass(frozen=True, eq=False)
class Opened:
    """A cohort cut by patient, of which whoever stands aside is decoded.

    Args:
        people: Everybody.
        task: What is made of them.
        train: Pictures that are learnt from.
        val: Pictures of people by whom choices are made.
        test: Pictures of people who are measured by, once; None when they are not to be seen.
    """

    people: People
    task: Synthesis
    train: Stacked
    val: Stacked
    test: Stacked | None


def opened(people: People, size: int, with_test: bool = False) -> Opened:
    """Decode the sides of a cohort.

    Args:
        people: Whose pictures.
        size: Rows and columns.
        with_test: Whether the test people may be seen.
    """
    parts = people.parts
    task = synthesis_of(parts.train, size, people.fact)
    test = stack(parts.test, task) if with_test else None
    return Opened(people, task, stack(parts.train, task), stack(parts.val, task), test)


def some(cohort: Cohort, count: int) -> Cohort:
    """The pictures of so many people, always the first of one hash order: fewer lie within more.

    The order of their names would do worse: packs that name people by class would give one class alone.
    """
    order = sorted(cohort.patients, key=lambda person: sha256(f"few {person}".encode()).digest())
    chosen = frozenset(order[:count])
    return cohort.where(lambda case: case.patient in chosen, f"{cohort.name}, {count} people")


def phantoms(quick: bool = False) -> People:
    """Phantoms cut by patient, always the same; fewer when quick."""
    return split_people(phantom_cohort(_PHANTOM_PEOPLE // (3 if quick else 1)), Selection())


def people_of(name: str, data: Path, quick: bool = False) -> People:
    """A cohort by its name here, cut by patient; of slices of hippocampi by volume.

    Args:
        name: One of `COHORTS`, or `PHANTOMS`.
        data: Folder of the data packs.
        quick: Fewer phantoms.
    """
    if name == PHANTOMS:
        return phantoms(quick)
    people = COHORTS[name].people(data)
    return by_volume(people) if name == "hippocampus" else people


def by_volume(people: People) -> People:
    """The same sides, with each volume counted as a person.

    For packs that say of their volumes only to which block they belong: sides were cut by block, so
    nobody stands on two of them, but a handful of blocks gives no interval. Where two volumes of a
    side are of one person, intervals come out somewhat too narrow.
    """
    sides = (_by_volume(side) for side in people.parts)
    return replace(people, parts=Parts(*sides))


def _by_volume(side: Cohort) -> Cohort:
    named = (replace(case, patient=case.key.rpartition("/")[0] or case.key) for case in side.cases)
    return replace(side, cases=tuple(named))
