"""What travels with a picture in formats that have no field for it: a JSON file beside, and a copy inside."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from vesalius.errors import ImagingError
from vesalius.imaging.geometry import Affine, Geometry
from vesalius.imaging.image import ARBITRARY, Code, Image, LabelMap, Origin
from vesalius.imaging.marks import SOFTWARE, Mark
from vesalius.storage import written


@dataclass(frozen=True)
class Sidecar:
    """Origin, unit, modality, codes and place of a picture.

    The same JSON stands in a file beside the picture, where people and tools find it, and inside
    the picture, where it cannot get lost. Every key may be missing; what others say is passed over,
    so a BIDS sidecar does no harm, and a hand-written ``{"unit": "[hnsf'U]", "modality": "CT"}``
    tells what a NIfTI file cannot.

    Args:
        mark: How far the picture stands from the scanner, and who made it.
        unit: UCUM code of its values.
        modality: DICOM modality.
        codes: What each class of a label map means.
        affine: Index ``(z, y, x, 1)`` to LPS millimetres, for formats without geometry.
        labels: Whether the values are classes.
        notes: What was taken on trust; not written.
    """

    mark: Mark = field(default_factory=lambda: Mark(Origin.ACQUIRED))
    unit: str = ARBITRARY
    modality: str = "OT"
    codes: Mapping[int, Code] = field(default_factory=dict)
    affine: Affine | None = None
    labels: bool = False
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        """One line of JSON; `Mark.from_json` understands it, too."""
        said = {"unit": self.unit, "modality": self.modality, "labels": self.labels, "affine": self.affine}
        codes = {str(value): _told(code) for value, code in self.codes.items()}
        return json.dumps(json.loads(self.mark.to_json()) | said | {"codes": codes}, sort_keys=True)

    def at_least(self, origin: Origin) -> "Sidecar":
        """The same, never closer to the scanner than another witness says."""
        return replace(self, mark=self.mark.at_least(origin))

    def grid(self, shape: tuple[int, int, int]) -> Geometry:
        """Where the voxels of a format without geometry lie; 1 mm, axial, when nothing is known.

        Args:
            shape: Voxels along ``(z, y, x)``.
        """
        return Geometry.plain(shape) if self.affine is None else Geometry(shape, self.affine)


def sidecar_of(picture: Image | LabelMap, mark: Mark | None) -> Sidecar:
    """What has to be said of a picture that is about to be written.

    Args:
        picture: What is written.
        mark: Who made it; the origin of the picture alone when None, and never less than it.
    """
    said = (mark or Mark(picture.origin)).at_least(picture.origin)
    affine = picture.geometry.affine
    if isinstance(picture, LabelMap):
        return Sidecar(said, codes=picture.codes, affine=affine, modality="SEG", labels=True)
    return Sidecar(said, picture.unit, picture.modality, affine=affine)


def beside(path: Path) -> Path:
    """Where we put the sidecar of a picture: ``a.png`` has ``a.png.json``, of its own."""
    return path.with_name(f"{path.name}.json")


def handmade(path: Path) -> Path:
    """Where people and other tools put theirs: ``a.nii.gz`` and ``a.png`` have ``a.json``."""
    stem = path.name[: -len(".nii.gz")] if path.name.lower().endswith(".nii.gz") else path.stem
    return path.with_name(f"{stem}.json")


def write_sidecar(sidecar: Sidecar, path: Path) -> None:
    """Write the JSON file beside a picture, anew; the one made by hand is left alone.

    Args:
        sidecar: What to say.
        path: The picture.

    Raises:
        StorageError: It could not be written whole.
    """
    with written(beside(path)) as target:
        target.write_text(json.dumps(json.loads(sidecar.to_json()), indent=2, sort_keys=True) + "\n")


def read_sidecar(path: Path, inside: str | None, origin: Origin = Origin.ACQUIRED) -> Sidecar:
    """What is known of a picture from inside and beside it; of several origins the highest holds.

    Args:
        path: The picture.
        inside: The JSON found inside it, or None; it goes before our file beside, and that
            before the one made by hand.
        origin: What other fields of the format say of the origin.

    Raises:
        ImagingError: What was said cannot be understood; the message names the file.
    """
    inner = _parsed(_said(inside, path), path) if inside else None
    told = [each for each in (inner, _beside(beside(path), True), _beside(handmade(path), False)) if each]
    known = told[0] if told else Sidecar()
    return known.at_least(max([origin, *(each.mark.origin for each in told)]))


def _beside(file: Path, is_ours: bool) -> Sidecar | None:
    """What a file beside a picture tells; in the file of another tool, what we understand of it."""
    if not file.is_file():
        return None
    # Some editors begin with a byte order mark.
    said = _said(file.read_text(encoding="utf-8-sig", errors="replace"), file, is_ours)
    if not isinstance(said, dict):
        return None
    if said.get("software") == SOFTWARE:
        return _parsed(said, file)
    found = _parsed(_understood(said, file), file)
    note = f"{file.name}: affine taken for index (z, y, x) to LPS millimetres"
    return replace(found, notes=(note,)) if found.affine else found


def _understood(said: dict[str, Any], file: Path) -> dict[str, Any]:
    kept = {"origin": said["origin"]} if isinstance(said.get("origin"), str) else {}
    if kept and kept["origin"] not in Origin.__members__:
        # A slip of the pen must not make a picture acquired.
        raise ImagingError(f"{file}: origin is {kept['origin']!r}, wanted {', '.join(Origin.__members__)}")
    for key in said.keys() & {"unit", "modality", "codes", "affine", "labels"}:
        with suppress(ImagingError):
            _parsed({key: said[key]}, file)
            kept[key] = said[key]
    return kept


def _parsed(said: Any, path: Path) -> Sidecar:
    affine = said.get("affine") if isinstance(said, dict) else None
    try:
        return Sidecar(
            mark=Mark.from_json(json.dumps(said)) if "origin" in said else Mark(Origin.ACQUIRED),
            unit=_word(said, "unit", ARBITRARY),
            modality=_word(said, "modality", "OT"),
            codes={int(key): _code(code) for key, code in said.get("codes", {}).items()},
            affine=None
            if affine is None
            else Geometry.from_matrix((1, 1, 1), np.array(affine, float)).affine,
            labels=said.get("labels") is True,
        )
    except (ImagingError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise ImagingError(
            f"{path}: sidecar not understood ({error}), wanted what Vesalius writes"
        ) from error


def _told(code: Code) -> dict[str, Any]:
    return {name: value for name, value in asdict(code).items() if value is not None}


def _code(said: dict[str, Any]) -> Code:
    code = Code(**{name: value for name, value in said.items() if name != "category"})
    return replace(code, category=Code(**said["category"])) if said.get("category") else code


def _word(said: dict[str, Any], key: str, absent: str) -> str:
    word = said.get(key, absent)
    if not isinstance(word, str):
        raise TypeError(f"{key} is {word!r}")
    return word


def _said(text: str, path: Path, is_ours: bool = True) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        if not is_ours and '"origin"' not in text:
            # A file of that stem may be about anything.
            return None
        raise ImagingError(f"{path}: sidecar is no JSON ({error}), wanted a JSON object") from error
