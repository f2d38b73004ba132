"""Numbers of files, read by one thread or by two."""

import io
import threading

import numpy as np
import pytest
import torch

from vesalius.imaging import values
from vesalius.imaging.values import singles


@pytest.fixture(params=[1, 2])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("count", [1, 1000, 8000, 8001, 20_000])
@pytest.mark.parametrize("scale", [(1.0, 0.0), (0.1, -3.5)])
def test_numbers_are_scaled_in_their_order(monkeypatch, threads, count, scale):
    monkeypatch.setattr(values, "_PIECE", 1000)
    stored = np.random.default_rng(0).integers(-(2**15), 2**15, count).astype(">i2")
    found = singles(io.BytesIO(stored.tobytes()).readinto, count, stored.dtype, scale)
    assert np.array_equal(found, (stored.astype(float) * scale[0] + scale[1]).astype(np.float32))


def test_two_threads_read_where_two_are_allowed(monkeypatch, threads):
    monkeypatch.setattr(values, "_PIECE", 1000)
    seen, source = set(), io.BytesIO(bytes(20_000))

    def readinto(target: memoryview) -> int:
        seen.add(threading.current_thread().name.split("_")[0])
        return source.readinto(target)

    singles(readinto, 20_000, np.dtype(np.uint8), (1.0, 0.0))
    assert seen == ({"unpacker"} if threads == 2 else {"MainThread"})


def test_a_file_that_ends_early_is_told_from_either_thread(monkeypatch, threads):
    monkeypatch.setattr(values, "_PIECE", 1000)
    with pytest.raises(EOFError, match="ends within its voxels"):
        singles(io.BytesIO(bytes(19_999)).readinto, 20_000, np.dtype(np.uint8), (1.0, 0.0))
