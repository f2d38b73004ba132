"""The mark of origin in a DICOM dataset: written where the standard wants it, and read back."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from pydicom import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import UID

from vesalius.errors import ImagingError
from vesalius.imaging.dataset import broken, open_dataset
from vesalius.imaging.decoder import BROKEN
from vesalius.imaging.header import origin_of
from vesalius.imaging.image import Code, Origin
from vesalius.imaging.marks import SOFTWARE, Mark

SYNTHESIZING = Code("109100", "DCM", "Synthesizing Equipment")
"""Purpose of equipment that made content (CID 7005)."""

PROCESSING = Code("109102", "DCM", "Processing Equipment")
"""Purpose of equipment that changed or only wrote content (CID 7005)."""

# An element of VR ST holds 1024 characters; one may be a blank that makes the bytes even.
_TEXT = 1023
_WARNING = "SYNTHETIC: made by a generative model, not acquired from a patient. Not for diagnosis."


def put_mark(dataset: Dataset, mark: Mark) -> None:
    """Say in a dataset how far its content stands from the scanner, and who made it.

    What the dataset said of other equipment stays; a dataset that is synthetic stays so.

    Args:
        dataset: Changed in place.
        mark: What to say. A method too long for its element (1024 characters) is cut.

    Source:
        DICOM PS3.3 C.12.1 (Synthetic Data, Contributing Equipment), C.7.6.1 (Image Type,
        Derivation Description).
    """
    mark = mark.at_least(origin_of(dataset))
    dataset.SyntheticData = "YES" if mark.is_synthetic else "NO"
    if not str(dataset.get("ImageType", [""])[0]).startswith("DERIVED"):
        dataset.ImageType = (
            ["ORIGINAL", "PRIMARY"] if mark.origin is Origin.ACQUIRED else ["DERIVED", "SECONDARY"]
        )
    if mark.origin is not Origin.ACQUIRED:
        dataset.DerivationDescription = _derivation(mark)
    others = dataset.get("ContributingEquipmentSequence") or []
    dataset.ContributingEquipmentSequence = [*others, _equipment(mark)]
    if mark.is_synthetic:
        dataset.ImageComments = _WARNING
        dataset.SeriesDescription = _synthetic_title(dataset.get("SeriesDescription") or "")


def _synthetic_title(said: str | MultiValue) -> str:
    """A description that begins with SYNTHETIC, at most 64 characters long."""
    # A backslash would make two values of one title (PS3.5 6.2, LO).
    title = said if isinstance(said, str) else "/".join(said)
    return (title if title.startswith("SYNTHETIC") else f"SYNTHETIC {title}".strip())[:64]


def read_mark(path: Path) -> Mark | None:
    """What a file says of its making.

    Returns:
        What `put_mark` wrote; of synthetic content by other software its origin and Derivation
        Description; None where nothing is said.

    Raises:
        DicomError: The file is no DICOM file, or its header breaks the standard.
        ImagingError: Our mark is there, but cannot be read.
    """
    dataset = open_dataset(path).dataset
    try:
        return mark_of(dataset)
    except BROKEN as error:
        raise broken(path, error) from error


def mark_of(dataset: Dataset) -> Mark | None:
    """What a dataset says of its making; see `read_mark`."""
    origin = origin_of(dataset)
    for item in reversed(list(dataset.get("ContributingEquipmentSequence") or [])):
        if item.get("ManufacturerModelName") == SOFTWARE:
            return Mark.from_json(str(item.get("ContributionDescription"))).at_least(origin)
    if origin is Origin.SYNTHETIC:
        return Mark(origin, method=str(dataset.get("DerivationDescription") or ""))
    return None


def made_uid(digest: bytes, role: str) -> UID:
    """A UID under 2.25, the same for the same content and role.

    Args:
        digest: Hash of all that the object holds.
        role: What the UID names, e.g. ``"series"``.

    Source:
        DICOM PS3.5 B.2.
    """
    return UID(f"2.25.{UUID(bytes=sha256(digest + role.encode()).digest()[:16], version=5).int}")


def code_item(code: Code) -> Dataset:
    """A coded concept as the item of a sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme, code.meaning
    return item


def _equipment(mark: Mark) -> Dataset:
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [code_item(SYNTHESIZING if mark.is_synthetic else PROCESSING)]
    item.Manufacturer = SOFTWARE
    item.ManufacturerModelName = SOFTWARE
    item.SoftwareVersions = [part for part in (mark.version, mark.model) if part] or SOFTWARE
    item.ContributionDateTime = datetime.now(UTC).strftime("%Y%m%d%H%M%S+0000")
    item.ContributionDescription = _fitting(mark)
    return item


def _fitting(mark: Mark) -> str:
    """The mark as JSON that fits its element, the method cut where it must be."""
    room = _TEXT - len(mark.to_json())
    if room >= 0:
        return mark.to_json()
    kept = mark.method
    while kept and len(text := replace(mark, method=kept + "...").to_json()) > _TEXT:
        kept = kept[: -max(1, (len(text) - _TEXT) // 6)]
    if not kept:
        raise ImagingError(f"mark has {len(mark.to_json())} characters, wanted at most {_TEXT}")
    return replace(mark, method=kept + "...").to_json()


def _derivation(mark: Mark) -> str:
    said = {
        "Model SHA-256": mark.model,
        "Seed": "" if mark.seed is None else str(mark.seed),
        "Evidence SHA-256": mark.evidence,
    }
    facts = " ".join(f"{name}: {value}." for name, value in said.items() if value)
    method = mark.method or f"{mark.origin.name.capitalize()} by {SOFTWARE}."
    room = _TEXT - len(facts) - 1
    return f"{method if len(method) <= room else method[: room - 3] + '...'} {facts}".strip()
