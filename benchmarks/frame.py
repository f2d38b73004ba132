"""Is it told rightly which cohorts have a common frame, and from how few people?

Run as ``.venv/bin/python benchmarks/frame.py [--data FOLDER] [--quick]``. The share is what a linear model
explains of people who were not asked, of what it explains of its own; bodies are to lie above the lower line
of `recipes.frame`, nuclei below it. Of the hippocampus slices are asked. ``--quick`` asks phantoms alone.
"""

import argparse
import time
from pathlib import Path

from cohorts import PHANTOMS, people_of, some
from promise import promise

from vesalius.recipes.frame import foretold_share, frame_of
from vesalius.tasks.synthesis import synthesis_of

WANTED = {"chest": True, PHANTOMS: True, "hippocampus": True, "nuclei": False}
COUNTS = (25, 100, 10_000)

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    right = 0
    chosen = [PHANTOMS] if asked.quick else list(WANTED)
    print(f"{'cohort':10} people  share  frame  seconds")
    for name in chosen:
        people = people_of(name, asked.data, asked.quick)
        for count in COUNTS:
            train = some(people.parts.train, count)
            task = synthesis_of(train, 64, people.fact)
            began, share = time.perf_counter(), foretold_share(task, train)
            seconds, told = time.perf_counter() - began, frame_of(share)
            right += (told != "none") == WANTED[name]
            print(f"{name:10} {len(train.patients):6} {share:6.2f}  {told:5} {seconds:8.2f}")
    cells = len(chosen) * len(COUNTS)
    promise("frames told rightly", f"{right} of {cells}", "all", right == cells)
