"""What a file says of its picture before any voxel is decoded."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Header:
    """Extent of a stored picture.

    Args:
        size: Voxels along ``(z, y, x)``.
        channels: Values of each voxel.
        spacing: Millimetres between voxel centres along ``(z, y, x)``, or None where the file is silent.
        modality: DICOM modality, ``"OT"`` when unknown.
    """

    size: tuple[int, int, int]
    channels: int
    spacing: tuple[float, float, float] | None
    modality: str = "OT"
