"""What the numbers may be said to show, in fixed words."""

from vesalius.evidence.copying import Copying
from vesalius.evidence.estimate import Comparison, Estimate
from vesalius.evidence.intervals import zero_hits_bound
from vesalius.evidence.record import Likeness
from vesalius.evidence.utility import Utility
from vesalius.evidence.verdict import Thresholds, Verdict

INSUFFICIENT = "INSUFFICIENT DATA"


def fidelity_verdict(likeness: Likeness | None, patients: int, thresholds: Thresholds) -> Verdict:
    """CLOSE, PARTIAL, DIFFERENT or INSUFFICIENT DATA.

    Args:
        likeness: The numbers; None without anybody to compare with.
        patients: Holdout people.
        thresholds: Where the lines are.
    """
    if likeness is None:
        return _nobody("Fidelity")
    areas = [one.estimate for one in likeness.pooled("C2ST").values()]
    n = max(one.estimate.n for one in likeness.pooled("KID").values())
    limits = _fidelity_limits(n, likeness.effective_n, bool(areas))
    if patients < thresholds.fidelity_patients or not areas:
        wanted = thresholds.fidelity_patients
        text = f"{patients} holdout people are too few to compare with (wanted {wanted})."
        if patients >= wanted:
            text = "The holdout pictures that can be compared are of too few people."
        return Verdict("Fidelity", INSUFFICIENT, text, limits)
    worst = max(areas, key=lambda one: one.value)
    told = f"a simple classifier tells them from real ones with an area of {worst}"
    if (worst.low or 0) > thresholds.different_auc or all(map(_beyond_blur, likeness.pooled("KID").values())):
        most = ", ".join(effect.feature for effect in likeness.differing[:3])
        text = f"Synthetic images are measurably different from real ones: {told}, most in {most}."
        return Verdict("Fidelity", "DIFFERENT", text, limits)
    least = min(test.p for test in likeness.permutations) * len(likeness.permutations)
    alike = least > thresholds.permutation_p
    covered = all(_covers(one, thresholds.coverage_slack) for one in likeness.pooled("coverage").values())
    if alike and covered and (worst.high or 1) < thresholds.close_auc:
        text = "No difference from held-out real images was detected by these tests."
        return Verdict("Fidelity", "CLOSE", text, limits)
    return Verdict("Fidelity", "PARTIAL", f"Synthetic images resemble real ones in part: {told}.", limits)


def _nobody(area: str) -> Verdict:
    text = "Nobody, or too few people, could be kept aside to compare with."
    return Verdict(area, INSUFFICIENT, text, "No statement is made.")


def _fidelity_limits(n: int, effective: float, has_area: bool) -> str:
    counted = (
        "the real ones each of another person"
        if effective == n
        else f"the real ones counted as {effective:.0f}, for several pictures of one person count together"
    )
    unseen = f"an area of {_blind(effective, n):.2f} or less could have gone unseen."
    if not has_area:
        unseen = "too few people for a classifier to tell them apart."
    return f"At n = {n} pictures a side, {counted}; {unseen}"


def _blind(real: float, made: int) -> float:
    """Upper end of the 95 % interval of an area of one half, of so many independent pictures."""
    return min(1.0, 0.5 + 1.96 * ((real + made + 1) / (12 * real * made)) ** 0.5)


def _beyond_blur(distance: Comparison) -> bool:
    blur = distance.anchor("blur")
    return blur is not None and distance.estimate.value > blur.value


def _covers(coverage: Comparison, slack: float) -> bool:
    return coverage.floor is None or coverage.estimate.value >= coverage.floor.low - slack


def diversity_verdict(likeness: Likeness | None, patients: int, thresholds: Thresholds) -> Verdict:
    """COVERED, PARTIAL, COLLAPSE or INSUFFICIENT DATA.

    A loss is claimed by the learnt features alone: in the texture features a picture that is
    merely too smooth covers nothing. For the same reason those must not be silent where no loss
    is claimed: blurred pictures cover nearly everybody in the learnt features.

    Args:
        likeness: The numbers; None without anybody to compare with.
        patients: Holdout people.
        thresholds: Where the lines are.
    """
    if likeness is None:
        return _nobody("Diversity")
    vendi, clusters = likeness.vendi, likeness.clusters
    coverage, texture = (likeness.pooled("coverage")[space] for space in ("ssl", "texture"))
    told = (
        f"by the learnt features they cover {_covered(coverage)} of the held-out real images "
        f"and are {vendi.value:.2f} times as varied, by the texture features they cover {_covered(texture)}"
    )
    counted = f"At n = {coverage.estimate.n} pictures a side, {clusters.clusters} kinds of picture"
    limits = f"{counted}; rarer findings are not seen."
    if patients < thresholds.fidelity_patients:
        text = f"{patients} holdout people are too few to judge variety by."
        return Verdict("Diversity", INSUFFICIENT, text, limits)
    poor = vendi.value < thresholds.vendi_ratio and (vendi.high or 1) < thresholds.vendi_upper
    sparse = _lost(coverage, thresholds.coverage_share)
    if poor or sparse or clusters.starved >= 1:
        lacking = f"; {clusters.starved:.0f} of {clusters.clusters} kinds of picture are nearly missing"
        reason = told + (lacking if clusters.starved >= 1 else "")
        return Verdict("Diversity", "COLLAPSE", f"Part of the variety is lost: {reason}.", limits)
    slack = thresholds.coverage_slack
    if not _covers(coverage, slack):
        return Verdict("Diversity", "PARTIAL", f"Variety is reduced: {told}.", limits)
    if not _covers(texture, slack):
        text = f"Whether variety is lost cannot be told from a lack of sharpness: {told}."
        return Verdict("Diversity", "PARTIAL", text, limits)
    return Verdict("Diversity", "COVERED", f"No loss of variety was detected: {told}.", limits)


def _covered(coverage: Comparison) -> str:
    usual = "" if coverage.floor is None else f" (real against real: {coverage.floor.median:.0%})"
    return f"{coverage.estimate.value:.0%}{usual}"


def _lost(coverage: Comparison, share: float) -> bool:
    return coverage.floor is not None and coverage.estimate.value < share * coverage.floor.median


def copying_verdict(copying: Copying, patients: int, thresholds: Thresholds, unsearched: int = 0) -> Verdict:
    """COPIES FOUND, NONE DETECTED or INSUFFICIENT DATA.

    Too few people forbid saying that there are no copies, not finding them.

    Args:
        copying: What was found.
        patients: Training people.
        thresholds: Where the lines are.
        unsearched: People in the weights whose pictures were not at hand.
    """
    found, made = len(copying.pairs), copying.copied.n
    limits = _copy_limits(copying)
    if found:
        text = (
            f"{found} of {made} images are near copies of {copying.patients_copied} training "
            "patients; do not release these; see the list."
        )
        return Verdict("Copying", "COPIES FOUND", text, limits)
    if unsearched:
        text = (
            f"No copy was found, but the weights started from a model of {unsearched} other people, whose "
            "pictures were not at hand to look for copies of."
        )
        return Verdict("Copying", INSUFFICIENT, text, limits)
    if patients < thresholds.copy_patients:
        text = (
            f"No copy was found, but {patients} training people are too few to say that there is none "
            f"(wanted {thresholds.copy_patients})."
        )
        return Verdict("Copying", INSUFFICIENT, text, limits)
    return Verdict("Copying", "NONE DETECTED", "No copies of training images were detected.", limits)


def _copy_limits(copying: Copying) -> str:
    search, made = copying.search, copying.copied.n
    said = "Too few people for a conformal test. "
    if copying.tests:
        limit = copying.tests[0].detection_limit
        said = f"The conformal test could detect copied fractions of {limit:.1%} or more. "
        if limit > 1:
            said = "The conformal test could not have flagged any, for too few people were kept aside. "
    said += f"Near-duplicate: correlation of at least {search.threshold:.2f}, standing out from other people."
    if not copying.pairs:
        bound = zero_hits_bound(made)
        said += f" Zero hits in {made} bound the near-duplicate rate below {bound:.1%} (95 %)."
    return said


def membership_verdict() -> Verdict:
    """NOT TESTED: no attack is mounted in this version."""
    text = "Whether a person's data were used in training was not attacked."
    return Verdict("Membership", "NOT TESTED", text, "Says nothing either way about membership inference.")


def utility_verdict(utility: Utility | None, reason: str, thresholds: Thresholds) -> Verdict:
    """SUBSTITUTE with the ratio of the worst classifier, NO USE SHOWN, INSUFFICIENT DATA, or NOT TESTED.

    Args:
        utility: What was measured, None where it could not be.
        reason: Why not.
        thresholds: Where the lines are.
    """
    if utility is None:
        return Verdict("Utility", "NOT TESTED", reason, "No statement on usefulness is made.")
    worst = min(utility.ratios, key=lambda one: one.value)
    made, real = (_arm(utility, name, worst) for name in ("made", "real"))
    told = f"an area of {made.value:.2f} against {real.value:.2f} (0.5 is guessing)"
    code = "SUBSTITUTE" if (made.low or 0) > 0.5 else "NO USE SHOWN"
    text = (
        f"A classifier trained on synthetic images alone was not shown to be better than guessing: {told}."
        if code == "NO USE SHOWN"
        else f"A classifier trained on synthetic images alone reaches {worst.value:.0%} ({worst.low:.0%} to "
        f"{worst.high:.0%}) of one trained on real images: {told}."
    )
    if utility.fewest_patients < thresholds.utility_patients:
        code = INSUFFICIENT
        text = (
            f"{utility.fewest_patients} test people in a class are too few to judge usefulness by "
            f"(wanted {thresholds.utility_patients}): {told}."
        )
    limits = (
        f"{utility.n_patients} test people, {utility.seeds} seed(s), small classifiers; "
        "whether adding synthetic to real images helps was not tested."
    )
    return Verdict("Utility", code, text, limits)


def _arm(utility: Utility, name: str, ratio: Estimate) -> Estimate:
    how = ratio.name.split(", ", 1)[1]
    return next(arm.auc for arm in utility.arms if (arm.name, arm.architecture) == (name, how))
