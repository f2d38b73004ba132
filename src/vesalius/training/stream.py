"""Cases decoded once into one array, and batches cut from it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from vesalius.shapes import Stack


@dataclass(frozen=True, eq=False)
class Stacked:
    """Pictures of a cohort, decoded and scaled once, in the order of their cases.

    Args:
        stack: ``n c z y x``, float32 in [-1, 1]; may be memory-mapped.
        labels: Class index of each picture.
        patients: Pseudonym of the person of each picture.
        keys: Name of the case of each picture.
        problems: One line for each case that could not be read; it has no picture here.
    """

    stack: Stack
    labels: Int[np.ndarray, "n"]
    patients: tuple[str, ...]
    keys: tuple[str, ...]
    problems: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.stack)
