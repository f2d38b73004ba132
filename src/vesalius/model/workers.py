"""Shares of very many pictures over processes that may die: Ray starts them, and starts them again."""

import os
from collections.abc import Iterator, Sequence

import ray  # pyright: ignore[reportMissingImports]
from ray.exceptions import RayError  # pyright: ignore[reportMissingImports]

from vesalius.errors import ModelError, VesaliusError
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
    is_ours, ahead = not ray.is_initialized(), 1
    if is_ours:
        # Nothing of a house of patients is told to anybody, were it how often Ray is used.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        cores = None if "RAY_ADDRESS" in os.environ else workers
        # On a cluster that was there before, what is given to it is all that holds it back.
        ahead = _AHEAD if cores else 1
        ray.init(num_cpus=cores, include_dashboard=False, log_to_driver=False, logging_level="error")
    try:
        yield from _filled(shares, workers * ahead)
    except RayError as error:
        first = str(error).splitlines()[0]
        raise ModelError(
            f"pictures were not all made ({first}); the same command goes on from here"
        ) from error
    finally:
        if is_ours:
            ray.shutdown()


def _filled(shares: Sequence[Share], most: int) -> Iterator[Share]:
    """Never more shares at once than `most`: a list of a hundred thousand pictures need not travel."""
    left, begun = iter(shares), {}
    for share in left:
        begun[_fill.remote(share)] = share
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
