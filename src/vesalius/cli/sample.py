"""``vesalius sample``."""

from vesalius.cli.console import bar, say
from vesalius.cli.verbs import Sample
from vesalius.errors import ModelError
from vesalius.model.export import balanced, write_samples
from vesalius.model.model import Model, load_model
from vesalius.model.standing import refuse_copier


def sample_model(asked: Sample) -> None:
    """Write marked pictures, as many of each class.

    Raises:
        ModelError: No model there, no picture asked for, or a negative seed.
        StorageError: No place to write.
        ReleaseError: Copies were found among pictures of this model.
    """
    model, classes = asked_of(asked)
    with bar("sampling", len(classes)) as shown:
        write_samples(model, classes, asked.seed, asked.out, watch=shown.at, nifti=asked.nifti)
    say(f"{len(classes)} synthetic pictures, not assessed yet: {asked.out}")


def asked_of(asked: Sample) -> tuple[Model, list[int]]:
    """The model that is meant, and the class of each picture that is asked for.

    Raises:
        ModelError: No model there, or no picture asked for.
        ReleaseError: Copies were found among pictures of this model.
    """
    if asked.per_class < 1:
        raise ModelError(f"per_class is {asked.per_class}, wanted at least 1")
    model = load_model(asked.run_folder / "model")
    refuse_copier(asked.run_folder / "model", model.card.weights)
    return model, balanced(model, asked.per_class)
