"""The run that another one starts from, as it is asked for on the command line."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vesalius.cli.console import aside
from vesalius.cli.people import People
from vesalius.errors import RecipeError
from vesalius.model.card import Ancestor
from vesalius.recipes.recipe import Recipe, read_recipe
from vesalius.tasks.sizes import Size, refuse_size
from vesalius.training.transfer import Start, estranged, read_start, remark, started

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
    count = unsearched(start.lineage, start.pictures is not None)
    for said in (*of_unsearched(count), remark(start, len(people.parts.train.patients))):
        if said:
            aside.print(f"note: {said}", markup=False)


def unsearched(lineage: Sequence[Ancestor], is_searched: bool) -> int:
    """People of earlier runs whose pictures are not at hand.

    Args:
        lineage: The models whose people come with the weights, the latest first.
        is_searched: Whether the pictures of the latest are at hand.
    """
    return sum(each.patients for each in lineage[1 if is_searched else 0 :])


def of_unsearched(count: int) -> tuple[str, ...]:
    """What there is to say of people who are in the weights, and were not searched; else nothing."""
    if not count:
        return ()
    said = f"{count} people of earlier runs are in the weights, whose pictures are not at hand"
    return (f"{said}: whether some of them are among those kept aside here cannot be told",)


def size_asked(text: str) -> Size:
    """Rows and columns, or slices, rows and columns, from the words of a user.

    Args:
        text: One number for rows and columns alike, or two or three with an x between them.

    Raises:
        RecipeError: It is anything else.

    Examples:
        >>> size_asked("64"), size_asked("64x48"), size_asked("32x32x32")
        ((64, 64), (64, 48), (32, 32, 32))
    """
    match text.split("x"):
        case [side] if side.isdecimal():
            return int(side), int(side)
        case [rows, columns] if (rows + columns).isdecimal() and rows and columns:
            return int(rows), int(columns)
        case [z, y, x] if (z + y + x).isdecimal() and z and y and x:
            return int(z), int(y), int(x)
    raise RecipeError(f"size is {text!r}, wanted such as 64, 64x48, or 32x32x32 for volumes")


def size_of(asked: str | None, start: Start | None) -> Size:
    """The size that is meant: what was asked for, else that of the run that is started from.

    Raises:
        RecipeError: It is no size, or none that can be learnt.
    """
    if asked is None:
        return SIZE if start is None else start.model.recipe.task.size
    size = size_asked(asked)
    refuse_size(size)
    return size


def started_or_fresh(recipe: Recipe, start: Start | None) -> Recipe:
    """The recipe, with the networks and weights of a run where there is one; said aside if that is of others.

    Raises:
        RecipeError: They do not fit.
    """
    if start is None:
        return recipe
    found = started(recipe, start)
    if said := estranged(recipe, start):
        aside.print(f"note: {said}", markup=False)
    return found


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
