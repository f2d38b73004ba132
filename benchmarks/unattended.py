"""No set-up for a data set: seven cohorts, each trained to the end with the defaults, over seeds.

Run as ``.venv/bin/python benchmarks/unattended.py [--cohorts chest ct ...] [--seeds 3] [--minutes 3]
[--data FOLDER] [--out FOLDER] [--quick]``. X-ray, CT slices, MR slices of a phantom and of the hippocampus,
microscopy grey and in colour, and people of known truth. The folder must be new. A row holds when the run
came to its end with finite losses, was not given up, and what the kept model makes varies at least half as
much as the pictures that it learnt from, seen coarsely (`training.pulse`). Whether it is like them is asked
by ``synthesis.py``.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch
from cohorts import COHORTS, PHANTOMS, Choice, phantoms
from promise import new_out, promise

from vesalius.cli.judge import events_of
from vesalius.cli.people import People
from vesalius.cli.verbs import Selection
from vesalius.errors import TrainingError
from vesalius.evidence.glance import glance_by
from vesalius.recipes.synthesis import conditional_gan
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.fit import finish, play
from vesalius.training.pulse import pulse_of
from vesalius.training.run import open_run
from vesalius.training.stream import stack

LEAST = 0.5
"""Share of the usual spread below which pictures count as collapsed."""

_MADE = 500
_SERIES = {"ct": "ct_head_ge", "mr": "mr_pacsman_series"}
_ALL = {
    "chest": COHORTS["chest"],
    **{
        name: Choice("dicom_mixed", Selection(label="none", where=((f"group={group}",),)))
        for name, group in _SERIES.items()
    },
    "hippocampus": COHORTS["hippocampus"],
    "nuclei": COHORTS["nuclei"],
    "blood": Choice("detect_blood_cells", Selection(label="none")),
}


@dataclass(frozen=True)
class Ending:
    """How a run ended.

    Args:
        steps: Played.
        kept: Step of the model.
        share: Spread of what it makes, as a share of that of its training pictures.
        said: What happened besides, or why it was given up.
        is_over: Whether it came to its end.
    """

    steps: int
    kept: int
    share: float
    said: tuple[str, ...]
    is_over: bool

    @property
    def holds(self) -> bool:
        """Whether nobody had to help, and no collapse was left standing."""
        return self.is_over and self.share >= LEAST


def people_of(name: str, data: Path, quick: bool) -> People:
    """A cohort by its name here."""
    return phantoms(quick) if name == PHANTOMS else _ALL[name].people(data)


def trained(people: People, size: int, seed: int, minutes: float, folder: Path) -> Ending:
    """Train with the defaults, and look at what is made."""
    cohort = people.parts.train
    task = synthesis_of(cohort, size, people.fact)
    run = open_run(folder, conditional_gan(task, cohort, minutes, seed), cohort, minutes)
    if len(people.parts.val):
        run.judge = glance_by(run.stacked, stack(people.parts.val, task), seed)
    try:
        for _ in play(run):
            pass
    except TrainingError as error:
        return Ending(run.game.step, 0, 0.0, (str(error),), is_over=False)
    model = finish(run)
    classes = run.stacked.labels[torch.randperm(len(run.stacked), generator=torch.Generator())[:_MADE]]
    made = pulse_of(model.sample(classes.tolist(), seed + 1), torch.from_numpy(classes))
    share = made.spread / run.usual.pulse.spread
    return Ending(model.card.played, model.card.steps, share, events_of(run.ledger), is_over=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", nargs="+", default=[*_ALL, PHANTOMS], choices=[*_ALL, PHANTOMS])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("out/unattended"))
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    if asked.quick:
        asked.seeds, asked.minutes = 1, 0.2
    new_out(asked.out)
    endings = []
    for name in asked.cohorts:
        people = people_of(name, asked.data, asked.quick)
        for seed in range(asked.seeds):
            size = 64 if name == PHANTOMS else _ALL[name].size
            found = trained(people, size, seed, asked.minutes, asked.out / f"{name}-{seed}")
            endings.append(found)
            told = f"{found.kept:6} of {found.steps:6} steps, spread {found.share:.2f} of the usual"
            print(f"{name:12} {seed} {told} {'; '.join(found.said)}", flush=True)
    held = sum(each.holds for each in endings)
    what = "runs with the defaults that came to their end and did not collapse"
    promise(what, f"{held} of {len(endings)}", "all", held == len(endings))
