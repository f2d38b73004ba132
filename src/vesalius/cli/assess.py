"""``vesalius assess``."""

from vesalius.cli.console import say, stage
from vesalius.cli.expand import show
from vesalius.cli.judge import Bench, decoded, judge, leave_verdict
from vesalius.cli.people import People, gather_people
from vesalius.cli.provenance import remarks_on_marks
from vesalius.cli.verbs import Assess, Selection
from vesalius.cohort.fingerprint import fingerprint
from vesalius.cohort.folder import read_cohort
from vesalius.errors import EvidenceError, StorageError
from vesalius.evidence.release import gate
from vesalius.evidence.report import write_evidence
from vesalius.model.model import Model, load_model
from vesalius.storage import refuse_in_file
from vesalius.training.stream import Stacked
from vesalius.training.transfer import read_start


def assess_made(asked: Assess) -> None:
    """Write evidence and report, and leave the verdict with the model where the pictures are its own.

    Raises:
        StorageError: The folder exists already.
        EvidenceError: The model did not learn from this cohort, or did not make the pictures.
        VesaliusError: Whatever the floors below refuse; nothing is half written.
    """
    if asked.out.exists():
        raise StorageError(asked.out, "it exists already, wanted a new folder")
    refuse_in_file(asked.out)
    model = load_model(asked.run_folder / "model")
    earlier = _started_from(model, asked)
    with stage("reading the cohorts"):
        people = _learnt_from(model, asked)
        made = read_cohort(asked.made)
        unproven = remarks_on_marks(made, model.card.weights)
    task, parts = model.recipe.task, people.parts
    bench = Bench(
        decoded("training", parts.train, task),
        decoded("test", parts.test, task),
        decoded("made", made, task),
        earlier,
    )
    with stage("gathering evidence") as tell:
        evidence = judge(
            model, bench, asked.run_folder / "ledger.jsonl", people.notes + unproven, asked.quick, tell
        )
        write_evidence(evidence, asked.out)
        # Pictures of somebody else must not decide what a model may do.
        if not unproven:
            leave_verdict(evidence, asked.run_folder, asked.out / "report.html")
    for remark in unproven:
        say(f"warning: {remark}; the verdict is not left with the model")
    show(evidence)
    say(f"report: {asked.out / 'report.html'}")
    for warning in gate(evidence):
        say(f"warning: {warning}")


def _started_from(model: Model, asked: Assess) -> Stacked | None:
    """What the run learnt from whose weights the model started from.

    Raises:
        EvidenceError: It started from others, or the pictures of that run are gone.
    """
    if asked.start is None:
        return None
    start = read_start(asked.start)
    if start.lineage != model.card.ancestors:
        raise EvidenceError(f"{asked.start}: the model did not start from it, wanted the run that it did")
    if start.pictures is None:
        raise EvidenceError(f"{asked.start}: its decoded pictures are gone or damaged, wanted no --from")
    return start.pictures


def _learnt_from(model: Model, asked: Assess) -> People:
    """The people that a model learnt from, with those aside."""
    task = model.recipe.task
    selection = Selection(label=task.fact or "none", where=asked.where)
    people = gather_people(asked.cohort, selection, task.is_volume, are_known=True)
    learnt = fingerprint(people.parts.train).sha256
    if learnt != model.card.fingerprint:
        raise EvidenceError(
            f"{asked.cohort}: its training side has fingerprint {learnt[:12]}, but the model learnt "
            f"from {model.card.fingerprint[:12]}; wanted the same cohort and --where"
        )
    return people
