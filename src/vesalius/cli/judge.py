"""From a finished run to its evidence."""

from importlib.metadata import version

import numpy as np
import torch

from vesalius.cli.people import People
from vesalius.evidence.assess import assess
from vesalius.evidence.record import Curve, Evidence, Subject
from vesalius.model.model import Model
from vesalius.tasks.synthesis import Synthesis
from vesalius.training import ledger
from vesalius.training.fit import Run
from vesalius.training.stream import Stacked, stack


def judge(run: Run, model: Model, people: People, classes: list[int], seed: int, quick: bool) -> Evidence:
    """Hold what a model makes against its training people and against others.

    Args:
        run: Of the model.
        model: Who makes the pictures.
        people: Who was learnt from, and who was kept aside.
        classes: Class of each picture to make.
        seed: Of the pictures.
        quick: Whether fewer repetitions will do.

    Raises:
        EvidenceError: Too little to measure anything on.
    """
    task = model.recipe.task
    test = stack(people.parts.test, task)
    made = made_stack(model, classes, seed)
    return assess(
        train=run.stacked,
        test=test,
        made=made,
        classes=task.classes,
        seed=model.recipe.seed,
        quick=quick,
        subject=subject_of(run, model, people),
    )


def made_stack(model: Model, classes: list[int], seed: int) -> Stacked:
    """Made pictures as their files will hold them: decoded to values, and scaled again."""
    task: Synthesis = model.recipe.task
    values = torch.stack([task.made.forward(image.voxels) for image in model.images(classes, seed)])
    names = tuple(f"made-{index + 1:05d}" for index in range(len(classes)))
    return Stacked(values.numpy().astype(np.float32), np.array(classes), names, names)


def subject_of(run: Run, model: Model, people: People) -> Subject:
    """What the record says of the model and its making."""
    card = model.card
    return Subject(
        name=card.cohort,
        generator=f"{model.recipe.objective.kind} on {model.recipe.objective.generator.kind}",
        model_sha256=card.weights,
        recipe=model.recipe.to_json(),
        steps=card.steps,
        seed=card.seed,
        cohorts={"train": card.fingerprint},
        curves=curves_of(run),
        remarks=(*people.notes, f"vesalius {version('vesalius')}, torch {card.torch}"),
    )


def curves_of(run: Run) -> tuple[Curve, ...]:
    """The learning curves of the ledger."""
    lines = [line for line in ledger.read(run.ledger) if "step" in line]
    names = sorted({name for line in lines for name in line} - {"step", "seconds"})
    curves = []
    for name in names:
        points = [(float(line["step"]), float(line[name])) for line in lines if name in line]
        curves.append(Curve(name, tuple(step for step, _ in points), tuple(value for _, value in points)))
    return tuple(curves)
