"""Work on many cases with all cores, as if it were done on one after the other."""

from collections import deque
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby, islice
from typing import TypeVar

import torch

from vesalius.cohort.cohort import Case, Stored
from vesalius.imaging.formats import VOLUMES

Found = TypeVar("Found")


def each(
    work: Callable[[Case], Found], cases: Iterable[Case], threads: int | None = None
) -> Generator[Found, None, None]:
    """What comes of each case, in the order of the cases.

    Cases in a row that are cut from the same files are worked on in one thread, so that these are
    decoded once. Only a few results wait to be taken at any time. Threads, not processes: decoders
    and arithmetic leave the interpreter alone while they work, and a process that has loaded torch
    takes longer to start than many a cohort to decode.

    Args:
        work: Called in any thread; what it raises is raised when its case's turn has come.
        cases: Taken as the work goes on.
        threads: How many; as many as torch computes with when None, if that many volumes are kept in
            memory. One thread is the caller's own.
    """
    threads = min(torch.get_num_threads(), VOLUMES) if threads is None else threads
    if threads == 1:
        yield from map(work, cases)
        return

    def worked(group: tuple[Case, ...]) -> list[Found]:
        return [work(case) for case in group]

    groups = (tuple(group) for _, group in groupby(cases, _files))
    with _pool(threads) as pool:
        waiting = deque[Future[list[Found]]]()
        waiting.extend(pool.submit(worked, group) for group in islice(groups, 2 * threads))
        while waiting:
            yield from waiting.popleft().result()
            waiting.extend(pool.submit(worked, group) for group in islice(groups, 1))


def _files(case: Case) -> Hashable:
    """What cases in a row may have in common; a case with pictures in memory stands alone."""
    stored = [source.paths for source in case.pictures.values() if isinstance(source, Stored)]
    return tuple(stored) if stored and len(stored) == len(case.pictures) else case.key


@contextmanager
def _pool(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that share the cores among them; in the end only what was begun is waited for."""
    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(threads, "reader", lambda: torch.set_num_threads(1))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        # What a thread sets holds for all that begin later, those of training among them.
        torch.set_num_threads(before)
