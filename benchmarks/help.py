"""`vesalius --help` answers in under half a second: median of several whole processes.

Run as ``.venv/bin/python benchmarks/help.py [--quick]``.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

from promise import promise

SECONDS = 0.5

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    runs = 5 if parser.parse_args().quick else 20
    program = [str(Path(sys.executable).parent / "vesalius"), "--help"]
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run(program, check=True, capture_output=True)
        taken.append(time.perf_counter() - started)
    print(f"{runs} runs: {min(taken):.3f} to {max(taken):.3f} s")
    median = statistics.median(taken)
    promise("vesalius --help, median", f"{median:.3f} s", f"under {SECONDS} s", median < SECONDS)
