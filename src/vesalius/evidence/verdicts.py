"""What the numbers may be said to show, in fixed words."""

from dataclasses import dataclass

from vesalius.evidence.estimate import Comparison, Estimate
from vesalius.evidence.diversity import ClusterShares
from vesalius.evidence.intervals import zero_hits_bound
from vesalius.evidence.memorisation import CopyTest, CorrelationTest
from vesalius.evidence.utility import Utility


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
    closeness: float = 1 / 3


INSUFFICIENT = "INSUFFICIENT DATA"


def fidelity_verdict(
    numbers: dict[str, dict[str, Comparison]], p: dict[str, float], patients: int, thresholds: Thresholds,
    differing: tuple[str, ...],
) -> Verdict:
    """CLOSE, PARTIAL, DIFFERENT or INSUFFICIENT DATA.

    Args:
        numbers: For each space the pooled comparisons by metric.
        p: Permutation p-value of the kernel distance in each space.
        patients: Holdout people.
        thresholds: Where the lines are.
        differing: Names of the features that differ most.
    """
    areas = {space: by_metric["C2ST"].estimate for space, by_metric in numbers.items()}
    worst = max(areas.values(), key=lambda one: one.value)
    limits = f"At n = {worst.n} a side; an area of {_blind(worst):.2f} or less could have gone unseen."
    if patients < thresholds.fidelity_patients:
        text = f"{patients} holdout people are too few to compare with (wanted {thresholds.fidelity_patients})."
        return Verdict("Fidelity", INSUFFICIENT, text, limits)
    told = f"a simple classifier tells them from real ones with an area of {worst}"
    if (worst.low or 0) > thresholds.different_auc or any(map(_beyond_blur, numbers.values())):
        features = f", most in {', '.join(differing[:3])}" if differing else ""
        text = f"Synthetic images are measurably different from real ones: {told}{features}."
        return Verdict("Fidelity", "DIFFERENT", text, limits)
    alike = min(p.values()) * len(p) > thresholds.permutation_p
    covered = all(_covers(by["coverage"], thresholds.coverage_slack) for by in numbers.values())
    if alike and covered and (worst.high or 1) < thresholds.close_auc:
        text = "No difference from held-out real images was detected by these tests."
        return Verdict("Fidelity", "CLOSE", text, limits)
    return Verdict("Fidelity", "PARTIAL", f"Synthetic images resemble real ones in part: {told}.", limits)


def _blind(auc: Estimate) -> float:
    return 0.5 + (auc.high if auc.high is not None else 1.0) - auc.value


def _beyond_blur(by_metric: dict[str, Comparison]) -> bool:
    distance = by_metric["KID"]
    blur = distance.anchor("blur")
    return blur is not None and distance.estimate.value > blur.value


def _covers(coverage: Comparison, slack: float) -> bool:
    return coverage.floor is None or coverage.estimate.value >= coverage.floor.low - slack


def diversity_verdict(
    numbers: dict[str, dict[str, Comparison]], vendi: Estimate, clusters: ClusterShares, patients: int,
    thresholds: Thresholds,
) -> Verdict:
    """COVERED, PARTIAL, COLLAPSE or INSUFFICIENT DATA.

    Args:
        numbers: For each space the pooled comparisons by metric.
        vendi: Vendi score of made over real pictures.
        clusters: Shares of the kinds of picture.
        patients: Holdout people.
        thresholds: Where the lines are.
    """
    coverages = {space: by["coverage"] for space, by in numbers.items()}
    worst = min(coverages.values(), key=lambda one: one.estimate.value)
    usual = worst.floor.median if worst.floor else 31 / 32
    told = (
        f"they cover {worst.estimate.value:.0%} of the held-out real images (real against real: {usual:.0%})"
        f" and are {vendi.value:.2f} times as varied"
    )
    limits = f"At n = {worst.estimate.n} a side, {clusters.clusters} kinds of picture; rarer findings are not seen."
    if patients < thresholds.fidelity_patients:
        text = f"{patients} holdout people are too few to judge variety by."
        return Verdict("Diversity", INSUFFICIENT, text, limits)
    poor = vendi.value < thresholds.vendi_ratio and (vendi.high or 1) < thresholds.vendi_upper
    sparse = any(_lost(one, thresholds.coverage_share) for one in coverages.values())
    if poor or sparse or clusters.starved >= 1:
        lacking = f"; {clusters.starved:.0f} of {clusters.clusters} kinds of picture are nearly missing"
        reason = told + (lacking if clusters.starved >= 1 else "")
        return Verdict("Diversity", "COLLAPSE", f"Part of the variety is lost: {reason}.", limits)
    if all(_covers(one, thresholds.coverage_slack) for one in coverages.values()):
        return Verdict("Diversity", "COVERED", f"No loss of variety was detected: {told}.", limits)
    return Verdict("Diversity", "PARTIAL", f"Variety is reduced: {told}.", limits)


def _lost(coverage: Comparison, share: float) -> bool:
    return coverage.floor is not None and coverage.estimate.value < share * coverage.floor.median


def copying_verdict(
    found: int, copied: int, patients: int, test: CopyTest, search: CorrelationTest, thresholds: Thresholds
) -> Verdict:
    """COPIES FOUND, NONE DETECTED or INSUFFICIENT DATA.

    Args:
        found: Made pictures found to be copies by either test.
        copied: Training people they repeat.
        patients: Training people.
        test: The conformal test.
        search: The search by correlation.
        thresholds: Where the lines are.
    """
    bound = f"zero hits in {test.n_made} bound the near-duplicate rate below {zero_hits_bound(test.n_made):.1%} (95 %)"
    limits = (
        f"The conformal test could detect copied fractions of {test.detection_limit:.1%} or more; {bound}. "
        f"Near-duplicate: correlation of at least {search.threshold:.3f}."
    )
    enough = patients >= thresholds.copy_patients
    if search.near_duplicates or (enough and found):
        text = (
            f"{found} of {test.n_made} images are near copies of {copied} training patients; "
            "do not release these; see the list."
        )
        return Verdict("Copying", "COPIES FOUND", text, limits)
    if not enough:
        text = f"No near-duplicate was found, but {patients} training people are too few for a verdict (wanted {thresholds.copy_patients})."
        return Verdict("Copying", INSUFFICIENT, text, limits)
    return Verdict("Copying", "NONE DETECTED", "No copies of training images were detected.", limits)


def membership_verdict() -> Verdict:
    """NOT TESTED: no attack is mounted in this version."""
    text = "Whether a person's data were used in training was not attacked."
    return Verdict("Membership", "NOT TESTED", text, "Says nothing either way about membership inference.")


def utility_verdict(utility: Utility | None, reason: str) -> Verdict:
    """SUBSTITUTE with its ratio, or NOT TESTED.

    Args:
        utility: What was measured, None where it could not be.
        reason: Why not.
    """
    if utility is None:
        return Verdict("Utility", "NOT TESTED", reason, "No statement on usefulness is made.")
    best = max(utility.ratios, key=lambda one: one.value)
    made, real = (_arm(utility, name, best) for name in ("made", "real"))
    text = (
        f"A classifier trained on synthetic images alone reaches {best.value:.0%} "
        f"({best.low:.0%} to {best.high:.0%}) of the area of one trained on real images ({made} against {real})."
    )
    limits = (
        f"{utility.n_patients} test people, {utility.seeds} seed(s), small classifiers; "
        "whether adding synthetic to real images helps was not tested."
    )
    return Verdict("Utility", "SUBSTITUTE", text, limits)


def _arm(utility: Utility, name: str, ratio: Estimate) -> str:
    how = ratio.name.split(", ", 1)[1]
    return next(f"{arm.auc.value:.2f}" for arm in utility.arms if (arm.name, arm.architecture) == (name, how))
