"""DCGAN-shaped players: a batch-normalised generator and a critic without normalisation."""

from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vesalius.errors import RecipeError
from vesalius.networks.blocks import (
    Convolution,
    Shape,
    averaged,
    axes_of,
    batch_norm,
    coarse_of,
    deep,
    doubling,
    even_,
    falling,
    flat,
    folded,
    narrow_,
    refuse_none,
    size_of,
    stages_of,
    widths_of,
)
from vesalius.networks.centring import Common
from vesalius.networks.conditions import Conditions, silent_embedding
from vesalius.networks.detail import DetailJudge
from vesalius.networks.enlarging import Enlarging, repeat_
from vesalius.networks.head_start import HeadStart
from vesalius.networks.linear import base_of
from vesalius.networks.noise import Noise
from vesalius.networks.refining import Refining
from vesalius.shapes import Batch, Classes, Latents, Scores


@dataclass(frozen=True, kw_only=True)
class Generator:
    """Latent coordinates and a class to a picture.

    Args:
        width: Channels before the last layer; up to eight times as many at coarser grids;
            see `networks.blocks.widths_of`.
        latent: Number of latent coordinates.
        head_start: Components of the linear base that the network adds its residual to;
            0 for none.
        anchor: Cells along the shortest side: of what is coarser than a cell the network adds only as
            much as the linear base cannot foretell. 0 lets it change everything.
        smooth: Whether it enlarges by repeating voxels: the last layer always, unless it is one of refining,
            the others at first. Layers that are drawn freely leave a lattice of dots.
        centred: Among which pictures what is added to the linear base has nothing in common: those of a
            ``"class"``, or ``"all"`` where classes have too few pictures in a batch; see `networks.centring`.
        noise: Whether the two finest grids before the last layer are given noise of their own: a function
            of the latent coordinates, so that a picture can be made again from them.
        clusters: Gaussians that the coefficients of the linear base are drawn from, at most; a power of two.
            How many there are, the training pictures say; see `networks.mixture`.
        pose: Whether the linear base describes pictures that were laid alike, and how they lay; see
            `networks.pose`.
        shown: Whether the layers of every grid are shown what the linear base has made, so that they may mend
            it where it stands.
        refining: Channels of a further layer before the last one, which is shown that base, too, voxel by
            voxel; 0 for none. See `networks.refining`.

    Raises:
        RecipeError: No channel, or less than none for refining, no latent coordinate, more components than
            coordinates, an anchor, a centre, clusters, a pose or something shown without a head start, or
            clusters that are no power of two, or leave no coordinate to be chosen by.
    """

    kind: Literal["convnet.generator"] = "convnet.generator"
    width: int = 64
    latent: int = 128
    head_start: int = 0
    anchor: int = 0
    smooth: bool = False
    centred: Common = "none"
    noise: bool = False
    clusters: int = 1
    pose: bool = False
    shown: bool = False
    refining: int = 0

    def __post_init__(self) -> None:
        refuse_none("generator", width=self.width, latent=self.latent)
        self.start.refuse(self.latent)
        if self.refining < 0:
            raise RecipeError(f"generator.refining is {self.refining}, wanted 0 or more")
        if self.shown and not self.head_start:
            raise RecipeError("generator.shown is True, wanted False, or a head start to be shown")

    @property
    def start(self) -> HeadStart:
        """What the network begins with."""
        return HeadStart(self.head_start, self.anchor, self.centred, self.clusters, self.pose)

    def build(self, shape: Shape, classes: Conditions) -> "ConvGenerator":
        """The network for pictures of a shape, freshly drawn.

        Raises:
            RecipeError: The sides of the picture cannot be halved down to a coarse grid.
        """
        return ConvGenerator(self, shape, classes)


@dataclass(frozen=True, kw_only=True)
class Discriminator:
    """A picture and its class to a score; larger is more like the cohort.

    Args:
        width: Channels after the first layer; up to eight times as many further on; see
            `networks.blocks.widths_of`.
        group: Pictures whose spread is shown to the critic, so that it sees a collapse; real and
            made pictures of one pass must be whole groups. 1 shows nothing.
        norm: ``"batch"`` for the normalised critic of the textbooks: a score then depends on the
            other pictures of its pass.
        detail: How many times larger a second judge is shown what of each voxel its neighbours do not say;
            0 for no such judge. A penalised critic must be flat in the voxels, and so is slow to notice what
            is fine and faint; see `networks.detail.DetailJudge`.

    Raises:
        RecipeError: No channel, groups of nobody, or a detail that is negative or no number.
    """

    kind: Literal["convnet.discriminator"] = "convnet.discriminator"
    width: int = 64
    group: int = 4
    norm: Literal["none", "batch"] = "none"
    detail: float = 0.0

    def __post_init__(self) -> None:
        refuse_none("discriminator", width=self.width, group=self.group)
        if not 0 <= self.detail < inf:
            raise RecipeError(f"discriminator.detail is {self.detail}, wanted 0 or more")

    def build(self, shape: Shape, classes: Conditions) -> "ConvDiscriminator":
        """The network for pictures of a shape, freshly drawn.

        Raises:
            RecipeError: The sides of the picture cannot be halved down to a coarse grid.
        """
        return ConvDiscriminator(self, shape, classes)


class ConvGenerator(nn.Module):
    """Generator of DCGAN shape; with a head start it learns what the linear model lacks.

    Source:
        Radford, Metz and Chintala, ICLR 2016, for the shape.
    """

    def __init__(self, spec: Generator, shape: Shape, classes: Conditions) -> None:
        super().__init__()
        self.axes = axes_of(shape)
        stages = stages_of(shape)
        widths = widths_of(spec.width, stages, shape)[::-1]
        self.grid = (widths[0], *coarse_of(shape, stages))
        self.embedding = silent_embedding(classes, size_of(self.grid))
        self.stem = nn.Linear(spec.latent, size_of(self.grid))
        self.stem_norm = batch_norm(self.axes, widths[0])
        self.shown = shape[0] * 2**self.axes if spec.shown else 0
        self.body = nn.Sequential(*_rising(self.axes, widths, self.shown))
        self.noise = nn.ModuleDict(_noises(widths) if spec.noise else {})
        self.head = _head(spec, self.axes, widths[-1] + self.shown, shape[0])
        self.base = base_of(shape, classes, spec.start)
        narrow_(self)
        if spec.smooth:
            repeat_(self.body)
        if self.base is not None:
            nn.init.zeros_(self.head.weight)

    def forward(self, latents: Latents, condition: Classes) -> Batch:
        """Pictures, about in [-1, 1]."""
        if self.base is None:
            return deep(self._added(latents, latents, condition).tanh(), self.axes)
        told = self.base.told(latents, condition)
        made = self.base.pictures(told, condition)
        return self.base.completed(made, condition, self._added(latents, told, condition, made))

    def _added(
        self, latents: Latents, told: Latents, condition: Classes, made: Batch | None = None
    ) -> Float[Tensor, "b c *yx"]:
        """What all layers make of latent coordinates, and of what is already made."""
        shown = flat(made, self.axes) if made is not None and self.shown else None
        start = self.stem(told) + self.embedding(condition)
        features = self.stem_norm(start.unflatten(1, self.grid)).relu()
        for name, layer in self.body.named_children():
            if isinstance(layer, Convolution):
                features = _beside(features, shown)
            features = layer(features)
            if name in self.noise:
                features = self.noise[name](features, latents)
        return self.head(_beside(features, shown)).float()


class ConvDiscriminator(nn.Module):
    """Critic of DCGAN shape, conditioned by projection.

    Source:
        Radford, Metz and Chintala, ICLR 2016; Miyato and Koyama, ICLR 2018, eq. 4.
    """

    def __init__(self, spec: Discriminator, shape: Shape, classes: Conditions) -> None:
        super().__init__()
        self.axes = axes_of(shape)
        stages = stages_of(shape)
        widths = widths_of(spec.width, stages, shape)
        self.body = nn.Sequential(*falling(self.axes, [shape[0], *widths], spec.norm))
        self.detail = DetailJudge(shape, classes, spec.width, spec.detail) if spec.detail else None
        features = size_of((widths[-1], *coarse_of(shape, stages))) + 1
        self.group = spec.group
        self.score = nn.Linear(features, 1)
        self.embedding = silent_embedding(classes, features)
        (even_ if spec.norm == "none" else narrow_)(self)

    def forward(self, image: Batch, condition: Classes) -> Scores:
        """One score for each picture, or two where detail is judged apart, form first; always in float32."""
        picture = flat(image, self.axes)
        features = self.body(picture).flatten(1).float()
        with torch.autocast(features.device.type, enabled=False):
            features = torch.cat([features, group_spread(features, self.group)], dim=1)
            projection = (self.embedding(condition) * features).sum(1)
            form = self.score(features).squeeze(1) + projection
        return form if self.detail is None else torch.stack([form, self.detail(picture, condition)], dim=1)


def group_spread(features: Float[Tensor, "b d"], group: int) -> Float[Tensor, "b 1"]:
    """How much neighbours in the batch differ: one number for each picture, shared by its group.

    Args:
        features: One row for each picture; neighbours form groups, a last one may be smaller.
        group: Pictures in a group.

    Source:
        Karras et al., ICLR 2018, section 3 (minibatch standard deviation).
    """
    return torch.cat([_spread(part).expand(len(part), 1) for part in features.split(group)])


def _spread(features: Float[Tensor, "b d"]) -> Float[Tensor, ""]:
    # Written out: `Tensor.var` over the first axis is an order of magnitude slower.
    variance = (features - features.mean(0)).square().mean(0)
    return variance.add(1e-8).sqrt().mean()


def _beside(features: Tensor, shown: Tensor | None) -> Tensor:
    """Features, and beside them a picture on the next finer grid, folded onto theirs."""
    if shown is None:
        return features
    sides = tuple(2 * side for side in features.shape[2:])
    cells = shown if shown.shape[2:] == sides else averaged(shown, sides)
    return torch.cat([features, folded(cells, 2).to(features.dtype)], dim=1)


def _rising(axes: int, widths: list[int], shown: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(widths):
        layers += [doubling(axes, wide + shown, narrow), batch_norm(axes, narrow), nn.ReLU(inplace=True)]
    return layers


def _head(spec: Generator, axes: int, channels: int, made: int) -> Convolution | Enlarging | Refining:
    """The last layer, from features and what is shown beside them to pictures of twice their sides."""
    if spec.refining:
        return Refining(axes, channels, spec.refining, made)
    return (Enlarging if spec.smooth else doubling)(axes, channels, made)


def _noises(widths: list[int]) -> dict[str, Noise]:
    """Noise for the two finest grids of `_rising`, by the place of the normalisation that it follows."""
    grids = [*enumerate(widths[1:])][-2:]
    return {str(3 * level + 1): Noise(width, level) for level, width in grids}
