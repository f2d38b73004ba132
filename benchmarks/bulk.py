"""Very many pictures through workers that die: are all there, each once, and those of one process?

Run as ``.venv/bin/python benchmarks/bulk.py [--quick] [--pictures N] [--workers N]``, with the extra ``ray``.
A small model of phantoms at 64 x 64, briefly trained, makes the pictures three times, each time by the
command that users have: in one process without Ray; with workers, one of which is killed by SIGKILL at a
random moment about half-way; and with workers, stopped by SIGTERM at a random moment and asked again. All
compute with one thread, so that the arithmetic is the same. All names and lines of the table are compared,
and the content of a sample of the files.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from promise import promise
from pydicom import dcmread

from vesalius.cohort.phantom import phantom_cohort
from vesalius.networks.convnet import Discriminator
from vesalius.recipes.synthesis import conditional_gan
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.fit import fit

PEOPLE, SIZE, WIDTH, STEPS = 100, 64, 8, 30
SAMPLE = 2000
SEED = 3


@dataclass(frozen=True)
class Found:
    """What a folder holds: how many pictures, the digest of names and table, and some of the files."""

    count: int
    names: str
    files: tuple[tuple[str, ...], ...]


def trained(folder: Path) -> int:
    """A small model in a folder; how many classes it has."""
    people = phantom_cohort(PEOPLE, size=SIZE)
    recipe = conditional_gan(synthesis_of(people, SIZE, "label"), people, 1.0)
    game = recipe.objective
    small = replace(
        game, generator=replace(game.generator, width=WIDTH), discriminator=Discriminator(width=WIDTH)
    )
    fit(replace(recipe, objective=small, steps=STEPS), people, folder)
    return len(recipe.task.classes)


def begun(run: Path, out: Path, per_class: int, workers: int = 0) -> subprocess.Popen[bytes]:
    """The command that makes the pictures."""
    words = ["sample", str(run), "--out", str(out), "--per-class", str(per_class), "--seed", str(SEED)]
    more = ["--workers", str(workers)] if workers else []
    return subprocess.Popen(
        [sys.executable, "-m", "vesalius.cli", *words, *more],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def done(out: Path) -> int:
    """How many shares are written."""
    return sum(1 for _ in out.with_name(f".{out.name}.shares").glob("[0-9]*"))


def half_way(process: subprocess.Popen[bytes], out: Path, shares: int) -> bool:
    """Wait for a random moment about half-way; whether there was one before the end."""
    some = random.randint(max(1, shares // 3), max(1, 2 * shares // 3))
    while process.poll() is None:
        if done(out) >= some:
            time.sleep(random.uniform(0.0, 1.0))
            return process.poll() is None
        time.sleep(0.02)
    return False


def workers_of(process: subprocess.Popen[bytes]) -> list[int]:
    """Processes that fill shares for a command: descendants of it that Ray has named so."""
    parents, found = {}, []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat, words = (folder / "stat").read_text(), (folder / "cmdline").read_bytes()
        except OSError:
            continue
        parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
        if words.startswith(b"ray::_attempt"):
            found.append(int(folder.name))

    def descends(number: int) -> bool:
        return number == process.pid or (number in parents and descends(parents[number]))

    return [number for number in found if descends(number)]


def kill_a_worker(process: subprocess.Popen[bytes], out: Path, shares: int) -> bool:
    """Kill one at a random moment about half-way; whether there was one to kill."""
    while half_way(process, out, shares):
        if mortal := workers_of(process):
            os.kill(random.choice(mortal), signal.SIGKILL)
            return True
    return False


def stop(process: subprocess.Popen[bytes], out: Path, shares: int) -> bool:
    """Ask it to stop at a random moment; whether it did, and left whole shares alone behind."""
    if not half_way(process, out, shares):
        return False
    process.terminate()
    process.wait()
    left = [each.name for each in out.with_name(f".{out.name}.shares").iterdir()]
    halves = [name for name in left if name.startswith(".")]
    print(
        f"stopped after {done(out)} of {shares} shares, {len(halves)} halves left, exit {process.returncode}"
    )
    return not out.exists() and not halves and process.returncode == 128 + signal.SIGTERM


def found_in(out: Path, chosen: random.Random) -> Found:
    """What a folder holds; the folder is removed."""
    names = sorted(str(file.relative_to(out)) for file in out.rglob("*") if file.is_file())
    digest = sha256("\n".join(names).encode() + (out / "metadata.csv").read_bytes()).hexdigest()
    pictures = [name for name in names if name.endswith(".dcm")]
    files = []
    for name in chosen.sample(pictures, min(SAMPLE, len(pictures))):
        dataset = dcmread(out / name)
        files.append((name, dataset.SOPInstanceUID, sha256(dataset.PixelData).hexdigest()))
    shutil.rmtree(out)
    return Found(len(pictures), digest, tuple(files))


def timed(
    process: subprocess.Popen[bytes], begun_at: float, meanwhile: Callable[[], bool]
) -> tuple[float, bool]:
    """Seconds until it ends, and whether what was to happen to it did."""
    happened = meanwhile()
    if process.wait():
        sys.exit(f"the command ended with {process.returncode}, wanted 0")
    return time.monotonic() - begun_at, happened


def compared(folder: Path, per_class: int, classes: int, workers: int) -> None:
    """The three ways, and what came of them."""
    count = per_class * classes
    shares = -(-count // 1024)
    out = folder / "made"
    run = folder / "run"
    one, _ = timed(begun(run, out, per_class), time.monotonic(), lambda: True)
    alone = found_in(out, random.Random(SEED))
    print(f"one process: {count / one:.0f} images/s ({one:.1f} s)", flush=True)
    mortal, started = begun(run, out, per_class, workers), time.monotonic()
    many, is_killed = timed(mortal, started, lambda: kill_a_worker(mortal, out, shares))
    killed = found_in(out, random.Random(SEED))
    print(
        f"{workers} workers, one killed: {count / many:.0f} images/s ({many:.1f} s, Ray's start included)",
        flush=True,
    )
    is_stopped = stop(begun(run, out, per_class, workers), out, shares)
    timed(begun(run, out, per_class, workers), time.monotonic(), lambda: True)
    resumed = found_in(out, random.Random(SEED))
    is_clean = [each.name for each in folder.iterdir()] == ["run"]
    faster = f"{one / many:.2f} x as fast"
    is_same = alone.count == count and killed == alone and resumed == alone
    print(f"killed: {is_killed}, stopped: {is_stopped}, nothing left beside: {is_clean}")
    promise(
        f"{count} pictures, a worker killed; stopped and asked again; against one process",
        f"{killed.count} and {resumed.count}, {'the same' if is_same else 'OTHERS'}; {faster}",
        "all, each once, the same",
        is_same and is_killed and is_stopped and is_clean,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    if asked.quick:
        asked.pictures = 6000
    with tempfile.TemporaryDirectory() as name:
        kinds = trained(Path(name) / "run")
        compared(Path(name), -(-asked.pictures // kinds), kinds, asked.workers)
