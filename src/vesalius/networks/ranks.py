"""Several processes that play one game: each takes a share of every batch, and all know the whole of it.

What stands here costs nothing when a process is alone. Every random number is drawn for the whole batch by
every process, which then takes its own rows, and whatever depends on a whole batch (means, normalisation) is
summed over the processes: so one game is the same on any number of them.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
import torch.distributed as processes
from jaxtyping import Int
from torch import Tensor, nn
from torch.nn.functional import batch_norm

from vesalius.errors import RecipeError

TOGETHER = 4
"""Rows of a batch that are not parted: the groups whose spread a critic is shown have at most so many."""


def count() -> int:
    """How many processes play together; 1 alone."""
    return processes.get_world_size() if processes.is_initialized() else 1


def rank() -> int:
    """Which of them this is, from 0."""
    return processes.get_rank() if processes.is_initialized() else 0


def is_first() -> bool:
    """Whether it is this process that writes, and speaks."""
    return rank() == 0


def refuse_uneven(batch: int, group: int) -> None:
    """Refuse a batch that cannot be shared by the processes.

    Args:
        batch: Pictures in it.
        group: Pictures whose spread the critic is shown.

    Raises:
        RecipeError: The shares would not be equal, or part a group.
    """
    if count() == 1:
        return
    if batch % (TOGETHER * count()):
        raise RecipeError(
            f"batch is {batch} on {count()} processes, wanted a multiple of {TOGETHER * count()}"
        )
    if TOGETHER % group:
        raise RecipeError(f"discriminator.group is {group} on several processes, wanted a part of {TOGETHER}")


def mine(rows: Int[np.ndarray, "n"]) -> Int[np.ndarray, "m"]:
    """Of the rows of a batch those that this process takes: every so-many-th four.

    So the share of two batches, one after the other, is the share of the one and then that of the other.
    """
    return rows if count() == 1 else rows.reshape(-1, count(), TOGETHER)[:, rank()].reshape(-1)


def normal(rng: torch.Generator, rows: int, *extent: int) -> Tensor:
    """Gaussian numbers for the rows of this process.

    Args:
        rng: Random stream on the CPU, the same for all processes.
        rows: Of this process.
        extent: Of each row.
    """
    return _share(torch.randn(rows * count(), *extent, generator=rng))


def uniform(rng: torch.Generator, rows: int, *extent: int) -> Tensor:
    """Numbers in [0, 1) for the rows of this process; see `normal`."""
    return _share(torch.rand(rows * count(), *extent, generator=rng))


def integers(rng: torch.Generator, rows: int, low: int, high: int) -> Tensor:
    """A whole number in [low, high) for each row of this process.

    Args:
        rng: Random stream on the CPU, the same for all processes.
        rows: Of this process.
        low: The smallest.
        high: One more than the largest.
    """
    return _share(torch.randint(low, high, (rows * count(), 1), generator=rng))


def _share(drawn: Tensor) -> Tensor:
    return drawn if count() == 1 else drawn.unflatten(0, (-1, count(), TOGETHER))[:, rank()].flatten(0, 1)


def sum_over_all(value: Tensor) -> Tensor:
    """The sum of a value over the processes; gradients flow."""
    return value if count() == 1 else cast("Tensor", _Sum.apply(value))


def mean_over_all(value: Tensor) -> Tensor:
    """The mean of a value over the processes; gradients flow."""
    return sum_over_all(value) / count()


class _Sum(torch.autograd.Function):
    """The sum over the processes; what is one's own in it has weight one in the sums of all the others."""

    @staticmethod
    def forward(ctx: object, value: Tensor) -> Tensor:
        whole = value.clone(memory_format=torch.contiguous_format)
        processes.all_reduce(whole)
        return whole

    @staticmethod
    def backward(ctx: object, *slopes: Tensor) -> Tensor:
        return _Sum.forward(ctx, slopes[0])


@torch.no_grad()
def average_(values: Sequence[Tensor]) -> None:
    """Put the mean over the processes into each of some tensors, in one exchange for each type and device."""
    if count() == 1:
        return
    for kind in sorted({(str(value.device), str(value.dtype)) for value in values}):
        some = [value for value in values if (str(value.device), str(value.dtype)) == kind]
        whole = torch.cat([value.reshape(-1) for value in some])
        processes.all_reduce(whole)
        for value, part in zip(some, whole.split([value.numel() for value in some]), strict=True):
            value.copy_(part.view_as(value) / count())


class SharedNorm(nn.Module):
    """Batch normalisation over the batches of all processes, with the weights and buffers of a plain one.

    Args:
        norm: Whose parameters and buffers it takes over.

    Source:
        Ioffe and Szegedy, ICML 2015, algorithm 1; the statistics are those of the whole batch.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, norm: nn.BatchNorm2d | nn.BatchNorm3d) -> None:
        super().__init__()
        self.weight, self.bias = norm.weight, norm.bias
        for name, buffer in norm.named_buffers():
            self.register_buffer(name, buffer)
        self.eps, self.momentum = norm.eps, norm.momentum or 0.1

    def forward(self, features: Tensor) -> Tensor:
        """Features of mean 0 and variance 1 in each channel, scaled and shifted as learnt."""
        if not self.training:
            return batch_norm(
                features, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        axes = (0, *range(2, features.ndim))
        shape = (1, -1, *[1] * (features.ndim - 2))
        wide = features.float()
        mean = mean_over_all(wide.mean(axes))
        centred = wide - mean.view(shape)
        variance = mean_over_all(centred.square().mean(axes))
        self._follow(mean.detach(), variance.detach(), features[:, 0].numel() * count())
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale.view(shape) + self.bias.view(shape)).to(features.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor, values: int) -> None:
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * values / (values - 1), self.momentum)
        self.num_batches_tracked += 1


def shared(network: nn.Module) -> nn.Module:
    """The network, normalising over the batches of all processes where there are several."""
    for module in [*network.modules()] if count() > 1 else []:
        for name, inner in module.named_children():
            if isinstance(inner, nn.BatchNorm2d | nn.BatchNorm3d):
                setattr(module, name, SharedNorm(inner))
    return network


@torch.no_grad()
def same_(network: nn.Module) -> None:
    """Give a network the weights that it has in the first process: machines round differently."""
    for value in network.state_dict().values() if count() > 1 else ():
        processes.broadcast(value, 0)
