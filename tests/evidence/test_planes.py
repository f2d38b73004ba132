"""What the evidence sees of pictures: means of blocks, by one function."""

import numpy as np

from vesalius.evidence.planes import shrunk


def test_blocks_are_averaged_and_what_fills_none_is_left_out():
    values = np.arange(2 * 3 * 5, dtype=np.float32).reshape(1, 2, 3, 5)
    made = shrunk(values, (3, 2))
    assert made.shape == (1, 2, 1, 2)
    assert made[0, 1, 0, 1] == values[0, 1, :, 2:4].mean()
    assert np.array_equal(shrunk(values, (1, 1)), values)
