"""The machine: device, precision and memory layout, found rather than asked."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace

import torch
from torch import nn

from vesalius.networks.layout import channels_last, device_here
from vesalius.training.stream import Stacked

_PART = 4
_OF_TWO_CORES = 0.5
_MMAP_MAX, _TRIM_THRESHOLD = -4, -1
_NEVER = 2**31 - 1


@dataclass(frozen=True)
class Machine:
    """Where and how networks run.

    Args:
        device: ``"cpu"`` or ``"cuda"``.
        has_bf16: Whether half-width floats are fast here.
        pace: How many times as many pictures a second as two CPU cores it plays; networks and batches are
            derived from it, see `recipes.derived.derive`. 1 for every CPU, however many cores it has. For an
            accelerator it is an estimate and not yet measured: each of its multiprocessors is taken for one
            core, so that one of 28 is put at 14, and one of 132 at 66.
    """

    device: str
    has_bf16: bool
    pace: float = 1.0

    def settle(self, networks: nn.Module) -> nn.Module:
        """Networks on the device, with channels stored last: about twice as fast on a CPU."""
        return channels_last(networks).to(self.device)

    @property
    def room(self) -> int:
        """Free bytes of the accelerator; none on a CPU, which has the pictures already."""
        return torch.cuda.mem_get_info()[0] if self.device == "cuda" else 0

    def precision(self, is_precise: bool) -> AbstractContextManager[object]:
        """Half-width floats where they are fast and the loss bears them."""
        if is_precise or not self.has_bf16:
            return nullcontext()
        return torch.autocast(self.device, dtype=torch.bfloat16)


@contextmanager
def without_denormals() -> Iterator[None]:
    """Flush denormal numbers to zero: a generator that starts at zero is several times slower with them."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def find_machine() -> Machine:
    """The best device here; on a CPU, half-width floats only where it computes in them."""
    if device_here() == "cuda":
        processors = torch.cuda.get_device_properties(0).multi_processor_count
        return Machine("cuda", torch.cuda.is_bf16_supported(), _OF_TWO_CORES * processors)
    abilities = torch.cpu.get_capabilities()
    return Machine("cpu", bool(abilities.get("avx512_bf16") or abilities.get("amx_bf16")))


def brought(stacked: Stacked, device: str, room: int) -> Stacked:
    """Pictures with a copy of them on a device, so that no turn waits for its own to be sent there.

    Args:
        stacked: Pictures of a cohort.
        device: Where they are played with.
        room: Free bytes there; where they would take more than a quarter of them, nothing is copied.
    """
    if stacked.stack.nbytes > room // _PART:
        return stacked
    return replace(stacked, near=torch.from_numpy(stacked.stack).to(device))


def keep_freed_memory() -> bool:
    """Have this process keep the memory of freed arrays for the next ones. Optional, and for its whole life.

    The GNU C library gives large arrays back to the system at once, and the next one is handed out page
    by page again: tens of thousands of page faults in a training step at 256 x 256. Kept, they are none.
    The process then never shrinks.

    Returns:
        Whether the C library knows how; elsewhere nothing is changed.

    Source:
        mallopt(3): M_MMAP_MAX and M_TRIM_THRESHOLD.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return False
    return mallopt(_MMAP_MAX, 0) == 1 and mallopt(_TRIM_THRESHOLD, _NEVER) == 1
