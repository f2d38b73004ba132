"""Cases decoded once into one array, and batches cut from it."""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from hashlib import file_digest, sha256
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int
from numpy.lib.format import dtype_to_descr, open_memmap, write_array_header_1_0

from vesalius.cohort.cohort import Case, Cohort, Held
from vesalius.cohort.threads import each
from vesalius.errors import EmptyCohortError, ImagingError
from vesalius.example import Single
from vesalius.networks.blocks import Shape
from vesalius.shapes import Batch, Stack, Voxels
from vesalius.storage import forget, written
from vesalius.tasks import AnyTask


@dataclass(frozen=True, eq=False)
class Stacked:
    """Pictures of a cohort, decoded and scaled once, in the order of their cases.

    Args:
        stack: ``n c z y x``, float32 in [-1, 1]; may be memory-mapped.
        labels: Class index of each picture.
        patients: Pseudonym of the person of each picture.
        keys: Name of the case of each picture.
        problems: One line for each case that could not be read; it has no picture here.
        near: The same pictures where they are played with; None where they are taken from `stack`, turn by
            turn. See `training.devices.brought`.
    """

    stack: Stack
    labels: Int[np.ndarray, "n"]
    patients: tuple[str, ...]
    keys: tuple[str, ...]
    problems: tuple[str, ...] = ()
    near: Batch | None = None

    def __len__(self) -> int:
        return len(self.stack)

    @property
    def shape(self) -> Shape:
        """Extent of one picture, ``(c, z, y, x)``."""
        _, c, z, y, x = self.stack.shape
        return c, z, y, x

    def at(self, index: Int[np.ndarray, "b"]) -> Single:
        """Some pictures as a batch; its people are numbered afresh."""
        people = np.unique([self.patients[row] for row in index], return_inverse=True)[1]
        labels = torch.from_numpy(self.labels[index])
        if self.near is None:
            return Single(torch.from_numpy(self.stack[index]), labels, torch.from_numpy(people))
        places, device = (torch.from_numpy(index), labels, torch.from_numpy(people)), self.near.device
        rows, *others = (one.to(device) for one in places)
        return Single(self.near[rows], *others)


def stack(
    cohort: Cohort, task: AnyTask, file: Path | None = None, watch: Callable[[int], None] = lambda done: None
) -> Stacked:
    """Decode and scale every case once.

    A case that cannot be read is named in `Stacked.problems` and left out. With a file,
    pictures are written as they come, and the memory needed does not grow with the cohort.

    Args:
        cohort: Whom to decode.
        task: How a case becomes an example.
        file: Where to keep the array, memory-mapped; in memory when None.
        watch: Called with the number of cases done so far, those that cannot be read included.

    Raises:
        EmptyCohortError: No case could be read; the message says why of the first.
        CohortError: A case lacks what the task asks for.
        StorageError: The file could not be written whole.
    """
    if file is None:
        pictures = np.empty((len(cohort), *task.shape), np.float32)
        read = _decode(cohort.name, cohort.cases, task, watch, pictures.__setitem__)
        return read.beside(pictures[: len(read.keys)])
    with written(file) as beside, beside.open("wb") as target:
        # Written, not mapped: on a full disk a write is an error, and a mapping kills the process.
        target.write(_header(len(cohort), task.shape))
        read = _decode(
            cohort.name,
            cohort.cases,
            task,
            watch,
            lambda _, picture: target.write(np.ascontiguousarray(picture).data),
        )
        target.seek(0)
        target.write(_header(len(read.keys), task.shape))
    return read.beside(open_memmap(file, mode="c"))


def made_of(cohort: Cohort, task: AnyTask, contents: tuple[str, ...]) -> str:
    """Everything that a stack is a function of, as a hash: pictures, labels, people, order, task, version.

    Args:
        cohort: Whom to decode.
        task: How a case becomes an example.
        contents: What each case holds, from `vesalius.cohort.fingerprint.fingerprint`.
    """
    cases = zip(cohort.cases, contents, strict=True)
    told = [(case.key, case.patient, task.told(case), content) for case, content in cases]
    # Runs from before tasks knew what fills pictures up can be taken up again, where that stays as it was.
    besides = () if task.outside == "edge" else (task.outside,)
    return sha256(repr((version("vesalius"), task, told, *besides)).encode()).hexdigest()


def stack_once(
    cohort: Cohort,
    task: AnyTask,
    file: Path,
    origin: str,
    watch: Callable[[int], None] = lambda done: None,
) -> Stacked:
    """What `stack` gives, taken from the file where it is certain to be the same.

    What the array does not know (labels, people, problems, and of which cases and task it was
    made) is kept in a JSON file of the same name. When one of the two is missing, damaged or of
    anything else, everything is decoded again.

    Args:
        cohort: Whom to decode.
        task: How a case becomes an example.
        file: Where the array is, or will be; ends in ``.npy``.
        origin: From `made_of`.
        watch: As for `stack`.

    Raises:
        EmptyCohortError: No case could be read; the message says why of the first.
        CohortError: A case lacks what the task asks for.
        StorageError: A file could not be written whole.
    """
    beside = file.with_suffix(".json")
    if (kept := _kept(file, beside, origin)) is not None:
        return kept
    # The words first: an array without any is decoded again, words beside another array would lie.
    forget(beside)
    forget(file)
    stacked = stack(cohort, task, file, watch)
    told = _Read(tuple(stacked.labels.tolist()), stacked.patients, stacked.keys, stacked.problems)
    with written(beside) as path:
        path.write_text(json.dumps({"made_of": origin, "sha256": _digest(file), **asdict(told)}))
    return stacked


def stacked_in(file: Path) -> Stacked | None:
    """What an earlier `stack_once` left, of whatever it was made; None where it is missing or damaged.

    Args:
        file: Where the array is; ends in ``.npy``.
    """
    return _kept(file, file.with_suffix(".json"), None)


@dataclass(frozen=True)
class _Read:
    """All of `Stacked` but its pictures."""

    labels: tuple[int, ...]
    patients: tuple[str, ...]
    keys: tuple[str, ...]
    problems: tuple[str, ...]

    def beside(self, pictures: Stack) -> Stacked:
        return Stacked(pictures, np.array(self.labels, np.int64), self.patients, self.keys, self.problems)


def _decode(
    name: str,
    cases: Iterable[Case],
    task: AnyTask,
    watch: Callable[[int], None],
    keep: Callable[[int, np.ndarray], object],
) -> _Read:
    """Give each picture that can be read to `keep`, with its row, and forget it and its case."""

    def encoded(case: Case) -> tuple[Case, Single | str]:
        try:
            return case, task.encode(case)
        except ImagingError as error:
            return case, f"{case.key}: {error}"

    labels, problems, patients, keys = [], [], [], []
    watch(0)
    # Closed here, and not when an error that was raised below is forgotten: threads would stay that long.
    with closing(each(encoded, cases)) as found:
        for done, (case, example) in enumerate(found, 1):
            if isinstance(example, str):
                problems.append(example)
            else:
                keep(len(keys), example.image[0].numpy())
                labels.append(int(example.condition[0]))
                patients.append(case.patient)
                keys.append(case.key)
            watch(done)
    if not keys:
        why = f"; first: {problems[0]}" if problems else ""
        raise EmptyCohortError(f"cohort {name} has no readable picture, wanted at least one{why}")
    return _Read(tuple(labels), tuple(patients), tuple(keys), tuple(problems))


def _header(count: int, shape: Shape) -> bytes:
    """How an NPY file of some pictures begins: equally long for any count, so it can be written over."""
    header = BytesIO()
    descr = dtype_to_descr(np.dtype(np.float32))
    write_array_header_1_0(header, {"descr": descr, "fortran_order": False, "shape": (count, *shape)})
    return header.getvalue()


def _kept(file: Path, beside: Path, origin: str | None) -> Stacked | None:
    """What an earlier `stack_once` left, or None where it cannot be relied on."""
    try:
        told = json.loads(beside.read_text())
        made_of, digest = told.pop("made_of"), told.pop("sha256")
        if origin not in (None, made_of) or digest != _digest(file):
            return None
        read = _Read(**{name: tuple(values) for name, values in told.items()})
        pictures = open_memmap(file, mode="c")
        counts = {len(pictures), len(read.labels), len(read.patients), len(read.keys)}
        return read.beside(pictures) if len(counts) == 1 else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return file_digest(opened, "sha256").hexdigest()


def nobody(task: AnyTask) -> Stacked:
    """The pictures of nobody: what stands where a cohort is too small to keep people aside."""
    return Stacked(np.zeros((0, *task.shape), np.float32), np.zeros(0, np.int64), (), ())


def stack_made(pictures: Iterable[Voxels], classes: Sequence[int], task: AnyTask) -> Stacked:
    """Made pictures by the same way as real ones: as values in their unit, then scaled by the task.

    Args:
        pictures: What a generator made, in [-1, 1]; each is taken when its turn has come, and forgotten.
        classes: Class index of each.
        task: Of the generator.

    Raises:
        EmptyCohortError: No picture could be read; the message says why of the first.
    """
    stacked = np.empty((len(classes), *task.shape), np.float32)
    pairs = enumerate(zip(pictures, classes, strict=True), 1)
    cases = (_made(number, voxels, label, task) for number, (voxels, label) in pairs)
    read = _decode("made", cases, task, lambda done: None, stacked.__setitem__)
    return read.beside(stacked[: len(read.keys)])


def _made(number: int, voxels: Voxels, label: int, task: AnyTask) -> Case:
    """One made picture as a case."""
    name = f"made-{number:05d}"
    return Case(name, name, {task.role: Held(task.decode(voxels))}, facts=task.facts(label))


def batch(
    stacked: Stacked,
    seed: int,
    step: int,
    turn: int,
    size: int,
    share: Callable[[Int[np.ndarray, "b"]], Int[np.ndarray, "m"]] = lambda rows: rows,
) -> Single:
    """The training pictures of one turn: a function of seed, step and turn alone.

    Rare classes are drawn more often than they occur, by the root of their share, so that
    the smallest is learnt and the largest still rules.

    Args:
        stacked: Pictures to draw from.
        seed: Of the recipe.
        step: Of the loop.
        turn: Of the step.
        size: Pictures in the batch.
        share: Which of them are wanted; see `networks.ranks.mine`.
    """
    rng = np.random.default_rng((seed, step, turn))
    counts = np.bincount(stacked.labels)
    weight = 1 / np.sqrt(counts[stacked.labels])
    edges = np.cumsum(weight)
    index = np.searchsorted(edges, rng.random(size) * edges[-1])
    return stacked.at(share(index))
