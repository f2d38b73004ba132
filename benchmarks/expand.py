"""The main job on real data: `vesalius expand`, several seeds, with the numbers of its evidence.

Run as ``.venv/bin/python benchmarks/expand.py [--cohorts chest nuclei ...] [--seeds 3] [--minutes 10]
[--out FOLDER] [--data FOLDER] [--quick]``. Reports and sheets stay in the folder, to be looked at.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from cohorts import COHORTS
from promise import promise

from vesalius.evidence.record import Evidence, read_evidence

HEAD = (
    f"{'cohort':12} {'seed':>4} {'steps':>6} {'what':34} {'made':>28} {'floor':>8} {'linear':>8} {'augm.':>8}"
)


def expanded(name: str, seed: int, out: Path, asked: argparse.Namespace) -> Evidence | None:
    """Run the command as a user would; its evidence, or None when it gave none."""
    folder = out / f"{name}-{seed}"
    choice = COHORTS[name]
    words = [str(asked.data / choice.pack), *choice.words()[1:], "--out", str(folder), "--seed", str(seed)]
    program = [str(Path(sys.executable).parent / "vesalius"), "expand", *words]
    extra = ["--minutes", str(asked.minutes), *(["--quick"] if asked.quick else [])]
    started = time.monotonic()
    with (out / f"{name}-{seed}.log").open("w") as log:
        status = subprocess.run([*program, *extra], stdout=log, stderr=log, check=False).returncode
    print(f"{name:12} {seed:4} exit {status} after {time.monotonic() - started:.0f} s: {folder}", flush=True)
    return read_evidence(folder) if (folder / "evidence.json").exists() else None


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


def better(evidence: Evidence) -> bool:
    """Whether the pictures are closer than those of the linear model, in every feature space."""
    rows = evidence.likeness.pooled("KID").values() if evidence.likeness else ()
    anchors = [(one.estimate, one.anchor("linear")) for one in rows]
    return bool(anchors) and all(linear is not None and made.value < linear.value for made, linear in anchors)


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
    asked.out.mkdir(parents=True, exist_ok=True)
    print(HEAD)
    found = []
    for name in asked.cohorts:
        for seed in range(asked.seeds):
            evidence = expanded(name, seed, asked.out, asked)
            if evidence is not None:
                show(name, seed, evidence)
            found.append(evidence)
    closer = sum(evidence is not None and better(evidence) for evidence in found)
    what = "runs closer to held-out people than the linear model (KID, both spaces)"
    promise(what, str(closer), str(len(found)), closer == len(found))
