"""Pictures whose worth is known, to be measured beside the made ones."""

import numpy as np
import torch
from jaxtyping import Float32, Int
from scipy.ndimage import gaussian_filter
from torch.nn.functional import pad

from vesalius.evidence.planes import are_volumes, seen
from vesalius.networks.blocks import deep, flat, size_of
from vesalius.networks.coarse import components_of, grid_of
from vesalius.networks.head_start import HeadStart
from vesalius.networks.linear import LinearBase
from vesalius.objectives.warps import rotation, warped
from vesalius.shapes import Stack

LabelsOf = Int[np.ndarray, "_"]
"""Class of each picture."""


def linear_samples(
    train: Stack, labels: LabelsOf, people: LabelsOf, wanted: LabelsOf, seed: int
) -> Float32[np.ndarray, "m c z y x"]:
    """Samples of the linear model: class mean plus Gaussian components, fewer than there are people.

    Of many people nobody's picture, and the cheapest generator there is: what a network must beat.
    Above 128 pixels a side it is blurred besides; see `networks.linear.grid_of`.

    Args:
        train: Training pictures.
        labels: Class of each.
        people: Person of each, numbered from 0.
        wanted: Class of each sample; a class without training pictures is not to be asked for.
        seed: Fixes the samples.
    """
    known, places = np.unique(labels, return_inverse=True)
    shape = train.shape[1:]
    components = components_of(np.bincount(places).tolist(), len(np.unique(people)), size_of(grid_of(shape)))
    base = LinearBase(shape, len(known), HeadStart(components))
    pictures = torch.from_numpy(np.ascontiguousarray(train))
    base.fit(pictures, torch.from_numpy(places), torch.from_numpy(people))
    condition = torch.from_numpy(np.searchsorted(known, wanted))
    samples = base.sample(condition, torch.Generator().manual_seed(seed))
    return samples.clamp(-1, 1).numpy()


def augmented(train: Stack, seed: int, mirror: bool = False) -> Stack:
    """Classical augmentation: each picture turned, scaled, shifted, re-lit and noised a little.

    Args:
        train: Pictures in [-1, 1].
        seed: Fixes the changes.
        mirror: Left and right may be exchanged.
    """
    rng = torch.Generator().manual_seed(seed)
    pictures = torch.from_numpy(np.ascontiguousarray(seen(train)))
    return augment(pictures, rng, mirror).reshape(train.shape).numpy()


def augment(pictures: torch.Tensor, rng: torch.Generator, mirror: bool) -> torch.Tensor:
    """The same of a batch ``b c y x``: ±7 degrees, ±5 % in size, ±5 % shift, ±10 % in intensity.

    Volumes ``b c z y x`` are turned within their slices; size and shift are along all three axes.
    """
    count, axes = len(pictures), pictures.ndim - 2

    def between(low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(count, generator=rng)

    angle, scale = between(-0.12, 0.12), between(0.95, 1.05)
    angles = pad(angle[:, None], (0, 2 if axes == 3 else 0))
    matrix = scale[:, None, None] * rotation(angles)
    if mirror:
        matrix[:, :, 0] *= torch.where(between(0, 1) < 0.5, -1.0, 1.0)[:, None]
    away = torch.stack([between(-0.05, 0.05) * side for side in reversed(pictures.shape[2:])], dim=1)
    steps = torch.linalg.solve(matrix, away)
    moved = flat(warped(deep(pictures, axes), matrix, steps, padding="border"), axes)
    each = (count, *[1] * (axes + 1))
    lit = moved * between(0.9, 1.1).view(each) + between(-0.05, 0.05).view(each)
    return (lit + 0.02 * torch.randn(lit.shape, generator=rng)).clamp(-1, 1)


def blurred(train: Stack, sigma: float = 2.0) -> Stack:
    """Deliberately bad pictures: a Gaussian blur of `sigma` voxels along every axis."""
    return gaussian_filter(train, (0, 0, sigma if are_volumes(train) else 0, sigma, sigma)).astype(np.float32)
