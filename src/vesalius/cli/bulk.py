"""``vesalius sample --workers``: very many pictures, made by several processes."""

from vesalius.cli.console import bar, say
from vesalius.cli.sample import asked_of
from vesalius.cli.verbs import Sample
from vesalius.model.bulk import write_in_bulk
from vesalius.model.workers import over


def sample_in_bulk(asked: Sample, workers: int) -> None:
    """Write marked pictures, as many of each class that is meant; stopped, the same command goes on.

    Args:
        asked: What is wanted.
        workers: Processes that share the work.

    Raises:
        VesaliusError: As `sample_model`; ModelError when a process died again and again.
    """
    _, classes = asked_of(asked)
    with bar("sampling", len(classes)) as shown:
        spread = over(workers)
        model = asked.run_folder / "model"
        write_in_bulk(model, classes, asked.seed, asked.out, spread, watch=shown.at, nifti=asked.nifti)
    say(f"{len(classes)} synthetic pictures, not assessed yet: {asked.out}")
