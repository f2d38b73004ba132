"""Folders in the style of nnU-Net: pictures of one or several channels, and their label maps."""

import json
import re
from collections import defaultdict
from pathlib import Path

from vesalius.cohort.cohort import Case, Fact, Stored
from vesalius.cohort.inspection import NAMELESS, Inspected
from vesalius.cohort.layouts import class_folders, pictures_below, pictures_in, unread
from vesalius.cohort.naming import legible, stem
from vesalius.errors import CohortError
from vesalius.imaging.series import Problem

IMAGES = "imagesTr"
"""Folder of the pictures to learn from."""

_LABELS = "labelsTr"
_CHANNEL = re.compile(r"(.+)_(\d{4})")

_Name = tuple[str, str]


def read_nnunet(folder: Path) -> Inspected:
    """Cases of ``imagesTr`` with their label maps of ``labelsTr``.

    Channels ``case_0000``, ``case_0001``, ... become the roles ``image``, ``image_1``, ...; what
    dataset.json calls the first is the fact ``channel``. Four digits are a channel where a label
    map has the name without them, dataset.json knows the channel, or any picture ends in 0000;
    where a label map has the whole name, they belong to it. The name of the case stands for the
    person. A case without channel 0000, and all other folders, are named as not read.

    Args:
        folder: Where ``imagesTr`` lies.

    Raises:
        CohortError: dataset.json is no JSON object.
    """
    channels = _channels(folder / "dataset.json")
    pictures, labels = _named(folder / IMAGES), _named(folder / _LABELS)
    are_numbered = any(name.endswith("_0000") for name, _ in pictures)
    roles: dict[_Name, dict[str, Stored]] = defaultdict(dict)
    for whole, path in pictures.items():
        name, number = _channel(whole)
        if whole in labels or not (name in labels or number in channels or are_numbered):
            name, number = whole, "0"
        roles[name]["image" if number == "0" else f"image_{number}"] = Stored((path,))
    facts: dict[str, Fact] = {"channel": channels["0"]} if "0" in channels else {}
    cases, problems = [], _beside(folder)
    for name, stored in roles.items():
        masks = {"mask": Stored((labels[name],))} if name in labels else {}
        if "image" in stored:
            cases.append(Case(name[0], name[0], stored, masks, facts))
        else:
            paths = (path for source in stored.values() for path in source.paths)
            problems += unread(paths, f"case {name[0]} has no channel 0000, wanted one")
    return Inspected(tuple(cases), tuple(problems), remarks=(NAMELESS,))


def _named(folder: Path) -> dict[_Name, Path]:
    """Pictures by their names without suffix, and the suffix."""
    return {stem(legible(Path(path.name))): path for path in pictures_below(folder)}


def _channel(whole: _Name) -> tuple[_Name, str]:
    """The name of a case, and the number of a channel as dataset.json has it."""
    match = _CHANNEL.fullmatch(whole[0])
    return ((match[1], whole[1]), str(int(match[2]))) if match else (whole, "0")


def _beside(folder: Path) -> list[Problem]:
    folders = (each for each in class_folders(folder) if each.name not in (IMAGES, _LABELS))
    return unread((*folders, *pictures_in(folder)), f"only {IMAGES} and {_LABELS} are")


def _channels(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        named = said.get("channel_names") or said.get("modality") or {}
        return {str(number): str(name) for number, name in named.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise CohortError(f"{path}: not read: {error}, wanted a JSON object with channel_names") from error
