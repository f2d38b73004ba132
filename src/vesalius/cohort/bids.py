"""Folders in the style of BIDS: one ``sub-XX`` for each person, whose name all its files bear."""

from pathlib import Path

from vesalius.cohort.cohort import Case, Fact, Stored
from vesalius.cohort.inspection import Inspected
from vesalius.cohort.layouts import class_folders, pictures_below, pictures_in, unread
from vesalius.cohort.naming import legible, stem


def subjects(folder: Path) -> tuple[Path, ...]:
    """Sub-folders ``sub-XX`` that hold pictures called ``sub-XX_...``."""
    named = (each for each in class_folders(folder) if each.name.startswith("sub-"))
    return tuple(each for each in named if any(_is_of(path, each) for path in pictures_below(each)))


def read_bids(folder: Path) -> Inspected:
    """One case for each picture of each subject; the folder ``sub-XX`` is the person.

    The label is what the name ends in (``T1w``, ``bold``); further facts are ``session``, and
    ``datatype`` (``anat``, ``func``). All other pictures are named as not read.

    Args:
        folder: Where the folders of the subjects lie.

    Source:
        Gorgolewski et al., Sci. Data 3, 2016: the Brain Imaging Data Structure.
    """
    people = subjects(folder)
    cases, strange = [], [each for each in class_folders(folder) if each not in people]
    for subject in people:
        for path in pictures_below(subject):
            if _is_of(path, subject):
                cases.append(_case(path, subject, folder))
            else:
                strange.append(path)
    strange += pictures_in(folder)
    return Inspected(tuple(cases), tuple(unread(strange, "bears the name of no subject")))


def _is_of(path: Path, subject: Path) -> bool:
    return path.name.startswith(f"{subject.name}_")


def _case(path: Path, subject: Path, root: Path) -> Case:
    words = stem(legible(Path(path.name)))[0].split("_")
    facts: dict[str, Fact] = {"label": words[-1], "datatype": legible(Path(path.parent.name))}
    if session := next((word for word in words if word.startswith("ses-")), ""):
        facts["session"] = session.removeprefix("ses-")
    name, person = legible(path.relative_to(root)), legible(Path(subject.name))
    return Case(name, person, {"image": Stored((path,))}, {}, facts)
