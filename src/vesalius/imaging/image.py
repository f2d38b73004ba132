"""Pictures and label maps: values on a grid that know where they come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum

from vesalius.errors import GeometryError, UnitError
from vesalius.imaging.geometry import Geometry
from vesalius.shapes import Labels, Voxels

HOUNSFIELD = "[hnsf'U]"
"""UCUM code of Hounsfield units."""

ARBITRARY = "1"
"""UCUM code of values without a unit."""


class Origin(IntEnum):
    """How far a picture stands from the scanner. What is derived never moves closer.

    Source:
        DICOM PS3.3 C.12.1.1: content derived from synthetic data is synthetic, too.
    """

    ACQUIRED = 0
    DERIVED = 1
    SYNTHETIC = 2


@dataclass(frozen=True, eq=False)
class Image:
    """A picture in a patient.

    Args:
        voxels: Values in `unit`, ``c z y x``; a radiograph has one slice.
        geometry: Where the voxels lie.
        unit: UCUM code: ``"[hnsf'U]"`` for Hounsfield units, ``"1"`` for arbitrary ones.
        origin: How far the picture stands from the scanner.
        modality: DICOM modality (``"CT"``, ``"MR"``, ``"DX"``, ...), ``"OT"`` when unknown.
        notes: What is unusual about the file or series it was read from, such as a gantry tilt.

    Raises:
        GeometryError: The voxels do not fill the grid.
    """

    voxels: Voxels
    geometry: Geometry
    unit: str = ARBITRARY
    origin: Origin = Origin.ACQUIRED
    modality: str = "OT"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_extent(tuple(self.voxels.shape[1:]), self.geometry)

    def derive(self, voxels: Voxels, origin: Origin = Origin.DERIVED) -> "Image":
        """The same place with new values; never closer to the scanner than before."""
        return replace(self, voxels=voxels, origin=max(self.origin, origin))

    def onto(self, voxels: Voxels, geometry: Geometry) -> "Image":
        """Derived values on another grid of the same patient."""
        return replace(self, voxels=voxels, geometry=geometry, origin=max(self.origin, Origin.DERIVED))

    def slice(self, z: int) -> "Image":
        """One slice where it lies; a part of an acquired picture is still acquired."""
        return replace(self, voxels=self.voxels[:, z : z + 1], geometry=self.geometry.slice(z))

    def wants(self, unit: str) -> None:
        """Refuse to go on in another unit.

        Raises:
            UnitError: The picture is in another unit.
        """
        if self.unit != unit:
            raise UnitError("picture", self.unit, unit)


@dataclass(frozen=True)
class Code:
    """A concept of a coding scheme, as DICOM writes it.

    Args:
        value: Code value, e.g. ``"40638003"``.
        scheme: Coding scheme designator, e.g. ``"SCT"`` for SNOMED CT.
        meaning: The words a reader sees.
        category: What kind of thing it is, an organ or a lesion; None where the code itself decides
            (`vesalius.imaging.categories.category_of`).
    """

    value: str
    scheme: str
    meaning: str
    category: "Code | None" = None


@dataclass(frozen=True, eq=False)
class LabelMap:
    """Classes on a grid. Its own type because it interpolates otherwise.

    Args:
        labels: Class of each voxel, ``1 z y x``; 0 is background.
        geometry: Where the voxels lie.
        codes: What each class above 0 means.
        origin: How far the map stands from a scanner; drawn by a person on an acquired
            picture is `Origin.DERIVED`.

    Raises:
        GeometryError: The labels do not fill the grid.
    """

    labels: Labels
    geometry: Geometry
    codes: Mapping[int, Code] = field(default_factory=dict)
    origin: Origin = Origin.DERIVED

    def __post_init__(self) -> None:
        _check_extent(tuple(self.labels.shape[1:]), self.geometry)

    def derive(self, labels: Labels, origin: Origin = Origin.DERIVED) -> "LabelMap":
        """The same place with new classes; never closer to the scanner than before."""
        return replace(self, labels=labels, origin=max(self.origin, origin))

    def onto(self, labels: Labels, geometry: Geometry) -> "LabelMap":
        """Derived classes on another grid of the same patient."""
        return replace(self, labels=labels, geometry=geometry, origin=max(self.origin, Origin.DERIVED))

    def slice(self, z: int) -> "LabelMap":
        """One slice where it lies."""
        return replace(self, labels=self.labels[:, z : z + 1], geometry=self.geometry.slice(z))


def _check_extent(extent: tuple[int, ...], geometry: Geometry) -> None:
    if extent != geometry.shape:
        raise GeometryError(f"values have extent {extent} along z, y, x, but the grid has {geometry.shape}")
