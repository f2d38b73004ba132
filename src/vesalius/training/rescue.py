"""What a run does when its pulse is bad: fall back, go on more calmly, and after three tries stop."""

from dataclasses import asdict, replace

from vesalius.errors import TrainingError
from vesalius.training import ledger
from vesalius.training.checkpoint import fall_back, save, set_rate
from vesalius.training.loop import Haven
from vesalius.training.pulse import fault_of_made, fault_of_one, fault_of_pictures, made_pulse
from vesalius.training.run import TRIES, Run, fresh


def fault(run: Run) -> str:
    """What is wrong with a game after a step; nothing when all is well, or is not looked at now.

    Args:
        run: Its pulse is noted in the ledger at every beat of its rhythm, and at the end: what breaks between
            the last beat and the end would else be handed over as the model.

    Raises:
        TrainingError: The training pictures are not what they were: no calm helps.
    """
    game = run.game
    if not (run.rhythm.is_felt(game.step) or run.is_over):
        return ""
    if wrong := fault_of_pictures(game, run.stacked, run.usual):
        raise _stopped(run, wrong)
    now = made_pulse(game, run.stacked)
    told = {f"watch/{name}": round(value, 6) for name, value in asdict(now).items() if value is not None}
    ledger.append(run.ledger, {"step": game.step, **told})
    return fault_of_made(now, game.haven and game.haven.pulse, run.usual)


def shelter(run: Run) -> bool:
    """Keep this moment whole, to fall back to, unless something is wrong with it.

    A look need not fall on a pulse: a game that broke since the last one is no shelter. The next pulse will
    tell.

    Args:
        run: Its losses are finite now.

    Returns:
        Whether it was kept.

    Raises:
        StorageError: The disk is unwilling; what was kept before is untouched.
    """
    game = run.game
    now, safe = made_pulse(game, run.stacked), game.haven and game.haven.pulse
    if fault_of_made(now, safe, run.usual):
        return False
    # A game that runs away slowly does not raise its own limit from shelter to shelter.
    calmest = min((each.slope for each in (now, safe) if each and each.slope), default=now.slope)
    game.haven = Haven(game.step, replace(now, slope=calmest))
    save(game, run.shelter, run.seconds)
    return True


def rescue(run: Run, why: str) -> None:
    """Fall back to the moment that was kept whole, or to the beginning, and go on more calmly.

    The step goes on, so that no batch is met twice in the same way. After three tries the run is
    over: its model is the moment that a judge has kept.

    Args:
        run: Changed in place; what is done stands in its ledger.
        why: What is wrong.

    Raises:
        TrainingError: Three tries did not help, and no judge has kept a moment; a training picture holds no
            numbers; or the run is at its end, and no moment of it was sound.
    """
    game = run.game
    if wrong := fault_of_one(run.stacked):
        raise _stopped(run, wrong)
    game.tries += 1
    if game.tries > TRIES:
        account = f"{why}; given up, because falling back {TRIES} times did not help"
        ledger.append(run.ledger, {"step": game.step, "event": account})
        if game.kept is None:
            raise _stopped(run, account)
        return
    if not fall_back(game, run.shelter):
        if run.is_over and game.kept is None:
            account = f"{why}; given up, because no moment was sound"
            ledger.append(run.ledger, {"step": game.step, "event": account})
            raise _stopped(run, account)
        anew = fresh(game.recipe, run.stacked, game.machine, run.start)
        game.players, game.optimizers = anew.players, anew.optimizers
        game.average, game.slower = anew.averages
        game.haven = None
        set_rate(game)
    to = f"step {game.haven.step}" if game.haven else "the beginning"
    gamma: float | None = getattr(game.objective, "gamma", None)
    calmer = f"learning rate {game.objective.learning_rate:g}"
    calmer += "" if gamma is None else f" and penalty {gamma:g}"
    event = f"{why}; fell back to {to}, and went on with {calmer}"
    ledger.append(run.ledger, {"step": game.step, "event": event})


def _stopped(run: Run, why: str) -> TrainingError:
    return TrainingError(f"{run.folder}: stopped after step {run.game.step}: {why}")
