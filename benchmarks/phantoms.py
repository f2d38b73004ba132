"""A thousand phantoms of 64x64 in under ten seconds, for each modality.

Run as ``.venv/bin/python benchmarks/phantoms.py [--quick]``; quick makes a tenth and scales.
"""

import argparse
import time

from promise import promise

from vesalius.cohort.phantom import phantom_cohort

SECONDS = 10.0

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    people = 100 if parser.parse_args().quick else 1000
    worst = 0.0
    for modality in ("CT", "MR", "DX"):
        started = time.perf_counter()
        phantom_cohort(people, modality=modality)
        taken = (time.perf_counter() - started) * 1000 / people
        print(f"{modality}: {taken:.2f} s for 1,000 ({people} made)")
        worst = max(worst, taken)
    promise(
        "1,000 phantoms of 64x64, slowest modality", f"{worst:.2f} s", f"under {SECONDS:g} s", worst < SECONDS
    )
