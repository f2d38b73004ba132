"""A style-modulated generator: a mapping network says how strongly every layer uses each channel."""

from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv3d, leaky_relu, linear, normalize

from vesalius.networks.blocks import (
    Shape,
    axes_of,
    coarse_of,
    convolution,
    deep,
    refuse_none,
    resized,
    stages_of,
    widths_of,
)
from vesalius.networks.conditions import Conditions, embedding_of
from vesalius.networks.head_start import HeadStart
from vesalius.networks.linear import base_of
from vesalius.networks.noise import noise_of
from vesalius.shapes import Batch, Classes, Latents

_CONVOLVED = {2: conv2d, 3: conv3d}
_SLOPE = 0.2
_GAIN = sqrt(2)
_SLOWER = 0.1

Styles = Float[Tensor, "b l"]
"""What the mapping network makes of latent coordinates and class."""


@dataclass(frozen=True, kw_only=True)
class StyleGenerator:
    """Latent coordinates and a class to a picture, by layers that a style modulates.

    Args:
        width: Channels of the finest grid; up to eight times as many at coarser ones;
            see `networks.blocks.widths_of`.
        latent: Number of latent coordinates, and of those of a style.
        mapping: Layers between latent coordinates and style; published: 8, and 2 for few pictures.
        noise: Whether every layer is given noise of its own: a function of the latent coordinates, so
            that a picture can be made again from them.
        head_start: Components of the linear base that the network adds its residual to; 0 for none.
        anchor: Cells along the shortest side: of what is coarser than a cell the network adds only as
            much as the linear base cannot foretell. 0 lets it change everything.

    Raises:
        RecipeError: No channel, latent coordinate or layer, more components than coordinates, or an
            anchor without a head start.

    Source:
        Karras et al., CVPR 2020 (StyleGAN2), sections 2 and 4.
    """

    kind: Literal["style.generator"] = "style.generator"
    width: int = 16
    latent: int = 128
    mapping: int = 2
    noise: bool = True
    head_start: int = 0
    anchor: int = 0

    def __post_init__(self) -> None:
        refuse_none("generator", width=self.width, latent=self.latent, mapping=self.mapping)
        HeadStart(self.head_start, self.anchor).refuse(self.latent)

    def build(self, shape: Shape, classes: Conditions) -> "StyleMaker":
        """The network for pictures of a shape, freshly drawn.

        Raises:
            RecipeError: The sides of the picture cannot be halved down to a coarse grid.
        """
        return StyleMaker(self, shape, classes)


class Modulated(nn.Module):
    """A convolution whose input channels are scaled by a style, picture by picture.

    Scaling weights is scaling inputs, and dividing weights by their norm is dividing outputs by it:
    one dense convolution serves the whole batch, where the published form has one group for each picture.
    Norms are always taken in full precision.

    Args:
        axes: 2 or 3.
        styles: Coordinates of a style.
        channels: What comes in.
        width: What goes out.
        kernel: Side, odd.
        is_normed: Whether outputs are divided by the norm of the scaled weights.

    Source:
        Karras et al., CVPR 2020, section 2.2, eq. 1 and 3.
    """

    def __init__(
        self, axes: int, styles: int, channels: int, width: int, kernel: int, is_normed: bool = True
    ) -> None:
        super().__init__()
        self.axes, self.is_normed = axes, is_normed
        self.style = nn.Linear(styles, channels)
        self.layer = convolution(axes, channels, width, kernel)
        nn.init.normal_(self.style.weight, 0.0, 1 / sqrt(styles))
        nn.init.ones_(self.style.bias)
        nn.init.normal_(self.layer.weight, 0.0, 1 / sqrt(channels * kernel**axes))
        nn.init.zeros_(self.layer.get_parameter("bias"))

    def forward(self, features: Tensor, style: Styles) -> Tensor:
        """Features of `width` channels on the same grid."""
        with torch.autocast(features.device.type, enabled=False):
            scale = self.style(style.float())
            strength = self.layer.weight.float().square().flatten(2).sum(2)
            norm = (scale.square() @ strength.T + 1e-8).rsqrt()
        scaled = features * self._over(scale, features)
        found = _CONVOLVED[self.axes](scaled, self.layer.weight, padding=self.layer.weight.shape[-1] // 2)
        normed = found * self._over(norm, found) if self.is_normed else found
        return normed + self._over(self.layer.get_parameter("bias")[None], normed)

    def _over(self, channels: Float[Tensor, "b c"], features: Tensor) -> Tensor:
        """One number for each channel, shaped and rounded to meet features."""
        return channels.to(features.dtype).unflatten(1, (-1, *[1] * self.axes))


class Layer(nn.Module):
    """Modulated convolution, noise and a leaky rectifier.

    Args:
        axes: 2 or 3.
        spec: Of the generator.
        channels: What comes in.
        width: What goes out.
    """

    def __init__(self, axes: int, spec: StyleGenerator, channels: int, width: int) -> None:
        super().__init__()
        self.modulated = Modulated(axes, spec.latent, channels, width, 3)
        self.strength = nn.Parameter(torch.zeros(())) if spec.noise else None

    def forward(self, features: Tensor, style: Styles, latents: Latents, place: int) -> Tensor:
        """Features of the next layer.

        Args:
            features: Of the one before.
            style: Of each picture.
            latents: Where its noise comes from.
            place: Number of the layer: each has noise of its own.
        """
        found = self.modulated(features, style)
        if self.strength is not None:
            found = found + (self.strength * noise_of(latents, tuple(found.shape[2:]), place)).to(found.dtype)
        return leaky_relu(found, _SLOPE) * _GAIN


class Mapping(nn.Module):
    """Latent coordinates and a class to a style.

    Its weights are drawn ten times as large and used at a tenth, so that they move ten times more slowly
    than others: next to the published rates for a step size of 0.0002.

    Source:
        Karras et al., CVPR 2019, appendix C, for the rate; NeurIPS 2020 for the class.
    """

    def __init__(self, latent: int, layers: int, classes: Conditions) -> None:
        super().__init__()
        self.embedding = embedding_of(classes, latent)
        sides = [2 * latent, *[latent] * layers]
        drawn = [torch.randn(wide, narrow) / _SLOWER for narrow, wide in pairwise(sides)]
        self.weights = nn.ParameterList(drawn)
        self.biases = nn.ParameterList(torch.zeros(latent) for _ in drawn)

    def forward(self, latents: Latents, condition: Classes) -> Styles:
        """One style for each picture, in full precision."""
        both = latents.float(), self.embedding(condition)
        style = torch.cat([normalize(one, dim=1) * sqrt(one.shape[1]) for one in both], dim=1)
        with torch.autocast(style.device.type, enabled=False):
            for weight, bias in zip(self.weights, self.biases, strict=True):
                scale = _SLOWER / sqrt(weight.shape[1])
                style = leaky_relu(linear(style, weight * scale, bias * _SLOWER), _SLOPE) * _GAIN
        return style


class StyleMaker(nn.Module):
    """Generator of StyleGAN2 shape: each grid adds its part to the picture of the one before.

    With a head start it learns what the linear model lacks. Grids are doubled by linear interpolation;
    path length regularisation and the mixing of styles are left out.
    """

    def __init__(self, spec: StyleGenerator, shape: Shape, classes: Conditions) -> None:
        super().__init__()
        self.axes = axes_of(shape)
        stages = stages_of(shape)
        widths = widths_of(spec.width, stages + 1, shape)[::-1]
        self.start = nn.Parameter(torch.randn(widths[0], *coarse_of(shape, stages)))
        self.mapping = Mapping(spec.latent, spec.mapping, classes)
        pairs = list(pairwise(widths))
        self.first = nn.ModuleList(Layer(self.axes, spec, wide, narrow) for wide, narrow in pairs)
        self.second = nn.ModuleList(Layer(self.axes, spec, width, width) for width in widths)
        paint = [Modulated(self.axes, spec.latent, wide, shape[0], 1, is_normed=False) for wide in widths]
        self.paint = nn.ModuleList(paint)
        self.base = base_of(shape, classes, HeadStart(spec.head_start, spec.anchor))
        for each in paint if self.base is not None else ():
            nn.init.zeros_(each.layer.weight)

    def forward(self, latents: Latents, condition: Classes) -> Batch:
        """Pictures, about in [-1, 1]."""
        style = self.mapping(latents, condition)
        features = self.start.expand(len(latents), *self.start.shape)
        features = self.second[0](features, style, latents, 0)
        picture = self.paint[0](features, style).float()
        for level, first in enumerate(self.first, 1):
            features = first(resized(features, 2.0), style, latents, 2 * level - 1)
            features = self.second[level](features, style, latents, 2 * level)
            picture = resized(picture, 2.0) + self.paint[level](features, style).float()
        if self.base is None:
            return deep(picture, self.axes)
        return self.base.completed(self.base(latents, condition), condition, picture)
