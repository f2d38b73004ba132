"""Planes in a patient, and the regular grid that several of them may make."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from vesalius.errors import GeometryError
from vesalius.imaging.geometry import Geometry

Triple = tuple[float, float, float]
Sextet = tuple[float, float, float, float, float, float]

_AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_TILT_DEGREES = 0.5
_SAME_MM = 0.01
_SAME_PART = 0.02


@dataclass(frozen=True)
class Plane:
    """Where one slice lies, as its file says.

    Args:
        position: Centre of the first voxel, ``(L, P, S)`` in millimetres, or None.
        orientation: Unit vectors along which columns and rows count, or None.
        spacing: Millimetres between rows and between columns.
        gap: Millimetres to the next slice as the file says, or None.

    Source:
        DICOM PS3.3 C.7.6.2.1.1 (Image Position and Orientation), 10.7.1.3 (Pixel Spacing).
    """

    position: Triple | None = None
    orientation: Sextet | None = None
    spacing: tuple[float, float] = (1.0, 1.0)
    gap: float | None = None

    @property
    def along_x(self) -> Float[np.ndarray, "3"]:
        """Unit vector in which the column index grows."""
        return np.array((self.orientation or _AXIAL)[:3])

    @property
    def along_y(self) -> Float[np.ndarray, "3"]:
        """Unit vector in which the row index grows."""
        return np.array((self.orientation or _AXIAL)[3:])

    @property
    def normal(self) -> Float[np.ndarray, "3"]:
        """Unit vector across the plane, right-handed after columns and rows."""
        across = np.cross(self.along_x, self.along_y)
        return across / max(float(np.linalg.norm(across)), 1e-12)

    @property
    def height(self) -> float:
        """How far along its own normal the plane lies, in millimetres; 0 without a position."""
        return float(np.dot(self.position or (0.0, 0.0, 0.0), self.normal))


def order(planes: Sequence[Plane]) -> list[int]:
    """Indices of planes from the lowest to the highest along the normal of the first one."""
    left, back, head = np.array([plane.position or (0.0, 0.0, 0.0) for plane in planes]).T
    along_left, along_back, along_head = planes[0].normal
    # Term by term: a product of matrices may round equal places differently.
    heights = left * along_left + back * along_back + head * along_head
    return np.argsort(heights, kind="stable").tolist()


def faults(planes: Sequence[Plane]) -> tuple[str, ...]:
    """What keeps sorted planes from being one regular grid, in words; empty when nothing does."""
    if len(planes) < 2:
        return ()
    if any(plane.position is None for plane in planes):
        return ("slices without a position in the patient",)
    orientations = {plane.orientation or _AXIAL for plane in planes}
    count = len({tuple(np.round(orientation, 3)) for orientation in orientations})
    if count > 1:
        return (f"slices have {count} orientations",)
    sizes = {plane.spacing for plane in planes}
    spacing = () if _are_close(sizes) else (f"slices have {len(sizes)} pixel spacings",)
    return spacing + _step_faults(_positions(planes) @ planes[0].normal) + _line_faults(planes)


def tilt(planes: Sequence[Plane]) -> float:
    """Degrees between the normal of sorted planes and the way they are stacked."""
    if len(planes) < 2 or any(plane.position is None for plane in planes):
        return 0.0
    positions = _positions(planes)
    way = positions[-1] - positions[0]
    length = float(np.linalg.norm(way))
    if length < _SAME_MM:
        return 0.0
    return float(np.degrees(np.arccos(np.clip(np.dot(way, planes[0].normal) / length, -1, 1))))


def is_tilted(planes: Sequence[Plane]) -> bool:
    """Whether sorted planes are stacked aslant, as by a tilted gantry."""
    return tilt(planes) > _TILT_DEGREES


def geometry(planes: Sequence[Plane], rows: int, columns: int, name: str) -> Geometry:
    """The grid of sorted planes; sheared when they are stacked aslant.

    Args:
        planes: From the lowest to the highest.
        rows: Voxels along y.
        columns: Voxels along x.
        name: What the planes belong to, for the message.

    Raises:
        GeometryError: The planes are no regular grid; the message says why.
    """
    if found := faults(planes):
        raise GeometryError(f"{name}: {'; '.join(found)}; wanted a regular grid, or slices read singly")
    return grid(planes, rows, columns)


def grid(planes: Sequence[Plane], rows: int, columns: int) -> Geometry:
    """The grid of sorted planes that have no `faults`; sheared when they are stacked aslant.

    Args:
        planes: From the lowest to the highest.
        rows: Voxels along y.
        columns: Voxels along x.
    """
    first = planes[0]
    matrix = np.eye(4)
    matrix[:3, 0] = _step(planes)
    matrix[:3, 1] = first.along_y * first.spacing[0]
    matrix[:3, 2] = first.along_x * first.spacing[1]
    matrix[:3, 3] = first.position or (0.0, 0.0, 0.0)
    return Geometry.from_matrix((len(planes), rows, columns), matrix)


def _step(planes: Sequence[Plane]) -> Float[np.ndarray, "3"]:
    if len(planes) == 1:
        return planes[0].normal * (planes[0].gap or 1.0)
    positions = _positions(planes)
    return (positions[-1] - positions[0]) / (len(planes) - 1)


def _positions(planes: Sequence[Plane]) -> Float[np.ndarray, "n 3"]:
    return np.array([plane.position for plane in planes], dtype=np.float64)


def _are_close(sizes: set[tuple[float, float]]) -> bool:
    return bool(np.ptp(np.array(list(sizes)), axis=0).max() < 1e-4)


def _step_faults(heights: Float[np.ndarray, "n"]) -> tuple[str, ...]:
    """Duplicates, gaps and uneven steps among sorted heights in millimetres."""
    steps = np.diff(heights)
    apart = steps[steps > _SAME_MM]
    found = []
    if len(apart) < len(steps):
        found.append(f"{len(steps) - len(apart)} slice(s) at a place where another one lies")
    if not len(apart):
        return tuple(found)
    usual = float(np.median(apart))
    whole = np.round(apart / usual)
    is_even = np.abs(apart - whole * usual) <= _SAME_MM + _SAME_PART * apart
    if is_even.all() and whole.max() > 1:
        above = [f"{h:.2f} mm" for h, step in zip(heights, steps, strict=False) if step > 1.5 * usual]
        found.append(f"{int(whole.sum()) - len(whole)} slice(s) missing above {', '.join(above[:5])}")
    elif not is_even.all():
        found.append(f"slice spacing changes between {apart.min():.2f} and {apart.max():.2f} mm")
    return tuple(found)


def _line_faults(planes: Sequence[Plane]) -> tuple[str, ...]:
    """Whether the sideways part of the positions drifts off a straight line."""
    positions, normal = _positions(planes), planes[0].normal
    heights = positions @ normal
    if np.ptp(heights) < _SAME_MM:
        return ()
    sideways = positions - np.outer(heights, normal)
    heights, sideways = heights - heights.mean(), sideways - sideways.mean(0)
    slope = heights @ sideways / (heights @ heights)
    worst = np.abs(sideways - np.outer(heights, slope)).max()
    return (f"slices are shifted sideways by up to {worst:.2f} mm",) if worst > 10 * _SAME_MM else ()
