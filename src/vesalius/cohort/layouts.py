"""Folders that speak by their shape: one folder a class, parts of a study, or just pictures."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from vesalius.cohort.cohort import SIDES, Case, Fact, Stored
from vesalius.cohort.inspection import Inspected, nameless
from vesalius.cohort.naming import legible, patient_in, stem
from vesalius.imaging.formats import is_picture
from vesalius.imaging.series import Problem, files_below

IMAGES = "images"
"""Name of a folder of pictures that have label maps."""

MASKS = ("masks", "labels")
"""Names of the folder beside it whose files are their label maps."""


class _Found(NamedTuple):
    """A picture, what its folders say of it, and its label map."""

    path: Path
    facts: dict[str, Fact]
    mask: Path | None = None


def pictures_below(folder: Path) -> Iterator[Path]:
    """Files that claim to be pictures, sorted, at any depth; hidden ones are passed over."""
    return (path for path in files_below(folder) if is_picture(path))


def pictures_in(folder: Path) -> Iterator[Path]:
    """Files directly in a folder that claim to be pictures, sorted; hidden ones are passed over."""
    for path in sorted(folder.iterdir()):
        if not path.name.startswith(".") and is_picture(path):
            yield path


def class_folders(folder: Path) -> tuple[Path, ...]:
    """Sub-folders that hold pictures at any depth."""
    below = (path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith("."))
    return tuple(path for path in below if next(pictures_below(path), None))


def unread(paths: Iterable[Path], why: str) -> list[Problem]:
    """A problem for each file or folder that a layout has no place for."""
    return [Problem(path, f"{path}: not read: {why}") for path in paths]


def study_parts(folder: Path) -> tuple[dict[Path, str], list[Problem]]:
    """Sub-folders that are parts of a study, and a problem for each that then is none.

    They are, where one is called train, or several and all are called as in `SIDES`.

    Args:
        folder: Where the sub-folders lie.

    Returns:
        The name in `SIDES` of each part; nothing where there are none.
    """
    folders = class_folders(folder)
    parts = {each: SIDES[each.name.lower()] for each in folders if each.name.lower() in SIDES}
    if "train" not in parts.values() and not 1 < len(parts) == len(folders):
        return {}, []
    return parts, unread((each for each in folders if each not in parts), "parts of the study lie beside it")


def read_classes(folder: Path) -> Inspected:
    """One sub-folder for each class; its name is the label.

    Parts of a study (see `study_parts`) have the classes below them; pictures directly in a part
    have no label, and are named as not read beside classes. A folder ``images`` beside ``masks``
    or ``labels`` holds pictures without a label, and those their label maps, by the same name.

    Args:
        folder: Where the sub-folders lie.
    """
    parts, problems = study_parts(folder)
    known: dict[Path, dict[str, Fact]] = {part: {"split": side} for part, side in parts.items()}
    pictures: list[_Found] = []
    for branch, facts in (known or {folder: {}}).items():
        found, faults = _branch(branch, facts)
        pictures += found
        problems += faults
    return _inspected(pictures, folder, problems)


def read_flat(source: Path) -> Inspected:
    """The pictures of a folder, or one file, without any label; folders below are named as not read.

    Args:
        source: A folder or one file.
    """
    if source.is_file():
        return _inspected([_Found(source, {})], source.parent, [])
    problems = unread(class_folders(source), "pictures lie beside this folder")
    return _inspected([_Found(path, {}) for path in pictures_in(source)], source, problems)


def _branch(folder: Path, facts: dict[str, Fact]) -> tuple[list[_Found], list[Problem]]:
    """The pictures of a folder: of its classes, with their label maps, or just pictures."""
    folders, loose = class_folders(folder), tuple(pictures_in(folder))
    if not folders:
        return [_Found(path, facts) for path in loose], []
    problems = unread(loose, "folders of classes lie beside it")
    named = {each.name.lower(): each for each in folders}
    masks = next((named[name] for name in MASKS if name in named), None)
    if masks and IMAGES in named:
        found, strange = _masked(named[IMAGES], masks, facts)
        beside = (each for each in folders if each not in (named[IMAGES], masks))
        return found, problems + strange + unread(beside, f"{IMAGES} and {masks.name} lie beside it")
    return [
        _Found(path, {"label": legible(Path(each.name))} | facts)
        for each in folders
        for path in pictures_below(each)
    ], problems


def _masked(images: Path, masks: Path, facts: dict[str, Fact]) -> tuple[list[_Found], list[Problem]]:
    maps = {_name(path, masks): path for path in pictures_below(masks)}
    pictures = {path: _name(path, images) for path in pictures_below(images)}
    names = set(pictures.values())
    strange = [path for name, path in maps.items() if name not in names]
    found = [_Found(path, facts, maps.get(name)) for path, name in pictures.items()]
    return found, unread(strange, f"no picture in {images.name} has its name")


def _name(path: Path, folder: Path) -> str:
    return stem(path.relative_to(folder).as_posix())[0]


def _inspected(pictures: Iterable[_Found], root: Path, problems: Iterable[Problem]) -> Inspected:
    cases, unknown = [], 0
    for path, facts, mask in pictures:
        name = legible(path.relative_to(root))
        # Each part may count its pictures from 0; without parts, equal names are taken for one person.
        person, _ = stem(name if "split" in facts else legible(Path(path.name)))
        told = patient_in(path)
        unknown += not told
        masks = {"mask": Stored((mask,))} if mask else {}
        cases.append(Case(name, told or person, {"image": Stored((path,))}, masks, facts))
    return Inspected(tuple(cases), tuple(problems), remarks=nameless(unknown, len(cases), "files"))
