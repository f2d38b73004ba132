"""How many cores this process may use. Nothing heavy is imported here."""

import os
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

_THREADS = "OMP_NUM_THREADS"
_MOUNTED = ("sys/fs/cgroup", "sys/fs/cgroup/unified")


def cores() -> int:
    """Cores that this process may run on: those of the machine, or of its affinity where that is set."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def quota(root: Path = Path("/")) -> float | None:
    """Cores whose time the control groups of this process grant it, as a container of few cores has it.

    The least of its group and of all groups around it counts.

    Args:
        root: Of the file system; ``/proc`` and ``/sys`` are read below it.

    Returns:
        May be a part of a core; None where there is no limit, and where there are no control groups.

    Source:
        Linux kernel documentation, cgroup-v2.rst, ``cpu.max``; scheduler/sched-bwc.rst for version 1.
    """
    lines = _text(root / "proc/self/cgroup").splitlines()
    found = [share for line in lines for folder in _groups(root, line) for share in _share(folder)]
    return min(found, default=None)


def keep_to_quota(
    environ: MutableMapping[str, str] = os.environ, root: Path = Path("/"), most: int | None = None
) -> None:
    """Have numeric libraries compute with no more threads than there are cores to be had.

    They count the cores of the machine and know nothing of quotas: 64 threads that share the time of two
    cores wait for one another. Must be called before they are loaded. Parts of a core are not counted, as
    one thread that is held up holds up all. Nothing is changed without a quota below the number of cores,
    nor where the user has said how many threads he wants.

    Args:
        environ: Of the process.
        root: As for `quota`.
        most: Cores without a quota; those found when None.
    """
    granted = quota(root)
    if granted is not None and granted < (cores() if most is None else most):
        environ.setdefault(_THREADS, str(max(1, int(granted))))


def _groups(root: Path, line: str) -> Iterator[Path]:
    """Folders of a group and of those around it; the outermost one that is mounted is a container's own."""
    _, controllers, path = (*line.split(":", 2), "", "")[:3]
    if controllers and "cpu" not in controllers.split(","):
        return
    mounted = [f"sys/fs/cgroup/{name}" for name in (controllers, "cpu")] if controllers else _MOUNTED
    inner = [part for part in PurePosixPath(path).parts if part not in ("/", "..")]
    for folder in mounted:
        yield from (root.joinpath(folder, *inner[:depth]) for depth in range(len(inner) + 1))


def _share(folder: Path) -> Iterator[float]:
    """The limit of one group; nothing where it has none."""
    once = [_text(folder / f"cpu.cfs_{word}_us") for word in ("quota", "period")]
    for words in (_text(folder / "cpu.max").split(), [one.strip() for one in once]):
        with suppress(ValueError):
            granted, period = map(int, words)  # "max" is no number
            if granted > 0 and period > 0:
                yield granted / period


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
