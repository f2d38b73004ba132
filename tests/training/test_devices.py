"""The machine: what is changed of the process that trains, and where networks and pictures lie."""

import ctypes
import subprocess
import sys

import numpy as np
import pytest
import torch

from vesalius.networks.convnet import Generator
from vesalius.networks.layout import channels_last
from vesalius.training.devices import Machine, brought, find_machine
from vesalius.training.stream import Stacked, batch

FAULTS = """
import resource, sys
import torch
from vesalius.training.devices import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
def work():
    for _ in range(20):
        torch.ones(2**24)
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(
    getattr(ctypes.CDLL(None), "mallopt", None) is None, reason="this C library has no mallopt"
)
def test_kept_memory_is_not_faulted_in_again():
    faults = {
        word: int(
            subprocess.run([sys.executable, "-c", FAULTS, word], capture_output=True, check=True).stdout
        )
        for word in ("given back", "kept")
    }
    assert faults["kept"] < 10
    assert faults["given back"] > 10 * faults["kept"]


@pytest.fixture(scope="module")
def pictures():
    values = np.random.default_rng(0).random((24, 1, 1, 16, 16), np.float32)
    names = tuple(f"p{index}" for index in range(24))
    return Stacked(values, np.arange(24) % 2, names, names)


def test_pictures_that_were_brought_are_drawn_as_those_that_were_not(pictures):
    near = brought(pictures, "cpu", 4 * pictures.stack.nbytes)
    assert near.near is not None
    for step in range(3):
        mine, theirs = (batch(one, 1, step, 0, 8) for one in (near, pictures))
        assert torch.equal(mine.image, theirs.image)
        assert mine.image.stride() == theirs.image.stride()
        assert torch.equal(mine.condition, theirs.condition)
        assert torch.equal(mine.person, theirs.person)


def test_pictures_are_not_brought_where_they_would_take_more_than_a_quarter(pictures):
    assert brought(pictures, "meta", 4 * pictures.stack.nbytes - 1) is pictures
    assert brought(pictures, "cpu", Machine("cpu", False).room) is pictures


def test_what_is_brought_to_a_device_is_cut_there(pictures):
    near = brought(pictures, "meta", 4 * pictures.stack.nbytes)
    assert near.near.device.type == "meta"
    shown = batch(near, 1, 0, 0, 8)
    assert (shown.image.device.type, shown.image.shape) == ("meta", (8, 1, 1, 16, 16))
    assert shown.condition.device.type == "meta"


@pytest.mark.skipif(torch.cuda.is_available(), reason="about machines without an accelerator")
def test_a_machine_without_an_accelerator_is_two_cores_whatever_it_has():
    assert (find_machine().device, find_machine().pace, find_machine().room) == ("cpu", 1.0, 0)


def test_channels_last_changes_the_order_in_memory_and_nothing_else():
    plain = Generator(width=4, latent=8).build((1, 1, 16, 16), 2)
    before = {name: value.clone() for name, value in plain.state_dict().items()}
    after = channels_last(plain).state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    four = [value for value in after.values() if value.ndim == 4 and value.shape[1] > 1]
    assert four
    assert all(value.is_contiguous(memory_format=torch.channels_last) for value in four)
