"""Laws of values and their windows, over many inputs."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vesalius.imaging.image import ARBITRARY
from vesalius.imaging.intensity import Window


@given(
    st.floats(-1e4, 1e4),
    st.floats(0.1, 1e4),
    arrays(np.float32, (1, 1, 3, 4), elements=st.floats(0, 1, width=32)),
)
def test_a_window_is_undone_inside_and_bounded_everywhere(low, width, shares):
    window = Window(low=low, high=low + width, unit=ARBITRARY)
    voxels = torch.from_numpy(shares).double() * width + low
    assert torch.allclose(
        window.backward(window.forward(voxels)), voxels, rtol=1e-9, atol=1e-9 * (abs(low) + width)
    )
    assert window.forward(voxels * 3 - low).abs().max() <= 1
