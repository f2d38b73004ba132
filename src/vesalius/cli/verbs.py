"""The verbs as dataclasses: their fields are the flags, their docstrings the help."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg

from vesalius.errors import ModelError

Where = UseAppendAction[tuple[tuple[str, ...], ...]]
"""What follows ``--where``, each time it is given: ``column=value`` or ``column=value,value``."""

Start = Annotated[Path | None, arg(name="from")]
"""What follows ``--from``: a word that Python keeps for itself."""

# The only imports inside functions of the house: a verb brings what it needs, `--help` needs nothing.


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which cases of a folder are meant.

    Args:
        label: Column that tells the classes; several such as ``label,sex,age:40,60``, with the numbers of the
            last cut at 40 and 60, for the combinations that occur; ``none`` for a generator without classes.
        where: Keep only cases with these values, e.g. ``label=CT,MR``; all conditions must hold.
    """

    label: str = "label"
    where: Where = ()


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Say who is in a folder of scans, and what is wrong with each file that cannot be used.

    Args:
        source: Folder with metadata.csv, DICOM tree, imagesTr/labelsTr, or a folder for each class.
        out: Write the cohort as a Parquet table to this new file; it is private.
        where: Keep only cases with these values, e.g. ``label=CT,MR``.
    """

    source: Annotated[Positional[Path], arg(metavar="FOLDER")]
    out: Path | None = None
    where: Where = ()

    def run(self) -> None:
        """Print counts and problems."""
        from vesalius.cli.cohort import show_cohort

        show_cohort(self)


@dataclass(frozen=True, kw_only=True)
class Train:
    """Train a model on a cohort.

    Args:
        recipe: Name from ``vesalius recipes``, or a recipe.json.
        cohort: Folder of scans or cohort.parquet; its training side is learnt from.
        out: Folder of the run; an unfinished run of the same recipe is taken up.
        minutes: Budget of training. When not given, 10 for a named recipe, all steps of the recipe.json of a
            model; the one of a run leaves its end to the clock and has to be given minutes.
        size: Rows and columns of the pictures to learn, such as 64 or 64x48; slices, rows and columns of
            whole volumes, such as 32x32x32. Each is a multiple of 16, from 16 to 512 for pictures (of 32
            above 128, of 64 above 256) and to 128 for volumes. 64 when not given; a recipe.json says its own.
        seed: Of everything random, 0 when not given; a recipe.json says its own.
        start: Folder of a finished run to start from, with its networks and size: for few people.
        selection: Which cases are meant.
    """

    recipe: Annotated[Positional[str], arg(metavar="RECIPE")]
    cohort: Annotated[Positional[Path], arg(metavar="COHORT")]
    out: Path
    minutes: float | None = None
    size: str | None = None
    seed: int | None = None
    start: Start = None
    selection: Selection = Selection()

    def run(self) -> None:
        """Train, with a bar."""
        from vesalius.training.launch import is_one_of_many

        if is_one_of_many():
            from vesalius.cli.together import train_together

            train_together(self)
        else:
            from vesalius.cli.train import train_cohort

            train_cohort(self)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Make marked pictures with a trained model. They are not released: assess them first.

    Args:
        run_folder: Folder of a finished run.
        out: New folder for the files.
        per_class: Pictures of each class that is meant.
        seed: Of the pictures; each can be made again by itself.
        nifti: Write a NIfTI file for each picture, with its mark in a JSON file beside it, instead of DICOM.
        where: Only classes with these levels, e.g. ``sex=F``.
        workers: Processes to share very many pictures, started by Ray (the extra ``ray``); stopped, the same
            command goes on. When not given, this process makes all.
    """

    run_folder: Annotated[Positional[Path], arg(metavar="RUN")]
    out: Path
    per_class: int = 50
    seed: int = 1
    nifti: bool = False
    where: Where = ()
    workers: int | None = None

    def run(self) -> None:
        """Write the pictures.

        Raises:
            ModelError: Workers are asked for, and Ray is not installed.
        """
        if self.workers is None:
            from vesalius.cli.sample import sample_model

            sample_model(self)
        elif find_spec("ray") is None:
            raise ModelError(
                "--workers is given, but Ray is not installed; "
                "wanted pip install -c constraints.txt -e '.[ray]'"
            )
        else:
            from vesalius.cli.bulk import sample_in_bulk

            sample_in_bulk(self, self.workers)


@dataclass(frozen=True, kw_only=True)
class Assess:
    """Hold made pictures against the people that were learnt from, and against others.

    Args:
        run_folder: Folder of a finished run.
        cohort: The cohort that the run was trained on; its test side is the reference.
        made: Folder of made pictures, as written by ``sample``.
        out: New folder for evidence.json and report.html.
        start: Folder of the run that this one started from: copies of its people are looked for, too.
        quick: Fewer repetitions; verdicts are then exploratory.
        where: Keep only cases with these values; as in training.
    """

    run_folder: Annotated[Positional[Path], arg(metavar="RUN")]
    cohort: Annotated[Positional[Path], arg(metavar="COHORT")]
    made: Annotated[Positional[Path], arg(metavar="MADE")]
    out: Path
    start: Start = None
    quick: bool = False
    where: Where = ()

    def run(self) -> None:
        """Write evidence and report."""
        from vesalius.cli.assess import assess_made

        assess_made(self)


@dataclass(frozen=True, kw_only=True)
class Expand:
    """The whole way: a folder of scans to a marked synthetic cohort with its evidence report.

    Args:
        data: Folder of scans.
        out: New folder, or one that this command was stopped in.
        minutes: Budget of training.
        per_class: Pictures of each class, at least 12; 500 in all, evenly over the classes, when
            not given.
        size: Rows and columns of the pictures, such as 64 or 64x48; slices, rows and columns of whole
            volumes, such as 32x32x32. Each is a multiple of 16, from 16 to 512 for pictures (of 32 above
            128, of 64 above 256) and to 128 for volumes; 64 when not given.
        seed: Of everything random.
        start: Folder of a finished run to start from, with its networks and size: for few people.
        quick: Fewer repetitions of the evidence; verdicts are then exploratory.
        nifti: Write a NIfTI file for each picture, with its mark in a JSON file beside it, instead of DICOM.
        selection: Which cases are meant.
    """

    data: Annotated[Positional[Path], arg(metavar="FOLDER")]
    out: Path
    minutes: float = 10.0
    per_class: int | None = None
    size: str | None = None
    seed: int = 0
    start: Start = None
    quick: bool = False
    nifti: bool = False
    selection: Selection = Selection()

    def run(self) -> None:
        """Cohort, training, sampling, evidence, release."""
        from vesalius.cli.expand import expand_folder

        expand_folder(self)


@dataclass(frozen=True)
class Recipes:
    """List the recipes by name, with what they are for."""

    def run(self) -> None:
        """Print a table."""
        from vesalius.cli.train import list_recipes

        list_recipes()


@dataclass(frozen=True, kw_only=True)
class Demo:
    """The main job on made-up people of known truth: no data needed, a few minutes.

    Args:
        out: New folder, or one that this command was stopped in.
        minutes: Budget of training.
        people: Phantoms to make.
        seed: Of everything random.
    """

    out: Path
    minutes: float = 2.0
    people: int = 600
    seed: int = 0

    def run(self) -> None:
        """Phantoms, then the whole way."""
        from vesalius.cli.expand import expand_phantoms

        expand_phantoms(self)
