"""Figures of the report, drawn from the record alone, as SVG."""

import io
import math
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

from vesalius.evidence.estimate import Comparison, Estimate, Floor
from vesalius.evidence.record import Curve, Likeness
from vesalius.evidence.utility import Utility

_INK, _QUIET, _MADE, _FLOOR = "#222222", "#767676", "#9a3324", "#dfe5ea"
_SETTINGS: dict[RcKeyType, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.edgecolor": "#b5b5b5",
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _QUIET,
    "ytick.color": _INK,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
}
_NAMES = {
    "train": "training images",
    "augmented": "classical augmentation",
    "linear": "linear model",
    "blur": "blurred on purpose",
}
_SHOWN = (("KID", "texture"), ("KID", "ssl"), ("coverage", "texture"), ("coverage", "ssl"))
_MOST_CURVES = 15
_FEW_POINTS = 30


def floors(likeness: Likeness) -> str:
    """Kernel distance and coverage in both spaces, with floor band and anchors."""
    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": "floors"}):
        figure = Figure((10.4, 4.4), layout="constrained")
        panels = figure.subplots(2, 2).ravel()
        for panel, (name, space) in zip(panels, _SHOWN, strict=True):
            _strip(panel, likeness.pooled(name)[space])
        return _svg(figure)


def _strip(panel: Axes, number: Comparison) -> None:
    rows: list[tuple[str, Estimate]] = [("synthetic", number.estimate)]
    rows += [(_NAMES[anchor.name], anchor.estimate) for anchor in number.anchors]
    if number.floor is not None:
        panel.axvspan(number.floor.low, number.floor.high, color=_FLOOR, zorder=0)
        panel.axvline(number.floor.median, color="#a9b6c2", lw=1, zorder=1)
    for place, (label, estimate) in enumerate(rows):
        _dot(panel, place, estimate, _MADE if label == "synthetic" else _QUIET)
    panel.set_yticks(range(len(rows)), [label for label, _ in rows])
    panel.set_ylim(len(rows) - 0.5, -0.5)
    panel.tick_params(axis="y", length=0)
    name, space = number.estimate.name, number.space
    if name == "KID":
        _logarithmic(panel, [estimate for _, estimate in rows], number.floor)
        panel.set_title(f"KID, {space} features (0 is equal; symmetric log scale)")
    else:
        panel.set_xlim(-0.03, 1.03)
        panel.set_title(f"Coverage, {space} features (higher is better)")


def _logarithmic(panel: Axes, shown: list[Estimate], floor: Floor | None) -> None:
    """A scale that is linear within the floor and logarithmic beyond it, with few ticks."""
    ends = [end for one in shown for end in (one.low, one.value, one.high) if end is not None]
    ends += [floor.low, floor.high] if floor is not None else []
    linear = 10 ** math.ceil(math.log10(max(floor.high if floor is not None else 0.01, 1e-3)))
    panel.set_xscale("symlog", linthresh=linear)
    first = round(math.log10(linear))
    last = max(first, math.floor(math.log10(max(*ends, linear))))
    ticks = [0.0, *(10.0**power for power in range(first, last + 1, max(1, (last - first) // 4)))]
    panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    panel.set_xticks([], minor=True)
    panel.set_xlim(min(min(ends) * 1.2, -0.15 * linear), max(ends) * 1.5)


def _dot(panel: Axes, place: int, estimate: Estimate, colour: str) -> None:
    if estimate.low is not None and estimate.high is not None:
        panel.plot([estimate.low, estimate.high], [place, place], color=colour, lw=1.6, zorder=2)
    panel.plot([estimate.value], [place], "o", color=colour, ms=5, zorder=3)


def utility(measured: Utility) -> str:
    """Area under the ROC curve after each kind of training set, with intervals."""
    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": "utility"}):
        kinds = list(dict.fromkeys(arm.architecture for arm in measured.arms))
        figure = Figure((10.4, 2.1), layout="constrained")
        panels = figure.subplots(1, len(kinds), squeeze=False, sharex=True)[0]
        for panel, kind in zip(panels, kinds, strict=True):
            arms = [arm for arm in measured.arms if arm.architecture == kind]
            for place, arm in enumerate(arms):
                _dot(panel, place, arm.auc, _MADE if arm.name == "made" else _QUIET)
            labels = ["synthetic" if arm.name == "made" else arm.name for arm in arms]
            panel.set_yticks(range(len(arms)), labels)
            panel.set_ylim(len(arms) - 0.5, -0.5)
            panel.tick_params(axis="y", length=0)
            panel.axvline(0.5, color="#a9b6c2", lw=1, ls=":")
            panel.set_title(f"{kind}: trained on ..., tested on real people (AUC)")
        return _svg(figure)


def curves(logged: Sequence[Curve]) -> str:
    """Learning curves, one small panel each."""
    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": "curves"}):
        shown = [curve for curve in logged if curve.values][:_MOST_CURVES]
        columns = min(3, len(shown))
        rows = math.ceil(len(shown) / columns)
        figure = Figure((10.4, 1.9 * rows), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for panel in panels[len(shown) :]:
            panel.set_axis_off()
        for panel, curve in zip(panels, shown, strict=False):
            few = "." if len(curve.steps) < _FEW_POINTS else ""
            panel.plot(curve.steps, curve.values, color=_INK, lw=1.1, marker=few)
            panel.set_title(curve.name)
            panel.locator_params(nbins=4)
        return _svg(figure)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
