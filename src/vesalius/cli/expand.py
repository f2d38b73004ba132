"""``vesalius expand`` and ``vesalius demo``: the whole way in one command."""

from dataclasses import dataclass
from math import ceil
from pathlib import Path

from vesalius.cli.console import bar, say, stage, table
from vesalius.cli.judge import Bench, decoded, judge, judge_among, leave_verdict
from vesalius.cli.people import People, gather_people, split_people
from vesalius.cli.start import SIZE, refuse_known, size_of, start_at, started_or_fresh
from vesalius.cli.train import begin_with_bar, train_with_bar
from vesalius.cli.verbs import Demo, Expand, Selection
from vesalius.cohort.phantom import phantom_cohort
from vesalius.errors import DicomError, EvidenceError, StorageError, TrainingError
from vesalius.evidence.contract import LEAST
from vesalius.evidence.record import Evidence
from vesalius.evidence.release import gate
from vesalius.evidence.report import write_evidence
from vesalius.model.export import balanced, write_samples
from vesalius.model.model import Model
from vesalius.model.standing import refuse_copier
from vesalius.recipes.synthesis import conditional_gan
from vesalius.storage import refuse_in_file
from vesalius.tasks.sizes import Size, are_volumes
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.devices import find_machine
from vesalius.training.folder import PEOPLE
from vesalius.training.launch import is_one_of_many
from vesalius.training.run import limit_of
from vesalius.training.stream import stack_made
from vesalius.training.transfer import Start

_MADE = 500


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is asked of the whole way.

    Args:
        out: Folder of everything.
        minutes: Budget of training.
        per_class: Pictures of each class, or None for 500 in all.
        size: Rows and columns, or slices, rows and columns of volumes.
        seed: Of everything random.
        quick: Whether verdicts may be exploratory.
        nifti: Whether NIfTI files are written instead of DICOM.
        start: The run to start from.
    """

    out: Path
    minutes: float
    per_class: int | None
    size: Size
    seed: int
    quick: bool
    nifti: bool = False
    start: Start | None = None


def expand_folder(asked: Expand) -> None:
    """From a folder of scans to a marked synthetic cohort with its report.

    Raises:
        VesaliusError: Whatever the floors below refuse; nothing is half written.
    """
    start = start_at(asked.start)
    plan = Plan(
        out=asked.out,
        minutes=asked.minutes,
        per_class=asked.per_class,
        size=size_of(asked.size, start),
        seed=asked.seed,
        quick=asked.quick,
        nifti=asked.nifti,
        start=start,
    )
    check(plan)
    with stage("reading the cohort"):
        people = gather_people(asked.data, asked.selection, are_volumes(plan.size))
    walk(plan, people)


def expand_phantoms(asked: Demo) -> None:
    """The whole way on phantoms.

    Raises:
        EvidenceError: Too few phantoms to say anything.
        VesaliusError: Whatever the floors below refuse; nothing is half written.
    """
    plan = Plan(out=asked.out, minutes=asked.minutes, per_class=None, size=SIZE, seed=asked.seed, quick=True)
    check(plan)
    if asked.people < LEAST:
        raise EvidenceError(f"people is {asked.people}, wanted at least {LEAST}")
    with stage(f"making {asked.people} phantoms"):
        people = split_people(phantom_cohort(asked.people, seed=asked.seed), Selection())
    walk(plan, people)


def check(plan: Plan) -> None:
    """Refuse before anything is written.

    Raises:
        TrainingError: No budget, too few pictures asked for, a negative seed, or several processes.
        StorageError: The folder holds something else than an unfinished run of ours.
    """
    limit_of(plan.minutes)
    if is_one_of_many():
        raise TrainingError(
            "several processes were started, wanted one: they can share `vesalius train` only"
        )
    if plan.per_class is not None and plan.per_class < LEAST:
        raise TrainingError(f"per_class is {plan.per_class}, wanted at least {LEAST} to be assessed")
    if plan.seed < 0:
        raise TrainingError(f"seed is {plan.seed}, wanted 0 or more")
    run = plan.out / "run"
    # A full disk may leave a run of which not even the first file could be written.
    is_begun = (run / PEOPLE).exists() or (run.is_dir() and [*plan.out.rglob("*")] == [run])
    is_unfinished = is_begun and not (plan.out / "synthetic").exists()
    if plan.out.exists() and not is_unfinished:
        raise StorageError(plan.out, "it exists already, wanted a new folder or an unfinished run")
    refuse_in_file(plan.out)


def walk(plan: Plan, people: People) -> None:
    """Train, sample, assess, release.

    Raises:
        DicomError: DICOM is to be written of pictures that are neither grey nor of three channels; this and
            the next are seen before training.
        EvidenceError: Too few pictures can be decoded to say anything.
        VesaliusError: Whatever the floors below refuse; ReleaseError when copies were found.
    """
    start = plan.start
    if start is not None:
        refuse_known(people, start)
    task = synthesis_of(people.parts.train, plan.size, people.fact)
    if task.channels not in (1, 3) and not plan.nifti:
        raise DicomError(f"pictures have {task.channels} channels, wanted 1 or 3, or --nifti")
    _refuse_few("training", len(people.parts.train))
    usual = conditional_gan(task, people.parts.train, plan.minutes, plan.seed, find_machine().pace)
    recipe = started_or_fresh(usual, start)
    val, test = decoded("validation", people.parts.val, task), decoded("test", people.parts.test, task)
    if len(people.parts.test):
        _refuse_few("test", len(test))
    run = begin_with_bar(plan.out / "run", recipe, people.parts.train, plan.minutes, start)
    _refuse_few("training", len(run.stacked))
    run.judge = judge_among(val, run.stacked, plan.seed)
    model = train_with_bar(run)
    classes = balanced(model, plan.per_class or ceil(_MADE / len(model.learnt)))
    with stage("gathering evidence") as tell:
        tell("making the pictures")
        made = stack_made(model.scaled(classes, plan.seed + 1), classes, task)
        bench = Bench(run.stacked, test, made, start and start.pictures)
        evidence = judge(model, bench, run.ledger, people.notes, plan.quick, tell)
        write_evidence(evidence, plan.out)
        leave_verdict(evidence, plan.out / "run", plan.out / "report.html")
    show(evidence)
    say(f"report: {plan.out / 'report.html'}")
    release(plan, model, classes, evidence)


def _refuse_few(side: str, count: int) -> None:
    if count < LEAST:
        raise EvidenceError(f"{side} side: {count} usable pictures, wanted at least {LEAST}")


def release(plan: Plan, model: Model, classes: list[int], evidence: Evidence) -> None:
    """Write the synthetic cohort with its public evidence, if the gate lets it out.

    Args:
        plan: Where to, from which seed.
        model: Who makes the pictures.
        classes: Class of each picture.
        evidence: What was measured of them.

    Raises:
        ReleaseError: Copies of patients were found, among these pictures or others of the model.
        StorageError: The disk is unwilling.
    """
    for warning in gate(evidence):
        say(f"warning: {warning}")
    refuse_copier(plan.out / "run" / "model", model.card.weights)
    with bar("writing the pictures", len(classes)) as shown:
        folder = write_samples(
            model,
            classes,
            plan.seed + 1,
            plan.out / "synthetic",
            evidence.sha256,
            shown.at,
            lambda beside: write_evidence(evidence, beside, public=True),
            plan.nifti,
        )
    say(f"{len(classes)} marked synthetic pictures: {folder}")


def show(evidence: Evidence) -> None:
    """The verdicts, a line each."""
    rows = [(verdict.area, verdict.code, verdict.text) for verdict in evidence.verdicts]
    table("verdicts", ("area", "verdict", "in words"), rows)
