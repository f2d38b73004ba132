"""The run that another one starts from, as it is asked for on the command line."""

from dataclasses import replace
from pathlib import Path

from vesalius.cli.console import aside
from vesalius.cli.people import People, size_asked
from vesalius.errors import RecipeError
from vesalius.recipes.recipe import Recipe, read_recipe
from vesalius.tasks.synthesis import Size
from vesalius.training.transfer import Start, read_start, remark, started

SIZE: Size = (64, 64)
"""Rows and columns of a named recipe when none are given, and no run to start from."""


def start_at(folder: Path | None) -> Start | None:
    """The run that is started from; None when there is none.

    Raises:
        VesaliusError: As `read_start`.
    """
    return None if folder is None else read_start(folder)


def refuse_known(people: People, start: Start) -> None:
    """Refuse people aside whom the earlier run learnt from, and say aside when it promises little.

    Args:
        people: Whom is learnt from, and who is kept aside.
        start: The run that is started from.

    Raises:
        LeakageError: It learnt from people who are aside here.
    """
    for side in ("val", "test"):
        start.refuse_known(frozenset(getattr(people.parts, side).patients), side)
    if unknown := start.lineage[0 if start.pictures is None else 1 :]:
        count = sum(each.patients for each in unknown)
        said = f"{count} people of earlier runs are in the weights, whose pictures are not in its folder"
        aside.print(f"note: {said}: whether some of them are kept aside here cannot be told", markup=False)
    if said := remark(start, len(people.parts.train.patients)):
        aside.print(f"note: {said}", markup=False)


def size_of(asked: str | None, start: Start | None) -> Size:
    """The size that is meant: what was asked for, else that of the run that is started from.

    Raises:
        RecipeError: It is no size.
    """
    if asked is not None:
        return size_asked(asked)
    return SIZE if start is None else start.model.recipe.task.size


def started_or_fresh(recipe: Recipe, start: Start | None) -> Recipe:
    """The recipe, with the networks and weights of a run where there is one to start from.

    Raises:
        RecipeError: They do not fit.
    """
    return recipe if start is None else started(recipe, start)


def as_written(file: str, start: Start | None) -> Recipe:
    """The recipe of a file, which a run to start from must fit as it is written.

    Raises:
        RecipeError: It cannot be read, or has other networks than that run.
    """
    written = read_recipe(Path(file))
    recipe = started_or_fresh(written, start)
    if wrong := replace(written, start=recipe.start).unlike(recipe):
        raise RecipeError(f"{file}: {wrong} as in the run to start from; wanted its networks")
    return recipe
