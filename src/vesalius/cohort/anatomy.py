"""People of known truth: a chest made of ellipsoids, different in everybody."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Triple = tuple[float, float, float]

Tissue = Literal["air", "lung", "fat", "soft", "blood", "liver", "marrow", "bone", "lesion"]
"""What a part of the body is made of; `scanner` knows how each looks."""

Sex = Literal["F", "M"]

_GOLDEN = 0.6180339887498949
_TALL = 1e4


@dataclass(frozen=True)
class Ellipsoid:
    """One part of the body.

    Args:
        tissue: What it is made of.
        centre: ``(x, y, z)`` in millimetres: to the left, to the back, to the head.
        radii: Half axes in millimetres, in the same order.
        turn: Radians about the z axis, from left towards back.
    """

    tissue: Tissue
    centre: Triple
    radii: Triple
    turn: float = 0.0


@dataclass(frozen=True)
class Ribs:
    """Bony rings around the chest cavity, lower in front than at the back.

    Args:
        radius: Of one rib, in millimetres.
        pitch: Distance of neighbouring ribs along z, in millimetres.
        slope: Millimetres that a rib rises for each millimetre to the back.
        phase: Height of one rib in millimetres.
    """

    radius: float
    pitch: float
    slope: float
    phase: float


@dataclass(frozen=True)
class Person:
    """Somebody whose anatomy is known exactly.

    Parts are in the order in which they displace each other: the later one wins.

    Args:
        sex: Women are smaller and have more fat under the skin.
        age: Years; the aorta widens and the lungs darken with it.
        wall: Body, shoulders and muscle, from outside to inside.
        cavity: Where the lungs are.
        ribs: Around the cavity.
        organs: Everything within.
        lesion: A nodule in one lung, or None in the healthy.
    """

    sex: Sex
    age: int
    wall: tuple[Ellipsoid, ...]
    cavity: Ellipsoid
    ribs: Ribs
    organs: tuple[Ellipsoid, ...]
    lesion: Ellipsoid | None

    @property
    def label(self) -> Literal["healthy", "lesion"]:
        """The finding: ``"lesion"`` or ``"healthy"``."""
        return "healthy" if self.lesion is None else "lesion"


def person(
    seed: int, index: int = 0, *, lesion_share: float = 0.5, reach: float = 0.0, growth: float = 1.0
) -> Person:
    """One person of a population, the same however many others there are.

    Args:
        seed: Of the population.
        index: Who.
        lesion_share: Share of people with a lesion; met closely by the first n for every n.
        reach: How far from the middle slice, in millimetres, a lesion may lie.
        growth: Multiple of the usual size of a lesion (24 to 42 mm across).
    """
    rng = np.random.default_rng((seed, index))
    sex: Sex = "F" if rng.random() < 0.5 else "M"
    age = int(rng.integers(25, 85))
    size = (0.92 if sex == "F" else 1.02) * float(np.clip(rng.normal(1, 0.05), 0.88, 1.12))
    flat = float(rng.uniform(0.88, 1.12))
    wall = _wall(rng, sex, size, flat)
    cavity = Ellipsoid(
        "lung", (0.0, 0.0, 0.0), (122 * size, 88 * size * flat, 138 * size * rng.uniform(0.88, 1.1))
    )
    ribs = Ribs(rng.uniform(6, 8), rng.uniform(26, 33) * size, rng.uniform(0.4, 0.7), rng.uniform(0, 32))
    organs = (*_vessels(rng, size), *_belly(rng, size), *_middle(rng, age, size, flat))
    lesion = _lesion(rng, size, flat, reach, growth)
    start = np.random.default_rng((seed, 2**31)).random()
    has_lesion = (start + (index + 1) * _GOLDEN) % 1 < lesion_share
    return Person(sex, age, wall, cavity, ribs, organs, lesion if has_lesion else None)


def _wall(rng: np.random.Generator, sex: Sex, size: float, flat: float) -> tuple[Ellipsoid, ...]:
    """Skin and fat, shoulders, and muscle, thicker towards the back."""
    fat = float(rng.uniform(8, 20) + (6 if sex == "F" else 0))
    muscle = float(rng.uniform(12, 20))
    wide, deep, middle = 122 * size + muscle, 88 * size * flat + muscle, (0.0, 8 + muscle / 3, 0.0)
    shoulders = [
        Ellipsoid("soft", (side * 150 * size, 25.0, 165 * size), (62 * size, 50 * size, 75 * size))
        for side in (-1, 1)
    ]
    return (
        Ellipsoid("fat", middle, (wide + fat, deep + fat, 900 * size)),
        *shoulders,
        Ellipsoid("soft", middle, (wide, deep, 900 * size)),
    )


def _vessels(rng: np.random.Generator, size: float) -> tuple[Ellipsoid, ...]:
    """Vessels that leave both lung roots like the fingers of a hand."""
    fingers = []
    for side in (-1, 1):
        for angle in np.linspace(-1.1, 1.1, 5) + rng.normal(0, 0.12, 5):
            reach = rng.uniform(16, 26) * size
            away = side * (34 * size + reach * np.cos(angle)), 12 + reach * np.sin(angle)
            turn = float(angle if side > 0 else -angle)
            thick = float(rng.uniform(2.5, 4.5))
            height = float(rng.normal(0, 14))
            fingers.append(
                Ellipsoid("blood", (float(away[0]), float(away[1]), height), (reach, thick, 3 * thick), turn)
            )
    return tuple(fingers)


def _middle(rng: np.random.Generator, age: int, size: float, flat: float) -> tuple[Ellipsoid, ...]:
    """Mediastinum with heart, aorta and windpipe, and the bones before and behind it."""
    front, back = -88 * size * flat, 88 * size * flat
    spine = back - 20.0
    aorta = 9 + 0.08 * age + float(rng.normal(0, 1))
    heart = float(rng.uniform(0.78, 1.2)) * size
    lean = 24 + float(rng.normal(0, 6))
    return (
        Ellipsoid("soft", (0.0, 0.0, 20.0), (30 * size, back, 190 * size)),
        Ellipsoid("blood", (lean, -24 * flat, -28.0), (54 * heart, 40 * heart, 52 * heart), -0.5),
        Ellipsoid("lung", (2.0, 14.0, 120 * size), (8 * size, 8 * size, 125 * size)),
        Ellipsoid("blood", (24 * size, spine - 22, 0.0), (aorta, aorta, 170 * size)),
        Ellipsoid("bone", (0.0, front - 4, 20.0), (22 * size, 7.0, 85 * size)),
        Ellipsoid("bone", (0.0, spine + 36, 0.0), (6.0, 18.0, _TALL)),
        Ellipsoid("bone", (0.0, spine + 26, 0.0), (24 * size, 7.0, _TALL)),
        Ellipsoid("bone", (0.0, spine, 0.0), (24 * size, 20 * size, _TALL)),
        Ellipsoid("marrow", (0.0, spine, 0.0), (18 * size, 14 * size, _TALL)),
        Ellipsoid("soft", (0.0, spine + 24, 0.0), (10.0, 8.0, _TALL)),
    )


def _belly(rng: np.random.Generator, size: float) -> tuple[Ellipsoid, ...]:
    """Liver on the right, and the stomach with its bubble of air on the left."""
    breath = float(rng.normal(12, 12))
    return (
        Ellipsoid("liver", (-55 * size, 0.0, -165 * size + breath), (82 * size, 84 * size, 90 * size)),
        Ellipsoid("soft", (60 * size, 5.0, -175 * size + breath), (74 * size, 80 * size, 80 * size)),
        Ellipsoid("air", (66 * size, -25.0, -128 * size + breath), (20.0, 18.0, 12.0)),
    )


def _lesion(rng: np.random.Generator, size: float, flat: float, reach: float, growth: float) -> Ellipsoid:
    """A nodule amid one lung, clear of heart and chest wall."""
    right = rng.random() < 0.6
    x = (-1 if right else 1) * rng.uniform(66, 88) * size
    y = (rng.uniform(-32, 32) if right else rng.uniform(14, 40)) * flat
    z = float(rng.uniform(-1, 1)) * reach
    radius = growth * rng.uniform(12, 21)
    radii = tuple(float(radius * factor) for factor in rng.uniform(0.85, 1.15, 3))
    return Ellipsoid("lesion", (float(x), float(y), z), (radii[0], radii[1], radii[2]))
