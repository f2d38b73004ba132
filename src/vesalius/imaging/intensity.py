"""Value maps: voxels in a unit to [-1, 1] and back.

Every map, fixed or fitted to a picture, comes down to a `Window`: two values that become -1
and 1. A window clips what lies outside; inside, `Window.backward` undoes `Window.forward`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from vesalius.errors import ImagingError
from vesalius.imaging.image import Image
from vesalius.shapes import Voxels


@dataclass(frozen=True, kw_only=True)
class Window:
    """Two values that become -1 and 1; what lies outside is clipped.

    Args:
        low: Value that becomes -1, in `unit`.
        high: Value that becomes 1, in `unit`.
        unit: UCUM code of the pictures it is meant for.

    Raises:
        ImagingError: The window is empty or not finite.

    Source:
        DICOM PS3.3 C.11.2.1.3.2 (LINEAR_EXACT), scaled to [-1, 1].

    Examples:
        >>> soft_tissue = Window(low=-160.0, high=240.0, unit="[hnsf'U]")
        >>> soft_tissue.forward(torch.tensor([[[[-1000.0, 40.0, 240.0]]]])).flatten().tolist()
        [-1.0, 0.0, 1.0]
    """

    kind: Literal["window"] = "window"
    low: float
    high: float
    unit: str

    def __post_init__(self) -> None:
        if not (np.isfinite([self.low, self.high]).all() and self.low < self.high):
            raise ImagingError(f"window is {self.low} to {self.high}, wanted two finite, rising values")

    def fit(self, image: Image) -> "Window":
        """The window itself, if the picture is in its unit.

        Raises:
            UnitError: The picture is in another unit.
        """
        image.wants(self.unit)
        return self

    def forward(self, voxels: Voxels) -> Voxels:
        """Values in `unit` to [-1, 1]."""
        return ((voxels - self.low) * (2 / (self.high - self.low)) - 1).clamp(-1, 1)

    def backward(self, voxels: Voxels) -> Voxels:
        """[-1, 1] to values in `unit`."""
        return (voxels + 1) * ((self.high - self.low) / 2) + self.low


@dataclass(frozen=True, kw_only=True)
class Percentile:
    """A window of its own for each picture, for units that mean nothing across scanners (MR).

    Where both percentiles are one value, as in a picture that is nearly all background, the
    extremes of the picture take their place.

    Args:
        low: Percentile of the values of the picture that becomes -1; 0 to 100.
        high: Percentile that becomes 1; above `low`.

    Raises:
        ImagingError: Not two rising percentiles.
    """

    kind: Literal["percentile"] = "percentile"
    low: float = 0.5
    high: float = 99.5

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= 100:
            raise ImagingError(f"percentiles are {self.low} and {self.high}, wanted 0 <= low < high <= 100")

    def fit(self, image: Image) -> Window:
        """The window of one picture, in its unit.

        Raises:
            ImagingError: All values of the picture are equal.
        """
        values = image.voxels.numpy(force=True)
        low, high = np.percentile(values, [self.low, self.high])
        if low == high:
            low, high = values.min(), values.max()
        if low == high:
            raise ImagingError(f"picture is {low:g} everywhere, wanted at least two values")
        return Window(low=float(low), high=float(high), unit=image.unit)


@dataclass(frozen=True, kw_only=True)
class ZScore:
    """Distance from a mean in standard deviations, as a share of the largest that is kept.

    Args:
        mean: Value that becomes 0, in `unit`.
        std: Standard deviation, in `unit`.
        unit: UCUM code of the pictures it is meant for.
        deviations: How many standard deviations become 1; what lies further out is clipped.

    Raises:
        ImagingError: Mean, deviation or their number is impossible.
    """

    kind: Literal["zscore"] = "zscore"
    mean: float
    std: float
    unit: str
    deviations: float = 4.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.mean) and 0 < self.std < np.inf and 0 < self.deviations < np.inf):
            raise ImagingError(
                f"z-score has mean {self.mean}, std {self.std}, deviations {self.deviations}; "
                "wanted finite values, the last two above 0"
            )

    @property
    def window(self) -> Window:
        """The same map, said by its ends."""
        reach = self.deviations * self.std
        return Window(low=self.mean - reach, high=self.mean + reach, unit=self.unit)

    def fit(self, image: Image) -> Window:
        """The same map, said by its ends, if the picture is in its unit.

        Raises:
            UnitError: The picture is in another unit.
        """
        return self.window.fit(image)

    def forward(self, voxels: Voxels) -> Voxels:
        """Values in `unit` to [-1, 1]."""
        return self.window.forward(voxels)

    def backward(self, voxels: Voxels) -> Voxels:
        """[-1, 1] to values in `unit`."""
        return self.window.backward(voxels)


AnyIntensity = Window | Percentile | ZScore
"""How the values of a picture may become [-1, 1]."""


def windowed(image: Image, intensity: AnyIntensity) -> tuple[Voxels, Window]:
    """Scale a picture to [-1, 1].

    Args:
        image: What to scale.
        intensity: How.

    Returns:
        The scaled voxels, and the window whose `Window.backward` gives the values back.

    Raises:
        UnitError: The map is meant for another unit.
        ImagingError: The map cannot be fitted to this picture.
    """
    window = intensity.fit(image)
    return window.forward(image.voxels), window


def zscore(images: Iterable[Image], deviations: float = 4.0) -> ZScore:
    """The z-score of all voxels of some pictures together.

    Args:
        images: Pictures in one unit; read once, one after the other.
        deviations: How many standard deviations become 1.

    Raises:
        UnitError: Two pictures are in different units.
        ImagingError: There is no picture, or all values are equal.
    """
    unit, count, total, square = "", 0, 0.0, 0.0
    for image in images:
        unit = unit or image.unit
        image.wants(unit)
        values = image.voxels.double()
        count, total, square = count + values.numel(), total + values.sum(), square + values.square().sum()
    if count == 0:
        raise ImagingError("z-score of no picture, wanted at least one")
    mean = total / count
    return ZScore(
        mean=float(mean), std=float((square / count - mean**2) ** 0.5), unit=unit, deviations=deviations
    )


def rounded(image: Image) -> Image:
    """The nearest whole numbers, which formats without fractions can hold; never closer to the scanner."""
    return image.derive(torch.round(image.voxels))
