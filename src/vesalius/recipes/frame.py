"""Whether the pictures of a cohort have a common frame: what some people differ in, others do, too."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch

from vesalius.cohort.cohort import Case, Cohort
from vesalius.cohort.threads import each
from vesalius.errors import ImagingError
from vesalius.example import Single
from vesalius.networks.coarse import components_of, on_grid
from vesalius.networks.principal import foretold
from vesalius.tasks.synthesis import Synthesis

_LOOKED_AT = 256
_FEWEST = 16  # of fewer people nothing can be told
# Of the cohorts tried, chests and phantoms lie above the first line, slices of hippocampi and blood smears
# between the two, nuclei below the second; see the experiment log.
_FIRM = 0.82
_ENOUGH = 0.4

Frame = Literal["firm", "loose", "none"]
"""How far what some people differ in is what others differ in, too."""


def frame_of(share: float | None) -> Frame:
    """Whether a linear model of some pictures says much of others, as of lungs; or little, as of cells.

    Slices at several heights of a body lie between: their frame is loose. Where it cannot be told, a firm
    frame is taken for granted.

    Args:
        share: What `foretold_share` found.
    """
    if share is None or share >= _FIRM:
        return "firm"
    return "loose" if share >= _ENOUGH else "none"


def foretold_share(task: Synthesis, train: Cohort) -> float | None:
    """How much of other people a linear model explains, as a share of what it explains of its own.

    Means of classes and the brightness of each picture are left out.

    Args:
        task: How pictures are read.
        train: Training cases, of which up to 256 are looked at, evenly over the cohort.

    Returns:
        About 1 with a common frame, near 0 without one; None of fewer than 16 people.
    """
    if len(train.patients) < _FEWEST:
        return None
    seen = list(_looks(task, train))
    _, who = np.unique([patient for _, patient in seen], return_inverse=True)
    people = len(set(who.tolist()))
    if people < _FEWEST:
        return None  # not all can be read, or they have many pictures each
    condition = torch.cat([single.condition for single, _ in seen])
    rows = torch.cat([single.image for single, _ in seen]).flatten(1)
    for index in condition.unique():
        rows[condition == index] -= rows[condition == index].mean(0)
    rows -= rows.mean(1, keepdim=True)
    # One model of all pictures, whose classes differ in their means alone: one count.
    most = components_of([len(rows)], people, rows.shape[1])
    return foretold(rows, torch.from_numpy(who), most)


def _looks(task: Synthesis, train: Cohort) -> Iterator[tuple[Single, str]]:
    places = np.linspace(0, len(train) - 1, min(len(train), _LOOKED_AT)).round().astype(int)

    def look(case: Case) -> tuple[Single, str] | None:
        try:
            single = task.encode(case)
        except ImagingError:
            return None  # named when the whole cohort is read
        # Shrunk at once: 256 large pictures would take hundreds of MiB.
        return Single(on_grid(single.image), single.condition), case.patient

    return (found for found in each(look, [train.cases[place] for place in np.unique(places)]) if found)
