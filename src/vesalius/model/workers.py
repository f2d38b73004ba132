"""Shares of very many pictures over processes that may die: Ray starts them, and starts them again."""

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import ray  # pyright: ignore[reportMissingImports]
from ray.exceptions import RayError  # pyright: ignore[reportMissingImports]

from vesalius.errors import ModelError, VesaliusError, first_line
from vesalius.model.bulk import Share, Spread, fill

TRIES = 4
"""How often a share is begun anew after the process that filled it has died."""

_AHEAD = 2


def over(workers: int) -> Spread:
    """Processes of this machine, or of the cluster that ``RAY_ADDRESS`` names, that fill shares together.

    Args:
        workers: How many at a time, each on one core.

    Raises:
        ModelError: There is to be none.
    """
    if workers < 1:
        raise ModelError(f"workers is {workers}, wanted 1 or more")
    return lambda shares: _spread(shares, workers)


def _spread(shares: Sequence[Share], workers: int) -> Iterator[Share]:
    if not shares:
        return
    with _started(workers) as most:
        try:
            yield from _filled(shares, most, 0 if shares[0].device == "cpu" else 1 / workers)
        except RayError as error:
            raise ModelError(
                f"pictures were not all made ({first_line(error)}); the same command goes on from here"
            ) from error


@contextmanager
def _started(workers: int) -> Iterator[int]:
    """Ray, begun and ended again unless it was there before; gives how many shares may be under way."""
    if ray.is_initialized():
        yield workers
        return
    heeded = signal.getsignal(signal.SIGTERM)
    try:
        most = _begin(workers)
        _heed(heeded)
        yield most
    finally:
        ray.shutdown()
        _heed(heeded)


def _begin(workers: int) -> int:
    """Start Ray, or find the cluster."""
    # Nothing of a house of patients is told to anybody, were it how often Ray is used.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    is_alone = not os.environ.get("RAY_ADDRESS")
    try:
        ray.init(
            # Asked for nowhere, Ray would look for a cluster that somebody else began on this machine.
            address="local" if is_alone else None,
            num_cpus=workers if is_alone else None,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
        )
    except (RayError, OSError, RuntimeError, ValueError) as error:
        raise ModelError(
            f"Ray cannot be started ({first_line(error)}), wanted workers of this machine or a cluster"
        ) from error
    # On a cluster that was there before, what is given to it is all that holds it back.
    return workers * _AHEAD if is_alone else workers


def _heed(handler: object) -> None:
    """Hear SIGTERM as before: Ray, begun or ended, would end the process with files half written."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)  # pyright: ignore[reportArgumentType]


def _filled(shares: Sequence[Share], most: int, accelerators: float) -> Iterator[Share]:
    """Never more shares at once than `most`: a list of a hundred thousand pictures need not travel.

    Each has as much of an accelerator to itself as is said.
    """
    left, begun = iter(shares), {}
    for share in left:
        begun[_fill.options(num_gpus=accelerators).remote(share)] = share
        while len(begun) >= most:
            yield from _done(begun)
    while begun:
        yield from _done(begun)


def _done(begun: dict[ray.ObjectRef, Share]) -> Iterator[Share]:
    ready, _ = ray.wait([*begun])
    for each in ready:
        share = begun.pop(each)
        if wrong := ray.get(each):
            raise ModelError(f"pictures from number {share.first} were not made: {wrong}")
        yield share


def _attempt(share: Share) -> str:
    """Fill a share; errors travel as words, for not every error can be packed."""
    try:
        fill(share)
    except VesaliusError as error:
        return str(error)
    return ""


_fill = ray.remote(num_cpus=1, max_retries=TRIES)(_attempt)
