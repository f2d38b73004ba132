"""A measured number with what it takes to believe it."""

from dataclasses import dataclass
from typing import Literal

from vesalius.errors import EvidenceError

Better = Literal["higher", "lower", "none"]
"""Which direction of a number is the good one."""


@dataclass(frozen=True)
class Estimate:
    """A number, its interval, and how both were got.

    Args:
        name: What was measured.
        value: The number.
        low: Lower end of the 95 % interval; None where none can honestly be claimed.
        high: Upper end, None together with `low`.
        method: How the interval was got, or why there is none.
        n: Pictures that the number rests on, on each side where sets are compared.
        seed: Seed of whatever chance took part.
        unit: Unit of the number, ``"1"`` for none.
        better: Which direction is the good one.

    Raises:
        EvidenceError: The number is not finite, or the interval has only one end.

    Examples:
        >>> str(Estimate("AUC", 0.8123, 0.75, 0.87, "DeLong", 100))
        '0.812 (0.750 to 0.870)'
    """

    name: str
    value: float
    low: float | None
    high: float | None
    method: str
    n: int
    seed: int = 0
    unit: str = "1"
    better: Better = "none"

    def __post_init__(self) -> None:
        ends = [end for end in (self.low, self.high) if end is not None]
        if len(ends) == 1:
            raise EvidenceError(f"{self.name}: interval {self.low} to {self.high}, wanted both ends or none")
        if any(abs(number) == float("inf") or number != number for number in (self.value, *ends)):
            raise EvidenceError(
                f"{self.name}: {self.value} ({self.low} to {self.high}), wanted finite numbers"
            )

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Floor:
    """What a number reads when real pictures are compared with other real pictures.

    Args:
        median: Middle of the splits.
        low: 2.5th percentile of the splits.
        high: 97.5th percentile of the splits.
        n: Pictures on each side of every split; fewer than those of the number beside it where
            people with many pictures each leave smaller halves.
        splits: How many random splits by patient.
        seed: Seed of the splits.
    """

    median: float
    low: float
    high: float
    n: int
    splits: int
    seed: int


@dataclass(frozen=True)
class Anchor:
    """The same number for pictures whose worth is known.

    Args:
        name: ``train``, ``augmented``, ``linear`` or ``blur``.
        estimate: What they reach.
    """

    name: str
    estimate: Estimate


@dataclass(frozen=True)
class Comparison:
    """One number of the made pictures beside its floor and its anchors.

    Args:
        group: Class compared, or ``all``.
        space: Feature space in which it was measured.
        estimate: The number of the made pictures against the holdout.
        floor: Real against real, at the same count where people allow; None where it was not measured.
        anchors: Reference sets against the same holdout.
    """

    group: str
    space: str
    estimate: Estimate
    floor: Floor | None = None
    anchors: tuple[Anchor, ...] = ()

    def anchor(self, name: str) -> Estimate | None:
        """The number of one anchor, None where it was not measured."""
        return next((anchor.estimate for anchor in self.anchors if anchor.name == name), None)
