"""What this first evidence sees of a picture: the grey values of its middle slice."""

import numpy as np
from jaxtyping import Float, Float32

from vesalius.shapes import Stack

Planes = Float[np.ndarray, "_ y x"]
"""Grey pictures of one slice, of any set."""

Features = Float[np.ndarray, "_ d"]
"""Rows of features in one space, of any set."""


def grey(stack: Stack) -> Float32[np.ndarray, "n y x"]:
    """Mean of the channels on the middle slice."""
    return np.ascontiguousarray(middle(stack).mean(axis=1, dtype=np.float32))


def middle(stack: Stack) -> Float32[np.ndarray, "n c y x"]:
    """All channels of the middle slice."""
    return np.asarray(stack[:, :, stack.shape[2] // 2], dtype=np.float32)
