"""Random numbers for each picture of a batch."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from vesalius.networks.ranks import integers, normal, uniform
from vesalius.shapes import Batch


class Draws:
    """What happens to each picture of a batch: drawn on the CPU, so that devices agree.

    Args:
        count: Pictures in the batch.
        device: Where the pictures are.
        rng: Random stream on the CPU.
        probability: With which an operation is applied to a picture. The number 1.0 draws nothing; a
            tensor is never read here, so that no device is waited for.
    """

    def __init__(
        self, count: int, device: torch.device, rng: torch.Generator, probability: float | Tensor = 1.0
    ) -> None:
        self.count, self.device, self.rng, self.probability = count, device, rng, probability

    def signed(self) -> Float[Tensor, "b 1 1 1 1"]:
        """One number in [-1, 1) for each picture, shaped to meet ``b c z y x``."""
        return self.box(1, 1, 1, 1)

    def box(self, *extent: int) -> Float[Tensor, "b *n"]:
        """A box of numbers in [-1, 1) for each picture."""
        return (2 * uniform(self.rng, self.count, *extent) - 1).to(self.device)

    def normal(self, *extent: int) -> Float[Tensor, "b *n"]:
        """A box of Gaussian numbers for each picture."""
        return normal(self.rng, self.count, *extent).to(self.device)

    def integers(self, low: int, high: int) -> Int[Tensor, "b 1"]:
        """One whole number in [low, high) for each picture."""
        return integers(self.rng, self.count, low, high).to(self.device)

    def struck(self) -> Bool[Tensor, "b"] | None:
        """Which pictures an operation is applied to; None for all of them."""
        if isinstance(self.probability, float) and self.probability >= 1:
            return None
        return uniform(self.rng, self.count).to(self.device) < self.probability

    def some(self, before: Batch, after: Batch) -> Batch:
        """The changed pictures where they are struck, the others untouched to the last bit."""
        struck = self.struck()
        return after if struck is None else torch.where(struck.view(-1, 1, 1, 1, 1), after, before)

    def kept(self, amount: Tensor) -> Tensor:
        """Amounts ``b ...`` where pictures are struck, zero for the others."""
        struck = self.struck()
        return amount if struck is None else amount * struck.view(-1, *[1] * (amount.ndim - 1))
