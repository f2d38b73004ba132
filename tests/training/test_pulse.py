"""The pulse of pictures of known spread and roughness."""

import numpy as np
import pytest
import torch

from vesalius.training.loop import Pulse
from vesalius.training.pulse import Usual, fault_of_made, pulse_of

USUAL = Usual(Pulse(0.2, 0.01), np.array([3, 3]))
WELL = Pulse(0.2, 0.02)


def test_pictures_that_differ_only_between_classes_have_no_spread():
    condition = torch.arange(8) % 2
    image = condition[:, None, None, None, None] * torch.ones(8, 1, 1, 16, 16)
    assert pulse_of(image, condition).spread == 0.0


def test_the_spread_is_the_standard_deviation_within_classes():
    condition = torch.arange(20_000) % 2
    rng = torch.Generator().manual_seed(0)
    level = 0.3 * torch.randn(20_000, 1, 1, 1, 1, generator=rng)
    image = condition[:, None, None, None, None] + level.expand(-1, 1, 1, 8, 8)
    assert pulse_of(image, condition).spread == pytest.approx(0.3, rel=0.02)


def test_a_checkerboard_is_rough_and_a_ramp_is_as_rough_as_its_steps():
    y, x = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    board = ((y + x) % 2 * 2.0 - 1).expand(2, 1, 1, 16, 16)
    ramp = (x * 0.1).expand(2, 1, 1, 16, 16)
    condition = torch.zeros(2, dtype=torch.long)
    assert pulse_of(board, condition).roughness == pytest.approx(4.0)
    assert pulse_of(ramp, condition).roughness == pytest.approx(0.005)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (WELL, ""),
        (Pulse(0.09, 0.02), ""),
        (Pulse(0.07, 0.02), "have become alike"),
        (Pulse(0.2, 0.07), ""),
        (Pulse(0.2, 0.09), "have become rough"),
        (Pulse(float("nan"), 0.02), "are not finite"),
    ],
)
def test_made_pictures_are_faulted_beside_a_good_moment(now, said):
    assert said in fault_of_made(now, WELL, USUAL)
    assert bool(said) == bool(fault_of_made(now, WELL, USUAL))


def test_before_any_good_moment_pictures_may_be_alike_but_not_rougher_than_real_ones():
    assert not fault_of_made(Pulse(0.0, 0.03), Pulse(0.0, 0.0), USUAL)
    assert "rough" in fault_of_made(Pulse(0.0, 0.05), Pulse(0.0, 0.0), USUAL)
