"""What travels with a picture in formats that have no field for it: a JSON file beside, and a copy inside."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from vesalius.errors import ImagingError
from vesalius.imaging.geometry import Affine, Geometry
from vesalius.imaging.image import ARBITRARY, Code, Image, LabelMap, Origin
from vesalius.imaging.marks import Mark
from vesalius.storage import written


@dataclass(frozen=True)
class Sidecar:
    """Origin, unit, modality, codes and place of a picture.

    The same JSON stands in a file beside the picture, where people and tools find it, and inside
    the picture, where it cannot get lost. Every key may be missing; keys of others are passed over,
    so a BIDS sidecar does no harm, and a hand-written ``{"unit": "[hnsf'U]", "modality": "CT"}``
    tells what a NIfTI file cannot.

    Args:
        mark: How far the picture stands from the scanner, and who made it.
        unit: UCUM code of its values.
        modality: DICOM modality.
        codes: What each class of a label map means.
        affine: Index ``(z, y, x, 1)`` to LPS millimetres, for formats without geometry.
        labels: Whether the values are classes.
    """

    mark: Mark = field(default_factory=lambda: Mark(Origin.ACQUIRED))
    unit: str = ARBITRARY
    modality: str = "OT"
    codes: Mapping[int, Code] = field(default_factory=dict)
    affine: Affine | None = None
    labels: bool = False

    def to_json(self) -> str:
        """One line of JSON; `Mark.from_json` understands it, too."""
        said = {"unit": self.unit, "modality": self.modality, "labels": self.labels, "affine": self.affine}
        codes = {str(value): asdict(code) for value, code in self.codes.items()}
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
    """Where the sidecar of a picture lies: ``a.nii.gz`` and ``a.png`` have ``a.json``."""
    stem = path.name[: -len(".nii.gz")] if path.name.lower().endswith(".nii.gz") else path.stem
    return path.with_name(f"{stem}.json")


def write_sidecar(sidecar: Sidecar, path: Path) -> None:
    """Write the JSON file beside a picture; what others wrote there is kept.

    Args:
        sidecar: What to say.
        path: The picture.

    Raises:
        ImagingError: Another file of that name is no JSON object.
        StorageError: It could not be written whole.
    """
    file = beside(path)
    said = _object(file.read_text(), file) if file.is_file() else {}
    with written(file) as target:
        target.write_text(json.dumps(said | json.loads(sidecar.to_json()), indent=2, sort_keys=True) + "\n")


def read_sidecar(path: Path, inside: str | None, origin: Origin = Origin.ACQUIRED) -> Sidecar:
    """What is known of a picture from inside and beside it; of several origins the highest holds.

    Args:
        path: The picture.
        inside: The JSON found inside it, which goes before the file beside, or None.
        origin: What other fields of the format say of the origin.

    Raises:
        ImagingError: What was said cannot be understood; the message names the file.
    """
    file = beside(path)
    outer = _parsed(file.read_text(errors="replace"), file) if file.is_file() else None
    inner = _parsed(inside, path) if inside else None
    known = inner or outer or Sidecar()
    return known.at_least(max(origin, (outer or known).mark.origin))


def _parsed(text: str, path: Path) -> Sidecar:
    said = _object(text, path)
    affine = said.get("affine")
    try:
        return Sidecar(
            mark=Mark.from_json(text) if "origin" in said else Mark(Origin.ACQUIRED),
            unit=str(said.get("unit", ARBITRARY)),
            modality=str(said.get("modality", "OT")),
            codes={int(key): Code(**code) for key, code in said.get("codes", {}).items()},
            affine=None
            if affine is None
            else Geometry.from_matrix((1, 1, 1), np.array(affine, float)).affine,
            labels=said.get("labels") is True,
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise ImagingError(
            f"{path}: sidecar not understood ({error}), wanted what Vesalius writes"
        ) from error


def _object(text: str, path: Path) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError as error:
        raise ImagingError(f"{path}: sidecar is no JSON ({error}), wanted a JSON object") from error
    if not isinstance(said, dict):
        raise ImagingError(f"{path}: sidecar is a JSON {type(said).__name__}, wanted a JSON object")
    return said
