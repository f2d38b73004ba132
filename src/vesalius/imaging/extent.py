"""What a file says of its picture before any voxel is decoded."""

from dataclasses import dataclass

from vesalius.imaging.image import Origin
from vesalius.imaging.marks import Mark

ACQUIRED = Mark(Origin.ACQUIRED)
"""The mark of a file that says nothing of its origin."""


@dataclass(frozen=True)
class Header:
    """Extent of a stored picture.

    Args:
        size: Voxels along ``(z, y, x)``.
        channels: Values of each voxel.
        spacing: Millimetres between voxel centres along ``(z, y, x)``, or None where the file is silent.
        modality: DICOM modality, ``"OT"`` when unknown.
        mark: What it says of its origin, inside or beside.
        notes: What is unusual about the file.
    """

    size: tuple[int, int, int]
    channels: int
    spacing: tuple[float, float, float] | None
    modality: str = "OT"
    mark: Mark = ACQUIRED
    notes: tuple[str, ...] = ()
