"""All files of dicom_mixed: decoded with the known hash, decoded without one, or one clear error.

Run as ``.venv/bin/python benchmarks/dicom_mixed.py [--data FOLDER] [--quick]``.
"""

import argparse
import csv
import hashlib
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vesalius.errors import ImagingError
from vesalius.imaging.decode import pixels

BROKEN = {
    "MR_truncated.dcm": "cut off on purpose",
    "emri_small_jpeg_2k_lossless_too_short.dcm": "cut off on purpose",
    "reportsi.dcm": "a report",
    "rtplan.dcm": "a plan",
    "waveform_ecg.dcm": "an ECG",
}
"""The only files that hold no whole picture: these, and no others, may be refused."""

SECONDS = 5.0


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    file: str
    syntax: str
    said: str
    is_good: bool
    seconds: float


def outcome(folder: Path, row: dict[str, str]) -> Outcome:
    """Decode one file and hold it against its row."""
    start, path = time.perf_counter(), folder / row["file"]
    try:
        values = pixels(path)
    except ImagingError as error:
        reason = str(error)
        is_clear = path.name in reason and "\n" not in reason and path.name in BROKEN
        said, is_good = f"refused: {reason.removeprefix(f'{path}: ')}", is_clear
    else:
        shape = "x".join(map(str, values.shape))
        said, is_good = f"decoded: {shape} {values.dtype}", path.name not in BROKEN
        if row["pixel_sha256"]:
            digest = hashlib.sha256(np.ascontiguousarray(values)).hexdigest()
            is_same = digest == row["pixel_sha256"] and values.dtype == np.dtype(row["array_dtype"])
            is_good = is_same and shape == row["array_shape"]
            said = "hash ok" if is_good else f"HASH WRONG: {shape} {values.dtype}"
    syntax = row["transfer_syntax_name"] or "not said"
    return Outcome(row["file"], syntax, said, is_good, time.perf_counter() - start)


def chosen(rows: list[dict[str, str]], quick: bool) -> list[dict[str, str]]:
    """All rows; for a quick look every variety file and each tenth of the others."""
    if not quick:
        return rows
    return [row for n, row in enumerate(rows) if row["group"] == "variety" or n % 10 == 0]


def show(outcomes: list[Outcome]) -> None:
    """One line a file; whole series in one line as long as all is well."""
    print(f"{'file':52} {'transfer syntax':44} {'ms':>6}  what became of it")
    for each in outcomes:
        if each.file.startswith("variety") or not each.is_good:
            print(f"{each.file:52.52} {each.syntax:44.44} {1000 * each.seconds:6.1f}  {each.said}")
    for group in sorted({each.file.split("/")[0] for each in outcomes} - {"variety"}):
        members = [each for each in outcomes if each.file.startswith(group)]
        good = sum(each.is_good for each in members)
        seconds = 1000 * sum(each.seconds for each in members) / len(members)
        print(f"{group:52} {members[0].syntax:44.44} {seconds:6.1f}  hash ok: {good} of {len(members)}")


def main() -> int:
    """Print the table and the verdict; 0 when the promise holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--quick", action="store_true", help="each tenth file of the whole series only")
    options = parser.parse_args()
    folder = options.data / "dicom_mixed"
    if not (folder / "metadata.csv").is_file():
        print(f"dicom_mixed: no {folder / 'metadata.csv'}: falls short")
        return 1
    with (folder / "metadata.csv").open(newline="") as file:
        rows = chosen(list(csv.DictReader(file)), options.quick)
    start = time.perf_counter()
    outcomes = [outcome(folder, row) for row in rows]
    seconds = time.perf_counter() - start
    show(outcomes)
    hashes = sum(each.said == "hash ok" for each in outcomes)
    decoded = sum(each.said.startswith("decoded") for each in outcomes)
    refused = sum(each.said.startswith("refused") for each in outcomes)
    good = sum(each.is_good for each in outcomes)
    holds = good == len(outcomes) and seconds < SECONDS
    print(
        f"dicom_mixed: {good} of {len(outcomes)} files as wanted ({hashes} with their hash, "
        f"{decoded} more decoded, {refused} refused in one line) in {seconds:.1f} s; "
        f"target all in {SECONDS:.0f} s: "
        f"{'holds' if holds else 'falls short'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
