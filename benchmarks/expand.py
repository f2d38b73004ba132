"""The main job on real data: `vesalius expand`, several seeds, with the numbers of its evidence.

Run as ``.venv/bin/python benchmarks/expand.py [--cohorts chest nuclei ...] [--seeds 3] [--minutes 10]
[--out FOLDER] [--data FOLDER] [--quick]``. The folder must be new; reports and sheets stay in
it, to be looked at. Runs that release nothing because of copies, and cohorts with nobody aside, are counted
by themselves.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from cohorts import COHORTS
from promise import new_out, promise

from vesalius.evidence.record import Evidence, read_evidence

HEAD = (
    f"{'cohort':12} {'seed':>4} {'steps':>6} {'what':34} {'made':>28} {'floor':>8} {'linear':>8} {'augm.':>8}"
)


@dataclass(frozen=True)
class Outcome:
    """How one run ended.

    Args:
        status: Exit code of the command.
        evidence: What it measured; None when it did not come so far.
    """

    status: int
    evidence: Evidence | None

    @property
    def is_copier(self) -> bool:
        """Whether nothing was released, because copies were found."""
        return (
            self.status != 0
            and self.evidence is not None
            and self.evidence.verdict("Copying").code == "COPIES FOUND"
        )

    @property
    def word(self) -> str:
        """What is counted: closer, not closer, or why it cannot be told."""
        if self.is_copier:
            return "released: no"
        if self.status or self.evidence is None:
            return "failed"
        if self.evidence.likeness is None:
            return "nobody aside"
        rows = self.evidence.likeness.pooled("KID").values()
        pairs = [(one.estimate, one.anchor("linear")) for one in rows]
        is_closer = pairs and all(linear is not None and made.value < linear.value for made, linear in pairs)
        return "closer" if is_closer else "not closer"


def expanded(name: str, seed: int, out: Path, asked: argparse.Namespace) -> Outcome:
    """Run the command as a user would, into a new folder."""
    folder = out / f"{name}-{seed}"
    choice = COHORTS[name]
    words = [str(asked.data / choice.pack), *choice.words()[1:], "--out", str(folder), "--seed", str(seed)]
    program = [str(Path(sys.executable).parent / "vesalius"), "expand", *words]
    extra = ["--minutes", str(asked.minutes), *(["--quick"] if asked.quick else [])]
    started = time.monotonic()
    with (out / f"{name}-{seed}.log").open("w") as log:
        status = subprocess.run([*program, *extra], stdout=log, stderr=log, check=False).returncode
    has_evidence = (folder / "evidence.json").exists()
    outcome = Outcome(status, read_evidence(folder) if has_evidence else None)
    taken = time.monotonic() - started
    print(f"{name:12} {seed:4} exit {status} after {taken:.0f} s: {outcome.word}: {folder}", flush=True)
    return outcome


def show(name: str, seed: int, evidence: Evidence) -> None:
    """Every number that the issue of a synthetic cohort turns on."""
    for what in ("KID", "coverage") if evidence.likeness else ():
        for space, one in evidence.likeness.pooled(what).items():
            floor = f"{one.floor.median:8.3f}" if one.floor else f"{'-':>8}"
            anchors = [one.anchor(anchor) for anchor in ("linear", "augmented")]
            others = " ".join(f"{each.value:8.3f}" if each else f"{'-':>8}" for each in anchors)
            line(name, seed, evidence, f"{what} {space}", f"{one.estimate!s:>28} {floor} {others}")
    for arm in evidence.utility.arms if evidence.utility else ():
        line(name, seed, evidence, f"AUC {arm.name}, {arm.architecture}", f"{arm.auc!s:>28}")
    copied = evidence.copying.copied
    line(name, seed, evidence, "copied", f"{copied!s:>28} of {copied.n}")
    for verdict in evidence.verdicts:
        line(name, seed, evidence, verdict.area, f"{verdict.code:>28}")


def line(name: str, seed: int, evidence: Evidence, what: str, numbers: str) -> None:
    """One row of the table."""
    print(f"{name:12} {seed:4} {evidence.subject.steps or 0:6} {what:34} {numbers}", flush=True)


def conclude(words: Sequence[str]) -> NoReturn:
    """The promise, over the runs that could be compared; a run that failed breaks it.

    Args:
        words: How each run ended, as `Outcome.word`.
    """
    counts = {word: words.count(word) for word in ("released: no", "nobody aside", "failed")}
    for word, count in counts.items():
        if count:
            print(f"{word}: {count} of {len(words)} runs, compared with nothing")
    closer, compared = words.count("closer"), words.count("closer") + words.count("not closer")
    what = "runs closer to held-out people than the linear model (KID, both spaces)"
    holds = 0 < compared == closer and not counts["failed"]
    promise(what, f"{closer} of {compared} that could be compared", "all, and at least one", holds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", nargs="+", default=["chest"], choices=sorted(COHORTS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("out/benchmark"))
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    if asked.quick:
        asked.seeds, asked.minutes = 1, 1.0
    new_out(asked.out)
    print(HEAD)
    found = []
    for name in asked.cohorts:
        for seed in range(asked.seeds):
            outcome = expanded(name, seed, asked.out, asked)
            if outcome.evidence is not None:
                show(name, seed, outcome.evidence)
            found.append(outcome.word)
    conclude(found)
