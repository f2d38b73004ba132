"""A small encoder that learns to know a training picture again: the `ssl` feature space."""

import hashlib

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

_WIDTHS = (16, 32, 64, 64)
_FEATURES = 64
_TEMPERATURE = 0.2
_SIDE = 32

Pictures = Float[Tensor, "b c y x"]
"""Pictures of one slice as the encoder sees them: at most 32 pixels on a side."""


class Encoder(nn.Module):
    """Four stages of strided convolution, a 2 x 2 average, and 64 features.

    Args:
        channels: Channels of a picture.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        for before, width in zip((channels, *_WIDTHS), _WIDTHS, strict=False):
            stages += [nn.Conv2d(before, width, 3, stride=2, padding=1), nn.GroupNorm(8, width), nn.SiLU()]
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear(4 * _WIDTHS[-1], _FEATURES)

    def forward(self, pictures: Pictures) -> Float[Tensor, "b d"]:
        """Features on the unit sphere."""
        pooled = functional.adaptive_avg_pool2d(self.stages(pictures), 2)
        return functional.normalize(self.head(pooled.flatten(1)))


def learn_encoder(
    pictures: Float[np.ndarray, "n c y x"], seed: int, steps: int, batch: int = 128, mirror: bool = False
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
        encoder = Encoder(pictures.shape[1])
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
    count, side = len(pictures), pictures.shape[-1]
    theta = torch.eye(2, 3).repeat(count, 1, 1)
    theta[:, :, 2] = (torch.rand(count, 2) - 0.5) * 0.5 * min(1.0, side / 16)
    theta[:, :, :2] *= 1 + (torch.rand(count, 1, 1) - 0.5) * 0.2
    if mirror:
        theta[:, 0, 0] *= torch.randint(0, 2, (count,)) * 2 - 1
    grid = functional.affine_grid(theta, list(pictures.shape), align_corners=False)
    moved = functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
    shape = (count, 1, 1, 1)
    gain, offset = torch.empty(shape).uniform_(0.7, 1.3), torch.empty(shape).uniform_(-0.2, 0.2)
    return moved * gain + offset + torch.randn_like(moved) * torch.rand(shape) * 0.1


def reduced(pictures: Float[Tensor, "n c h w"]) -> Pictures:
    """Pictures averaged down to at most 32 pixels on a side: fine detail is `texture`'s part."""
    factor = max(1, min(pictures.shape[2:]) // _SIDE)
    return functional.avg_pool2d(pictures, factor)


@torch.no_grad()
def encode(encoder: Encoder, pictures: Float[np.ndarray, "n c y x"]) -> Float[np.ndarray, "n d"]:
    """Features of pictures, in blocks."""
    small = reduced(torch.from_numpy(pictures))
    return torch.cat([encoder(part) for part in small.split(256)]).double().numpy()


def digest(encoder: Encoder) -> str:
    """SHA-256 of the weights."""
    weights = [value.numpy().tobytes() for value in encoder.state_dict().values()]
    return hashlib.sha256(b"".join(weights)).hexdigest()
