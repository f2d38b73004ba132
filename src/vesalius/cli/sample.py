"""``vesalius sample``."""

from vesalius.cli.console import bar, say
from vesalius.cli.verbs import Sample
from vesalius.errors import ModelError
from vesalius.evidence.record import read_evidence
from vesalius.evidence.release import gate
from vesalius.model.export import balanced, write_samples
from vesalius.model.model import load_model


def sample_model(asked: Sample) -> None:
    """Write marked pictures, as many of each class.

    Raises:
        ModelError: No model there, or no picture asked for.
        StorageError: No place to write.
        ReleaseError: The evidence beside the run says that the model copies.
    """
    if asked.per_class < 1:
        raise ModelError(f"per_class is {asked.per_class}, wanted at least 1")
    model = load_model(asked.run_folder / "model")
    judged = asked.run_folder.parent
    if (judged / "evidence.json").exists():
        gate(read_evidence(judged))
    classes = balanced(model, asked.per_class)
    with bar("sampling", len(classes)) as shown:
        write_samples(model, classes, asked.seed, asked.out, watch=shown.at)
    say(f"{len(classes)} synthetic pictures, not assessed yet: {asked.out}")
