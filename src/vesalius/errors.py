"""Everything that can go wrong, as a tree.

::

    VesaliusError
    ├── ImagingError            a picture that cannot be what it claims to be
    │   ├── GeometryError       affine, spacing or extent is impossible or does not match
    │   ├── UnitError           two values in different units were about to meet
    │   ├── DicomError          a dataset that breaks the standard; names the tag
    │   └── DecodeError         pixels that no codec of the house can read
    ├── CohortError             who is in the study
    │   ├── EmptyCohortError
    │   └── LeakageError        one patient on both sides of a split
    ├── RecipeError             a recipe that cannot be cooked; names the field
    ├── TrainingError
    │   └── DivergenceError     a loss stopped being finite; names player, term and step
    ├── StorageError            a file that could not be written whole
    ├── ModelError              weights and recipe do not belong together; or not allowed to load
    └── EvidenceError           a claim the sample cannot carry
        └── ReleaseError        synthetic pictures that may not leave the house

Each message names the thing, its value, and what was wanted. Programming mistakes stay
``ValueError`` and ``TypeError``.
"""

from pathlib import Path


class VesaliusError(Exception):
    """The root of the tree: catch this to catch whatever the house refuses."""


class ImagingError(VesaliusError):
    """A picture that cannot be what it claims to be."""


class GeometryError(ImagingError):
    """An affine, spacing or extent that is impossible or does not match."""


class UnitError(ImagingError):
    """Two values in different units were about to meet."""

    def __init__(self, thing: str, unit: str, wanted: str) -> None:
        super().__init__(f"{thing} is in unit {unit!r}, wanted {wanted!r}")
        self.unit = unit
        self.wanted = wanted


class DicomError(ImagingError):
    """A DICOM dataset that breaks the standard or our reading of it."""


class DecodeError(ImagingError):
    """Pixels that could not be decoded: no codec, broken data, or over a limit."""

    def __init__(self, path: Path, codec: str, reason: str) -> None:
        super().__init__(f"{path}: {codec} pixels not decoded: {reason}")
        self.path = path
        self.codec = codec
        self.reason = reason


class CohortError(VesaliusError):
    """A study whose members cannot be told or used."""


class EmptyCohortError(CohortError):
    """Nobody is in the study."""


class LeakageError(CohortError):
    """One patient stands on both sides of a split."""

    def __init__(self, patients: tuple[str, ...], sides: tuple[str, str]) -> None:
        shown = ", ".join(patients[:3]) + (", ..." if len(patients) > 3 else "")
        super().__init__(
            f"{len(patients)} patient(s) in both {sides[0]!r} and {sides[1]!r}: {shown}; "
            "wanted every patient on one side only"
        )
        self.patients = patients


class RecipeError(VesaliusError):
    """A recipe that cannot be cooked; the message names the field."""


class TrainingError(VesaliusError):
    """A training run that cannot start or go on."""


class DivergenceError(TrainingError):
    """A loss stopped being finite."""

    def __init__(self, player: str, term: str, step: int) -> None:
        super().__init__(f"{player}/{term} is not finite at step {step}; wanted a finite loss")
        self.player = player
        self.term = term
        self.step = step


class StorageError(VesaliusError):
    """A file could not be written whole; what was there before is untouched."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: not written: {reason}")
        self.path = path


class ModelError(VesaliusError):
    """Weights and recipe that do not belong together, or may not be loaded."""


class EvidenceError(VesaliusError):
    """A claim that the sample cannot carry."""


class ReleaseError(EvidenceError):
    """Synthetic pictures that may not leave the house."""


def first_line(error: Exception) -> str:
    """What an error says, in a line: some libraries put their whole traceback into its text.

    Examples:
        >>> first_line(ValueError("no core\\nat 0x7f")), first_line(OSError())
        ('no core', 'OSError')
    """
    return next(iter(str(error).splitlines()), type(error).__name__)
