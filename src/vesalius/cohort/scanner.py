"""How a person of known truth looks to a scanner: slices and projections, with its noise."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32

from vesalius.cohort.anatomy import Ellipsoid, Person, Ribs, Tissue

Modality = Literal["CT", "MR", "DX"]
"""The scanners at hand, by their DICOM modality."""

Grid = tuple[
    Float32[np.ndarray, "#z #y #x"], Float32[np.ndarray, "#z #y #x"], Float32[np.ndarray, "#z #y #x"]
]
"""Patient coordinates ``(x, y, z)`` of voxel centres in millimetres: left, back, head."""

Axis = Float32[np.ndarray, "_ _ _"]

Painted = Float32[np.ndarray, "c z y x"]
Cover = Float32[np.ndarray, "z y x"]
Value = Float32[np.ndarray, "c 1 1 1"]


class Matter(NamedTuple):
    """What a scanner measures of a tissue.

    Args:
        hounsfield: CT number in Hounsfield units.
        density: Protons relative to water.
        t1: Longitudinal relaxation in milliseconds.
        t2: Transverse relaxation in milliseconds.
    """

    hounsfield: float
    density: float
    t1: float
    t2: float


MATTER: dict[Tissue, Matter] = {
    "air": Matter(-1000.0, 0.0, 1000.0, 50.0),
    "lung": Matter(-850.0, 0.1, 1200.0, 40.0),
    "fat": Matter(-100.0, 0.9, 300.0, 70.0),
    "soft": Matter(40.0, 0.8, 900.0, 45.0),
    "blood": Matter(120.0, 0.85, 1500.0, 110.0),
    "liver": Matter(60.0, 0.75, 600.0, 42.0),
    "marrow": Matter(250.0, 0.6, 450.0, 60.0),
    "bone": Matter(700.0, 0.1, 600.0, 20.0),
    "lesion": Matter(50.0, 0.9, 1300.0, 120.0),
}
"""Typical values at 1.5 T and 120 kV; schematic, but in the right order."""

SEQUENCES = {"t1": (500.0, 12.0), "t2": (4000.0, 90.0)}
"""Repetition and echo time in milliseconds of the two MR contrasts."""

_MR_WHITE = 1000.0
_NOISE = {"CT": 25.0, "MR": 25.0, "DX": 12.0}
_DX_WHITE = 1000.0
# A third of what water has at 70 keV, so that one film shows lung and spine as a processed radiograph does.
_WATER_PER_MM = 0.006


@dataclass(frozen=True)
class Pose:
    """How somebody lay in the scanner.

    Args:
        shift: Millimetres to the left, back and head.
        turn: Radians about the z axis.
    """

    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    turn: float = 0.0


def signal(tissue: Tissue, role: str) -> float:
    """What one voxel filled with a tissue shows without noise.

    Args:
        tissue: What fills the voxel.
        role: ``"t1"`` or ``"t2"`` for a spin echo, anything else for CT.

    Returns:
        Arbitrary units (0 to about 1000) for MR, Hounsfield units for CT.

    Source:
        Spin echo: S = rho (1 - exp(-TR/T1)) exp(-TE/T2); Haacke et al., Magnetic Resonance
        Imaging, 2014, section 8.
    """
    matter = MATTER[tissue]
    if role not in SEQUENCES:
        return matter.hounsfield
    repetition, echo = SEQUENCES[role]
    weight = (1 - np.exp(-repetition / matter.t1)) * np.exp(-echo / matter.t2)
    return float(_MR_WHITE * matter.density * weight)


def scan(
    somebody: Person, grid: Grid, roles: tuple[str, ...], soft: float, pose: Pose
) -> tuple[Painted, Cover]:
    """Cut slices through somebody.

    Args:
        somebody: Whom to look at.
        grid: Where to look.
        roles: Contrasts, one channel each, as `signal` knows them.
        soft: Width of an edge in millimetres; about one voxel.
        pose: How the person lies on the grid.

    Returns:
        The contrasts without noise, and the share of the lesion in each voxel.
    """
    lain = _lain(grid, pose)
    extent = np.broadcast_shapes(*(axis.shape for axis in lain))
    painted = np.empty((len(roles), *extent), np.float32)
    painted[:] = _channels("air", roles)
    for part in (*somebody.wall, somebody.cavity, *somebody.organs):
        _paint(painted, lain, part, _channels(part.tissue, roles), soft)
    _mix(painted, _cage(somebody.ribs, somebody.cavity, lain, soft), _channels("bone", roles))
    share = np.zeros((1, *extent), np.float32)
    if somebody.lesion is not None:
        _paint(painted, lain, somebody.lesion, _channels("lesion", roles), soft)
        _paint(share, lain, somebody.lesion, np.ones((1, 1, 1, 1), np.float32), soft)
    return painted, share[0]


def project(painted: Painted, step: float) -> Float32[np.ndarray, "c z 1 x"]:
    """X-ray somebody from the back: Hounsfield units along y become the brightness of a radiograph.

    Args:
        painted: CT numbers, ``c z y x``.
        step: Millimetres along y.

    Returns:
        ``c z 1 x``: 0 where the beam passes unhindered, 1000 where nothing arrives.

    Source:
        Beer and Lambert: I = I0 exp(-integral of mu), with mu = mu_water (1 + HU / 1000).
    """
    water = (1 + painted / 1000).clip(0).sum(2, keepdims=True) * step
    return (_DX_WHITE * (1 - np.exp(-_WATER_PER_MM * water))).astype(np.float32)


def noisy(clean: Painted, modality: Modality, rng: np.random.Generator, level: float = 1.0) -> Painted:
    """Add the noise of a scanner: Gaussian, or Rician for the magnitude pictures of MR.

    Args:
        clean: Pictures without noise.
        modality: Which scanner.
        rng: Where chance comes from.
        level: Multiple of the usual noise; 0 for none.

    Source:
        Gudbjartsson and Patz, Magnetic Resonance in Medicine 34, 1995, for the Rician case.
    """
    spread = np.float32(level * _NOISE[modality])
    real = clean + spread * rng.standard_normal(clean.shape, np.float32)
    if modality != "MR":
        return real
    return np.hypot(real, spread * rng.standard_normal(clean.shape, np.float32))


def _lain(grid: Grid, pose: Pose) -> Grid:
    """Grid coordinates as seen from the body."""
    x, y, z = (axis - np.float32(move) for axis, move in zip(grid, pose.shift, strict=True))
    return *_turned(x, y, pose.turn), z


def _turned(x: np.ndarray, y: np.ndarray, turn: float) -> tuple[np.ndarray, np.ndarray]:
    if turn == 0:
        return x, y
    cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    return cosine * x + sine * y, cosine * y - sine * x


def _channels(tissue: Tissue, roles: tuple[str, ...]) -> Value:
    return np.array([signal(tissue, role) for role in roles], np.float32).reshape(-1, 1, 1, 1)


def _paint(painted: Painted, grid: Grid, part: Ellipsoid, value: Value, soft: float) -> None:
    """Displace what was there; only the box around the part is looked at."""
    box = _box(grid, part, soft)
    if any(cut.start == cut.stop for cut in box):
        return
    _mix(painted[:, *box], _cover(_distance(part, _within(grid, box)), soft), value)


def _mix(painted: Painted, cover: Cover, value: Value) -> None:
    painted += cover * (value - painted)


def _cover(distance: Cover, soft: float) -> Cover:
    return (np.float32(0.5) - distance * np.float32(1 / soft)).clip(0, 1)


def _distance(part: Ellipsoid, grid: Grid) -> Cover:
    """Signed millimetres to the surface, right to first order; negative inside."""
    x, y, z = (axis - np.float32(at) for axis, at in zip(grid, part.centre, strict=True))
    x, y = _turned(x, y, part.turn)
    squares = [
        np.square(axis / np.float32(radius)) for axis, radius in zip((x, y, z), part.radii, strict=True)
    ]
    steep = sum(square / np.float32(radius**2) for square, radius in zip(squares, part.radii, strict=True))
    return (squares[0] + squares[1] + squares[2] - 1) / (2 * np.sqrt(steep + np.float32(1e-9)))


def _box(grid: Grid, part: Ellipsoid, soft: float) -> tuple[slice, slice, slice]:
    """Slices, rows and columns that a part may touch."""
    a, b, c = part.radii
    wide = np.hypot(a * np.cos(part.turn), b * np.sin(part.turn)) + soft
    deep = np.hypot(a * np.sin(part.turn), b * np.cos(part.turn)) + soft
    reach = (wide, deep, c + soft)
    near = [
        np.abs(axis - np.float32(at)) <= far for axis, at, far in zip(grid, part.centre, reach, strict=True)
    ]
    across, down, up = near
    return _span(up, 0), _span(down, 1), _span(across, 2)


def _span(touched: Bool[np.ndarray, "z y x"], axis: int) -> slice:
    """The shortest run along one axis that holds everything touched."""
    others = tuple(other for other in range(3) if other != axis)
    (where,) = np.nonzero(np.any(touched, axis=others))
    return slice(int(where[0]), int(where[-1]) + 1) if len(where) else slice(0, 0)


def _within(grid: Grid, box: tuple[slice, slice, slice]) -> tuple[Axis, Axis, Axis]:
    """The grid inside a box; axes that were broadcast stay so."""
    x, y, z = (
        axis[tuple(slice(None) if length == 1 else cut for length, cut in zip(axis.shape, box, strict=True))]
        for axis in grid
    )
    return x, y, z


def _cage(ribs: Ribs, cavity: Ellipsoid, grid: Grid, soft: float) -> Cover:
    """All ribs at once: they repeat along z."""
    _, y, z = grid
    outside = _distance(cavity, grid) - np.float32(0.6 * ribs.radius)
    height = z - np.float32(ribs.slope) * y - np.float32(ribs.phase)
    height = (height + np.float32(ribs.pitch / 2)) % np.float32(ribs.pitch) - np.float32(ribs.pitch / 2)
    return _cover(np.hypot(outside, height) - np.float32(ribs.radius), soft)
