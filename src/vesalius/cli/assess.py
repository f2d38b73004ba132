"""``vesalius assess``."""

from vesalius.cli.console import say, stage
from vesalius.cli.expand import show
from vesalius.cli.judge import Bench, judge
from vesalius.cli.people import gather_people
from vesalius.cli.verbs import Assess
from vesalius.cohort.folder import read_cohort
from vesalius.errors import StorageError
from vesalius.evidence.report import write_evidence
from vesalius.model.model import load_model
from vesalius.training.stream import nobody, stack


def assess_made(asked: Assess) -> None:
    """Write evidence and report.

    Raises:
        StorageError: The folder exists already.
        VesaliusError: Whatever the floors below refuse; nothing is half written.
    """
    if asked.out.exists():
        raise StorageError(asked.out, "it exists already, wanted a new folder")
    model = load_model(asked.run_folder / "model")
    with stage("reading the cohorts"):
        people = gather_people(asked.cohort, asked.selection)
        task = model.recipe.task
        test = stack(people.parts.test, task) if len(people.parts.test) else nobody(task)
        bench = Bench(stack(people.parts.train, task), test, stack(read_cohort(asked.made), task))
    with stage("gathering evidence"):
        evidence = judge(model, bench, asked.run_folder / "ledger.jsonl", people.notes, asked.quick)
        write_evidence(evidence, asked.out)
    show(evidence)
    say(f"report: {asked.out / 'report.html'}")
