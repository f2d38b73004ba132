"""`make demo` after the install: 500 marked DICOM files and a report in at most six minutes.

Run as ``.venv/bin/python benchmarks/demo.py [--quick]``; quick trains for half a minute.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from promise import promise

from vesalius.imaging.dicom_write import read_mark

SECONDS = 360.0
FILES = 500

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    extra = ["--minutes", "0.5", "--people", "300"] if parser.parse_args().quick else []
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "demo"
        program = [str(Path(sys.executable).parent / "vesalius"), "demo", "--out", str(out), *extra]
        started = time.perf_counter()
        subprocess.run(program, check=True)
        taken = time.perf_counter() - started
        marked = sum(
            mark is not None and mark.is_synthetic
            for mark in (read_mark(path) for path in (out / "synthetic").rglob("*.dcm"))
        )
        is_there = (out / "report.html").exists()
    print(f"{marked} marked files, report {'there' if is_there else 'missing'}")
    holds = taken <= SECONDS and marked == FILES and is_there
    promise("demo", f"{taken:.0f} s, {marked} files", f"at most {SECONDS:.0f} s, {FILES} files", holds)
