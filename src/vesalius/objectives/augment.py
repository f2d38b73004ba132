"""Differentiable augmentation of what the critic sees, real and made alike."""

from dataclasses import dataclass

import torch
from torch import Tensor

from vesalius.shapes import Batch


@dataclass(frozen=True, kw_only=True)
class Augment:
    """Which changes the critic must forgive; each is drawn anew for every picture.

    Args:
        shift: Largest shift along rows and columns, as a share of the side.
        cutout: Side of the square that is blanked, as a share of the side.
        brightness: Largest offset, in scaled units (the whole range is 2).
        contrast: Largest relative change of the distance from the picture's mean.
        flip: Whether left and right may be exchanged: only where anatomy allows.

    Source:
        Zhao et al., Differentiable Augmentation for Data-Efficient GAN Training, NeurIPS 2020.
    """

    shift: float = 0.125
    cutout: float = 0.5
    brightness: float = 0.5
    contrast: float = 0.5
    flip: bool = False

    def __call__(self, image: Batch, rng: torch.Generator) -> Batch:
        """The pictures, changed; gradients flow through."""
        draw = _Draws(len(image), image.device, rng)
        if self.contrast:
            mean = image.mean(dim=(1, 2, 3, 4), keepdim=True)
            image = (image - mean) * (1 + self.contrast * draw.signed()) + mean
        if self.brightness:
            image = image + self.brightness * draw.signed()
        if self.flip:
            image = torch.where(draw.signed() > 0, image.flip(-1), image)
        if self.shift:
            image = _shifted(image, self.shift, draw)
        return _cut(image, self.cutout, draw) if self.cutout else image


class _Draws:
    """Random numbers for each picture of a batch, drawn on the CPU so that devices agree."""

    def __init__(self, count: int, device: torch.device, rng: torch.Generator) -> None:
        self.count, self.device, self.rng = count, device, rng

    def signed(self) -> Tensor:
        """One number in [-1, 1) for each picture, shaped to meet ``b c z y x``."""
        return (2 * torch.rand(self.count, 1, 1, 1, 1, generator=self.rng) - 1).to(self.device)

    def integers(self, low: int, high: int) -> Tensor:
        """One whole number in [low, high) for each picture."""
        return torch.randint(low, high, (self.count, 1), generator=self.rng).to(self.device)


def _shifted(image: Tensor, share: float, draw: _Draws) -> Tensor:
    """Move by whole pixels along rows and columns; what comes in is blank (the lowest value)."""
    for axis in (-2, -1):
        side = image.shape[axis]
        most = round(side * share)
        index = torch.arange(side, device=image.device) + draw.integers(-most, most + 1)
        shape = [len(image), 1, 1, 1, 1]
        shape[axis] = side
        inside = ((index >= 0) & (index < side)).view(shape)
        place = index.clamp(0, side - 1).view(shape).expand_as(image)
        image = torch.where(inside, image.gather(image.ndim + axis, place), -1.0)
    return image


def _cut(image: Tensor, share: float, draw: _Draws) -> Tensor:
    """Blank a square whose centre may lie anywhere in the picture."""
    hole = torch.ones(len(image), 1, 1, 1, 1, dtype=torch.bool, device=image.device)
    for axis in (-2, -1):
        side = image.shape[axis]
        size = round(side * share)
        offset = torch.arange(side, device=image.device) - draw.integers(0, side) + size // 2
        shape = [len(image), 1, 1, 1, 1]
        shape[axis] = side
        hole = hole & ((offset >= 0) & (offset < size)).view(shape)
    return image.masked_fill(hole, 0.0)
