"""The command line: what people touch. Nothing heavy is imported before a verb runs."""

import os
import signal
import sys
from importlib.metadata import version
from io import TextIOWrapper

import tyro

from vesalius.cli.verbs import Assess, Cohort, Demo, Expand, Recipes, Sample, Train
from vesalius.errors import VesaliusError
from vesalius.training.cores import keep_to_quota
from vesalius.training.interrupt import as_ctrl_c

Command = Cohort | Train | Sample | Assess | Expand | Recipes | Demo
"""Every verb of the house; ``vesalius --help`` is this line, and ``vesalius --version`` says which house."""


def main(arguments: list[str] | None = None) -> int:
    """Run one verb.

    Args:
        arguments: Words after ``vesalius``; those of the process when None.

    Returns:
        0 when all went well, 1 after a mistake that was named in one line on standard error,
        130 after Ctrl-C, 143 after SIGTERM.
    """
    # Waiting threads spin a little, then sleep: spinning on makes steps ten times slower on a
    # machine that is shared, and sleeping at once a fifth slower on one that is not.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    keep_to_quota()
    if isinstance(sys.stdout, TextIOWrapper):
        # Names of files need not be UTF-8, nor a terminal; standard error escapes them by itself.
        sys.stdout.reconfigure(errors="backslashreplace")
    if (sys.argv[1:] if arguments is None else arguments) == ["--version"]:
        sys.stdout.write(f"vesalius {version('vesalius')}\n")
        return 0
    command = tyro.cli(
        Command,  # pyright: ignore[reportArgumentType]
        prog="vesalius",
        description="Generative models in medicine, with evidence. For research and decision support.",
        args=arguments,
        config=(tyro.conf.OmitArgPrefixes,),
    )
    try:
        with as_ctrl_c():
            command.run()
    except VesaliusError as error:
        sys.stderr.write(f"{type(error).__name__}: {' '.join(str(error).split())}\n")
        return 1
    except KeyboardInterrupt as stop:
        in_bulk = isinstance(command, Sample) and command.workers is not None
        is_taken_up = in_bulk or isinstance(command, Train | Expand | Demo)
        sys.stderr.write("stopped; the same command goes on from here\n" if is_taken_up else "stopped\n")
        return 128 + (stop.args[0] if stop.args else signal.SIGINT)
    return 0
