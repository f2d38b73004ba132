"""The gate: what may leave the house."""

from vesalius.errors import ReleaseError
from vesalius.evidence.record import Evidence

_WORRYING = ("LEAK DETECTED", "INVALID", "INSUFFICIENT DATA", "NOT TESTED", "COLLAPSE")
_SHOWN = 10


def gate(evidence: Evidence) -> tuple[str, ...]:
    """Let made pictures out, or not.

    Args:
        evidence: What was measured of them.

    Returns:
        Warnings that do not close the gate, one line each; empty when there are none.

    Raises:
        ReleaseError: Copies of training pictures were found; names how many, which, and of whom.
    """
    copying = evidence.verdict("Copying")
    if copying.code == "COPIES FOUND":
        pairs = evidence.copying.pairs
        shown = ", ".join(f"{pair.made} ~ {pair.patient} ({pair.correlation:.2f})" for pair in pairs[:_SHOWN])
        rest = f" and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
        raise ReleaseError(
            f"{len(pairs)} of {evidence.copying.copied.n} synthetic pictures are near copies of "
            f"{evidence.copying.patients_copied} training patients, wanted none: {shown}{rest}"
        )
    warnings = [f"{one.area}: {one.code}: {one.text}" for one in evidence.verdicts if one.code in _WORRYING]
    if evidence.quick:
        warnings.append("Exploratory: measured in quick mode.")
    return tuple(warnings)
