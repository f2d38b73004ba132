"""Exponential averages of players: steadier than the players themselves."""

import copy
from collections.abc import Callable

import torch
from torch import nn

from vesalius.networks.blocks import seeded
from vesalius.networks.linear import LinearBase
from vesalius.shapes import Classes
from vesalius.training.interrupt import uninterrupted


class Average:
    """A copy of a network that follows it slowly.

    Args:
        network: Whom to follow.
        half_life: After this many pictures an old weight counts half.
        ramp: Early on, already after this share of all pictures seen.

    Source:
        Karras et al., ICLR 2018, section 4.1; NeurIPS 2022, appendix F.1, for the ramp.
    """

    def __init__(self, network: nn.Module, half_life: float, ramp: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.half_life = half_life
        self.ramp = ramp

    @torch.no_grad()
    def follow(self, network: nn.Module, pictures: int, seen: int) -> None:
        """Move towards the network.

        Args:
            network: As it stands after a step.
            pictures: Size of the step's batch.
            seen: Pictures seen so far.
        """
        keep = 0.5 ** (pictures / min(self.half_life, max(seen * self.ramp, 1e-8)))
        for mine, theirs in zip(self.network.parameters(), network.parameters(), strict=True):
            mine.lerp_(theirs, 1 - keep)
        for buffer, other in zip(self.network.buffers(), network.buffers(), strict=True):
            buffer.copy_(other)


@torch.no_grad()
def settle_norms(
    generator: nn.Module,
    latent: int,
    classes: Classes,
    seed: int,
    batches: int,
    between: Callable[[], None] = uninterrupted,
) -> None:
    """Measure the statistics of batch normalisation anew for averaged weights.

    The running statistics belong to the network that was trained, not to its average.

    Args:
        generator: Changed in place; left in evaluation mode.
        latent: Number of latent coordinates it starts from.
        classes: Class of each picture of a batch, as in training.
        seed: Of the latents.
        batches: How many batches to measure over.
        between: Called before each of them.
    """
    norms = [layer for layer in generator.modules() if isinstance(layer, nn.BatchNorm2d | nn.BatchNorm3d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    rng = seeded(seed)
    generator.eval()
    for norm in norms:
        norm.train()
    for _ in range(batches if norms else 0):
        between()
        latents = torch.randn(len(classes), latent, generator=rng)
        generator(latents.to(classes.device), classes)
    generator.eval()


@torch.no_grad()
def settle_centre(
    generator: nn.Module,
    latent: int,
    classes: Classes,
    seed: int,
    batches: int,
    between: Callable[[], None] = uninterrupted,
) -> None:
    """Measure anew what pictures of a class, or all pictures, have in common; see `networks.centring`.

    Args:
        generator: In evaluation mode, its normalisation settled; changed in place where it is centred.
        latent: Number of latent coordinates it starts from.
        classes: Class of each picture of a batch, as in training.
        seed: Of the latents.
        batches: How many batches to measure over: of every class by itself, as many pictures as of all.
        between: Called before each of them.
    """
    base = getattr(generator, "base", None)
    if not isinstance(base, LinearBase) or base.centring is None:
        return
    mean = base.centring.mean.zero_()
    total = torch.zeros_like(mean).flatten(1)
    if base.centring.by_class:
        classes = torch.arange(len(mean), device=mean.device).repeat(-(-len(classes) // len(mean)))
    group = classes if base.centring.by_class else torch.zeros_like(classes)
    rng = seeded(seed, 1)
    for _ in range(batches):
        between()
        latents = torch.randn(len(classes), latent, generator=rng).to(mean.device)
        total.index_add_(0, group, (generator(latents, classes) - base(latents, classes)).flatten(1))
    count = group.bincount(minlength=len(mean)) * batches
    settled = (total / count.clamp_min(1)[:, None]).view_as(mean)
    mean.copy_(settled if base.centring.by_class else settled[:1].expand_as(mean))
