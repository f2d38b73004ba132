"""The evidence record: everything that was measured, equal to its ``evidence.json``."""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from vesalius.errors import EvidenceError
from vesalius.evidence.copying import Copying
from vesalius.evidence.diversity import ClusterShares
from vesalius.evidence.estimate import Comparison, Estimate
from vesalius.evidence.features import SpaceRecord
from vesalius.evidence.utility import Utility
from vesalius.evidence.verdict import Thresholds, Verdict

SCHEMA = "vesalius.evidence/1"
UNNAMED = "Synthetic cohort"  # a public record must not say the name of a folder, which may be a patient's


@dataclass(frozen=True)
class Curve:
    """How a number went during training.

    Args:
        name: What was logged.
        steps: When.
        values: What it was.
    """

    name: str
    steps: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Subject:
    """What made the pictures: copied into the record, judged by nobody.

    Args:
        name: What people call the study, often a folder; kept out of what is public.
        generator: What people call the model.
        model_sha256: Fingerprint of its weights.
        recipe: The recipe as JSON.
        steps: Training steps played.
        seed: Seed of training.
        cohorts: Fingerprints of the cohorts by what they were for, such as ``train``; ``start 1`` is that of
            the model whose weights this one started from.
        unsearched: People of such models whose pictures were not at hand to look for copies of.
        curves: Learning curves from the ledger.
        mirror: Left and right may be exchanged without making an impossible picture.
        remarks: Anything a reader should know.
    """

    name: str = "cohort"
    generator: str = "unknown"
    model_sha256: str = ""
    recipe: str = ""
    steps: int | None = None
    seed: int | None = None
    cohorts: dict[str, str] = field(default_factory=dict)
    unsearched: int = 0
    curves: tuple[Curve, ...] = ()
    mirror: bool = False
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class SetRecord:
    """One set of pictures that took part.

    Args:
        role: ``train``, ``holdout``, ``test``, ``made``, or ``earlier``: of a run that the weights
            started from.
        images: Pictures.
        patients: People; made pictures have none.
        per_class: Pictures of each class; nothing of an earlier run, which had its own.
        sha256: Fingerprint of pixels, labels and people, independent of order.
    """

    role: str
    images: int
    patients: int
    per_class: dict[str, int]
    sha256: str


@dataclass(frozen=True)
class PermutationTest:
    """How often chance labels give a kernel distance as large.

    Args:
        space: Feature space.
        p: Share of draws, the true labels counted in.
        draws: Chance labels tried.
        seed: Seed of the draws.
    """

    space: str
    p: float
    draws: int
    seed: int


@dataclass(frozen=True)
class Effect:
    """How much one nameable feature differs: standardised mean difference, made minus real."""

    feature: str
    value: float


@dataclass(frozen=True)
class Picture:
    """A figure made of pictures.

    Args:
        name: Which figure.
        caption: What it shows.
        contains_real: Shows real people: for inside use.
        sha256: Fingerprint of the PNG file.
        png: The PNG file as base64; empty where it was left out.
    """

    name: str
    caption: str
    contains_real: bool
    sha256: str
    png: str


@dataclass(frozen=True)
class Data:
    """What was compared.

    Args:
        classes: Names of the classes.
        sets: The sets that took part.
        same_holdout: Holdout and test people are the same; nothing was chosen on them.
        notes: What was changed or noticed on admission.
    """

    classes: tuple[str, ...]
    sets: tuple[SetRecord, ...]
    same_holdout: bool
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Likeness:
    """How made pictures compare with real ones, as a whole and class by class.

    Args:
        fidelity: Distances and separability.
        diversity: Precision, recall, density, coverage.
        permutations: Significance of the pooled kernel distances.
        differing: Nameable features that differ most.
        vendi: Vendi score of made over real pictures.
        vendi_anchors: The same of ``augmented`` training pictures and of the ``linear`` model.
        clusters: Shares of the kinds of picture.
        cluster_anchors: The same of those pictures of known worth.
        effective_n: How many independent pictures the compared real ones are worth, those of one
            person counted together; the number of pictures where each is of another person.
    """

    fidelity: tuple[Comparison, ...]
    diversity: tuple[Comparison, ...]
    permutations: tuple[PermutationTest, ...]
    differing: tuple[Effect, ...]
    vendi: Estimate
    vendi_anchors: dict[str, Estimate]
    clusters: ClusterShares
    cluster_anchors: dict[str, ClusterShares]
    effective_n: float

    def pooled(self, name: str) -> dict[str, Comparison]:
        """One number over all classes together, for each space in which it was measured."""
        both = self.fidelity + self.diversity
        return {one.space: one for one in both if one.group == "all" and one.estimate.name == name}


@dataclass(frozen=True)
class Evidence:
    """What may be believed of a set of made pictures.

    Args:
        created: When, UTC.
        tool_version: Version of this package.
        seed: Seed of everything random in the measurement.
        quick: Measured with fewer seeds, splits and steps: exploratory.
        subject: What made the pictures.
        data: What was compared.
        features: Feature spaces.
        likeness: Fidelity and diversity; None where nobody was kept aside to compare with.
        copying: Copies.
        utility: Usefulness; None where it could not be measured.
        verdicts: The headline.
        thresholds: Where the lines were drawn.
        not_tested: What was not looked at.
        pictures: Sheets.
        runtime_s: Seconds of each stage.
        schema: Name and version of this form.
    """

    created: str
    tool_version: str
    seed: int
    quick: bool
    subject: Subject
    data: Data
    features: tuple[SpaceRecord, ...]
    likeness: Likeness | None
    copying: Copying
    utility: Utility | None
    verdicts: tuple[Verdict, ...]
    thresholds: Thresholds
    not_tested: tuple[str, ...]
    pictures: tuple[Picture, ...]
    runtime_s: dict[str, float]
    schema: Literal["vesalius.evidence/1"] = SCHEMA

    @property
    def sha256(self) -> str:
        """Fingerprint of the record without what a public copy lacks, so that both have the same."""
        bare = replace(self.nameless(), pictures=tuple(replace(one, png="") for one in self.pictures))
        return hashlib.sha256(to_json(bare).encode()).hexdigest()

    def verdict(self, area: str) -> Verdict:
        """The headline of one area.

        Raises:
            EvidenceError: There is none of that name.
        """
        for verdict in self.verdicts:
            if verdict.area == area:
                return verdict
        raise EvidenceError(f"no verdict on {area!r}, wanted one of {[v.area for v in self.verdicts]}")

    def public(self) -> "Evidence":
        """The same record without real people: no picture, no copy, no word on whom it repeats."""
        hides_all = bool(self.copying.pairs)
        shown = (replace(one, png="") if hides_all or one.contains_real else one for one in self.pictures)
        return replace(self.nameless(), pictures=tuple(shown))

    def nameless(self) -> "Evidence":
        """The same record without what may name somebody: hashes of copied people, the study's name."""
        pairs = tuple(replace(pair, patient="") for pair in self.copying.pairs)
        subject = replace(self.subject, name=UNNAMED)
        return replace(self, subject=subject, copying=replace(self.copying, pairs=pairs))


_ADAPTER = TypeAdapter(Evidence)


def to_json(evidence: Evidence) -> str:
    """The record as JSON, two spaces deep."""
    return _ADAPTER.dump_json(evidence, indent=2).decode()


def from_json(text: str) -> Evidence:
    """The record that a JSON text describes.

    Raises:
        EvidenceError: The text is not of this schema; names the first field that is wrong.
    """
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise EvidenceError(
            f"evidence record: {where or 'text'}: {first['msg']}, wanted schema {SCHEMA}"
        ) from error


def read_evidence(path: Path) -> Evidence:
    """The record in a file, or in a folder that holds ``evidence.json``.

    Raises:
        EvidenceError: There is no such file, or it is not an evidence record.
    """
    file = path / "evidence.json" if path.is_dir() else path
    try:
        return from_json(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise EvidenceError(f"{file}: {error}, wanted an evidence record") from error
