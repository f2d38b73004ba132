"""The benchmark of volumes measures what it says, on volumes of noise."""

import numpy as np
import pytest
from PIL import Image

from vesalius.evidence.features import pixel_space, texture_space
from vesalius.training.stream import Stacked


@pytest.fixture
def bench(script):
    return script("volumes")


def noise(seed, count, level=0.0):
    """Volumes of noise of as many people."""
    stack = np.random.default_rng(seed).normal(level, 0.3, (count, 1, 16, 16, 16)).clip(-1, 1)
    names = tuple(f"p{seed}-{index}" for index in range(count))
    return Stacked(stack.astype(np.float32), np.zeros(count, np.int64), names, names)


def test_people_alike_lie_within_the_floor_and_others_beyond_it(bench):
    train, aside = noise(0, 30), noise(1, 12)
    held = bench.Bench(train, aside, (texture_space(train.stack), pixel_space(train.stack)))
    _, _, high = bench.floor(held)
    alike, unlike = bench.measured(held, noise(2, 20).stack), bench.measured(held, noise(3, 20, 0.5).stack)
    assert unlike[0] > max(alike[0], high[0])
    assert unlike[2] < alike[2]


def test_a_sheet_shows_every_volume_as_three_planes(bench, tmp_path):
    train, aside = noise(0, 12), noise(1, 12)
    held = bench.Bench(train, aside, ())
    bench.sheet(held, train.stack, noise(2, 16).stack, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (3 * (4 * 50 + 3 * 2), 3 * (8 * 16 + 7 * 2))


@pytest.mark.parametrize("size", [(16, 16), (16, 16, 16)])
def test_a_step_over_two_and_three_axes_is_counted_by_its_voxels(bench, size):
    entry = bench.stepping(size, 4)
    assert entry.count == 4 * np.prod(size)
    assert all(np.isfinite(value) for value in entry.step().values())
    assert bench.counted(entry.step) > 1e6
