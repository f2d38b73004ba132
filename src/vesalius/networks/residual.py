"""R3GAN-shaped players: residual networks without any normalisation, in a lean and in the published form."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from vesalius.errors import RecipeError
from vesalius.networks.blocks import (
    Shape,
    axes_of,
    coarse_of,
    convolution,
    deep,
    even_,
    flat,
    resized,
    stages_of,
)
from vesalius.networks.conditions import Conditions, embedding_of, silent_embedding
from vesalius.networks.head_start import HeadStart
from vesalius.networks.linear import base_of
from vesalius.shapes import Batch, Classes, Latents, Scores

Form = Literal["dense", "grouped"]
"""``dense``: two 3x3 convolutions, fast on a CPU; ``grouped``: 1x1, grouped 3x3, 1x1, as published."""

_SLOPE = 0.2
_PER_GROUP = 16


@dataclass(frozen=True, kw_only=True)
class ResidualGenerator:
    """Latent coordinates and a class to a picture, by residual blocks without normalisation.

    Args:
        widths: Channels of each grid, from the coarsest (about 4 pixels a side) to the finest.
        blocks: Residual blocks of each grid.
        form: Of a block.
        latent: Number of latent coordinates.
        head_start: Components of the linear base that the network adds its residual to; 0 for none.

    Raises:
        RecipeError: No channel, no block, no latent coordinate, or more components than coordinates.

    Source:
        Huang et al., NeurIPS 2024 (R3GAN), section 4 and appendix; ``grouped``, 768 channels and
        384 on the finest grid at 64 x 64.
    """

    kind: Literal["residual.generator"] = "residual.generator"
    widths: tuple[int, ...] = (256, 128, 64, 32, 32)
    blocks: int = 1
    form: Form = "dense"
    latent: int = 128
    head_start: int = 0

    def __post_init__(self) -> None:
        _refuse(self.widths, self.blocks, self.form, "generator")
        HeadStart(self.head_start).refuse(self.latent)

    def build(self, shape: Shape, classes: Conditions) -> "ResidualMaker":
        """The network for pictures of a shape, freshly drawn.

        Raises:
            RecipeError: The picture has not as many grids as there are widths.
        """
        return ResidualMaker(self, shape, classes)


@dataclass(frozen=True, kw_only=True)
class ResidualDiscriminator:
    """A picture and its class to a score, by residual blocks without normalisation.

    Args:
        widths: Channels of each grid, from the finest to the coarsest (about 4 pixels a side).
        blocks: Residual blocks of each grid.
        form: Of a block.

    Raises:
        RecipeError: No channel or no block.

    Source:
        Huang et al., NeurIPS 2024 (R3GAN), section 4 and appendix.
    """

    kind: Literal["residual.discriminator"] = "residual.discriminator"
    widths: tuple[int, ...] = (32, 32, 64, 128, 256)
    blocks: int = 1
    form: Form = "dense"

    def __post_init__(self) -> None:
        _refuse(self.widths, self.blocks, self.form, "discriminator")

    def build(self, shape: Shape, classes: Conditions) -> "ResidualCritic":
        """The network for pictures of a shape, freshly drawn.

        Raises:
            RecipeError: The picture has not as many grids as there are widths.
        """
        return ResidualCritic(self, shape, classes)


def _refuse(widths: tuple[int, ...], blocks: int, form: Form, player: str) -> None:
    if not widths or min(widths) < 1:
        raise RecipeError(f"{player}.widths is {widths}, wanted channels of each grid")
    if blocks < 1:
        raise RecipeError(f"{player}.blocks is {blocks}, wanted more than 0")
    if form == "grouped" and any(width % (_PER_GROUP // 2) for width in widths):
        raise RecipeError(f"{player}.widths is {widths}, wanted multiples of {_PER_GROUP // 2} for {form}")


def _grids(shape: Shape, widths: tuple[int, ...], player: str) -> int:
    stages = stages_of(shape)
    if len(widths) != stages + 1:
        raise RecipeError(
            f"{player}.widths has {len(widths)} entries, wanted {stages + 1} for size {shape[2:]}"
        )
    return stages


class Block(nn.Module):
    """What is added to a picture's features: convolutions between leaky rectifiers.

    It starts at zero, so that a deep stack starts as the identity (Zhang et al., ICLR 2019, Fixup).
    """

    def __init__(self, axes: int, width: int, form: Form) -> None:
        super().__init__()
        if form == "dense":
            layers = [convolution(axes, width, width, 3)]
            self.last = convolution(axes, width, width, 3)
        else:
            wide = 2 * width
            layers = [
                convolution(axes, width, wide, 1),
                convolution(axes, wide, wide, 3, groups=wide // _PER_GROUP),
            ]
            self.last = convolution(axes, wide, width, 1)
        self.layers = nn.ModuleList(layers)

    def forward(self, features: Tensor) -> Tensor:
        """The features, and what is added to them."""
        added = features
        for layer in self.layers:
            added = layer(leaky_relu(added, _SLOPE))
        return features + self.last(leaky_relu(added, _SLOPE))


class ResidualMaker(nn.Module):
    """Generator of R3GAN shape; with a head start it learns what the linear model lacks."""

    def __init__(self, spec: ResidualGenerator, shape: Shape, classes: Conditions) -> None:
        super().__init__()
        self.axes = axes_of(shape)
        stages = _grids(shape, spec.widths, "generator")
        self.grid = (spec.widths[0], *coarse_of(shape, stages))
        self.embedding = embedding_of(classes, spec.latent)
        self.stem = nn.Linear(2 * spec.latent, spec.widths[0])
        self.basis = nn.Parameter(torch.randn(self.grid))
        self.stages = nn.ModuleList(_stage(self.axes, width, spec) for width in spec.widths)
        self.widen = nn.ModuleList(
            convolution(self.axes, wide, narrow, 1) for wide, narrow in pairwise(spec.widths)
        )
        self.head = convolution(self.axes, spec.widths[-1], shape[0], 3 if spec.form == "dense" else 1)
        self.base = base_of(shape, classes, HeadStart(spec.head_start))
        _draw(self)
        if self.base is not None:
            nn.init.zeros_(self.head.weight)

    def forward(self, latents: Latents, condition: Classes) -> Batch:
        """Pictures, about in [-1, 1]."""
        start = self.stem(torch.cat([latents, self.embedding(condition)], dim=1))
        features = self.basis * start.unflatten(1, (-1, *[1] * self.axes))
        features = self.stages[0](features)
        for widen, stage in zip(self.widen, self.stages[1:], strict=True):
            features = stage(resized(widen(features), 2.0))
        residual = self.head(features).float()
        if self.base is None:
            return deep(residual.tanh(), self.axes)
        return self.base.completed(self.base(latents, condition), condition, residual)


class ResidualCritic(nn.Module):
    """Critic of R3GAN shape, conditioned by projection (Miyato and Koyama, ICLR 2018, eq. 4)."""

    def __init__(self, spec: ResidualDiscriminator, shape: Shape, classes: Conditions) -> None:
        super().__init__()
        self.axes = axes_of(shape)
        _grids(shape, spec.widths, "discriminator")
        self.stem = convolution(self.axes, shape[0], spec.widths[0], 3 if spec.form == "dense" else 1)
        self.stages = nn.ModuleList(_stage(self.axes, width, spec) for width in spec.widths)
        self.widen = nn.ModuleList(
            convolution(self.axes, narrow, wide, 1) for narrow, wide in pairwise(spec.widths)
        )
        coarse = coarse_of(shape, len(spec.widths) - 1)
        self.basis = nn.Parameter(torch.randn(spec.widths[-1], *coarse))
        self.score = nn.Linear(spec.widths[-1], 1)
        self.embedding = silent_embedding(classes, spec.widths[-1])
        _draw(self)

    def forward(self, image: Batch, condition: Classes) -> Scores:
        """One score for each picture, always in float32."""
        features = self.stages[0](self.stem(flat(image, self.axes)))
        for widen, stage in zip(self.widen, self.stages[1:], strict=True):
            features = stage(widen(resized(features, 0.5)))
        with torch.autocast(features.device.type, enabled=False):
            found = (features.float() * self.basis).flatten(2).sum(2) / self.basis[0].numel() ** 0.5
            projection = (self.embedding(condition) * found).sum(1)
            return self.score(found).squeeze(1) + projection


def _stage(axes: int, width: int, spec: ResidualGenerator | ResidualDiscriminator) -> nn.Sequential:
    return nn.Sequential(*(Block(axes, width, spec.form) for _ in range(spec.blocks)))


def _draw(network: nn.Module) -> None:
    """Signals keep their size; every block starts at zero."""
    even_(network, _SLOPE)
    for block in network.modules():
        if isinstance(block, Block):
            nn.init.zeros_(block.last.weight)
