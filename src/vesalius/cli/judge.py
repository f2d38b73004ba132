"""From a model and three sets of pictures to its evidence."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from vesalius.cohort.cohort import Case, Cohort, Held
from vesalius.evidence.assess import assess
from vesalius.evidence.record import Curve, Evidence, Subject
from vesalius.model.model import Model
from vesalius.training import ledger
from vesalius.training.stream import Stacked, stack


@dataclass(frozen=True, eq=False)
class Bench:
    """What a model is judged by.

    Args:
        train: Pictures it learnt from.
        test: Pictures of other people; may be empty.
        made: Pictures it made.
    """

    train: Stacked
    test: Stacked
    made: Stacked


def judge(model: Model, bench: Bench, ledger_file: Path, notes: tuple[str, ...], quick: bool) -> Evidence:
    """Hold what a model made against its training people and against others.

    Args:
        model: Who made the pictures.
        bench: The pictures.
        ledger_file: Of the run, for the learning curves.
        notes: What the report has to say of the split.
        quick: Whether fewer repetitions will do.

    Raises:
        EvidenceError: Too little to measure anything on.
    """
    card, recipe = model.card, model.recipe
    subject = Subject(
        name=card.cohort,
        generator=f"{recipe.objective.kind} on {recipe.objective.generator.kind}",
        model_sha256=card.weights,
        recipe=recipe.to_json(),
        steps=card.steps,
        seed=card.seed,
        cohorts={"train": card.fingerprint},
        curves=curves_of(ledger_file),
        remarks=(*notes, f"vesalius {version('vesalius')}, torch {card.torch}"),
    )
    return assess(
        train=bench.train,
        test=bench.test,
        made=bench.made,
        classes=recipe.task.classes,
        seed=card.seed,
        quick=quick,
        subject=subject,
    )


def made_stack(model: Model, classes: list[int], seed: int) -> Stacked:
    """Made pictures by the same way as real ones: as values in their unit, then scaled by the task."""
    task, cases = model.recipe.task, []
    for index, image in enumerate(model.images(classes, seed)):
        name = f"made-{index + 1:05d}"
        known = {} if task.fact is None else {task.fact: task.classes[classes[index]]}
        cases.append(Case(name, name, {task.role: Held(image)}, facts=known))
    return stack(Cohort(tuple(cases), "made"), task)


def curves_of(ledger_file: Path) -> tuple[Curve, ...]:
    """The learning curves of a ledger."""
    lines = [line for line in ledger.read(ledger_file) if "step" in line]
    names = sorted({name for line in lines for name in line} - {"step", "seconds"})
    curves = []
    for name in names:
        points = [(float(line["step"]), float(line[name])) for line in lines if name in line]
        curves.append(Curve(name, tuple(step for step, _ in points), tuple(value for _, value in points)))
    return tuple(curves)
