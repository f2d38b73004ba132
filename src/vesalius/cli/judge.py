"""From a model and three sets of pictures to its evidence."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from vesalius.cli.console import bar, stage
from vesalius.cli.people import mention_undecoded
from vesalius.cli.start import of_unsearched, unsearched
from vesalius.cohort.cohort import Cohort
from vesalius.evidence.assess import assess
from vesalius.evidence.glance import Glance, glance_by
from vesalius.evidence.record import Curve, Evidence, Subject
from vesalius.model.card import Card
from vesalius.model.model import Model
from vesalius.model.standing import Standing, leave_standing
from vesalius.recipes.recipe import Recipe
from vesalius.tasks import AnyTask
from vesalius.training import ledger
from vesalius.training.stream import Stacked, nobody, stack

_VARIETY = "watch/variety"
_LEAST_VARIETY = 0.2


@dataclass(frozen=True, eq=False)
class Bench:
    """What a model is judged by.

    Args:
        train: Pictures it learnt from.
        test: Pictures of other people; may be empty.
        made: Pictures it made.
        earlier: Pictures of the run that it started from; None without one, or where they are gone.
    """

    train: Stacked
    test: Stacked
    made: Stacked
    earlier: Stacked | None = None


def judge(
    model: Model,
    bench: Bench,
    ledger_file: Path,
    notes: tuple[str, ...],
    quick: bool,
    tell: Callable[[str], None] = lambda stage: None,
) -> Evidence:
    """Hold what a model made against its training people and against others.

    Args:
        model: Who made the pictures.
        bench: The pictures.
        ledger_file: Of the run, for the learning curves and what happened besides.
        notes: What the report has to say of the split and of the made pictures.
        quick: Whether fewer repetitions will do.
        tell: Called with the name of each stage as it begins.

    Raises:
        EvidenceError: Too little to measure anything on.
    """
    return assess(
        train=bench.train,
        test=bench.test,
        made=bench.made,
        earlier=bench.earlier,
        classes=model.recipe.task.classes,
        seed=model.card.seed,
        quick=quick,
        subject=_subject(model, ledger_file, notes, bench.earlier is not None),
        tell=tell,
    )


def _subject(model: Model, ledger_file: Path, notes: tuple[str, ...], is_searched: bool) -> Subject:
    """Who made the pictures; `is_searched` says whether those of the latest ancestor are at hand."""
    card, recipe = model.card, model.recipe
    count = unsearched(card.ancestors, is_searched)
    return Subject(
        name=card.cohort,
        generator=f"{recipe.objective.kind} on {recipe.objective.generator.kind}",
        model_sha256=card.weights,
        recipe=recipe.to_json(),
        steps=card.steps,
        seed=card.seed,
        cohorts={"train": card.fingerprint}
        | {f"start {place}": each.fingerprint for place, each in enumerate(card.ancestors, 1)},
        unsearched=count,
        curves=curves_of(ledger_file),
        remarks=(
            *notes,
            *events_of(ledger_file),
            *of_unsearched(count),
            kept(card),
            *hurried(card, recipe),
            *monotonous(card, ledger_file),
            f"vesalius {version('vesalius')}, torch {card.torch}",
        ),
    )


def decoded(title: str, cohort: Cohort, task: AnyTask) -> Stacked:
    """The pictures of a cohort, with a bar while they are decoded; nobody's when it is empty.

    Those that cannot be decoded are named aside.

    Args:
        title: Whose pictures they are.
        cohort: Whom to decode.
        task: How a case becomes an example.

    Raises:
        EmptyCohortError: No case could be read.
        CohortError: A case lacks what the task asks for.
    """
    if not len(cohort):
        return nobody(task)
    with bar(f"decoding the {title} pictures", len(cohort)) as shown:
        pictures = stack(cohort, task, watch=shown.at)
    mention_undecoded(pictures)
    return pictures


def judge_among(aside: Stacked, train: Stacked, seed: int) -> Glance | None:
    """Who chooses the moment of training that is kept: the validation people; None where they are too few.

    Args:
        aside: Pictures of the validation people.
        train: Pictures that are learnt from.
        seed: Of the run.
    """
    with stage("looking at the people who choose the moment that is kept"):
        return glance_by(train, aside, seed)


def leave_verdict(evidence: Evidence, run_folder: Path, report: Path) -> None:
    """Leave with a model what was found of its pictures, for ``vesalius sample`` to heed.

    Args:
        evidence: What was found.
        run_folder: Of the model.
        report: Where it can be read.

    Raises:
        StorageError: The disk is unwilling.
    """
    standing = Standing(
        model=evidence.subject.model_sha256,
        copying=evidence.verdict("Copying").code,
        evidence=evidence.sha256,
        report=str(report),
    )
    leave_standing(standing, run_folder / "model")


def kept(card: Card) -> str:
    """Which moment of training made the pictures, and by whom it was chosen."""
    if not card.judged_by:
        lacking = "too few people, or too little time, to choose a better one by"
        return f"kept after step {card.steps}, the last: {lacking}"
    return (
        f"kept after step {card.steps} of {card.played}: the best of several looks by {card.judged_by} "
        "people who were neither learnt from nor tested on"
    )


def hurried(card: Card, recipe: Recipe) -> tuple[str, ...]:
    """What there is to say of a budget that ended before every picture could be seen once; else nothing.

    Args:
        card: Of the model.
        recipe: Which says how many pictures a player sees in a step.
    """
    turns = Counter(turn.player for turn in recipe.objective.turns() if turn.every == 1)
    batch = recipe.batch * max(turns.values())
    if card.played * batch >= card.cases:
        return ()
    return (
        f"the budget bought {card.played} steps of {batch} pictures, less than one pass over the "
        f"{card.cases} training pictures: give it more",
    )


def monotonous(card: Card, ledger_file: Path) -> tuple[str, ...]:
    """What there is to say of a network that does not listen to its latents; else nothing.

    Args:
        card: Of the model.
        ledger_file: Of its run; the last pulse before the moment that was kept counts.
    """
    felt = [
        line for line in ledger.read(ledger_file) if _VARIETY in line and float(line["step"]) <= card.steps
    ]
    variety = float(felt[-1][_VARIETY]) if felt else 1.0
    if variety >= _LEAST_VARIETY:
        return ()
    said = "the network draws nearly the same detail into every picture of a class"
    return (f"{said}: {variety:.2g} of it differs from one to the next",)


def events_of(ledger_file: Path) -> tuple[str, ...]:
    """What happened to a run besides learning, in words."""
    lines = ledger.read(ledger_file)
    return tuple(f"after step {line['step']}: {line['event']}" for line in lines if "event" in line)


def curves_of(ledger_file: Path) -> tuple[Curve, ...]:
    """The learning curves of a ledger."""
    lines = [line for line in ledger.read(ledger_file) if "event" not in line]
    names = sorted({name for line in lines for name in line} - {"step", "seconds"})
    curves = []
    for name in names:
        points = [(float(line["step"]), float(line[name])) for line in lines if name in line]
        curves.append(Curve(name, tuple(step for step, _ in points), tuple(value for _, value in points)))
    return tuple(curves)
