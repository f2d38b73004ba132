"""``vesalius train`` and ``vesalius recipes``."""

from dataclasses import fields
from math import inf
from pathlib import Path

import numpy as np

from vesalius.cli.console import aside, bar, say, table
from vesalius.cli.judge import decoded, events_of, hurried, judge_among, kept, monotonous
from vesalius.cli.people import People, gather_people, mention_undecoded
from vesalius.cli.start import as_written, refuse_known, size_of, start_at, started_or_fresh
from vesalius.cli.verbs import Train
from vesalius.cohort.cohort import Cohort
from vesalius.errors import RecipeError
from vesalius.model.model import Model
from vesalius.networks import AnyNetwork
from vesalius.networks.linear import LinearBase
from vesalius.networks.ranks import is_first
from vesalius.objectives import AnyObjective
from vesalius.objectives.adaptive import Adaptive
from vesalius.objectives.augment import Augment
from vesalius.recipes.derived import LONG
from vesalius.recipes.frame import frame_of
from vesalius.recipes.recipe import Recipe
from vesalius.recipes.synthesis import RECIPES, RecipeOf
from vesalius.tasks.sizes import are_volumes
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.devices import find_machine, keep_freed_memory
from vesalius.training.fit import finish, play
from vesalius.training.folder import refuse_folder
from vesalius.training.launch import is_one_of_many
from vesalius.training.run import Run, limit_of, open_run
from vesalius.training.stream import nobody
from vesalius.training.transfer import Start

MINUTES = 10.0
"""Budget of a named recipe when none is given."""


def list_recipes() -> None:
    """Print every recipe with the first line of what it says of itself."""
    rows = [(name, (recipe.__doc__ or "").splitlines()[0]) for name, recipe in RECIPES.items()]
    table("recipes", ("name", "what it is"), rows)


def train_cohort(asked: Train) -> None:
    """Train and say where the model is.

    Raises:
        RecipeError: The recipe leaves its end to the clock, and no minutes are given.
        VesaliusError: Whatever the floors below refuse.
    """
    _refuse_flags_of_the_file(asked)
    limit_of(asked.minutes)
    if not is_one_of_many():  # several processes agree on it once they have met
        refuse_folder(asked.out)
    minutes, start = asked.minutes, start_at(asked.start)
    if asked.recipe.endswith(".json"):
        recipe = _told(asked, start)
        people = _gathered(asked, recipe.task.is_volume, start, are_known=True)
    else:
        minutes = MINUTES if minutes is None else minutes
        found, size = named(asked.recipe), size_of(asked.size, start)
        people = _gathered(asked, are_volumes(size), start)
        task = synthesis_of(people.parts.train, size, people.fact)
        usual = found(task, people.parts.train, minutes, asked.seed or 0, find_machine().pace)
        recipe = started_or_fresh(usual, start)
    # Of several processes the first alone looks; to the others nobody is aside.
    val = decoded("validation", people.parts.val, recipe.task) if is_first() else nobody(recipe.task)
    run = begin_with_bar(asked.out, recipe, people.parts.train, minutes, start)
    run.judge = judge_among(val, run.stacked, recipe.seed)
    model = train_with_bar(run)
    say(f"model {model.card.weights[:12]}, {kept(model.card)}: {asked.out / 'model'}")


def _gathered(asked: Train, are_volumes: bool, start: Start | None, are_known: bool = False) -> People:
    """The people who are meant, none of them aside whom the run to start from learnt from."""
    people = gather_people(asked.cohort, asked.selection, are_volumes, are_known)
    if start is not None:
        refuse_known(people, start)
    return people


def _told(asked: Train, start: Start | None) -> Recipe:
    """The recipe of a file, whose end must be known."""
    recipe = as_written(asked.recipe, start)
    if asked.minutes is None and recipe.steps >= LONG:
        raise RecipeError(
            f"{asked.recipe}: steps is {recipe.steps}, which the clock is to end; wanted --minutes"
        )
    return recipe


def _refuse_flags_of_the_file(asked: Train) -> None:
    """A recipe.json says size and seed itself.

    Raises:
        RecipeError: It is asked for with a size or a seed beside it.
    """
    for flag, value in (("--size", asked.size), ("--seed", asked.seed)):
        if asked.recipe.endswith(".json") and value is not None:
            raise RecipeError(f"{flag} is {value}, but {asked.recipe} says it already; wanted no {flag}")


def begin_with_bar(
    folder: Path, recipe: Recipe, cohort: Cohort, minutes: float | None, start: Start | None = None
) -> Run:
    """Begin a run, or take one up, showing how many pictures are decoded and naming those that cannot be.

    Args:
        folder: Of the run.
        recipe: What is played.
        cohort: Training cases.
        minutes: Budget; all steps of the recipe when None.
        start: The run that it starts from.

    Raises:
        VesaliusError: As `open_run`.
    """
    with bar("decoding the training pictures", len(cohort)) as shown:
        run = open_run(folder, recipe, cohort, minutes, shown.at, start)
    mention_undecoded(run.stacked, f"{run.folder / 'pictures.json'} names them all")
    if run.damage:
        say(f"warning: {run.damage}; the run goes on from the checkpoint before it, step {run.game.step}")
    return run


def train_with_bar(run: Run) -> Model:
    """Play a run to its end, showing how far it is."""
    if run.is_over:
        aside.print(f"{run.folder}: its training is over already; its model is written anew", markup=False)
    aside.print(chosen(run), markup=False)
    keep_freed_memory()
    is_timed = run.limit < inf
    total, unit = (round(run.limit), "s") if is_timed else (run.game.recipe.steps, "steps")
    said_of = run.rhythm
    with bar(f"training ({unit})", total) as shown:
        for tick in play(run):
            shown.at(min(total, round(run.seconds)) if is_timed else tick.step)
            if run.rhythm != said_of:
                said_of = run.rhythm
                aside.print(run.rhythm.words, markup=False)
    model = finish(run)
    said = (*events_of(run.ledger), *hurried(model.card, run.game.recipe))
    for remark in (*said, *monotonous(model.card, run.ledger)):
        say(f"warning: {remark}")
    return model


def chosen(run: Run) -> str:
    """What was derived for a run, in lines; it stands in its recipe.json, its rhythm in rhythm.json."""
    recipe, learnt = run.game.recipe, run.stacked
    game, heads = recipe.objective, len(set(learnt.patients))
    counted = np.bincount(learnt.labels, minlength=len(recipe.task.classes))
    counts = zip(recipe.task.classes, counted.tolist(), strict=True)
    shares = ", ".join(f"{name} {count}" for name, count in counts)
    persons = f"{heads} {'person' if heads == 1 else 'people'}"
    half = f"average forgets half in {recipe.half_life:,.0f} pictures at most"
    maker = game.generator.kind.partition(".")[0]
    people = f"learning from {len(learnt)} pictures of {persons} ({shares})"
    parts = {
        "game": [game.kind, *_framed(recipe.foretold), f"batch {recipe.batch}", *_numbers(game), half],
        "generator": [maker, *_numbers(game.generator), *_kept(run)],
        "critic": _numbers(getattr(game, "discriminator", None)),
        "augmentation": _numbers(getattr(game, "augment", None)),
        "augmentation adapts": _numbers(getattr(game, "adaptive", None)),
        "machine": _paced(run.game.machine.pace),
        "rhythm": [] if run.is_untimed else [run.rhythm.words],
    }
    return "\n".join([people, *(f"{part}: {', '.join(words)}" for part, words in parts.items() if words)])


def _framed(foretold: float | None) -> list[str]:
    """Why the game is what it is, where the pictures were asked."""
    if foretold is None:
        return []
    return [f"a linear model of some people foretells {foretold:.2f} of others: {frame_of(foretold)} frame"]


def _paced(pace: float) -> list[str]:
    """What width and batch were derived for, where it is more than two cores."""
    return [] if pace == 1 else [f"taken for {pace:g} times two cores (an estimate)"]


def _kept(run: Run) -> list[str]:
    """Components of the head start that are no accident, and the clusters of their coefficients."""
    base = getattr(run.game.players["generator"], "base", None)
    if not isinstance(base, LinearBase):
        return []
    classes = run.game.recipe.task.classes
    clusters = [1] * len(classes) if base.mixture is None else base.mixture.counts
    counts = zip(classes, base.kept, clusters, strict=True)
    return [
        f"components kept of {name} {count}" + (f" in {among} clusters" if among > 1 else "")
        for name, count, among in counts
    ]


def _numbers(spec: AnyObjective | AnyNetwork | Augment | Adaptive | None) -> list[str]:
    """Numbers and choices of a game, a network or an augmentation by name, but those that are 0 or none."""
    named = fields(spec) if spec is not None else ()
    values = ((each.name.replace("_", " "), getattr(spec, each.name)) for each in named)
    numbers = [(name, _worded(value)) for name, value in values]
    return [f"{name} {value}" for name, value in numbers if name != "kind" and value not in ("", "0", "none")]


def _worded(value: object) -> str:
    """A number, several numbers or a choice; nothing of anything else."""
    if isinstance(value, tuple):
        return " and ".join(map(_worded, value))
    if isinstance(value, int | float):
        return f"{value:g}"
    return value if isinstance(value, str) else ""


def named(name: str) -> RecipeOf:
    """The recipe function of a name.

    Raises:
        RecipeError: There is none.
    """
    if name not in RECIPES:
        raise RecipeError(f"recipe is {name!r}, wanted one of {sorted(RECIPES)} or a recipe.json")
    return RECIPES[name]
