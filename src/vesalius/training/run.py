"""A run in a folder: begun, found again, taken up where it was left."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

import numpy as np

from vesalius.cohort.cohort import Cohort, require
from vesalius.cohort.fingerprint import fingerprint
from vesalius.errors import CohortError, TrainingError
from vesalius.networks.ranks import is_first
from vesalius.recipes.recipe import Recipe, read_recipe
from vesalius.storage import forget_unfinished, written
from vesalius.training import ledger
from vesalius.training.checkpoint import before, resume
from vesalius.training.devices import Machine, find_machine
from vesalius.training.folder import PEOPLE, refuse_folder
from vesalius.training.interrupt import uninterrupted
from vesalius.training.loop import Game, begin
from vesalius.training.processes import first_alone, told
from vesalius.training.pulse import Usual, real_pulse, usual_of
from vesalius.training.rhythm import ALL, EARLY, USUAL, Rhythm, read_rhythm, rhythm_of, timed, write_rhythm
from vesalius.training.stream import Stacked, made_of, stack_once
from vesalius.training.transfer import Start, carry
from vesalius.training.watch import Judge

TRIES = 3
"""How often a run falls back before it gives up; see `training.rescue`."""

_RHYTHM = "rhythm.json"
_ROUNDING = 1e-6

_DAMAGED = "the newest checkpoint was damaged; the run went on from the one before it"


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
        usual: What the training pictures are like.
        seconds: Time played so far.
        limit: Seconds after which play ends though steps are left.
        reserve: Seconds that the last look took, 0 where nobody looks; play ends so much earlier, as a look
            follows the last step.
        judge: Who chooses the moment that is kept; None keeps the last.
        damage: Why a run that was taken up did not go on from its newest checkpoint, but from the one
            before it; ``""`` when it did.
        start: The run whose weights it started from; None for a fresh draw.
        rhythm: After which steps it is noted, felt and looked at.
        is_untimed: Whether its rhythm is still to be found, from how long its first steps take.
        interrupt: Called where something other than a step takes long: it raises what is held back.
    """

    folder: Path
    cohort: Cohort
    fingerprint: str
    stacked: Stacked
    game: Game
    usual: Usual
    seconds: float = 0.0
    limit: float = inf
    reserve: float = 0.0
    judge: Judge | None = None
    damage: str = ""
    start: Start | None = None
    rhythm: Rhythm = USUAL
    is_untimed: bool = False
    interrupt: Callable[[], None] = uninterrupted

    @property
    def chooser(self) -> Judge | None:
        """The judge, unless the time is too short to show him anything."""
        return self.judge if self.rhythm.averages else None

    @property
    def ledger(self) -> Path:
        """Where the numbers are."""
        return self.folder / "ledger.jsonl"

    @property
    def checkpoint(self) -> Path:
        """Where the game is kept."""
        return self.folder / "checkpoint.safetensors"

    @property
    def shelter(self) -> Path:
        """Where the moment to fall back to is kept."""
        return self.folder / "shelter.safetensors"

    def keep(self, rhythm: Rhythm) -> None:
        """Go on in a rhythm, also when the run is taken up.

        Raises:
            StorageError: The disk is unwilling.
        """
        self.rhythm, self.is_untimed = rhythm, False
        if is_first():
            write_rhythm(rhythm, self.folder / _RHYTHM)

    @property
    def is_over(self) -> bool:
        """Whether all steps were played, or all of the time, or the game was given up."""
        is_late = self.seconds + self.reserve >= self.limit
        return is_late or self.game.step >= self.game.recipe.steps or self.game.tries > TRIES


def open_run(
    folder: Path,
    recipe: Recipe,
    cohort: Cohort,
    minutes: float | None = None,
    watch: Callable[[int], None] = lambda done: None,
    start: Start | None = None,
) -> Run:
    """Begin a run, or take one up where it was left.

    Args:
        folder: New, or of a run with the same recipe and cohort.
        recipe: What is played.
        cohort: Training cases.
        minutes: Budget, in which as many steps are played as this machine can, up to the
            recipe's; None plays all of them, however long it takes.
        watch: Called with the number of cases decoded so far.
        start: The run that it starts from, where the recipe does; see `training.transfer.started`.

    Raises:
        TrainingError: The budget is not more than 0 minutes, the folder holds another run, or the recipe
            starts from other weights.
        CohortError: There is nothing to learn from, nothing of some class (or, where classes are combinations
            of facts, of some level), or no variety in any.
        StorageError: The folder holds something else than a run, or the disk is unwilling.
    """
    limit = limit_of(minutes)
    _refuse_other_start(recipe, start)
    told = fingerprint(require(cohort))
    people = made_of(cohort, recipe.task, told.contents)
    with first_alone():
        stacked, found = _laid_out(folder, recipe, cohort, people, watch)
    game = fresh(found or recipe, stacked, find_machine(), start)
    run = Run(folder, cohort, told.sha256, stacked, game, usual_of(game, stacked), limit=limit, start=start)
    return _in_rhythm(_begun(run) if found is None else _taken_up(run))


def _laid_out(
    folder: Path, recipe: Recipe, cohort: Cohort, people: str, watch: Callable[[int], None]
) -> tuple[Stacked, Recipe | None]:
    """What a folder holds of a run, and the recipe where it was begun before; the first process writes."""
    is_used = refuse_folder(folder)
    found = _found(folder, recipe, people) if is_used else None
    _write(folder / PEOPLE, people)
    stacked = stack_once(cohort, recipe.task, folder / "pictures.npy", people, watch)
    _refuse_empty_classes(recipe, stacked)
    _refuse_alike(recipe, stacked)
    if found is None:
        _write(folder / "recipe.json", recipe.to_json())
    return stacked, found


def _write(file: Path, text: str) -> None:
    if is_first():
        with written(file) as beside:
            beside.write_text(text)


def fresh(recipe: Recipe, stacked: Stacked, machine: Machine, start: Start | None) -> Game:
    """A game at its beginning: freshly drawn, or with the weights of the run that it starts from.

    Args:
        recipe: What will be played.
        stacked: Training pictures.
        machine: Where it will be played.
        start: The other run.
    """
    game = begin(recipe, stacked, machine)
    if start is not None:
        carry(game, start)
    return game


def limit_of(minutes: float | None) -> float:
    """Seconds of a budget; endless when None.

    Raises:
        TrainingError: The budget is not more than 0 minutes.
    """
    if minutes is not None and not 0 < minutes < inf:
        wanted = "an end" if minutes == inf else "more than 0"
        raise TrainingError(f"budget is {minutes:g} minutes, wanted {wanted}")
    return inf if minutes is None else minutes * 60


def _refuse_empty_classes(recipe: Recipe, stacked: Stacked) -> None:
    """Of several facts a combination may lack, as one that nobody has, but no level of a fact."""
    conditions = recipe.task.conditions
    levels = np.arange(conditions)[:, None] if isinstance(conditions, int) else np.array(conditions)
    known = levels[np.unique(stacked.labels)]
    lost = [index for index in _empty(recipe, stacked) if not (known == levels[index]).any(0).all()]
    if lost:
        name, wrong = recipe.task.classes[lost[0]], len(stacked.problems)
        why = f"; {wrong} picture(s) could not be used, first: {stacked.problems[0]}" if wrong else ""
        raise CohortError(f"class {name!r} has no usable training picture, wanted at least one{why}")


def _empty(recipe: Recipe, stacked: Stacked) -> list[int]:
    counts = np.bincount(stacked.labels, minlength=len(recipe.task.classes))
    return np.flatnonzero(counts == 0).tolist()


def _refuse_alike(recipe: Recipe, stacked: Stacked) -> None:
    if real_pulse(recipe, stacked).spread < _ROUNDING:
        raise CohortError(
            f"no two of the {len(stacked)} usable training pictures of a class differ, "
            "wanted some variety to learn"
        )


def _found(folder: Path, asked: Recipe, people: str) -> Recipe | None:
    """The recipe of a run that was begun, if it is the one asked for, with the same people.

    None when the run was stopped before its length was known.
    """
    if not (folder / "recipe.json").exists():
        return None
    found = read_recipe(folder / "recipe.json")
    if asked != found:
        raise TrainingError(
            f"{folder}: holds a run of another recipe, wanted a new folder or the same recipe, "
            f"which is {folder / 'recipe.json'}: {asked.unlike(found)}"
        )
    if (folder / PEOPLE).read_bytes() != people.encode():
        raise TrainingError(
            f"{folder}: holds a run on other pictures, labels or people, "
            "wanted a new folder or the same cohort"
        )
    return found


def _refuse_other_start(recipe: Recipe, start: Start | None) -> None:
    given = "" if start is None else start.model.card.weights
    if recipe.start != given:
        said, found = (f"weights {each[:12]}" if each else "a fresh draw" for each in (recipe.start, given))
        raise TrainingError(f"recipe starts from {said}, wanted the run that holds them, not {found}")


def _begun(run: Run) -> Run:
    """Write down whose people are in the weights, and which classes are not, before the first step."""
    for each in run.start.lineage if run.start else ():
        event = (
            f"the weights started from those of model {each.weights[:12]}: {each.patients} more people, of "
            f"the cohort with fingerprint {each.fingerprint[:12]}, are training people of this model, too"
        )
        ledger.append(run.ledger, {"step": 0, "event": event})
    for index in _empty(run.game.recipe, run.stacked):
        name = run.game.recipe.task.classes[index]
        event = (
            f"class {name!r} has no usable training picture: it is not learnt, and no picture of it is made"
        )
        ledger.append(run.ledger, {"step": 0, "event": event})
    return run


def _taken_up(run: Run) -> Run:
    if is_first():
        for file in (run.checkpoint, run.shelter):
            forget_unfinished(file)
    if run.checkpoint.exists() or before(run.checkpoint).exists():
        run.seconds, run.damage = resume(run.game, run.checkpoint)
    ledger.rewind(run.ledger, run.game.step)
    if run.damage:
        ledger.append(run.ledger, {"step": run.game.step, "event": _DAMAGED})
    return run


def _in_rhythm(run: Run) -> Run:
    """The run in the rhythm that it had; a new one finds it, by its steps or by how long the first take.

    One from before there were rhythms goes on in the usual one; a larger budget asks for another.
    """
    file, game = run.folder / _RHYTHM, run.game
    if (found := told(lambda: read_rhythm(file) if file.exists() else None)) is not None:
        run.rhythm, run.reserve = found, found.look
        if found.limit and found.limit < run.limit < inf:
            run.keep(timed(found.step, run.limit, game.recipe.steps))
        elif found.averages < ALL and game.step < min(found.looks, default=0):
            # Killed after the judge was asked and before the next checkpoint: he is asked again.
            run.keep(replace(found, averages=ALL, look=0.0))
    elif run.limit < inf and game.step < EARLY:
        run.is_untimed = True
    else:
        run.keep(rhythm_of(game.recipe.steps) if game.step < EARLY else USUAL)
    return run
