"""Drive the loop: budget, ledger, checkpoints, and the model at the end."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf
from pathlib import Path
from statistics import fmean

import numpy as np

from vesalius.cohort.cohort import Cohort
from vesalius.errors import DivergenceError, TrainingError
from vesalius.model.card import Card
from vesalius.model.model import Model, load_model
from vesalius.networks.ranks import count, is_first
from vesalius.recipes.recipe import Recipe
from vesalius.training import ledger
from vesalius.training.checkpoint import save
from vesalius.training.devices import without_denormals
from vesalius.training.interrupt import held_back, uninterrupted
from vesalius.training.loop import Tick, train
from vesalius.training.processes import most, told
from vesalius.training.rescue import fault, rescue, shelter
from vesalius.training.rhythm import afforded, is_timed_enough, spaced, timed
from vesalius.training.run import TRIES, Run, open_run
from vesalius.training.transfer import Start
from vesalius.training.watch import Judge, look, price, settled

_CHECKPOINT_SECONDS = 60.0


def play(run: Run) -> Iterator[Tick]:
    """Play to the end, keeping ledger and checkpoints.

    Leaving the ``for`` early, or Ctrl-C, leaves a run that `open_run` takes up again: from the last step, or
    from the last checkpoint where a judge was looking, who then looks again. A game that goes wrong (a loss
    that is not finite, made pictures that become alike or rough) falls back; see `training.rescue`.

    Raises:
        TrainingError: Falling back did not help, and no judge has kept a moment; or the training
            pictures are not what they were. The last checkpoint is from before.
        StorageError: The disk is unwilling; the last checkpoint is untouched.
    """
    clock, saved = _clock(run.seconds), time.monotonic()
    since: list[Tick] = []
    is_whole = False
    try:
        with without_denormals(), held_back(most) as give_interrupt:
            # Of several processes only the first looks, and a signal to one must be agreed on by all.
            run.interrupt = give_interrupt if count() == 1 else uninterrupted
            for tick in () if run.is_over else _timed(run, clock):
                since.append(tick)
                is_noted = run.rhythm.is_noted(tick.step) or run.is_over
                is_well = not is_noted or _is_well(run, since)
                is_kept = is_well and _is_looked_at(run) and _look(run, since, clock)
                if run.is_over and not is_noted:  # The look itself has used up the budget.
                    _is_well(run, since)
                is_whole = True
                # After the look: a run taken up from here does not look at this step again.
                if is_kept or (is_noted and time.monotonic() - saved > _CHECKPOINT_SECONDS):
                    save(run.game, run.checkpoint, run.seconds)
                    saved = time.monotonic()
                give_interrupt()
                yield tick
                if run.is_over:
                    break
                is_whole = False
    finally:
        run.interrupt = uninterrupted
        if is_whole and _are_finite(since):
            save(run.game, run.checkpoint, run.seconds)


def finish(run: Run) -> Model:
    """The trained model, saved under ``model/`` of the run; its recipe says after how many steps it was kept.

    With a judge the moment that he ranks best is kept, otherwise the last. Of several processes the first
    writes the model, and the others read it.

    Raises:
        TrainingError: The run was given up, and no judge is there by whom a moment was kept.
        StorageError: The disk is unwilling.
    """
    model = _finished(run) if is_first() else None
    told(lambda: None)
    return load_model(run.folder / "model") if model is None else model


def _finished(run: Run) -> Model:
    judge = run.chooser
    if judge is not None and (run.game.kept is None or not _is_looked_at(run)):
        _ask(run, judge)
    game, stacked = run.game, run.stacked
    # What was chosen stays chosen, also where the time of a later call was too short for a look.
    best = None if run.judge is None else game.kept
    if game.tries > TRIES and best is None:
        raise TrainingError(f"{run.folder}: given up after {TRIES} tries, wanted the judge that it had")
    generator = settled(game, stacked, game.average).cpu()
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
        ancestors=() if run.start is None else run.start.lineage,
    )
    return Model(replace(game.recipe, steps=steps), generator, card).save(run.folder / "model")


def fit(
    recipe: Recipe,
    cohort: Cohort,
    folder: Path,
    minutes: float | None = None,
    judge: Judge | None = None,
    start: Start | None = None,
) -> Model:
    """Train to the end of the budget.

    Args:
        recipe: What is played.
        cohort: Training cases.
        folder: Of the run; one left unfinished is taken up.
        minutes: Budget in place of the recipe's steps.
        judge: Who chooses the moment that is kept, for example `evidence.glance.glance_by`.
        start: The run that the recipe starts from; see `training.transfer`.

    Raises:
        TrainingError: No budget, another recipe in the folder, or a loss that diverged.
        EmptyCohortError: There is nothing to learn from.
        StorageError: The disk is unwilling.
    """
    run = open_run(folder, recipe, cohort, minutes, start=start)
    run.judge = judge
    for _ in play(run):
        pass
    return finish(run)


def _is_looked_at(run: Run) -> bool:
    """Whether a judge has his look after this step: at those of the rhythm, and at the last."""
    return run.rhythm.is_looked_at(run.game.step) or run.is_over


def _ask(run: Run, judge: Judge) -> None:
    """Let the judge look at this moment, and write down what he says."""
    said = look(run.game, run.stacked, judge, run.rhythm.averages, run.interrupt)
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


def _timed(run: Run, clock: Callable[[], float]) -> Iterator[Tick]:
    """Play on, and tell the time; the first steps give a run that the clock ends its rhythm.

    The very first is not timed: it takes longer than others.
    """
    begun: tuple[int, float] | None = None
    for tick in train(run.game, run.stacked):
        if run.is_untimed:
            _wait(tick)
        run.seconds = clock()
        if run.is_untimed and begun is None:
            begun = tick.step, run.seconds
        elif run.is_untimed and begun is not None:
            steps, seconds = tick.step - begun[0], run.seconds - begun[1]
            if is_timed_enough(tick.step, seconds, run.limit):
                run.keep(timed(seconds / steps, run.limit, run.game.recipe.steps))
        yield tick


def _wait(tick: Tick) -> None:
    """Until the step is done: on an accelerator it is otherwise only asked for."""
    for value in tick.losses.values():
        value.item()


def _clock(before: float) -> Callable[[], float]:
    """Seconds played, those of the first process; `before` of them until now."""
    started = time.monotonic()
    return lambda: most(before + time.monotonic() - started if is_first() else 0.0)


def _look(run: Run, since: list[Tick], clock: Callable[[], float]) -> bool:
    """Let the judge of the first process look; whether this moment was also kept whole, to fall back to."""
    game = run.game
    is_first_look = run.limit < inf and not run.rhythm.look
    if is_first_look and told(lambda: run.chooser is not None):
        _afford(run)
        run.seconds = clock()
    is_kept, game.kept, game.haven = told(lambda: (_is_sheltered(run, since), game.kept, game.haven))
    later = clock()
    taken, before, run.seconds = later - run.seconds, run.seconds, later
    is_judged = told(lambda: run.chooser is not None)
    run.reserve = taken if is_judged else 0.0
    if is_judged and is_first_look:
        expected = min(float(game.recipe.steps), game.step * (run.limit - taken) / max(before, 1e-9))
        run.keep(spaced(run.rhythm, taken, game.step, expected, run.limit))
    return is_kept


def _afford(run: Run) -> None:
    """Before the first look: show the judge as many averages as his share of the budget allows, or none."""
    judge = run.judge
    cost = told(
        lambda: 0.0 if judge is None else price(run.game, run.stacked, judge, time.monotonic, run.interrupt)
    )
    run.keep(afforded(run.rhythm, cost, run.limit))
    if not run.rhythm.averages:
        event = (
            f"nobody chooses the moment that is kept: making pictures to choose by takes {cost:.2g} s, "
            f"too much of a budget of {run.limit:g} s"
        )
        ledger.append(run.ledger, {"step": run.game.step, "event": event})


def _is_sheltered(run: Run, since: list[Tick]) -> bool:
    before, judge = run.game.kept, run.chooser
    if judge is not None:
        _ask(run, judge)
    is_best = judge is None or (run.game.kept is not None and run.game.kept.step == run.game.step)
    if run.is_over or not is_best or not _are_finite(since):
        return False
    if shelter(run):
        return True
    # What is wrong with the players is wrong with what the judge has seen of them.
    run.game.kept = before
    return False


def _is_well(run: Run, since: list[Tick]) -> bool:
    """Note what happened since the last entry; fall back where the first process finds a fault."""
    found = told(lambda: _found(run, since))
    since.clear()
    if found:
        rescue(run, found)
    return not found


def _found(run: Run, since: list[Tick]) -> str:
    try:
        _note(run, since)
    except DivergenceError as error:
        return str(error)
    return fault(run)


def _note(run: Run, since: list[Tick]) -> None:
    """Means over the ticks since the last entry; reading them also proves that they are finite."""
    read = [tick.numbers() for tick in since]
    names = {name for numbers in read for name in numbers}
    means = {name: fmean(numbers[name] for numbers in read if name in numbers) for name in sorted(names)}
    told = {name: round(value, 6) for name, value in means.items()}
    ledger.append(run.ledger, {"step": since[-1].step, "seconds": round(run.seconds, 2), **told})
