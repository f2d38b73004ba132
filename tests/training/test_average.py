"""The slow copy of a player: how fast it forgets."""

import pytest
import torch
from torch import nn

from vesalius.training.average import Average


def _after(half_life: float, ramp: float, steps: int) -> float:
    """Where an average stands that began at 0 and followed a 1 for so many steps of ten pictures."""
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    average = Average(network, half_life, ramp)
    nn.init.ones_(network.weight)
    for step in range(1, steps + 1):
        average.follow(network, 10, step * 10)
    return float(average.network.weight)


def test_half_of_an_old_weight_is_forgotten_in_its_half_life():
    begun, later = (1 - _after(100.0, 1e9, steps) for steps in (1, 11))
    assert later == pytest.approx(begun / 2, rel=1e-5)


@pytest.mark.parametrize("ramp", [0.05, 0.2])
def test_early_on_half_is_forgotten_in_a_share_of_what_was_seen(ramp):
    network = nn.Linear(1, 1, bias=False)
    average = Average(network, 1e9, ramp)
    begun = float(average.network.weight)
    nn.init.zeros_(network.weight)
    average.follow(network, round(1000 * ramp), 1000)
    assert float(average.network.weight) == pytest.approx(begun / 2)


def test_buffers_are_those_of_the_network():
    network = nn.BatchNorm2d(1)
    average = Average(network, 1e9, 1.0)
    network.running_mean.fill_(3.0)
    average.follow(network, 1, 1)
    assert torch.equal(average.network.running_mean, network.running_mean)
