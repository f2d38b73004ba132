"""The report: one self-contained page, rendered from the record and nothing else."""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from vesalius.evidence.estimate import Comparison, Estimate, Floor
from vesalius.evidence.figures import curves, floors, utility
from vesalius.evidence.record import Evidence, Picture, to_json
from vesalius.storage import written

_TONES = {
    "CLOSE": "good",
    "COVERED": "good",
    "NONE DETECTED": "good",
    "SUBSTITUTE": "plain",
    "NO USE SHOWN": "care",
    "PARTIAL": "care",
    "NOT TESTED": "quiet",
    "INSUFFICIENT DATA": "quiet",
    "DIFFERENT": "care",
    "COLLAPSE": "bad",
    "COPIES FOUND": "bad",
}
_ANCHORS = ("train", "augmented", "linear", "blur")


def report(evidence: Evidence, public: bool = False) -> str:
    """The record as one HTML page without script or remote asset.

    Args:
        evidence: What was measured.
        public: Leave out pictures of real people and whom copies repeat.
    """
    page = Environment(
        loader=PackageLoader("vesalius", "evidence"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page.filters |= {"number": number, "floor": floor, "spread": spread}
    shown = evidence.public() if public else evidence
    return page.get_template("report.html").render(
        evidence=shown,
        public=public,
        digest=evidence.sha256,
        tones=_TONES,
        anchors=_ANCHORS,
        pooled=_by_group(shown, pooled=True),
        by_class=_by_group(shown, pooled=False),
        sheets=_sheets(shown),
        pictures={picture.name: picture for picture in shown.pictures},
        figures=_figures(shown),
    )


def write_evidence(evidence: Evidence, folder: Path, public: bool = False) -> None:
    """Put ``evidence.json`` and ``report.html`` into a folder.

    Args:
        evidence: What was measured.
        folder: Where to; made if absent.
        public: Leave out pictures of real people in both.

    Raises:
        StorageError: The disk is unwilling; neither file is left half-written.
    """
    record = evidence.public() if public else evidence
    with written(folder / "evidence.json") as path:
        path.write_text(to_json(record), encoding="utf-8")
    with written(folder / "report.html") as path:
        path.write_text(report(evidence, public), encoding="utf-8")


def number(value: float | None) -> str:
    """A number with three telling digits, ``–`` for none.

    Examples:
        >>> number(0.03174), number(4438.2), number(-0.0041), number(None)
        ('0.032', '4438', '-0.004', '–')
    """
    if value is None:
        return "–"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:.{digits}f}"


def spread(estimate: Estimate) -> str:
    """The interval of an estimate, ``–`` where none is claimed."""
    if estimate.low is None or estimate.high is None:
        return "–"
    return f"{number(estimate.low)} to {number(estimate.high)}"


def floor(reading: Floor | None) -> str:
    """Middle and range of a floor, ``–`` where none was measured."""
    if reading is None:
        return "–"
    return f"{number(reading.median)} ({number(reading.low)} to {number(reading.high)})"


def _by_group(evidence: Evidence, pooled: bool) -> list[Comparison]:
    if evidence.likeness is None:
        return []
    both = evidence.likeness.fidelity + evidence.likeness.diversity
    return [one for one in both if (one.group == "all") == pooled]


def _sheets(evidence: Evidence) -> list[tuple[str, Picture | None, Picture | None]]:
    """For each class its real and its synthetic sheet."""
    found = {picture.name: picture for picture in evidence.pictures}
    pairs = [
        (name, found.get(f"real/{name}"), found.get(f"synthetic/{name}")) for name in evidence.data.classes
    ]
    return [pair for pair in pairs if pair[1] or pair[2]]


def _figures(evidence: Evidence) -> dict[str, Markup]:
    """Drawn here from numbers alone, hence safe to paste."""
    drawn = {} if evidence.likeness is None else {"floors": Markup(floors(evidence.likeness))}
    if evidence.utility is not None:
        drawn["utility"] = Markup(utility(evidence.utility))
    if evidence.subject.curves:
        drawn["curves"] = Markup(curves(evidence.subject.curves))
    return drawn
