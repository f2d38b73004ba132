"""What gzip has packed, against the reader of the standard library."""

import gzip
import io
import random
import tracemalloc

import numpy as np
import pytest
from isal import igzip

from vesalius.imaging.unpacked import Unpacked
from vesalius.imaging.values import filled

MIB = 2**20
NOISE = random.Random(0).randbytes(700_000)


def unpacked(packed: bytes, step: int = 65_536) -> bytes:
    stream, found, target = Unpacked(io.BytesIO(packed)), b"", bytearray(step)
    while count := stream.readinto(memoryview(target)):
        found += target[:count]
    return found


@pytest.mark.parametrize("whole", [b"", b"a", NOISE, bytes(3 * MIB), NOISE + bytes(MIB) + NOISE])
@pytest.mark.parametrize("step", [1000, 4 * MIB])
def test_what_was_packed_comes_out(whole, step):
    assert unpacked(gzip.compress(whole), step) == whole


@pytest.mark.parametrize("padding", [b"", b"\0", bytes(600_000)])
def test_members_count_as_one_and_zeros_may_follow(padding):
    parts = [b"first", b"", NOISE, b"last"]
    packed = padding.join(gzip.compress(part) for part in parts) + padding
    assert unpacked(packed) == b"".join(parts) == gzip.decompress(packed)


@pytest.mark.parametrize("lost", [1, 8, 9, 300_000, 700_000])
def test_a_file_that_ends_early_is_told(lost):
    with pytest.raises(EOFError, match="ends within what gzip has packed"):
        unpacked(gzip.compress(NOISE)[:-lost])


@pytest.mark.parametrize("place", [0, -1, -8, 300_000])
def test_a_damaged_file_is_told(place):
    packed = bytearray(gzip.compress(NOISE + bytes(1000)))
    packed[place] ^= 0x10
    with pytest.raises((ValueError, EOFError)):
        unpacked(bytes(packed))


def test_anything_else_after_a_member_is_told():
    with pytest.raises((ValueError, EOFError)):
        unpacked(gzip.compress(b"first") + b"more of another kind")


def test_no_more_is_unpacked_than_is_wanted():
    packed = igzip.compress(bytes(64 * MIB))
    target = np.empty(MIB, np.uint8)
    tracemalloc.start()
    try:
        stream = Unpacked(io.BytesIO(packed))
        assert filled(target, stream.readinto)
        assert stream.readinto(memoryview(bytearray(1))) == 1
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()
