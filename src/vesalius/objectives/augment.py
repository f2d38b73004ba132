"""Differentiable augmentation of what the critic sees, real and made alike."""

from dataclasses import dataclass
from math import log1p, radians

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vesalius.errors import RecipeError
from vesalius.objectives.draws import Draws
from vesalius.objectives.fields import field
from vesalius.objectives.intensities import biased, brightened, contrasted, cut, noised
from vesalius.objectives.warps import mirrored, rotation, shifted, sides_of, warped
from vesalius.shapes import Batch

_MOST = {
    "shift": 0.5,
    "cutout": 1.0,
    "brightness": 2.0,
    "contrast": 1.0,
    "rotation": 180.0,
    "scale": 1.0,
    "elastic": 0.1,
    "noise": 1.0,
    "bias": 1.0,
    "probability": 1.0,
}
_KNOTS = 3
_BENDS = 7  # four spans of a spline: displacements of a tenth of the side do not fold it


@dataclass(frozen=True, kw_only=True)
class Augment:
    """Which changes the critic must forgive; each is drawn anew for every picture.

    What every picture goes through can leak into what is made: where each is mirrored by the toss of a
    coin, a generator that makes mirrored people only is never found out. An operation that spares a
    picture with probability 1 - p does not leak for p below one half: what the critic sees is a
    mixture of the cohort itself (weight 1 - p) and of changed pictures (weight p), from which the
    cohort can be had back as long as its own part outweighs the other.

    Args:
        shift: Largest shift along each axis, as a share of the side, in whole voxels.
        cutout: Side of the square or cube that is blanked, as a share of the side.
        brightness: Largest offset, in scaled units (the whole range is 2).
        contrast: Largest relative change of the distance from the picture's mean.
        flip: Whether left and right may be exchanged: only where anatomy allows.
        rotation: Largest angle in degrees, either way; for volumes in each of the three planes.
        scale: Largest relative change of size; growing and shrinking are equally likely.
        elastic: Largest displacement along each axis by a smooth field, as a share of the side. At most a
            tenth, so that nothing folds.
        noise: Largest standard deviation of Gaussian noise, in scaled units.
        bias: Largest logarithm of the gain of a smooth field, for magnetic resonance.
        probability: With which each operation is applied to a picture; shift, flip, turn, size and
            bend are drawn one by one and carried out together.

    Raises:
        RecipeError: A strength that is negative, too large or no number.

    Source:
        Zhao et al., Differentiable Augmentation for Data-Efficient GAN Training, NeurIPS 2020;
        Karras et al., NeurIPS 2020, section 2.2, for leaks; Choi and Lee, Graphical Models 62, 2000,
        for displacements that do not fold: 0.40 of the distance of knots in volumes, 0.48 in the plane.
    """

    shift: float = 0.125
    cutout: float = 0.5
    brightness: float = 0.5
    contrast: float = 0.5
    flip: bool = False
    rotation: float = 0.0
    scale: float = 0.0
    elastic: float = 0.0
    noise: float = 0.0
    bias: float = 0.0
    probability: float = 1.0

    def __post_init__(self) -> None:
        for name, most in _MOST.items():
            if not 0 <= getattr(self, name) <= most:
                raise RecipeError(f"augment.{name} is {getattr(self, name)}, wanted 0 to {most:g}")

    def __call__(self, image: Batch, rng: torch.Generator, strength: Tensor | None = None) -> Batch:
        """The pictures, changed; gradients flow through.

        Args:
            image: Pictures.
            rng: Random stream on the CPU.
            strength: Where it adapts, the probability is multiplied by it.
        """
        probability = float(self.probability) if strength is None else self.probability * strength
        draw = Draws(len(image), image.device, rng, probability)
        # In half-width floats a voxel of a large picture has no place of its own.
        image = image.to(torch.promote_types(image.dtype, torch.float32))
        with torch.autocast(image.device.type, enabled=False):
            return self._hidden(self._moved(self._lit(image, draw), draw), draw)

    def _lit(self, image: Batch, draw: Draws) -> Batch:
        """Bias field first: it belongs to the scanner, brightness and contrast to the screen."""
        if self.bias:
            extent = (image.shape[2], image.shape[3], image.shape[4])
            knots = self.bias * draw.box(1, *(min(side, _KNOTS) for side in extent))
            image = draw.some(image, biased(image, field(knots, extent, "polynomial")[:, 0]))
        if self.contrast:
            image = draw.some(image, contrasted(image, self.contrast * draw.signed()))
        if self.brightness:
            image = draw.some(image, brightened(image, self.brightness * draw.signed()))
        return image

    def _moved(self, image: Batch, draw: Draws) -> Batch:
        """Whole-voxel moves alone are exact; turns, sizes and bends take them along in one interpolation."""
        flips = draw.kept(draw.signed() > 0).flatten() if self.flip else None
        steps = draw.kept(self._steps(image, draw)) if self.shift else None
        if not (self.rotation or self.scale or self.elastic):
            image = image if flips is None else mirrored(image, flips)
            return image if steps is None else shifted(image, steps)
        axes = len(sides_of(image))
        matrix = self._pose(axes, draw)
        if flips is not None:
            matrix[:, 0] = torch.where(flips[:, None], -matrix[:, 0], matrix[:, 0])
        still = torch.zeros(len(image), axes, device=image.device)
        bend = self._bend(sides_of(image), draw) if self.elastic else None
        return warped(image, matrix, still if steps is None else steps.float(), bend)

    def _hidden(self, image: Batch, draw: Draws) -> Batch:
        """Noise after the interpolation, which would smooth it; holes last."""
        if self.noise:
            level = self.noise * draw.signed()
            image = draw.some(image, noised(image, level, draw.normal(*image.shape[1:])))
        if self.cutout:
            centres = [draw.integers(0, side) for side in sides_of(image)]
            image = draw.some(image, cut(image, torch.cat(centres[::-1], dim=1), self.cutout))
        return image

    def _steps(self, image: Batch, draw: Draws) -> Int[Tensor, "b n"]:
        reach = [round(side * self.shift) for side in sides_of(image)]
        return torch.cat([draw.integers(-most, most + 1) for most in reach][::-1], dim=1)

    def _pose(self, axes: int, draw: Draws) -> Float[Tensor, "b n n"]:
        """From places in the changed picture to places in the given one: turned back, sized back."""
        angles, sizes = torch.zeros(draw.count, 1 if axes == 2 else 3, device=draw.device), 1.0
        if self.rotation:
            angles = draw.kept(radians(self.rotation) * draw.box(angles.shape[1]))
        if self.scale:
            sizes = draw.kept(log1p(self.scale) * draw.box(1, 1)).exp()
        return rotation(angles).transpose(1, 2) / sizes

    def _bend(self, sides: tuple[int, ...], draw: Draws) -> Float[Tensor, "b n *k"]:
        """Knots of displacements along x, y (and z), in voxels."""
        most = self.elastic * torch.tensor(sides[::-1], dtype=torch.float32, device=draw.device)
        knots = draw.box(len(sides), *[_BENDS] * len(sides))
        return draw.kept(knots * most.view(1, -1, *[1] * len(sides)))
