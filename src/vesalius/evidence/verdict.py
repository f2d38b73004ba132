"""The nouns of the headline: a verdict, and where the lines are drawn."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """One row of the headline.

    Args:
        area: Fidelity, Diversity, Copying, Membership or Utility.
        code: The finding in capitals.
        text: The finding in one sentence.
        limits: What this could not have seen.
    """

    area: str
    code: str
    text: str
    limits: str


@dataclass(frozen=True)
class Thresholds:
    """Where the lines are drawn. Conventions of this project, not laws of nature.

    Args:
        fidelity_patients: Holdout people below which fidelity has no verdict.
        utility_patients: Test people of each class below which usefulness has no verdict.
        copy_patients: Training people below which no absence of copies is claimed.
        permutation_p: Kernel distance is unremarkable above this p, shared by the spaces.
        close_auc: CLOSE needs the upper end of the real-or-made area below this.
        different_auc: DIFFERENT when its lower end is above this.
        coverage_slack: CLOSE allows coverage this far below its floor.
        vendi_ratio: COLLAPSE when the Vendi ratio is below this,
        vendi_upper: ... and the upper end of its interval below this.
        coverage_share: COLLAPSE when coverage is below this share of its floor.
        false_discovery: Rate of false accusations in the conformal copy test.
        correlation: Least normalised cross-correlation of a near-duplicate.
        closeness: Most that a near-duplicate may miss of a perfect match, relative to other people.
    """

    fidelity_patients: int = 50
    utility_patients: int = 10
    copy_patients: int = 100
    permutation_p: float = 0.05
    close_auc: float = 0.65
    different_auc: float = 0.8
    coverage_slack: float = 0.05
    vendi_ratio: float = 0.7
    vendi_upper: float = 0.8
    coverage_share: float = 0.5
    false_discovery: float = 0.1
    correlation: float = 0.95
    closeness: float = 0.3
