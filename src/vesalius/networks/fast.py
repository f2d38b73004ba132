"""FastGAN-shaped players: skip-layer excitation in the generator, a critic that can draw what it saw."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import glu, leaky_relu, silu
from torch.nn.utils.parametrizations import spectral_norm

from vesalius.networks.blocks import (
    Convolution,
    Shape,
    averaged,
    axes_of,
    batch_norm,
    coarse_of,
    convolution,
    deep,
    even_,
    flat,
    halving,
    narrow_,
    refuse_none,
    size_of,
    stages_of,
    widths_of,
)
from vesalius.networks.conditions import Conditions, silent_embedding
from vesalius.networks.head_start import HeadStart
from vesalius.networks.linear import base_of
from vesalius.networks.redrawing import Corner, Gated, Memory, Redrawer, corner_of, grown
from vesalius.shapes import Batch, Classes, Latents, Scores

_LEAP = 4
_POOLED = 4
_SLOPE = 0.2
_MEAN = {2: nn.AvgPool2d, 3: nn.AvgPool3d}


@dataclass(frozen=True, kw_only=True)
class FastGenerator:
    """Latent coordinates and a class to a picture, where coarse grids weigh the channels of fine ones.

    Args:
        width: Channels of the finest grid; up to eight times as many at coarser ones; see
            `networks.blocks.widths_of`. Published: 64.
        latent: Number of latent coordinates.
        head_start: Components of the linear base that the network adds its residual to; 0 for none.

    Raises:
        RecipeError: No channel, no latent coordinate, or more components than coordinates.

    Source:
        Liu et al., ICLR 2021, section 3.1.
    """

    kind: Literal["fast.generator"] = "fast.generator"
    width: int = 16
    latent: int = 256
    head_start: int = 0

    def __post_init__(self) -> None:
        refuse_none("generator", width=self.width, latent=self.latent)
        HeadStart(self.head_start).refuse(self.latent)

    def build(self, shape: Shape, classes: Conditions) -> "FastMaker":
        """The network for pictures of a shape, freshly drawn.

        Raises:
            RecipeError: The sides of the picture cannot be halved down to a coarse grid.
        """
        return FastMaker(self, shape, classes)


@dataclass(frozen=True, kw_only=True)
class FastDiscriminator:
    """A picture and its class to a score; on the way it keeps enough to draw the picture again.

    On the way to the score every convolution has spectral norm 1, and batch normalisation follows, without
    which so short layers shrink what they see until all scores are alike. So a score depends on the pictures
    beside it while the critic learns: real and made ones go through apart, and no penalty is put on it.

    Args:
        width: Channels after the first layer; up to eight times as many further on; see
            `networks.blocks.widths_of`. Published: 64.

    Raises:
        RecipeError: No channel.

    Source:
        Liu et al., ICLR 2021, section 3.2 and the authors' code; Miyato et al., ICLR 2018, for the spectral
        norm.
    """

    kind: Literal["fast.discriminator"] = "fast.discriminator"
    width: int = 16

    def __post_init__(self) -> None:
        refuse_none("discriminator", width=self.width)

    def build(self, shape: Shape, classes: Conditions) -> "FastCritic":
        """The network for pictures of a shape, freshly drawn.

        Raises:
            RecipeError: The sides of the picture cannot be halved down to a coarse grid.
        """
        return FastCritic(self, shape, classes)


class Excitation(nn.Module):
    """Weighs the channels of a fine grid by what is seen at a coarse one: a skip over many layers.

    Source:
        Liu et al., ICLR 2021, section 3.1, eq. 2.
    """

    def __init__(self, axes: int, coarse: int, fine: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(coarse * _POOLED**axes, fine)
        self.weigh = nn.Linear(fine, fine)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """The fine features, each channel times a number from 0 to 1."""
        seen = silu(self.squeeze(averaged(coarse, _POOLED).flatten(1)))
        return fine * self.weigh(seen).sigmoid().unflatten(1, (-1, *[1] * (fine.ndim - 2)))


class FastMaker(nn.Module):
    """Generator of FastGAN shape; with a head start it learns what the linear model lacks.

    Grids with one and with two gated convolutions alternate. The published noise is left out, so that a
    picture is a function of its latent coordinates; so is the spectral norm, which the batch
    normalisation after each convolution undoes.
    """

    def __init__(self, spec: FastGenerator, shape: Shape, classes: Conditions) -> None:
        super().__init__()
        self.axes = axes_of(shape)
        stages = stages_of(shape)
        widths = widths_of(spec.width, stages + 1, shape)[::-1]
        self.grid = (2 * widths[0], *coarse_of(shape, stages))
        self.embedding = silent_embedding(classes, size_of(self.grid))
        self.stem = nn.Linear(spec.latent, size_of(self.grid))
        self.stem_norm = batch_norm(self.axes, self.grid[0])
        self.grow = nn.ModuleList(
            _growing(self.axes, wide, narrow, 1 + level % 2)
            for level, (wide, narrow) in enumerate(pairwise(widths))
        )
        leap = min(_LEAP, stages)
        self.excite = nn.ModuleList(
            Excitation(self.axes, coarse, fine) for coarse, fine in zip(widths, widths[leap:], strict=False)
        )
        self.head = convolution(self.axes, widths[-1], shape[0], 3)
        self.base = base_of(shape, classes, HeadStart(spec.head_start))
        narrow_(self)
        if self.base is not None:
            for parameter in self.head.parameters():
                nn.init.zeros_(parameter)

    def forward(self, latents: Latents, condition: Classes) -> Batch:
        """Pictures, about in [-1, 1]."""
        start = self.stem(latents) + self.embedding(condition)
        grids = [glu(self.stem_norm(start.unflatten(1, self.grid)), dim=1)]
        without = len(self.grow) - len(self.excite)
        for level, grow in enumerate(self.grow):
            features = grow(grown(grids[-1]))
            # Those that come after a whole leap are weighed, the first of them by the coarsest grid.
            if (leapt := level - without) >= 0:
                features = self.excite[leapt](grids[leapt], features)
            grids.append(features)
        residual = self.head(grids[-1]).float()
        if self.base is None:
            return deep(residual.tanh(), self.axes)
        return self.base.completed(self.base(latents, condition), condition, residual)


class Fall(nn.Module):
    """Half the grid, by convolutions and by a mean side by side."""

    def __init__(self, axes: int, channels: int, width: int) -> None:
        super().__init__()
        self.first, self.first_norm = halving(axes, channels, width), batch_norm(axes, width)
        self.second, self.second_norm = convolution(axes, width, width, 3), batch_norm(axes, width)
        self.mean = _MEAN[axes](2)
        self.direct, self.direct_norm = convolution(axes, channels, width, 1), batch_norm(axes, width)

    def forward(self, features: Tensor) -> Tensor:
        """Features on the smaller grid."""
        main = leaky_relu(self.first_norm(self.first(features)), _SLOPE)
        main = leaky_relu(self.second_norm(self.second(main)), _SLOPE)
        return (main + leaky_relu(self.direct_norm(self.direct(self.mean(features))), _SLOPE)) / 2


class FastCritic(nn.Module):
    """Critic of FastGAN shape, conditioned by projection (Miyato and Koyama, ICLR 2018, eq. 4)."""

    def __init__(self, spec: FastDiscriminator, shape: Shape, classes: Conditions) -> None:
        super().__init__()
        self.axes = axes_of(shape)
        stages = stages_of(shape)
        widths = widths_of(spec.width, stages, shape)
        self.stem = halving(self.axes, shape[0], widths[0])
        self.fall = nn.ModuleList(Fall(self.axes, narrow, wide) for narrow, wide in pairwise(widths))
        features = size_of((widths[-1], *coarse_of(shape, stages)))
        self.score = nn.Linear(features, 1)
        even_(self, _SLOPE)
        for layer in [*self.modules()]:
            if isinstance(layer, Convolution | nn.Linear):
                spectral_norm(layer)
        self.embedding = silent_embedding(classes, features)
        self.places = (stages - 2, max(stages - 3, 0))
        whole, part = self.places
        self.whole = Redrawer(self.axes, widths[whole], spec.width, whole, shape[0])
        self.part = Redrawer(self.axes, widths[part], spec.width, part + 1, shape[0])

    def forward(self, image: Batch, condition: Classes) -> Scores:
        """One score for each picture, always in float32."""
        return self.remember(image, condition)[0]

    def remember(self, image: Batch, condition: Classes) -> tuple[Scores, Memory]:
        """The scores, and what was kept of the pictures on the way."""
        grids = [leaky_relu(self.stem(flat(image, self.axes)), _SLOPE)]
        for fall in self.fall:
            grids.append(fall(grids[-1]))
        whole, part = self.places
        found = grids[-1].flatten(1).float()
        with torch.autocast(found.device.type, enabled=False):
            projection = (self.embedding(condition) * found).sum(1)
            scores = self.score(found).squeeze(1) + projection
        return scores, Memory(grids[whole], grids[part])

    def redraw(self, memory: Memory, corner: Corner) -> tuple[Batch, Batch]:
        """Pictures as they are kept: whole at half their sides, and one corner at full resolution."""
        return self.whole(memory.whole), self.part(corner_of(memory.part, corner))


def _growing(axes: int, wide: int, narrow: int, convolutions: int) -> nn.Sequential:
    more = [Gated(axes, narrow, narrow) for _ in range(convolutions - 1)]
    return nn.Sequential(Gated(axes, wide, narrow), *more)
