"""What there is to say about a folder of pictures, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass

from vesalius.cohort.cohort import Cohort, sides
from vesalius.cohort.duplicates import Pair, duplicates
from vesalius.cohort.fingerprint import counted, sizes, spacing, spacings
from vesalius.cohort.folder import Kind, Survey
from vesalius.cohort.thumbnails import thumbnails
from vesalius.imaging.series import Problem


@dataclass(frozen=True)
class Summary:
    """Counts of a cohort and everything that is wrong with it.

    Args:
        name: Of the cohort.
        kind: How the folder tells who is in it.
        cases: Number of cases.
        patients: Number of people.
        labels: Cases of each label; unlabelled cases are missing.
        splits: Cases of each recorded part.
        modalities: Cases of each modality.
        sizes: Cases of each extent, ``"slices x rows x columns"``.
        channels: Cases of each number of values of a voxel, of those that were decoded.
        spacings: Cases of each spacing, ``"z x y x x"`` in millimetres.
        spacing: Median millimetres along ``(z, y, x)``, or None.
        masks: Cases with a label map.
        problems: Files that cannot be used, with the reason.
        duplicates: Pictures that occur twice: across recorded parts, else across people.
        notes: What is unusual about pictures that can be used.
        remarks: What has to be said beside the count of people.
    """

    name: str
    kind: Kind
    cases: int
    patients: int
    labels: Mapping[str, int]
    splits: Mapping[str, int]
    modalities: Mapping[str, int]
    sizes: Mapping[str, int]
    channels: Mapping[str, int]
    spacings: Mapping[str, int]
    spacing: tuple[float, float, float] | None
    masks: int
    problems: tuple[Problem, ...]
    duplicates: tuple[Pair, ...] = ()
    notes: tuple[Problem, ...] = ()
    remarks: tuple[str, ...] = ()


def summarise(survey: Survey, *, look_for_duplicates: bool = True) -> Summary:
    """Count everything there is to count.

    Args:
        survey: What was found in a folder.
        look_for_duplicates: Decode every picture to find those that occur twice.
    """
    cohort = survey.cohort
    return Summary(
        name=cohort.name,
        kind=survey.kind,
        cases=len(cohort),
        patients=len(cohort.patients),
        labels=counted(cohort, "label"),
        splits=counted(cohort, "split"),
        modalities=counted(cohort, "modality"),
        sizes=sizes(cohort),
        channels=counted(cohort, "channels"),
        spacings=spacings(cohort),
        spacing=spacing(cohort),
        masks=sum(bool(case.masks) for case in cohort.cases),
        problems=survey.problems,
        duplicates=_duplicates(cohort) if look_for_duplicates else (),
        notes=survey.notes,
        remarks=cohort.remarks,
    )


def _duplicates(cohort: Cohort) -> tuple[Pair, ...]:
    parts = sides(cohort).values()
    return duplicates(*map(thumbnails, parts)) if len(parts) > 1 else duplicates(cohort)
