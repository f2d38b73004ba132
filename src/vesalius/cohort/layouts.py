"""Folders that speak by their shape: DICOM trees, nnU-Net style, one folder a class, or just pictures."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path, PurePosixPath

from vesalius.cohort.cohort import SIDES, Case, Fact, Stored
from vesalius.cohort.inspection import NAMELESS, NAMELESS_STUDIES, Inspected
from vesalius.errors import CohortError
from vesalius.imaging.dataset import is_dicom
from vesalius.imaging.formats import NIFTI, is_picture
from vesalius.imaging.raster import RASTERS
from vesalius.imaging.series import Problem, Series, files_below, find_series

_CHANNEL = re.compile(r"(.+)_(\d{4})")
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


def pictures_below(folder: Path) -> Iterator[Path]:
    """Files that claim to be pictures, sorted, at any depth; hidden ones are passed over."""
    return (path for path in files_below(folder) if is_picture(path))


def pictures_in(folder: Path) -> Iterator[Path]:
    """Files directly in a folder that claim to be pictures, sorted; hidden ones are passed over."""
    for path in sorted(folder.iterdir()):
        if not path.name.startswith(".") and is_picture(path):
            yield path


def read_dicom_tree(source: Path) -> Inspected:
    """One case for each series of a DICOM folder, or for each file of a series that is no regular grid.

    Facts: ``modality``, ``description``, ``folder``, extent and spacing, and what the header tells of
    sex, age, site and scanner. The label is the modality. Patients get a pseudonym made from
    their identifier, or from their study where it is empty. Pictures of other kinds are named as not read.

    Args:
        source: A folder or one file.
    """
    found = find_series(source)
    root = source if source.is_dir() else source.parent
    cases, problems, notes = [], [*found.problems, *_others(source)], []
    for series in found.series:
        if series.is_regular:
            cases.append(_series(series, series.paths, root))
            notes += [Problem(series.paths[0], warning) for warning in series.warnings]
            continue
        problems.append(Problem(series.paths[0], _irregular(series)))
        cases += _singly(series, root)
    nameless = sum(not series.patient for series in found.series)
    remarks = (f"{nameless} of {len(found.series)} series have {NAMELESS_STUDIES}",) if nameless else ()
    return Inspected(tuple(cases), tuple(problems), tuple(notes), remarks)


def _others(source: Path) -> Iterator[Problem]:
    for path in pictures_below(source):
        if path.name.lower().endswith(NIFTI + RASTERS) and not is_dicom(path):
            yield Problem(path, f"{path}: not read: lies among DICOM files")


def _irregular(series: Series) -> str:
    parts = "files" if len(series.paths) > 1 else "frames"
    return (
        f"series {series.uid} is no regular grid: {'; '.join(series.warnings)}; its {parts} are read singly"
    )


def _singly(series: Series, root: Path) -> Iterator[Case]:
    """Each file of a series for itself; of one file, each frame."""
    cases = [_series(series, (path,), root) for path in series.paths]
    if len(cases) > 1:
        yield from cases
        return
    for z in range(series.slices):
        frame = Stored(series.paths, z)
        yield replace(cases[0], key=f"{cases[0].key}/f{z:03d}", pictures={"image": frame})


def _series(series: Series, paths: tuple[Path, ...], root: Path) -> Case:
    """The whole series, or one file of it; what a file alone holds is left to `inspection`."""
    first = paths[0].relative_to(root)
    name = sha256(f"{series.uid}/{first.name}".encode(errors="surrogateescape")).hexdigest()[:8]
    # A header may say anything; a modality such as CT/MR is no name of a file.
    kind = re.sub(r"\W", "_", series.modality)
    key = first if len(paths) == 1 else first.with_name(f"{kind}-{name}")
    facts: dict[str, Fact] = {
        own: series.attributes[keyword] for keyword, own in _FACTS.items() if keyword in series.attributes
    }
    facts |= {"label": series.modality, "modality": series.modality}
    facts |= {"folder": first.parent.as_posix()} if first.parent.parts else {}
    facts |= {"description": series.description} if series.description else {}
    if years := _YEARS.fullmatch(series.attributes.get("PatientAge", "")):
        facts["age"] = int(years[1])
    if len(paths) > 1:
        facts |= {"slices": series.slices, "rows": series.rows, "columns": series.columns}
        facts |= {f"spacing_{axis}": round(gap, 6) for axis, gap in zip("zyx", series.spacing, strict=True)}
    who = series.patient or f"study {series.study}"
    patient = sha256(who.encode(errors="surrogateescape")).hexdigest()[:12]
    return Case(key.as_posix(), patient, {"image": Stored(paths)}, {}, facts)


def read_nnunet(folder: Path) -> Inspected:
    """Cases of ``imagesTr`` with their label maps of ``labelsTr``.

    Channels ``case_0000``, ``case_0001``, ... become the roles ``image``, ``image_1``, ...; what
    dataset.json calls the first is the fact ``channel``. The name of the case stands for the person.

    Args:
        folder: Where ``imagesTr`` lies.

    Raises:
        CohortError: dataset.json is no JSON object.
    """
    channels = _channels(folder / "dataset.json")
    roles: dict[str, dict[str, Stored]] = defaultdict(dict)
    for path in pictures_below(folder / "imagesTr"):
        own, suffix = stem(path.name)
        match = _CHANNEL.fullmatch(own)
        name, number = (match[1], int(match[2])) if match else (own, 0)
        roles[name + suffix][f"image_{number}" if number else "image"] = Stored((path,))
    labels = {"".join(stem(path.name)): path for path in pictures_below(folder / "labelsTr")}
    facts: dict[str, Fact] = {"channel": channels["0"]} if "0" in channels else {}
    cases = []
    for name, pictures in roles.items():
        masks = {"mask": Stored((labels[name],))} if name in labels else {}
        key, _ = stem(name)
        cases.append(Case(key, key, pictures, masks, facts))
    return Inspected(tuple(cases), (), remarks=(NAMELESS,))


def _channels(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        named = said.get("channel_names") or said.get("modality") or {}
        return {str(number): str(name) for number, name in named.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise CohortError(f"{path}: not read: {error}, wanted a JSON object with channel_names") from error


def stem(name: str) -> tuple[str, str]:
    """Name or path of a file without its suffix, and the suffix; ``.nii.gz`` is one."""
    suffix = ".nii.gz" if name.lower().endswith(".nii.gz") else PurePosixPath(name).suffix
    return name[: len(name) - len(suffix)], suffix


def class_folders(folder: Path) -> tuple[Path, ...]:
    """Sub-folders that hold pictures at any depth."""
    below = (path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith("."))
    return tuple(path for path in below if next(pictures_below(path), None))


def read_classes(folder: Path) -> Inspected:
    """One sub-folder for each class; its name is the label.

    Where all are called train, val and test (see `SIDES`) they are parts, with the classes below
    them; pictures directly in a part have no label, and are named as not read beside classes.

    Args:
        folder: Where the sub-folders lie.
    """
    folders = class_folders(folder)
    if not all(each.name.lower() in SIDES for each in folders):
        return Inspected(_class(folders, folder, {}), (), remarks=(NAMELESS,))
    cases: list[Case] = []
    problems: list[Problem] = []
    for part in folders:
        split: dict[str, Fact] = {"split": SIDES[part.name.lower()]}
        classes, loose = class_folders(part), tuple(pictures_in(part))
        cases += _class(classes, folder, split)
        if classes:
            problems += [
                Problem(path, f"{path}: not read: folders of classes lie beside it") for path in loose
            ]
        else:
            cases += [_file(path, folder, split) for path in loose]
    return Inspected(tuple(cases), tuple(problems), remarks=(NAMELESS,))


def _class(folders: tuple[Path, ...], root: Path, facts: dict[str, Fact]) -> tuple[Case, ...]:
    return tuple(
        _file(path, root, {"label": each.name} | facts) for each in folders for path in pictures_below(each)
    )


def read_flat(source: Path) -> Inspected:
    """The pictures of a folder, or one file, without any label; folders below are named as not read.

    Args:
        source: A folder or one file.
    """
    if source.is_file():
        return Inspected((_file(source, source.parent, {}),), (), remarks=(NAMELESS,))
    problems = [
        Problem(each, f"{each}: not read: pictures lie beside this folder") for each in class_folders(source)
    ]
    cases = tuple(_file(path, source, {}) for path in pictures_in(source))
    return Inspected(cases, tuple(problems), remarks=(NAMELESS,))


def _file(path: Path, root: Path, facts: dict[str, Fact]) -> Case:
    name = path.relative_to(root).as_posix()
    # Each part may count its pictures from 0; without parts, equal names are taken for one person.
    person, _ = stem(name if "split" in facts else path.name)
    return Case(name, person, {"image": Stored((path,))}, {}, facts)
