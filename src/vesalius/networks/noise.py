"""Noise that is a function of the latent coordinates, so that a picture can be made again from them."""

from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vesalius.networks.blocks import size_of
from vesalius.shapes import Latents

_BEGUN = 0.3


class Noise(nn.Module):
    """Adds white noise to features, the same to all channels, each of which learns how much of it to take.

    Fine detail that nobody can foretell need not be made of latent coordinates by all the layers before.

    Args:
        width: Channels.
        place: Another number gives other noise.

    Source:
        Karras et al., CVPR 2019, section 3 (stochastic variation).
    """

    def __init__(self, width: int, place: int) -> None:
        super().__init__()
        self.place = place
        self.strength = nn.Parameter(torch.full((width,), _BEGUN))

    def forward(self, features: Tensor, latents: Latents) -> Tensor:
        """Features on the same grid."""
        noise = noise_of(latents, tuple(features.shape[2:]), self.place)
        strength = self.strength.view(-1, *[1] * (features.ndim - 2))
        return features + strength.to(features.dtype) * noise.to(features.dtype)


@torch.no_grad()
def noise_of(latents: Latents, extent: tuple[int, ...], place: int) -> Float[Tensor, "b 1 ..."]:
    """White Gaussian noise that is a function of the latent coordinates of each picture, on every device.

    Args:
        latents: Two coordinates of each are taken bit by bit as the seed.
        extent: Sides of the grid.
        place: Another number gives other noise.

    Source:
        The finaliser of MurmurHash3 (Appleby, 2011), counted up through the grid.
    """
    bits = latents[:, [0, -1]].float().contiguous().view(torch.int32).long()
    seeds = _mixed(bits[:, :1] + _mixed(bits[:, 1:] + 0x9E3779B9 * (place + 1)))
    index = torch.arange(size_of(extent), device=latents.device)
    # 23 bits and a half are exact in float32, and never reach 0 or 1.
    shares = ((_mixed(seeds + 0x9E3779B9 * index) >> 9).float() + 0.5) / 2**23
    return (torch.erfinv(2 * shares - 1) * sqrt(2)).unflatten(1, (1, *extent))


def _mixed(words: Tensor) -> Tensor:
    """Whole numbers to whole numbers of 32 bits, neighbours to unlike ones."""
    words = words & 0xFFFFFFFF
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        words = (words ^ (words >> shift)) * factor & 0xFFFFFFFF
    return words ^ (words >> 16)
