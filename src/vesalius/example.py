"""The three ways in which a network is shown a cohort."""

from dataclasses import dataclass

from torch import Tensor

from vesalius.shapes import Batch, Classes


@dataclass(frozen=True, eq=False)
class Single:
    """Pictures and what they are to be: synthesis.

    Args:
        image: Pictures scaled to [-1, 1], ``b c z y x``.
        condition: Class of each picture; all 0 when there is one class.
        person: Person of each picture, numbered from 0; None where nobody is known.
    """

    image: Batch
    condition: Classes
    person: Classes | None = None

    def to(self, device: str) -> "Single":
        """The same pictures on another device."""
        person = None if self.person is None else self.person.to(device)
        return Single(self.image.to(device), self.condition.to(device), person)


@dataclass(frozen=True, eq=False)
class Paired:
    """A picture and what is to be made of it: enhancement, translation, segmentation, diagnosis.

    Args:
        source: What the network sees, ``b c z y x``.
        target: What it should answer: pictures, label maps or classes, one for each source.
    """

    source: Batch
    target: Tensor

    def to(self, device: str) -> "Paired":
        """The same pairs on another device."""
        return Paired(self.source.to(device), self.target.to(device))


@dataclass(frozen=True, eq=False)
class Unpaired:
    """Pictures of two kinds that do not belong together: unpaired translation.

    Args:
        source: Pictures of the first kind.
        target: Pictures of the second kind.
    """

    source: Batch
    target: Batch

    def to(self, device: str) -> "Unpaired":
        """The same pictures on another device."""
        return Unpaired(self.source.to(device), self.target.to(device))


Example = Single | Paired | Unpaired
"""What a batch may be."""
