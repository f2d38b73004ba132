"""The machine: device, precision and memory layout, found rather than asked."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import nn

from vesalius.networks.blocks import Convolution

_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}
_MMAP_MAX, _TRIM_THRESHOLD = -4, -1
_NEVER = 2**31 - 1


@dataclass(frozen=True)
class Machine:
    """Where and how networks run.

    Args:
        device: ``"cpu"`` or ``"cuda"``.
        has_bf16: Whether half-width floats are fast here.
    """

    device: str
    has_bf16: bool

    def settle(self, networks: nn.Module) -> nn.Module:
        """Networks on the device, with channels stored last: about twice as fast on a CPU."""
        for module in networks.modules():
            if isinstance(module, Convolution):
                module.to(memory_format=_LAST[module.weight.ndim])  # pyright: ignore[reportCallIssue]
        return networks.to(self.device)

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
    if torch.cuda.is_available():
        return Machine("cuda", torch.cuda.is_bf16_supported())
    abilities = torch.cpu.get_capabilities()
    return Machine("cpu", bool(abilities.get("avx512_bf16") or abilities.get("amx_bf16")))


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
