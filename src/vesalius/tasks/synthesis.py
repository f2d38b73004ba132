"""Synthesis: pictures of people who do not exist."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf, prod
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from vesalius.cohort.cohort import Case, Cohort, Fact
from vesalius.cohort.crossing import Crossing, Factor, Levels, combination, crossing, factors_of
from vesalius.errors import CohortError, ImagingError, RecipeError
from vesalius.example import Single
from vesalius.imaging.edge import are_cut
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import ARBITRARY, HOUNSFIELD, Image, Origin
from vesalius.imaging.intensity import AnyIntensity, Percentile, Window, windowed
from vesalius.imaging.resample import to_plane_size
from vesalius.imaging.volume import Extent, Spacing, grid_spacing, to_volume_size
from vesalius.networks.blocks import Shape, refuse_none
from vesalius.networks.conditions import Conditions
from vesalius.tasks.looks import looked_at, refuse_flat
from vesalius.tasks.sizes import Size, are_volumes, extent_of, refuse_size

ANYBODY = "all"
"""Name of the only class when a cohort is learnt without labels."""

Outside = Literal["edge", "low"]
"""The median of the edge, which is what lies around; or the value that becomes -1, where the edge is body.

Bars of a grey that is another in each picture say nothing, and no network draws them even.
"""

_LEVELS = 32


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """Which pictures a generator learns to make, and how they become pictures again.

    Args:
        size: Rows and columns of the pictures; slices, rows and columns of volumes.
        channels: 1 for grey, 3 for colour, any number for others.
        classes: Values of the fact that conditions; one class when it is not conditioned.
        fact: The conditioning fact, or several and their limits as they are asked for; None for none.
        role: Which picture of a case is learnt.
        intensity: How values become [-1, 1].
        made: How [-1, 1] becomes values again, in a unit.
        spacing: Millimetres between voxel centres, ``(z, y, x)``.
        modality: DICOM modality of the pictures.
        outside: What fills a picture up to the wanted size.
        is_whole: Whether values of the cohort are whole numbers, so that made ones are rounded.
        crossing: Which combinations of facts the classes are; None where they are values of one.

    Raises:
        RecipeError: No channel, no class or one twice, classes that are others than those that are crossed,
            or a voxel without extent.
    """

    kind: Literal["synthesis"] = "synthesis"
    size: Size
    channels: int
    classes: tuple[str, ...]
    fact: str | None
    role: str = "image"
    intensity: AnyIntensity
    made: Window
    spacing: Spacing = (1.0, 1.0, 1.0)
    modality: str = "OT"
    # Not shown: a stack knows its task by how that is shown. Where `outside` is not as it was before there
    # was such a field, the stack is told so besides; on the others it does not depend.
    outside: Outside = field(default="edge", repr=False)
    is_whole: bool = field(default=True, repr=False)
    crossing: Crossing | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not all(0 < each < inf for each in self.spacing):
            raise RecipeError(f"task.spacing is {self.spacing}, wanted lengths in mm, more than 0")
        refuse_none("task", channels=self.channels, classes=len(self.classes))
        if len(set(self.classes)) < len(self.classes):
            raise RecipeError(f"task.classes are {self.classes}, wanted each once")
        if self.crossing is not None and self.crossing.names != self.classes:
            raise RecipeError(
                f"task.classes are {self.classes}, wanted {self.crossing.names} as in task.crossing"
            )

    @property
    def shape(self) -> Shape:
        """Extent of one picture, ``(c, z, y, x)``."""
        return self.channels, *self.extent

    @property
    def extent(self) -> Extent:
        """Voxels of one picture along ``(z, y, x)``."""
        return extent_of(self.size)

    @property
    def voxels(self) -> int:
        """Values of one channel of one picture."""
        return prod(self.size)

    @property
    def is_volume(self) -> bool:
        """Whether pictures have several slices."""
        return are_volumes(self.size)

    @property
    def conditions(self) -> Conditions:
        """What networks have to tell apart: classes, or the levels of several facts."""
        crossing = self.crossing
        return len(self.classes) if crossing is None or len(crossing.factors) == 1 else crossing.table

    def facts(self, index: int) -> dict[str, Fact]:
        """What is known of a picture of a class."""
        if self.crossing is not None:
            return self.crossing.facts(index)
        return {} if self.fact is None else {self.fact: self.classes[index]}

    def told(self, case: Case) -> Fact | Levels | None:
        """What a case says of its class: a value, if any; a level of each fact, refused where one lacks."""
        if self.crossing is not None:
            return combination(case, self.crossing.factors)
        return case.facts.get(self.fact or "")

    def encode(self, case: Case) -> Single:
        """One case as a batch of one.

        Raises:
            ImagingError: The picture cannot be read, has other channels, or several slices where one
                is wanted, or one where several are.
            CohortError: The case has no such fact, or a value that is not a class.
        """
        image = case.image(self.role)
        if image.voxels.shape[0] != self.channels:
            raise ImagingError(f"picture has {image.voxels.shape[0]} channel(s), wanted {self.channels}")
        voxels, _ = windowed(self.sized(image), self.intensity)
        return Single(voxels[None], torch.tensor([self._class_of(case)]))

    def sized(self, image: Image) -> Image:
        """A picture on the grid that is learnt, filled up where it has another shape; in its own unit.

        Raises:
            ImagingError: It has several slices where one is wanted, or one where several are.
        """
        outside = self.intensity.fit(image).low if self.outside == "low" else None
        if len(self.size) == 3:
            refuse_flat(image)
            return to_volume_size(image, self.size, self.spacing, outside)
        if image.geometry.shape[0] != 1:
            raise ImagingError(
                f"picture has {image.geometry.shape[0]} slices, wanted one; cut it into slices"
            )
        return to_plane_size(image, self.size, outside)

    def decode(self, voxels: Float[Tensor, "c z y x"]) -> Image:
        """What a generator made, as a marked picture in the unit of the cohort.

        Values come out whole where those of the cohort are, unless the whole range is a few units.
        """
        values = self.made.backward(voxels.float().clamp(-1, 1))
        if self.is_whole and self.made.high - self.made.low >= _LEVELS:
            values = values.round()
        geometry = Geometry.plain(self.extent, self.spacing)
        return Image(values, geometry, self.made.unit, Origin.SYNTHETIC, self.modality)

    def _class_of(self, case: Case) -> int:
        if self.crossing is not None:
            return self.crossing.index(case)
        if self.fact is None:
            return 0
        value = str(case.facts.get(self.fact, ""))
        if value not in self.classes:
            raise CohortError(
                f"case {case.key} has {self.fact} {value!r}, wanted one of {list(self.classes)}"
            )
        return self.classes.index(value)


def synthesis_of(cohort: Cohort, size: int | Size, fact: str | None) -> Synthesis:
    """The task that fits a cohort: channels, units and spacing are found by looking at some of it.

    Args:
        cohort: Training cases, of one slice each or, where the size has three numbers, whole volumes.
        size: Rows and columns of the pictures to learn, one number for both; or slices, rows and columns.
        fact: What conditions the generator, or None: a column, or several such as ``label,sex,age:40,60``,
            where the numbers of the last are cut at 40 and 60.

    Raises:
        CohortError: No such fact, one that is not known of somebody, fewer than two levels of it, or very
            many numbers that are not cut.
        ImagingError: No picture could be read, or no volume where volumes are wanted.
        RecipeError: The size is none that can be learnt; see `refuse_size`.
    """
    sides = (size, size) if isinstance(size, int) else size
    refuse_size(sides)
    factors = () if fact is None else factors_of(fact, cohort)
    found = _crossed(cohort, factors) if factors else None
    seen = looked_at(cohort, are_volumes(sides))
    channels = _common([image.voxels.shape[0] for image, _ in seen])
    looks = [image for image, _ in seen if image.voxels.shape[0] == channels]
    grids = [grid for image, grid in seen if image.voxels.shape[0] == channels]
    units, intensity = {image.unit for image in looks}, _intensity(looks)
    unit = units.pop() if len(units) == 1 else ARBITRARY
    modalities = {image.modality for image in looks}
    task = Synthesis(
        size=sides,
        channels=channels,
        classes=(ANYBODY,) if found is None else found.names,
        fact=",".join(map(str, factors)) or None,
        intensity=intensity,
        made=intensity if isinstance(intensity, Window) else Window(low=-1.0, high=1.0, unit=unit),
        spacing=grid_spacing(grids, sides) if are_volumes(sides) else _spacing(grids, max(sides)),
        modality=modalities.pop() if len(modalities) == 1 else "OT",
        outside="low" if are_cut(looks, are_volumes(sides)) else "edge",
        is_whole=unit == HOUNSFIELD or all((one.voxels == one.voxels.round()).all() for one in looks),
        crossing=None if len(factors) == 1 and not factors[0].limits else found,
    )
    return task if isinstance(intensity, Window) else replace(task, made=_usual(task, looks))


def _crossed(cohort: Cohort, factors: tuple[Factor, ...]) -> Crossing:
    found = crossing(cohort, factors)
    for factor, levels in zip(factors, found.levels, strict=True):
        if len(levels) < 2:
            raise CohortError(
                f"cohort {cohort.name} has one class only, {factor.fact} = {', '.join(levels)!r}; wanted two "
                "or more, another label, or none for a generator without classes"
            )
    return found


def _intensity(looks: list[Image]) -> Window | Percentile:
    """A fixed window where the unit means something, a percentile window for each picture otherwise."""
    units = {image.unit for image in looks}
    values = np.concatenate([image.voxels.flatten()[::7].numpy() for image in looks])
    if units == {HOUNSFIELD}:
        low, high = np.percentile(values.clip(-1024, None), [0.5, 99.8])
        return Window(low=float(low), high=float(high), unit=HOUNSFIELD)
    if len(units) == 1 and values.min() >= 0 and values.max() <= 255 and (values == values.round()).all():
        # As many bits as are used: in eight of them, a picture of three levels would be all black.
        used = max(int(image.voxels.max()) for image in looks).bit_length()
        return Window(low=0.0, high=2.0 ** min(max(used, 1), 8) - 1, unit=units.pop())
    return Percentile()


def _usual(task: Synthesis, looks: list[Image]) -> Window:
    """The typical window of pictures as they are learnt: what lies around them counts in theirs, too.

    Raises:
        ImagingError: No picture has two values that differ; the last refusal.
    """
    found: list[Window] = []
    why: ImagingError | None = None
    for image in looks:
        try:
            found.append(task.intensity.fit(task.sized(image)))
        except ImagingError as error:
            why = error
    if not found:
        raise ImagingError(f"no picture can be learnt, wanted at least one: {why}") from why
    low, high = (float(np.median([getattr(window, end) for window in found])) for end in ("low", "high"))
    return Window(low=low, high=high, unit=task.made.unit)


def _spacing(grids: Sequence[Geometry], size: int) -> Spacing:
    """Voxel distance after the longer side of the typical picture was brought to `size` voxels."""
    extents = [np.array(grid.spacing) * grid.shape for grid in grids]
    z, y, x = np.median(extents, axis=0)
    side = round(float(max(y, x)) / size, 4)
    return float(z), side, side


def _common(counts: list[int]) -> int:
    return max(sorted(set(counts)), key=counts.count)
