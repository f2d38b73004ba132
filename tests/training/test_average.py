"""The slow copy of a player: how fast it forgets."""

import pytest
import torch
from torch import nn

from vesalius.training.average import Average


def test_half_of_an_old_weight_is_forgotten_in_its_half_life():
    network = nn.Linear(1, 1, bias=False)
    average = Average(network, half_life=100.0, ramp=0.05)
    begun = float(average.network.weight)
    nn.init.zeros_(network.weight)
    average.follow(network, 100, 10**9)
    assert float(average.network.weight) == pytest.approx(begun / 2)


@pytest.mark.parametrize("ramp", [0.05, 0.2])
def test_early_on_half_is_forgotten_in_a_share_of_what_was_seen(ramp):
    network = nn.Linear(1, 1, bias=False)
    average = Average(network, half_life=1e9, ramp=ramp)
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
