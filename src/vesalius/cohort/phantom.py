"""People of known truth and their pictures, for tests and first steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float, Float32

from vesalius.cohort.anatomy import Person, person
from vesalius.cohort.cohort import Case, Cohort, Held, HeldLabels
from vesalius.cohort.scanner import Grid, Modality, Pose, noisy, project, scan
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import ARBITRARY, HOUNSFIELD, Code, Image, LabelMap

LESION = Code("4147007", "SCT", "Mass")
"""What class 1 of a phantom's label map means."""

FIELD_OF_VIEW = {"CT": 380.0, "MR": 380.0, "DX": 290.0}
"""Millimetres across a picture, by modality: the whole trunk, or the chest only."""

# A radiograph shows the whole height of the lungs, and a nodule only faintly: it lies anywhere and is larger.
_REACH = {"CT": 0.0, "MR": 0.0, "DX": 40.0}
_GROWTH = {"CT": 1.0, "MR": 1.0, "DX": 1.8}
_TRUNK = 240.0
_THICKNESS, _DEPTH_STEPS = 320.0, 32


@dataclass(frozen=True, eq=False)
class Phantom:
    """One picture of one person of known truth.

    Args:
        person: The anatomy that was seen.
        images: Role to picture: ``"image"`` always; MR adds ``"t1"`` (the same picture) and
            ``"t2"``, whose noise-free values follow from the tissue by `scanner.signal`.
        mask: The lesion as class 1; empty in the healthy.
    """

    person: Person
    images: Mapping[str, Image]
    mask: LabelMap

    @property
    def image(self) -> Image:
        """The picture, or the first contrast of two."""
        return self.images["image"]

    @property
    def label(self) -> str:
        """``"lesion"`` or ``"healthy"``."""
        return self.person.label


def phantom(
    seed: int,
    index: int = 0,
    *,
    visit: int = 0,
    size: int = 64,
    slices: int = 1,
    modality: Modality = "CT",
    lesion_share: float = 0.5,
    noise: float = 1.0,
) -> Phantom:
    """Make one person and take a picture.

    Args:
        seed: Of the population.
        index: Who of the population.
        visit: Which picture of this person: pose and noise differ, the anatomy stays.
        size: Rows and columns, at least 16.
        slices: Axial slices from the belly to the neck; one lies amid the chest. A radiograph has one.
        modality: ``"CT"`` in Hounsfield units, ``"MR"`` with two contrasts, or a frontal ``"DX"``.
        lesion_share: Share of people with a lesion.
        noise: Multiple of the usual scanner noise; 0 for none.

    Raises:
        ValueError: A picture that is too small, or a radiograph of several slices.

    Examples:
        >>> somebody = phantom(0)
        >>> tuple(somebody.image.voxels.shape), somebody.image.unit
        ((1, 1, 64, 64), "[hnsf'U]")
    """
    if size < 16 or slices < 1 or (modality == "DX" and slices > 1):
        raise ValueError(f"phantom of {slices} slice(s) of {size}x{size} {modality} cannot be made")
    reach = 0.3 * _TRUNK if slices > 1 else _REACH[modality]
    somebody = person(seed, index, lesion_share=lesion_share, reach=reach, growth=_GROWTH[modality])
    rng = np.random.default_rng((seed, index, visit + 1))
    look = _frontal if modality == "DX" else _axial
    clean, lesion, geometry = look(somebody, (slices, size), modality, _pose(rng))
    mask = LabelMap(torch.from_numpy(lesion > 0.5).long()[None], geometry, {1: LESION})
    return Phantom(somebody, _images(noisy(clean, modality, rng, noise), geometry, modality), mask)


def phantom_cohort(
    n: int,
    *,
    size: int = 64,
    slices: int = 1,
    seed: int = 0,
    pictures_per_patient: int = 1,
    lesion_share: float = 0.5,
    modality: Modality = "CT",
    noise: float = 1.0,
) -> Cohort:
    """A study of n people of known truth, in memory; person i is the same whatever n is.

    Facts: ``label``, ``sex``, ``age``, ``modality``.

    Args:
        n: People.
        size: Rows and columns.
        slices: Axial slices of each picture.
        seed: Of the population.
        pictures_per_patient: Pictures of each person, in another pose and with other noise.
        lesion_share: Share of people with a lesion.
        modality: ``"CT"``, ``"MR"`` or ``"DX"``.
        noise: Multiple of the usual scanner noise.

    Examples:
        >>> study = phantom_cohort(4, pictures_per_patient=2)
        >>> len(study), len(study.patients), study.levels("label")
        (8, 4, ('healthy', 'lesion'))
    """
    take = partial(
        phantom, size=size, slices=slices, modality=modality, lesion_share=lesion_share, noise=noise
    )
    visits = [(index, visit) for index in range(n) for visit in range(pictures_per_patient)]
    cases = (_case(take(seed, i, visit=visit), f"p{seed}-{i:05d}", visit) for i, visit in visits)
    return Cohort(tuple(cases), f"phantoms-{modality.lower()}")


def _images(
    voxels: Float32[np.ndarray, "c z y x"], geometry: Geometry, modality: Modality
) -> dict[str, Image]:
    unit = HOUNSFIELD if modality == "CT" else ARBITRARY
    first, *others = (Image(torch.from_numpy(one[None]), geometry, unit, modality=modality) for one in voxels)
    return {"image": first} if modality != "MR" else {"image": first, "t1": first, "t2": others[0]}


def _case(seen: Phantom, patient: str, visit: int) -> Case:
    return Case(
        key=f"{patient}-{visit}",
        patient=patient,
        pictures={role: Held(image) for role, image in seen.images.items()},
        masks={"mask": HeldLabels(seen.mask)},
        facts={
            "label": seen.label,
            "sex": seen.person.sex,
            "age": seen.person.age,
            "modality": seen.image.modality,
        },
    )


def _pose(rng: np.random.Generator) -> Pose:
    x, y, z = (float(value) for value in rng.normal(0, (4.0, 4.0, 2.0)))
    return Pose((x, y, z), float(rng.normal(0, 0.03)))


def _axial(
    somebody: Person, shape: tuple[int, int], modality: Modality, pose: Pose
) -> tuple[Float[np.ndarray, "c z y x"], Float[np.ndarray, "z y x"], Geometry]:
    slices, size = shape
    side = FIELD_OF_VIEW[modality] / size
    thick = _TRUNK / slices if slices > 1 else 8.0
    grid = _grid(_centred(slices, thick), _centred(size, side), _centred(size, side))
    roles = ("t1", "t2") if modality == "MR" else ("ct",)
    clean, lesion = scan(somebody, grid, roles, side, pose)
    corner = (float(grid[0][0, 0, 0]), float(grid[1][0, 0, 0]), float(grid[2][0, 0, 0]))
    return clean, lesion, Geometry.plain((slices, size, size), (thick, side, side), corner)


def _frontal(
    somebody: Person, shape: tuple[int, int], modality: Modality, pose: Pose
) -> tuple[Float[np.ndarray, "c z y x"], Float[np.ndarray, "z y x"], Geometry]:
    """Rows run from head to foot, columns to the left: as a radiograph hangs on the wall."""
    _, size = shape
    side, step = FIELD_OF_VIEW[modality] / size, _THICKNESS / _DEPTH_STEPS
    grid = _grid(_centred(size, side)[::-1], _centred(_DEPTH_STEPS, step), _centred(size, side))
    clean, lesion = scan(somebody, grid, ("ct",), side, pose)
    film = project(clean, step).transpose(0, 2, 1, 3)
    start = (side - FIELD_OF_VIEW[modality]) / 2
    affine = np.array([[0, 0, side, start], [1.0, 0, 0, 0], [0, -side, 0, -start], [0, 0, 0, 1]])
    return film, lesion.max(1)[None], Geometry.from_matrix((1, size, size), affine)


def _centred(count: int, step: float) -> Float[np.ndarray, "count"]:
    return ((np.arange(count) - (count - 1) / 2) * step).astype(np.float32)


def _grid(z: np.ndarray, y: np.ndarray, x: np.ndarray) -> Grid:
    return x[None, None, :], y[None, :, None], z[:, None, None]
