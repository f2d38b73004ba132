"""``vesalius sample``."""

from collections.abc import Sequence

from vesalius.cli.console import bar, say
from vesalius.cli.verbs import Sample
from vesalius.cohort.cohort import Case, Cohort
from vesalius.cohort.where import parse_where
from vesalius.errors import ModelError
from vesalius.model.export import balanced, write_samples
from vesalius.model.model import Model, load_model
from vesalius.model.standing import refuse_copier


def sample_model(asked: Sample) -> None:
    """Write marked pictures, as many of each class that is meant.

    Raises:
        CohortError: A fact that does not condition, or a level that was not learnt.
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
        CohortError: A fact that does not condition, or a level that was not learnt.
        ModelError: No model there, no picture asked for, or a combination that was not learnt.
        ReleaseError: Copies were found among pictures of this model.
    """
    if asked.per_class < 1:
        raise ModelError(f"per_class is {asked.per_class}, wanted at least 1")
    model = load_model(asked.run_folder / "model")
    refuse_copier(asked.run_folder / "model", model.card.weights)
    there = _meant(model, [condition for conditions in asked.where for condition in conditions])
    return model, [index for index in balanced(model, asked.per_class) if index in there]


def _meant(model: Model, where: Sequence[str]) -> list[int]:
    """The classes for which all conditions hold."""
    task = model.recipe.task
    names = {index: task.classes[index] for index in model.learnt}
    cases = (Case(str(index), name, facts=task.facts(index)) for index, name in names.items())
    classes = Cohort(tuple(cases), f"of model {model.card.weights[:12]}")
    claims = [parse_where(condition, classes) for condition in where]
    pairs = zip(model.learnt, classes.cases, strict=True)
    found = [index for index, case in pairs if all(claim(case) for claim in claims)]
    if not found:
        raise ModelError(f"no class with {' and '.join(where)} was learnt; there are {[*names.values()]}")
    return found
