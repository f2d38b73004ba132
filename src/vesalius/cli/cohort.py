"""``vesalius cohort``: who is there, and what is wrong with each file that cannot be used."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from vesalius.cli.console import say, stage, table
from vesalius.cli.people import selected, why
from vesalius.cli.verbs import Cohort
from vesalius.cohort.cohort import is_divided, require
from vesalius.cohort.duplicates import Pair
from vesalius.cohort.folder import survey
from vesalius.cohort.summary import Summary, summarise
from vesalius.cohort.table import write_cohort
from vesalius.errors import CohortError, StorageError
from vesalius.imaging.series import Problem


def show_cohort(asked: Cohort) -> None:
    """Print counts and problems, and write the table where one is wanted.

    Raises:
        StorageError: The table exists already, has a name that is not one of a table, or cannot be written.
        VesaliusError: Nobody is there.
    """
    if asked.out is not None and asked.out.exists():
        raise StorageError(asked.out, "it exists already, wanted a new file")
    if asked.out is not None and asked.out.suffix != ".parquet":
        raise StorageError(asked.out, f"suffix is {asked.out.suffix!r}, wanted .parquet")
    with stage("decoding every picture"):
        found = survey(asked.source, decode=True)
        chosen = require(selected(found.cohort, chain.from_iterable(asked.where)))
        summary = summarise(replace(found, cohort=chosen))
    _print(summary)
    try:
        parts = chosen.parts()
        if not is_divided(chosen):
            people = ", ".join(f"{name} {len(side.patients)}" for name, side in parts._asdict().items())
            say(f"people by a hash of their names, as no split is recorded: {people}")
            say("of a side that is too small to choose or to test by, training learns")
    except CohortError as error:
        say(f"note: {error}: it cannot be learnt from before that is mended")
    if asked.out is not None:
        say(f"written: {write_cohort(chosen, asked.out)}")


def _print(summary: Summary) -> None:
    say(f"{summary.name}: {summary.cases} cases of {summary.patients} patients ({summary.kind})")
    counts = {
        "label": summary.labels,
        "split": summary.splits,
        "modality": summary.modalities,
        "size (z, y, x)": summary.sizes,
        "channels": summary.channels,
        "spacing in mm": summary.spacings,
    }
    rows = [(what, value, count) for what, values in counts.items() for value, count in values.items()]
    table("counts", ("what", "value", "cases"), rows)
    if summary.problems:
        say(f"{len(summary.problems)} problem(s), one line each")
        for problem in summary.problems:
            say(f"  {problem.path}: {why(problem)}")
    mixed = _mixed(summary)
    for line in (*(f"note: {remark}" for remark in (*summary.remarks, *mixed)), *_notes(summary.notes)):
        say(line)
    if summary.duplicates:
        say(f"{len(summary.duplicates)} picture(s) that occur twice")
        for pair in summary.duplicates:
            say(f"  {pair.first} ~ {pair.second}: {_how(pair)}")


def _mixed(summary: Summary) -> tuple[str, ...]:
    """What has to be said where grey pictures and coloured ones lie together."""
    if len(summary.channels) < 2:
        return ()
    counts = " and of ".join(sorted(summary.channels))
    return (f"pictures of {counts} channels: training learns the most frequent kind and leaves out the rest",)


def _notes(notes: tuple[Problem, ...]) -> Iterable[str]:
    """A line for each thing that is unusual, with the first picture it was seen in."""
    seen: dict[str, list[Problem]] = {}
    for note in notes:
        seen.setdefault(note.reason, []).append(note)
    for reason, (first, *others) in seen.items():
        more = f" and {len(others)} more" if others else ""
        yield f"note: {first.path}{more}: {reason}"


def _how(pair: Pair) -> str:
    return "exact" if pair.exact else f"correlation {pair.ncc:.3f}"
