"""Synthesis: pictures of people who do not exist."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from vesalius.cohort.cohort import Case, Cohort
from vesalius.errors import CohortError, ImagingError, RecipeError
from vesalius.example import Single
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import ARBITRARY, HOUNSFIELD, Image, Origin
from vesalius.imaging.intensity import AnyIntensity, Percentile, Window, windowed
from vesalius.imaging.resample import to_plane_size
from vesalius.networks.blocks import Shape

ANYBODY = "all"
"""Name of the only class when a cohort is learnt without labels."""

_LOOKED_AT = 64
_LEVELS = 32


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """Which pictures a generator learns to make, and how they become pictures again.

    Args:
        size: Rows and columns of the pictures.
        channels: 1 for grey, 3 for colour.
        classes: Values of the fact that conditions; one class when it is not conditioned.
        fact: The conditioning fact, or None.
        role: Which picture of a case is learnt.
        intensity: How values become [-1, 1].
        made: How [-1, 1] becomes values again, in a unit.
        spacing: Millimetres between voxel centres, ``(z, y, x)``.
        modality: DICOM modality of the pictures.
    """

    kind: Literal["synthesis"] = "synthesis"
    size: tuple[int, int]
    channels: int
    classes: tuple[str, ...]
    fact: str | None
    role: str = "image"
    intensity: AnyIntensity
    made: Window
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    modality: str = "OT"

    @property
    def shape(self) -> Shape:
        """Extent of one picture, ``(c, z, y, x)``."""
        return self.channels, 1, *self.size

    def encode(self, case: Case) -> Single:
        """One case as a batch of one.

        Raises:
            ImagingError: The picture cannot be read, has several slices or other channels.
            CohortError: The case has no such fact, or a value that is not a class.
        """
        image = case.image(self.role)
        if image.voxels.shape[0] != self.channels:
            raise ImagingError(f"picture has {image.voxels.shape[0]} channel(s), wanted {self.channels}")
        if image.geometry.shape[0] != 1:
            raise ImagingError(
                f"picture has {image.geometry.shape[0]} slices, wanted one; cut it into slices"
            )
        voxels, _ = windowed(to_plane_size(image, self.size), self.intensity)
        return Single(voxels[None], torch.tensor([self._class_of(case)]))

    def decode(self, voxels: Float[Tensor, "c z y x"]) -> Image:
        """What a generator made, as a marked picture in the unit of the cohort.

        Values come out whole, as scanners store them, unless the whole range is a few units.
        """
        values = self.made.backward(voxels.float().clamp(-1, 1))
        if self.made.high - self.made.low >= _LEVELS:
            values = values.round()
        geometry = Geometry.plain((1, *self.size), self.spacing)
        return Image(values, geometry, self.made.unit, Origin.SYNTHETIC, self.modality)

    def _class_of(self, case: Case) -> int:
        if self.fact is None:
            return 0
        value = str(case.facts.get(self.fact, ""))
        if value not in self.classes:
            raise CohortError(
                f"case {case.key} has {self.fact} {value!r}, wanted one of {list(self.classes)}"
            )
        return self.classes.index(value)


def synthesis_of(cohort: Cohort, size: int, fact: str | None) -> Synthesis:
    """The task that fits a cohort: channels, units and spacing are found by looking at some of it.

    Args:
        cohort: Training cases of one slice each.
        size: Rows and columns of the pictures to learn.
        fact: What conditions the generator, or None.

    Raises:
        CohortError: No such fact, or fewer than two values of it.
        ImagingError: No picture could be read.
        RecipeError: The size is not a multiple of 16 from 16 to 128.
    """
    if size not in range(16, 129, 16):
        raise RecipeError(f"task.size is {size}, wanted a multiple of 16 from 16 to 128")
    classes = (ANYBODY,) if fact is None else cohort.levels(fact)
    if fact is not None and len(classes) < 2:
        raise CohortError(
            f"cohort {cohort.name} has one class only, {fact} = {', '.join(classes)!r}; wanted two or more, "
            "another label, or none for a generator without classes"
        )
    looks = _looks(cohort)
    channels = _common([image.voxels.shape[0] for image in looks])
    looks = [image for image in looks if image.voxels.shape[0] == channels]
    intensity, made = _intensity(looks)
    modalities = {image.modality for image in looks}
    return Synthesis(
        size=(size, size),
        channels=channels,
        classes=classes,
        fact=fact,
        intensity=intensity,
        made=made,
        spacing=_spacing(looks, size),
        modality=modalities.pop() if len(modalities) == 1 else "OT",
    )


def _looks(cohort: Cohort) -> list[Image]:
    """Some pictures, evenly over the cohort; those that cannot be read are met again, and named, later."""
    chosen = np.unique(np.linspace(0, len(cohort) - 1, min(len(cohort), _LOOKED_AT)).round().astype(int))
    looks, why = [], "the cohort is empty"
    for index in chosen:
        try:
            looks.append(cohort.cases[index].image())
        except ImagingError as error:
            why = str(error)
    if not looks:
        raise ImagingError(f"cohort {cohort.name} has no readable picture, wanted at least one; last: {why}")
    return looks


def _intensity(looks: list[Image]) -> tuple[AnyIntensity, Window]:
    """A fixed window where the unit means something, a percentile window for each picture otherwise."""
    units = {image.unit for image in looks}
    values = np.concatenate([image.voxels.flatten()[::7].numpy() for image in looks])
    if units == {HOUNSFIELD}:
        low, high = np.percentile(values.clip(-1024, None), [0.5, 99.8])
        window = Window(low=float(low), high=float(high), unit=HOUNSFIELD)
        return window, window
    if len(units) == 1 and values.min() >= 0 and values.max() <= 255 and (values == values.round()).all():
        window = Window(low=0.0, high=255.0, unit=units.pop())
        return window, window
    intensity = Percentile()
    fitted = [intensity.fit(image) for image in looks if image.voxels.min() < image.voxels.max()]
    low, high = (float(np.median([getattr(window, end) for window in fitted])) for end in ("low", "high"))
    return intensity, Window(low=low, high=high, unit=units.pop() if len(units) == 1 else ARBITRARY)


def _spacing(looks: list[Image], size: int) -> tuple[float, float, float]:
    """Voxel distance after the longer side of the typical picture was brought to `size` voxels."""
    extents = [np.array(image.geometry.spacing) * image.geometry.shape for image in looks]
    z, y, x = np.median(extents, axis=0)
    side = round(float(max(y, x)) / size, 4)
    return float(z), side, side


def _common(counts: list[int]) -> int:
    return max(sorted(set(counts)), key=counts.count)
