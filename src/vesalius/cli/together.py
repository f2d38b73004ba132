"""``vesalius train`` in several processes: one speaks, all work."""

from vesalius.cli.console import aside, out
from vesalius.cli.train import train_cohort
from vesalius.cli.verbs import Train
from vesalius.networks.ranks import is_first
from vesalius.training.cluster import joined


def train_together(asked: Train) -> None:
    """Train with the other processes that were started with this one.

    Raises:
        VesaliusError: As `train_cohort`; TrainingError when another process has ended.
    """
    with joined():
        out.quiet = aside.quiet = not is_first()
        train_cohort(asked)
