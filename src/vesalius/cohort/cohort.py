"""Who is in the study: cases, cohorts, and the wall between training and testing."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from vesalius.errors import CohortError, EmptyCohortError, LeakageError
from vesalius.imaging.formats import read_image, read_labels, read_slice
from vesalius.imaging.image import Image, LabelMap

Fact = str | int | float
"""What is known of a case: sex, age, site, label, split."""

SIDES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
"""Words for the parts of a study, in lower case, to the names of `Parts`."""


@dataclass(frozen=True)
class Stored:
    """A pointer to a picture on disk; nothing is read until `read`.

    Args:
        paths: One file, or all files of one DICOM series.
        slice: Which slice of the volume, or frame of a file that is none; None for all of it.
    """

    paths: tuple[Path, ...]
    slice: int | None = None

    def read(self) -> Image:
        """Decode the picture.

        Raises:
            ImagingError: A file cannot be what it claims to be; the message names it.
        """
        return read_image(self.paths) if self.slice is None else read_slice(self.paths, self.slice)

    def read_labels(self) -> LabelMap:
        """Decode a label map.

        Raises:
            ImagingError: A file cannot be what it claims to be; the message names it.
        """
        labels = read_labels(self.paths)
        return labels if self.slice is None else labels.slice(self.slice)


@dataclass(frozen=True, eq=False)
class Held:
    """A picture that is already in memory."""

    image: Image

    def read(self) -> Image:
        """The picture itself."""
        return self.image


@dataclass(frozen=True, eq=False)
class HeldLabels:
    """A label map that is already in memory."""

    labels: LabelMap

    def read_labels(self) -> LabelMap:
        """The label map itself."""
        return self.labels


PictureSource = Stored | Held
MaskSource = Stored | HeldLabels


@dataclass(frozen=True, eq=False)
class Case:
    """One patient at one time.

    Args:
        key: Name of the case, unique in its cohort.
        patient: Pseudonym of the person; everything of one person shares it.
        pictures: Role (``"image"``, ``"t1"``, ...) to where the picture is.
        masks: Role (``"mask"``, ...) to where the label map is.
        facts: What else is known: ``label``, ``split``, ``sex``, ``age``, ``site``, ``modality``.
    """

    key: str
    patient: str
    pictures: Mapping[str, PictureSource] = field(default_factory=dict)
    masks: Mapping[str, MaskSource] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def image(self, role: str = "image") -> Image:
        """Read one picture of the case.

        Raises:
            CohortError: The case has no such role.
            ImagingError: The picture cannot be read.
        """
        if role not in self.pictures:
            raise CohortError(f"case {self.key} has no picture {role!r}; it has {sorted(self.pictures)}")
        return self.pictures[role].read()

    def mask(self, role: str = "mask") -> LabelMap:
        """Read one label map of the case.

        Raises:
            CohortError: The case has no such role.
            ImagingError: The label map cannot be read.
        """
        if role not in self.masks:
            raise CohortError(f"case {self.key} has no label map {role!r}; it has {sorted(self.masks)}")
        return self.masks[role].read_labels()


class Parts(NamedTuple):
    """A cohort cut by patient."""

    train: "Cohort"
    val: "Cohort"
    test: "Cohort"


@dataclass(frozen=True, eq=False)
class Cohort:
    """People of one study, real or made: the same type.

    Args:
        cases: Everybody; keys are unique.
        name: What people call the study.
        remarks: What has to be said wherever its people are counted, such as that nobody told who they are.

    Raises:
        CohortError: Two cases share a key.
    """

    cases: tuple[Case, ...]
    name: str = "cohort"
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for key, count in Counter(case.key for case in self.cases).most_common(1):
            if count > 1:
                raise CohortError(f"cohort {self.name}: key {key!r} names {count} cases, wanted unique keys")

    def __len__(self) -> int:
        return len(self.cases)

    @property
    def patients(self) -> frozenset[str]:
        """The people in the study."""
        return frozenset(case.patient for case in self.cases)

    def where(self, keep: Callable[[Case], bool], name: str | None = None) -> "Cohort":
        """The cases that a claim holds for."""
        return replace(self, cases=tuple(filter(keep, self.cases)), name=name or self.name)

    def fact(self, name: str) -> tuple[Fact, ...]:
        """One fact of every case, in order.

        Raises:
            CohortError: A case does not have it.
        """
        for case in self.cases:
            if name not in case.facts:
                raise CohortError(f"case {case.key} has no column {name!r}; it has {sorted(case.facts)}")
        return tuple(case.facts[name] for case in self.cases)

    def levels(self, name: str) -> tuple[str, ...]:
        """The different values of a fact, sorted, as text.

        Raises:
            CohortError: A case does not have it.
        """
        return tuple(sorted({str(value) for value in self.fact(name)}))

    def split(self, fraction: float, salt: str = "vesalius") -> tuple["Cohort", "Cohort"]:
        """Cut by patient: everybody keeps the side when others join or leave.

        Args:
            fraction: Share of patients, in expectation, on the second side; 0 to 1.
            salt: Another salt gives another, equally stable cut.

        Returns:
            The larger and the smaller side.
        """
        first = self.where(lambda case: _position(case.patient, salt) >= fraction)
        second = self.where(lambda case: _position(case.patient, salt) < fraction)
        return first, second

    def parts(self, val: float = 0.15, test: float = 0.2, salt: str = "vesalius") -> Parts:
        """Training, validation and test people: as recorded in the fact ``split``, else by hash.

        The words are those of `SIDES`, in any case of letters. Where all cases have one and the
        same other word, nothing is divided by it, and the hash decides.

        Raises:
            LeakageError: The recorded split puts a patient on two sides.
            CohortError: Only some cases have a recorded split, or it has an unknown word.
        """
        recorded = sides(self)
        unknown = [word for word in recorded if word not in Parts._fields]
        if sum(map(len, recorded.values())) not in (0, len(self)):
            raise CohortError(f"cohort {self.name}: some cases have no 'split', wanted all or none")
        if unknown and len(recorded) > 1:
            raise CohortError(f"cohort {self.name}: 'split' is {unknown[0]!r}, wanted one of {sorted(SIDES)}")
        if is_divided(self):
            parts = Parts(*(recorded.get(side, replace(self, cases=())) for side in Parts._fields))
        else:
            rest, held = self.split(test, salt)
            parts = Parts(*rest.split(val / (1 - test), salt + "/val"), held)
        separate(**parts._asdict())
        return parts


def is_divided(cohort: Cohort) -> bool:
    """Whether the fact ``split`` says who is on which side, so that the hash does not decide."""
    recorded = sides(cohort)
    return bool(recorded) and set(recorded) <= set(Parts._fields)


def sides(cohort: Cohort) -> dict[str, Cohort]:
    """The recorded parts of a study, by their names in `Parts`, or by what the fact ``split`` says instead.

    Cases without the fact are in none of them.
    """
    words = {case.key: str(case.facts["split"]).lower() for case in cohort.cases if "split" in case.facts}
    named = {key: SIDES.get(word, word) for key, word in words.items()}
    return {
        side: cohort.where(lambda case, side=side: named.get(case.key) == side)
        for side in sorted(set(named.values()))
    }


def separate(**parts: Cohort) -> None:
    """Prove that nobody stands on two sides.

    Args:
        parts: Cohorts by name.

    Raises:
        LeakageError: A patient is in two of them.
    """
    names = list(parts)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            both = parts[first].patients & parts[second].patients
            if both:
                raise LeakageError(tuple(sorted(both)), (first, second))


def require(cohort: Cohort) -> Cohort:
    """The cohort itself, if anybody is in it.

    Raises:
        EmptyCohortError: Nobody is.
    """
    if not cohort.cases:
        raise EmptyCohortError(
            f"cohort {cohort.name} has no case with a readable picture, wanted at least one"
        )
    return cohort


def gather(cases: Iterable[Case], name: str, remarks: tuple[str, ...] = ()) -> Cohort:
    """A cohort of cases in the order of their keys, whatever order they came in."""
    return Cohort(tuple(sorted(cases, key=lambda case: case.key)), name, remarks)


def _position(patient: str, salt: str) -> float:
    # Names of people may come from file names, which need not be UTF-8.
    digest = hashlib.sha256(f"{salt}/{patient}".encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
