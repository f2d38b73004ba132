"""Cases decoded once into one array, and batches cut from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int

from vesalius.cohort.cohort import Case, Cohort, Held
from vesalius.errors import EmptyCohortError, ImagingError
from vesalius.example import Single
from vesalius.networks.blocks import Shape
from vesalius.shapes import Batch, Stack
from vesalius.storage import written
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
    """

    stack: Stack
    labels: Int[np.ndarray, "n"]
    patients: tuple[str, ...]
    keys: tuple[str, ...]
    problems: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.stack)

    @property
    def shape(self) -> Shape:
        """Extent of one picture, ``(c, z, y, x)``."""
        _, c, z, y, x = self.stack.shape
        return c, z, y, x

    def at(self, index: Int[np.ndarray, "b"]) -> Single:
        """Some pictures as a batch."""
        return Single(torch.from_numpy(self.stack[index]), torch.from_numpy(self.labels[index]))


def stack(
    cohort: Cohort, task: AnyTask, file: Path | None = None, watch: Callable[[int], None] = lambda done: None
) -> Stacked:
    """Decode and scale every case once.

    A case that cannot be read is named in `Stacked.problems` and left out.

    Args:
        cohort: Whom to decode.
        task: How a case becomes an example.
        file: Where to keep the array, memory-mapped; in memory when None.
        watch: Called with the number of cases done so far.

    Raises:
        EmptyCohortError: No case could be read; the message says why of the first.
        CohortError: A case lacks what the task asks for.
    """
    pictures = np.empty((len(cohort), *task.shape), np.float32)
    labels, problems, kept = np.zeros(len(cohort), np.int64), [], []
    for case in cohort.cases:
        try:
            example = task.encode(case)
        except ImagingError as error:
            problems.append(f"{case.key}: {error}")
            continue
        pictures[len(kept)], labels[len(kept)] = example.image[0].numpy(), int(example.condition[0])
        kept.append(case)
        watch(len(kept) + len(problems))
    if not kept:
        why = f"; first: {problems[0]}" if problems else ""
        raise EmptyCohortError(f"cohort {cohort.name} has no readable picture, wanted at least one{why}")
    whole = Stacked(
        pictures[: len(kept)],
        labels[: len(kept)],
        tuple(case.patient for case in kept),
        tuple(case.key for case in kept),
        tuple(problems),
    )
    return whole if file is None else _mapped(whole, file)


def _mapped(whole: Stacked, file: Path) -> Stacked:
    with written(file) as beside, beside.open("wb") as target:
        np.save(target, whole.stack)
    return replace(whole, stack=np.load(file, mmap_mode="c"))


def nobody(task: AnyTask) -> Stacked:
    """The pictures of nobody: what stands where a cohort is too small to keep people aside."""
    return Stacked(np.zeros((0, *task.shape), np.float32), np.zeros(0, np.int64), (), ())


def stack_made(pictures: Batch, classes: Sequence[int], task: AnyTask) -> Stacked:
    """Made pictures by the same way as real ones: as values in their unit, then scaled by the task.

    Args:
        pictures: What a generator made, in [-1, 1].
        classes: Class index of each.
        task: Of the generator.
    """
    cases = []
    for index, (voxels, label) in enumerate(zip(pictures, classes, strict=True)):
        name = f"made-{index + 1:05d}"
        known = {} if task.fact is None else {task.fact: task.classes[label]}
        cases.append(Case(name, name, {task.role: Held(task.decode(voxels))}, facts=known))
    return stack(Cohort(tuple(cases), "made"), task)


def batch(stacked: Stacked, seed: int, step: int, turn: int, size: int) -> Single:
    """The training pictures of one turn: a function of seed, step and turn alone.

    Rare classes are drawn more often than they occur, by the root of their share, so that
    the smallest is learnt and the largest still rules.

    Args:
        stacked: Pictures to draw from.
        seed: Of the recipe.
        step: Of the loop.
        turn: Of the step.
        size: Pictures in the batch.
    """
    rng = np.random.default_rng((seed, step, turn))
    counts = np.bincount(stacked.labels)
    weight = 1 / np.sqrt(counts[stacked.labels])
    edges = np.cumsum(weight)
    index = np.searchsorted(edges, rng.random(size) * edges[-1])
    return stacked.at(index)
