"""What the record says of copies."""

from dataclasses import dataclass

from vesalius.evidence.conformal import CopyTest
from vesalius.evidence.estimate import Estimate
from vesalius.evidence.memorisation import Baseline, CorrelationTest, Pair


@dataclass(frozen=True)
class Copying:
    """Everything that was looked for in the way of copies.

    Args:
        tests: Conformal tests; the first decides, the others are shown beside it.
        search: The search for near-duplicates.
        baselines: The same search among pictures of known origin.
        copied: Share of made pictures found by either, with its exact interval.
        patients_copied: Training people they repeat.
        pairs: Each found picture with the person it repeats, the most similar first.
    """

    tests: tuple[CopyTest, ...]
    search: CorrelationTest
    baselines: tuple[Baseline, ...]
    copied: Estimate
    patients_copied: int
    pairs: tuple[Pair, ...]
