"""The machine: what is changed of the process that trains."""

import ctypes
import subprocess
import sys

import pytest

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
