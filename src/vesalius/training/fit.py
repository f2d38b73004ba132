"""Drive the loop: budget, ledger, checkpoints, and the model at the end."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from statistics import fmean

import numpy as np

from vesalius.cohort.cohort import Cohort, require
from vesalius.cohort.fingerprint import fingerprint
from vesalius.errors import CohortError, DivergenceError, StorageError, TrainingError
from vesalius.model.card import Card
from vesalius.model.model import Model
from vesalius.recipes.recipe import Recipe, read_recipe
from vesalius.storage import written
from vesalius.training import ledger
from vesalius.training.checkpoint import resume, save
from vesalius.training.devices import find_machine, without_denormals
from vesalius.training.interrupt import held_back
from vesalius.training.loop import Game, Tick, begin, train
from vesalius.training.stream import Stacked, made_of, stack_once
from vesalius.training.watch import LOOKS, Judge, look, settled

PEOPLE = "cohort.sha256"
"""The file that tells a folder of a run from any other."""

_LEDGER_STEPS = 25
_CHECKPOINT_SECONDS = 60.0


@dataclass(eq=False)
class Run:
    """A game in a folder.

    Args:
        folder: Holds ``recipe.json``, ``ledger.jsonl``, ``checkpoint.safetensors``, the decoded
            training pictures (private) and, at the end, ``model/``.
        cohort: Training cases.
        fingerprint: SHA-256 of the content of their pictures.
        stacked: Their pictures, decoded and scaled.
        game: As it stands.
        seconds: Time played so far.
        limit: Seconds after which play ends though steps are left.
        judge: Who chooses the moment that is kept; None keeps the last.
    """

    folder: Path
    cohort: Cohort
    fingerprint: str
    stacked: Stacked
    game: Game
    seconds: float = 0.0
    limit: float = inf
    judge: Judge | None = None

    @property
    def ledger(self) -> Path:
        """Where the numbers are."""
        return self.folder / "ledger.jsonl"

    @property
    def checkpoint(self) -> Path:
        """Where the game is kept."""
        return self.folder / "checkpoint.safetensors"

    @property
    def is_over(self) -> bool:
        """Whether all steps were played, or all of the time."""
        return self.game.step >= self.game.recipe.steps or self.seconds >= self.limit


def open_run(
    folder: Path,
    recipe: Recipe,
    cohort: Cohort,
    minutes: float | None = None,
    watch: Callable[[int], None] = lambda done: None,
) -> Run:
    """Begin a run, or take one up where it was left.

    Args:
        folder: New, or of a run with the same recipe and cohort.
        recipe: What is played.
        cohort: Training cases.
        minutes: Budget, in which as many steps are played as this machine can, up to the
            recipe's; None plays all of them, however long it takes.
        watch: Called with the number of cases decoded so far.

    Raises:
        TrainingError: The budget is not more than 0 minutes, or the folder holds another run.
        CohortError: There is nothing to learn from, or nothing of some class.
        StorageError: The folder holds something else than a run, or the disk is unwilling.
    """
    limit = limit_of(minutes)
    told = fingerprint(require(cohort))
    people = made_of(cohort, recipe.task, told.contents)
    is_used = folder.exists() and any(folder.iterdir())
    found = _found(folder, recipe, people) if is_used else None
    with written(folder / PEOPLE) as beside:
        beside.write_text(people)
    stacked = stack_once(cohort, recipe.task, folder / "pictures.npy", people, watch)
    _refuse_empty_classes(recipe, stacked)
    if found is not None:
        game = begin(found, stacked, find_machine())
        return _taken_up(Run(folder, cohort, told.sha256, stacked, game, limit=limit))
    with written(folder / "recipe.json") as beside:
        beside.write_text(recipe.to_json())
    return Run(folder, cohort, told.sha256, stacked, begin(recipe, stacked, find_machine()), limit=limit)


def limit_of(minutes: float | None) -> float:
    """Seconds of a budget; endless when None.

    Raises:
        TrainingError: The budget is not more than 0 minutes.
    """
    if minutes is not None and not 0 < minutes < inf:
        raise TrainingError(f"budget is {minutes:g} minutes, wanted more than 0")
    return inf if minutes is None else minutes * 60


def play(run: Run) -> Iterator[Tick]:
    """Play to the end, keeping ledger and checkpoints.

    Leaving the ``for`` early, or Ctrl-C, leaves a run that `open_run` takes up again.

    Raises:
        DivergenceError: A loss stopped being finite; the last checkpoint is from before.
        StorageError: The disk is unwilling; the last checkpoint is untouched.
    """
    started, before, saved = time.monotonic(), run.seconds, time.monotonic()
    since: list[Tick] = []
    is_whole = False
    try:
        with without_denormals(), held_back() as give_interrupt:
            for tick in train(run.game, run.stacked) if run.seconds < run.limit else ():
                run.seconds = before + time.monotonic() - started
                since.append(tick)
                if is_noted := tick.step % _LEDGER_STEPS == 0 or run.is_over:
                    _note(run, since)
                    since.clear()
                if run.judge is not None and _is_looked_at(run):
                    _ask(run, run.judge)
                is_whole = True
                # After the look: a run taken up from here does not look at this step again.
                if is_noted and time.monotonic() - saved > _CHECKPOINT_SECONDS:
                    save(run.game, run.checkpoint, run.seconds)
                    saved = time.monotonic()
                give_interrupt()
                yield tick
                if run.is_over:
                    break
                is_whole = False
    finally:
        if is_whole and _are_finite(since):
            save(run.game, run.checkpoint, run.seconds)


def finish(run: Run) -> Model:
    """The trained model, saved under ``model/`` of the run; its recipe says after how many steps it was kept.

    With a judge the moment that he ranks best is kept, otherwise the last.

    Raises:
        StorageError: The disk is unwilling.
    """
    if run.judge is not None and (run.game.kept is None or not _is_looked_at(run)):
        _ask(run, run.judge)
    game, stacked = run.game, run.stacked
    generator = settled(game, stacked).cpu()
    best = None if run.judge is None else game.kept
    if best is not None:
        generator.load_state_dict(dict(best.weights))
    steps = game.step if best is None else best.step
    classes = game.recipe.task.classes
    counts = np.bincount(stacked.labels, minlength=len(classes)).tolist()
    card = Card(
        weights="",
        cohort=run.cohort.name,
        fingerprint=run.fingerprint,
        cases=len(stacked),
        patients=len(set(stacked.patients)),
        counts=dict(zip(classes, counts, strict=True)),
        steps=steps,
        played=game.step,
        judged_by=0 if run.judge is None or best is None else run.judge.patients,
        seconds=round(run.seconds, 1),
        seed=game.recipe.seed,
    )
    return Model(replace(game.recipe, steps=steps), generator, card).save(run.folder / "model")


def fit(
    recipe: Recipe,
    cohort: Cohort,
    folder: Path,
    minutes: float | None = None,
    judge: Judge | None = None,
) -> Model:
    """Train to the end of the budget.

    Args:
        recipe: What is played.
        cohort: Training cases.
        folder: Of the run; one left unfinished is taken up.
        minutes: Budget in place of the recipe's steps.
        judge: Who chooses the moment that is kept, for example `evidence.glance.glance_by`.

    Raises:
        TrainingError: No budget, another recipe in the folder, or a loss that diverged.
        EmptyCohortError: There is nothing to learn from.
        StorageError: The disk is unwilling.
    """
    run = open_run(folder, recipe, cohort, minutes)
    run.judge = judge
    for _ in play(run):
        pass
    return finish(run)


def _refuse_empty_classes(recipe: Recipe, stacked: Stacked) -> None:
    counts = np.bincount(stacked.labels, minlength=len(recipe.task.classes))
    if counts.min() == 0:
        name, wrong = recipe.task.classes[int(counts.argmin())], len(stacked.problems)
        why = f"; {wrong} picture(s) could not be used, first: {stacked.problems[0]}" if wrong else ""
        raise CohortError(f"class {name!r} has no usable training picture, wanted at least one{why}")


def _found(folder: Path, asked: Recipe, people: str) -> Recipe | None:
    """The recipe of a run that was begun, if it is the one asked for, with the same people.

    None when the run was stopped before its length was known.
    """
    if not (folder / PEOPLE).exists():
        raise StorageError(folder, "it exists already and holds no run, wanted a new folder")
    if not (folder / "recipe.json").exists():
        return None
    found = read_recipe(folder / "recipe.json")
    if asked != found:
        raise TrainingError(
            f"{folder}: holds a run of another recipe, wanted a new folder or the same recipe"
        )
    if (folder / PEOPLE).read_text() != people:
        raise TrainingError(
            f"{folder}: holds a run on other pictures, labels or people, "
            "wanted a new folder or the same cohort"
        )
    return found


def _taken_up(run: Run) -> Run:
    if run.checkpoint.exists():
        run.seconds = resume(run.game, run.checkpoint)
    ledger.rewind(run.ledger, run.game.step)
    return run


def _is_looked_at(run: Run) -> bool:
    """Whether a judge has his look after this step: at fixed steps, and at the last."""
    return run.game.step in LOOKS or run.is_over


def _ask(run: Run, judge: Judge) -> None:
    """Let the judge look at this moment, and write down what he says."""
    said = look(run.game, run.stacked, judge)
    numbers = {name: round(value, 6) for name, value in said.numbers.items()}
    ledger.append(run.ledger, {"step": run.game.step, "seconds": round(run.seconds, 2), **numbers})


def _are_finite(since: list[Tick]) -> bool:
    """Whether the game is worth keeping; ticks that were not read yet are read now."""
    try:
        for tick in since:
            tick.numbers()
    except DivergenceError:
        return False
    return True


def _note(run: Run, since: list[Tick]) -> None:
    """Means over the ticks since the last entry; reading them also proves that they are finite."""
    read = [tick.numbers() for tick in since]
    names = {name for numbers in read for name in numbers}
    means = {name: fmean(numbers[name] for numbers in read if name in numbers) for name in sorted(names)}
    told = {name: round(value, 6) for name, value in means.items()}
    ledger.append(run.ledger, {"step": since[-1].step, "seconds": round(run.seconds, 2), **told})
