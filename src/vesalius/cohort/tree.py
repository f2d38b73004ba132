"""DICOM trees: a case for each series, and people by their Patient ID, however the files are sorted."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from vesalius.cohort.cohort import Case, Fact, Stored
from vesalius.cohort.inspection import NAMELESS_STUDIES, Inspected
from vesalius.cohort.layouts import pictures_below, study_parts
from vesalius.cohort.naming import legible, pseudonym
from vesalius.imaging.dataset import is_dicom
from vesalius.imaging.formats import NIFTI
from vesalius.imaging.raster import RASTERS
from vesalius.imaging.series import Found, Problem, Series, find_series

_FACTS = {
    "PatientSex": "sex",
    "BodyPartExamined": "body_part",
    "Manufacturer": "manufacturer",
    "ManufacturerModelName": "scanner",
    "InstitutionName": "site",
    "Laterality": "laterality",
    "ViewPosition": "view",
    "ProtocolName": "protocol",
}
_YEARS = re.compile(r"(\d{3})Y")
_SEGMENTATION = "SEG"
_DRAWN = "not read: is a segmentation, wanted a picture; name it in the column mask of a metadata.csv"


class _Branch(NamedTuple):
    """What lies below a folder, and what holds for all of it."""

    tree: Path
    found: Found
    facts: dict[str, Fact]


def read_dicom_tree(source: Path) -> Inspected:
    """One case for each series of a DICOM folder, or for each file of a series that is no regular grid.

    Facts: ``modality``, ``description``, ``folder`` (the outermost), extent and spacing, and what
    the header tells of sex, age, site and scanner. Patients get a pseudonym made from their
    identifier, or from their study where it is empty. Sub-folders called train, val and test are
    parts. Sub-folders are classes, and their names the labels, where there are two or more, each
    of several Patient IDs, and no picture beside them; else the label is the modality. Pictures of
    other kinds, and segmentations, are named as not read.

    Args:
        source: A folder or one file.
    """
    root = source if source.is_dir() else source.parent
    split, problems = study_parts(source) if source.is_dir() else ({}, [])
    branches = [_Branch(part, find_series(part), {"split": side}) for part, side in split.items()]
    branches = branches or [_Branch(source, find_series(source), {})]
    problems += [problem for branch in branches for problem in _others(branch.tree)]
    people = _people(branches)
    are_several = all(len(known - {""}) > 1 for known in people.values())
    are_classes = len(people) > 1 and "" not in people and are_several
    notes = _told(root, people, are_classes)
    if are_classes:
        branches = [each for branch in branches for each in _classes(branch, people)]
    found = _inspected(branches, root)
    return found._replace(problems=(*problems, *found.problems), notes=(*notes, *found.notes))


def _classes(branch: _Branch, people: Mapping[str, set[str]]) -> Iterator[_Branch]:
    """Each folder by itself, because a series whose slices were sorted into classes lies in several."""
    tree, found, facts = branch
    stray = tuple(each for each in found.problems if _outermost(each.path, tree) not in people)
    yield _Branch(tree, Found((), stray), facts)
    for name in sorted(people):
        if (tree / name).is_dir():
            yield _Branch(tree, find_series(tree / name), facts | {"label": legible(Path(name))})


def _people(branches: Sequence[_Branch]) -> dict[str, set[str]]:
    """Patient IDs in each folder directly below; a folder called ``""`` holds what lies beside them."""
    people: dict[str, set[str]] = defaultdict(set)
    for tree, found, _ in branches:
        for series in found.series:
            for path in series.paths:
                people[_outermost(path, tree)].add(series.patient)
    return people


def _outermost(path: Path, tree: Path) -> str:
    parts = path.relative_to(tree).parts if tree.is_dir() else ()
    return parts[0] if len(parts) > 1 else ""


def _told(root: Path, people: Mapping[str, set[str]], are_classes: bool) -> Iterator[Problem]:
    """What was made of the folders, where it could have been anything else."""
    everybody = set[str]().union(*people.values())
    are_one_each = sum(map(len, people.values())) == len(people) == len(everybody)
    if are_classes:
        why = "each sub-folder holds several people, so their names are the labels"
        yield Problem(root, f"{why}; --label modality for another label")
    elif len(people) > 1 and not are_one_each and (len(everybody) > 1 or "" in everybody):
        why = "not every sub-folder holds several Patient IDs, so none is taken for a class"
        yield Problem(root, f"{why}; --label folder takes all for classes")


def _inspected(branches: Sequence[_Branch], root: Path) -> Inspected:
    cases, problems, notes = [], [], []
    everything = [(branch, series) for branch in branches for series in branch.found.series]
    for branch, series in everything:
        if series.modality == _SEGMENTATION:
            problems += [Problem(path, f"{path}: {_DRAWN}") for path in series.paths]
            continue
        if series.is_regular:
            cases.append(_case(series, series.paths, root, branch))
            notes += [Problem(series.paths[0], warning) for warning in series.warnings]
            continue
        problems.append(Problem(series.paths[0], _irregular(series)))
        cases += _singly(series, root, branch)
    faults = [problem for branch in branches for problem in branch.found.problems]
    nameless = sum(not series.patient for _, series in everything)
    remarks = (f"{nameless} of {len(everything)} series have {NAMELESS_STUDIES}",) if nameless else ()
    return Inspected(tuple(cases), (*faults, *problems), tuple(notes), remarks)


def _others(tree: Path) -> Iterator[Problem]:
    for path in pictures_below(tree):
        if path.name.lower().endswith(NIFTI + RASTERS) and not is_dicom(path):
            yield Problem(path, f"{path}: not read: lies among DICOM files")


def _irregular(series: Series) -> str:
    parts = "files" if len(series.paths) > 1 else "frames"
    why = "; ".join(series.warnings)
    return f"series {series.uid} is no regular grid: {why}; its {parts} are read singly"


def _singly(series: Series, root: Path, branch: _Branch) -> Iterator[Case]:
    """Each file of a series for itself; of one file, each frame."""
    cases = [_case(series, (path,), root, branch) for path in series.paths]
    if len(cases) > 1:
        yield from cases
        return
    for z in range(series.slices):
        frame = Stored(series.paths, z)
        yield replace(cases[0], key=f"{cases[0].key}/f{z:03d}", pictures={"image": frame})


def _who(series: Series) -> str:
    return series.patient or f"study {series.study}"


def _case(series: Series, paths: tuple[Path, ...], root: Path, branch: _Branch) -> Case:
    """The whole series, or one file of it; what a file alone holds is left to `inspection`."""
    first = paths[0].relative_to(root)
    # A header may say anything; a modality such as CT/MR is no name of a file.
    kind = re.sub(r"\W", "_", series.modality)
    name = f"{kind}-{pseudonym(f'{series.uid}/{first.name}')[:8]}"
    key = first if len(paths) == 1 else first.with_name(name)
    facts: dict[str, Fact] = {
        own: series.attributes[keyword] for keyword, own in _FACTS.items() if keyword in series.attributes
    }
    facts |= {"label": series.modality, "modality": series.modality}
    outermost = _outermost(paths[0], branch.tree)
    facts |= {"folder": legible(Path(outermost))} if outermost else {}
    facts |= {"description": series.description} if series.description else {}
    if years := _YEARS.fullmatch(series.attributes.get("PatientAge", "")):
        facts["age"] = int(years[1])
    if len(paths) > 1:
        facts |= {"slices": series.slices, "rows": series.rows, "columns": series.columns}
        facts |= {f"spacing_{axis}": round(gap, 6) for axis, gap in zip("zyx", series.spacing, strict=True)}
    return Case(legible(key), pseudonym(_who(series)), {"image": Stored(paths)}, {}, facts | branch.facts)
