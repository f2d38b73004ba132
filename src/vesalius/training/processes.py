"""Decisions that all processes of a run take alike; one process alone takes them without asking."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

import torch
import torch.distributed as processes

from vesalius.networks.ranks import count, is_first

Said = TypeVar("Said")


def told(say: Callable[[], Said]) -> Said:
    """What the first process says; the others wait for it, and say nothing.

    Args:
        say: Called in the first process only. When it raises, the others lose their connection to it.
    """
    if count() == 1:
        return say()
    box: list[object] = [say() if is_first() else None]
    processes.broadcast_object_list(box, 0)
    return cast("Said", box[0])


def most(number: float) -> float:
    """The largest of the numbers that the processes have."""
    if count() == 1:
        return number
    held = torch.tensor(number, dtype=torch.float64)
    processes.all_reduce(held, processes.ReduceOp.MAX)
    return held.item()


@contextmanager
def first_alone() -> Iterator[None]:
    """Let the first process go ahead; the others follow when it is done, and find what it has written."""
    if not is_first():
        processes.barrier()
    yield
    if count() > 1 and is_first():
        processes.barrier()
