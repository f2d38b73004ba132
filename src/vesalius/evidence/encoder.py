"""A small encoder that learns to know a training picture again: the `ssl` feature space."""

import hashlib

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vesalius.networks.blocks import averaged, convolution

_WIDTHS = (16, 32, 64, 64)
_FEATURES = 64
_TEMPERATURE = 0.2
_SIDE = {2: 32, 3: 24}

Pictures = Float[Tensor, "b c *space"]
"""Pictures of one slice, or volumes, as the encoder sees them; see `reduced`."""


class Encoder(nn.Module):
    """Four stages of strided convolution, an average over two cells along each axis, and 64 features.

    Args:
        channels: Channels of a picture.
        axes: 2 for pictures of one slice, 3 for volumes.
    """

    def __init__(self, channels: int, axes: int = 2) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        for before, width in zip((channels, *_WIDTHS), _WIDTHS, strict=False):
            stages += [convolution(axes, before, width, 3, stride=2), nn.GroupNorm(8, width), nn.SiLU()]
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear(2**axes * _WIDTHS[-1], _FEATURES)

    def forward(self, pictures: Pictures) -> Float[Tensor, "b d"]:
        """Features on the unit sphere."""
        return functional.normalize(self.head(averaged(self.stages(pictures), 2).flatten(1)))


def learn_encoder(
    pictures: Float[np.ndarray, "n c *space"], seed: int, steps: int, batch: int = 128, mirror: bool = False
) -> Encoder:
    """Train an encoder to tell each picture from all others, however shifted, scaled or noised.

    Args:
        pictures: Training pictures only, in [-1, 1].
        seed: Fixes weights, order and changes; the random state of the process is left alone.
        steps: Updates of the weights.
        batch: Pictures in each update, two views of each.
        mirror: Left and right may be exchanged.

    Source:
        Chen et al., ICML 2020 (SimCLR), the loss NT-Xent.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = Encoder(pictures.shape[1], pictures.ndim - 2)
        images = reduced(torch.from_numpy(pictures))
        adam = torch.optim.AdamW(encoder.parameters(), 2e-3, weight_decay=1e-4)
        schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 2e-3, total_steps=steps, pct_start=0.1)
        for _ in range(steps):
            chosen = images[torch.randperm(len(images))[:batch]]
            views = encoder(torch.cat([changed(chosen, mirror), changed(chosen, mirror)]))
            adam.zero_grad()
            contrast(views).backward()
            adam.step()
            schedule.step()
    return encoder.eval()


def contrast(views: Float[Tensor, "b d"]) -> Float[Tensor, ""]:
    """Normalised temperature-scaled cross entropy of two views, stacked one after the other."""
    similarity = views @ views.T / _TEMPERATURE
    similarity.fill_diagonal_(-torch.inf)
    half = len(views) // 2
    return functional.cross_entropy(similarity, torch.arange(2 * half).roll(half))


def changed(pictures: Pictures, mirror: bool) -> Pictures:
    """The same pictures shifted by up to an eighth, rescaled in intensity and noised."""
    count, side, axes = len(pictures), pictures.shape[-1], pictures.ndim - 2
    theta = torch.eye(axes, axes + 1).repeat(count, 1, 1)
    theta[:, :, axes] = (torch.rand(count, axes) - 0.5) * 0.5 * min(1.0, side / 16)
    theta[:, :, :axes] *= 1 + (torch.rand(count, 1, 1) - 0.5) * 0.2
    if mirror:
        theta[:, 0, 0] *= torch.randint(0, 2, (count,)) * 2 - 1
    grid = functional.affine_grid(theta, list(pictures.shape), align_corners=False)
    moved = functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
    shape = (count, *[1] * (axes + 1))
    gain, offset = torch.empty(shape).uniform_(0.7, 1.3), torch.empty(shape).uniform_(-0.2, 0.2)
    return moved * gain + offset + torch.randn_like(moved) * torch.rand(shape) * 0.1


def reduced(pictures: Float[Tensor, "n c *whole"]) -> Pictures:
    """Pictures averaged down to less than 64 pixels on the shortest side, volumes to less than 48 voxels.

    Fine detail is `texture`'s part.
    """
    factor = max(1, min(pictures.shape[2:]) // _SIDE[pictures.ndim - 2])
    pool = functional.avg_pool2d if pictures.ndim == 4 else functional.avg_pool3d
    return pool(pictures, factor)


@torch.no_grad()
def encode(encoder: Encoder, pictures: Float[np.ndarray, "n c *space"]) -> Float[np.ndarray, "n d"]:
    """Features of pictures, in blocks."""
    blocks = torch.from_numpy(pictures).split(256)
    return torch.cat([encoder(reduced(part)) for part in blocks]).double().numpy()


def digest(encoder: Encoder) -> str:
    """SHA-256 of the weights."""
    weights = [value.numpy().tobytes() for value in encoder.state_dict().values()]
    return hashlib.sha256(b"".join(weights)).hexdigest()
