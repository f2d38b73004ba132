"""``vesalius cohort``: who is there, and what is wrong with each file that cannot be used."""

from vesalius.cli.console import say, stage, table
from vesalius.cli.people import selected, why
from vesalius.cli.verbs import Cohort
from vesalius.cohort.cohort import require
from vesalius.cohort.duplicates import Pair
from vesalius.cohort.folder import Survey, survey
from vesalius.cohort.summary import Summary, summarise
from vesalius.cohort.table import write_cohort


def show_cohort(asked: Cohort) -> None:
    """Print counts and problems, and write the table where one is wanted.

    Raises:
        VesaliusError: Nobody is there, or the table cannot be written.
    """
    with stage("decoding every picture"):
        found = survey(asked.source, decode=True)
        chosen = require(selected(found.cohort, asked.where))
        summary = summarise(Survey(chosen, found.problems, found.kind))
    _print(summary)
    if asked.out is not None:
        say(f"written: {write_cohort(chosen, asked.out)}")


def _print(summary: Summary) -> None:
    say(f"{summary.name}: {summary.cases} cases of {summary.patients} patients ({summary.kind})")
    counts = {
        "label": summary.labels,
        "split": summary.splits,
        "modality": summary.modalities,
        "size (z x y x x)": summary.sizes,
        "spacing in mm": summary.spacings,
    }
    rows = [(what, value, count) for what, values in counts.items() for value, count in values.items()]
    table("counts", ("what", "value", "cases"), rows)
    if summary.problems:
        say(f"{len(summary.problems)} problem(s), one line each")
        for problem in summary.problems:
            say(f"  {problem.path}: {why(problem)}")
    if summary.duplicates:
        say(f"{len(summary.duplicates)} picture(s) that occur twice")
        for pair in summary.duplicates:
            say(f"  {pair.first} ~ {pair.second}: {_how(pair)}")


def _how(pair: Pair) -> str:
    return "exact" if pair.exact else f"correlation {pair.ncc:.3f}"
