"""What a network adds to a linear base, without what all pictures have in common."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import one_hot

from vesalius.networks import ranks
from vesalius.networks.blocks import Shape, axes_of
from vesalius.shapes import Classes

Common = Literal["none", "class", "all"]
"""Among which pictures nothing may be in common: those of a class, or all of them."""

_MOMENTUM = 0.1


class Centring(nn.Module):
    """Takes from what is added to each picture the mean over the pictures of its class in the batch.

    A pattern that all pictures of a class share is the cheapest way to look sharp, and betrays the class to
    a classifier that learns from them. Where a linear base already holds the means of the classes, what is
    added to it should have mean zero; so a network that wants fine detail must let it vary. After training
    the mean is that of many pictures, see `training.average.settle_centre`.

    Args:
        shape: Extent of one picture, ``(c, z, y, x)``.
        classes: How many there are.
        common: ``"all"`` takes the mean over the whole batch, where classes have too few pictures in it.

    Source:
        Batch normalisation (Ioffe and Szegedy, ICML 2015, algorithm 1), of the mean alone, and of each
        voxel by itself.
    """

    mean: Tensor

    def __init__(self, shape: Shape, classes: int, common: Common) -> None:
        super().__init__()
        self.by_class = common == "class"
        self.register_buffer("mean", torch.zeros(classes, shape[0], *shape[-axes_of(shape) :]))

    def forward(self, added: Float[Tensor, "b c *yx"], condition: Classes) -> Float[Tensor, "b c *yx"]:
        """What is left; in training as widely spread as before, though the mean holds each picture itself."""
        if not self.training:
            return added - self.mean[condition]
        group = condition if self.by_class else torch.zeros_like(condition)
        told = one_hot(group, len(self.mean) if self.by_class else 1).to(added)
        with torch.autocast(added.device.type, enabled=False):
            count = ranks.sum_over_all(told.sum(0))
            total = ranks.sum_over_all(told.T @ added.flatten(1))
        found = (total / count.clamp_min(1)[:, None]).unflatten(1, added.shape[1:])
        # A picture that is alone in its class has only the mean of earlier ones to differ from.
        several = _across(count > 1, added)
        centre = torch.where(several, found, self.mean if self.by_class else self.mean[:1])
        self._follow(found.detach(), several)
        widened = _across((count / (count - 1).clamp_min(1)).sqrt(), added)
        return (added - centre[group]) * torch.where(several, widened, 1.0)[group]

    @torch.no_grad()
    def _follow(self, found: Tensor, several: Tensor) -> None:
        self.mean.copy_(torch.where(several, self.mean.lerp(found, _MOMENTUM), self.mean))


def _across(rows: Tensor, pictures: Tensor) -> Tensor:
    return rows.view(-1, *[1] * (pictures.ndim - 1))
