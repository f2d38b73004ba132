"""Reading a DICOM series and a NIfTI volume, beside pydicom, SimpleITK, nibabel and MONAI.

Run as ``.venv/bin/python benchmarks/io.py [--quick] [--data FOLDER] [--rounds N]``. All
readers of a row read the same files in one run, in turns, from the page cache; the median of the turns is
shown. Each gives an array of single precision, rescaled where the files say so, and slices in their order
in the patient. Before anything is measured, the arrays are held against ours. A cohort is decoded by one
thread and by all, too; a long series is written, a cohort summarised, and searched for copies, each held
against the seconds that are promised. Peers that are not installed are named and passed over.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import numpy as np
import torch
from nibabel.nifti1 import Nifti1Image
from promise import promise
from scipy.ndimage import gaussian_filter

from vesalius.cohort.cohort import Case, Cohort, Held, Stored
from vesalius.cohort.duplicates import duplicates
from vesalius.cohort.fingerprint import fingerprint
from vesalius.imaging.dicom import read_dicom
from vesalius.imaging.dicom_write import write_dicom
from vesalius.imaging.formats import write_image
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import ARBITRARY, Image, Origin
from vesalius.imaging.intensity import Window
from vesalius.imaging.marks import Mark
from vesalius.imaging.nifti import read_nifti
from vesalius.tasks.synthesis import Synthesis
from vesalius.training.stream import stack

TARGETS = {
    "dicom": {"pydicom": 5.0, "SimpleITK": 5.0, "MONAI": 5.0},
    "nifti.gz": {"nibabel": 2.0, "SimpleITK": 1.0, "MONAI": 4.0},
}
"""How many times faster ours has to be; of other rows nothing is promised."""

Read = Callable[[], np.ndarray]


@dataclass(frozen=True)
class Row:
    """One thing to read.

    Args:
        name: For the table.
        kind: Which targets hold for it.
        readers: Who reads it; the first is ours.
    """

    name: str
    kind: str
    readers: dict[str, Read]


def pictures(folder: Path) -> tuple[list[Path], Path, Path]:
    """A series of 100 slices of 128 x 128, and a volume of 14 MB, packed and not: noise, blurred a little."""
    rng = np.random.default_rng(0)
    values = gaussian_filter(rng.normal(0, 400, (100, 128, 128)), 1).round().astype(np.float32)
    grid = Geometry.plain(values.shape, (2.0, 1.0, 1.0))
    image = Image(torch.from_numpy(values[None]), grid, ARBITRARY, Origin.DERIVED, "MR")
    series = write_dicom(image, folder / "series", Mark(Origin.DERIVED), patient="P1")
    values = gaussian_filter(rng.normal(500, 100, (112, 250, 250)), (0, 1, 2)).astype(np.int16)
    volume = Nifti1Image(values.T.copy(), np.diag([0.9, 0.9, 1.5, 1.0]))
    volume.header.set_xyzt_units("mm")
    packed, raw = folder / "volume.nii.gz", folder / "volume.nii"
    for path in (packed, raw):
        volume.to_filename(path)
    return list(series), packed, raw


def by_pydicom(paths: list[Path]) -> np.ndarray:
    """As its tutorial does: every file, sorted by place, taken through slope and intercept."""
    import pydicom

    files = sorted((pydicom.dcmread(path) for path in paths), key=_height)
    slices = [_scaled(file.pixel_array, file) for file in files]
    return np.stack(slices)


def _height(file: object) -> float:
    right, down = np.array(file.ImageOrientationPatient).reshape(2, 3)  # pyright: ignore[reportAttributeAccessIssue]
    return float(np.dot(np.cross(right, down), file.ImagePositionPatient))  # pyright: ignore[reportAttributeAccessIssue]


def _scaled(values: np.ndarray, file: object) -> np.ndarray:
    slope, intercept = float(getattr(file, "RescaleSlope", 1)), float(getattr(file, "RescaleIntercept", 0))
    return values.astype(np.float32) * np.float32(slope) + np.float32(intercept)


def by_simpleitk(paths: list[Path]) -> np.ndarray:
    """A series in its order, or one file."""
    import SimpleITK

    names = [str(path) for path in paths]
    if len(paths) > 1:
        names = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(paths[0].parent))
    return SimpleITK.GetArrayFromImage(
        SimpleITK.ReadImage(names if len(names) > 1 else names[0], SimpleITK.sitkFloat32)
    )


def by_nibabel(path: Path) -> np.ndarray:
    """A volume, with its slices first."""
    import nibabel

    return np.asarray(nibabel.load(path).get_fdata(dtype=np.float32, caching="unchanged")).T  # pyright: ignore[reportAttributeAccessIssue]


def by_monai(path: Path) -> Read:
    """Its LoadImage, made once, with the reader that its users have for the kind; slices first."""
    from monai.transforms import LoadImage

    load = LoadImage("PydicomReader" if path.is_dir() else "NibabelReader", image_only=True)
    return lambda: load(path).numpy().T  # pyright: ignore[reportAttributeAccessIssue]


def rows(folder: Path, data: Path) -> list[Row]:
    """What is read, by whom; a real series where there is one."""
    series, packed, raw = pictures(folder)
    found = [
        Row("DICOM, 100 slices of 128 x 128", "dicom", _dicom(series)),
        Row("NIfTI.gz, 14 MB of noise", "", _nifti(packed)),
        Row("NIfTI, 14 MB", "", _nifti(raw)),
    ]
    if real := sorted((data / "dicom_mixed" / "mr_pacsman_series").glob("*.dcm")):
        found.append(Row(f"DICOM, a real MR of {len(real)} files", "dicom", _dicom(real)))
    if (head := data / "nifti_brain_multimodal" / "patient19" / "FLAIR.nii.gz").is_file():
        found.append(Row("NIfTI.gz, a real MR of 14 MB", "nifti.gz", _nifti(head)))
    else:
        print(f"no {head}: for NIfTI.gz the targets are held against noise, which packs badly")
        found[1] = replace(found[1], kind="nifti.gz")
    return found


def _dicom(paths: list[Path]) -> dict[str, Read]:
    return _present(
        {
            "ours": lambda: read_dicom(paths).voxels[0].numpy(),
            "pydicom": lambda: by_pydicom(paths),
            "SimpleITK": lambda: by_simpleitk(paths),
        },
        paths[0].parent,
    )


def _nifti(path: Path) -> dict[str, Read]:
    return _present(
        {
            "ours": lambda: read_nifti(path).voxels[0].numpy(),
            "nibabel": lambda: by_nibabel(path),
            "SimpleITK": lambda: by_simpleitk([path]),
        },
        path,
    )


def _present(readers: dict[str, Read], place: Path) -> dict[str, Read]:
    """Those that are installed, MONAI with them."""
    found = {name: read for name, read in readers.items() if _is_here(name)}
    return found | ({"MONAI": by_monai(place)} if _is_here("MONAI") else {})


def _is_here(name: str) -> bool:
    return name == "ours" or find_spec(name.lower() if name == "MONAI" else name) is not None


def raced(row: Row, rounds: int) -> dict[str, float]:
    """Milliseconds of each reader, measured in turns."""
    mine = row.readers["ours"]()
    for name, read in row.readers.items():
        if not np.allclose(read(), mine, atol=1e-3):
            print(f"{row.name}: {name} reads other values than ours")
    found: dict[str, list[float]] = {name: [] for name in row.readers}
    for _ in range(rounds):
        for name, read in row.readers.items():
            started = time.perf_counter()
            read()
            found[name].append(time.perf_counter() - started)
    return {name: 1000 * median(seconds) for name, seconds in found.items()}


def show(row: Row, found: dict[str, float]) -> list[str]:
    """Print a row; give each ratio that a target holds for, with whether it is reached."""
    told, kept = [], []
    for name, took in found.items():
        ratio = took / found["ours"]
        told.append(f"{name} {took:.1f} ms" + ("" if name == "ours" else f" ({ratio:.1f}x)"))
        wanted = TARGETS.get(row.kind, {}).get(name)
        if wanted is not None:
            kept.append(
                f"{row.kind} {name} {ratio:.1f}x {'of' if ratio >= wanted else 'SHORT OF'} {wanted:g}x"
            )
    print(f"{row.name:34} {', '.join(told)}")
    return kept


def cohort_of(folder: Path, count: int) -> Cohort:
    """Radiographs of 512 x 512 in PNG files."""
    rng = np.random.default_rng(1)
    cases = []
    for n in range(count):
        values = gaussian_filter(rng.normal(128, 300, (1, 512, 512)), (0, 3, 3)).clip(0, 255).round()
        path = folder / f"{n:04d}.png"
        grid = Geometry.plain((1, 512, 512))
        write_image(Image(torch.from_numpy(values[None].astype(np.float32)), grid), path)
        cases.append(Case(path.name, path.name, {"image": Stored((path,))}))
    return Cohort(tuple(cases), "radiographs")


def by_all_cores(folder: Path, count: int, rounds: int) -> str:
    """Decode a cohort by one thread and by all in turns; say how long it took."""
    cohort, most = cohort_of(folder, count), torch.get_num_threads()
    window = Window(low=0.0, high=255.0, unit=ARBITRARY)
    task = Synthesis(size=(64, 64), channels=1, classes=("all",), fact=None, intensity=window, made=window)
    found: dict[int, list[float]] = {1: [], most: []}
    stacks = []
    for _ in range(rounds):
        for threads in found:
            torch.set_num_threads(threads)
            started = time.perf_counter()
            stacks.append(stack(cohort, task).stack)
            found[threads].append(time.perf_counter() - started)
    torch.set_num_threads(most)
    if not all(np.array_equal(stacks[0], each) for each in stacks):
        raise SystemExit("a cohort is not the same by one thread and by several: falls short")
    alone, together = (median(found[threads]) for threads in (1, most))
    return (
        f"cohort of {count} PNG, 512 x 512       one thread {1000 * alone / count:.2f} ms a case, "
        f"{most} threads {1000 * together / count:.2f} ms ({alone / together:.2f}x), equal"
    )


def by_seconds(folder: Path, count: int) -> list[str]:
    """What no peer does as we do, each with the seconds it is promised to take on two cores."""
    long = Image(torch.zeros(1, 500, 64, 64), Geometry.plain((500, 64, 64)))
    rng = np.random.default_rng(2)
    grid = Geometry.plain((1, 64, 64))
    noise = [Image(torch.from_numpy(one), grid) for one in rng.random((2000, 1, 1, 64, 64), dtype=np.float32)]
    (folder / "summarised").mkdir()
    held = Cohort(tuple(Case(f"{n}", f"{n}", {"image": Held(one)}) for n, one in enumerate(noise)))
    stored = cohort_of(folder / "summarised", count)
    jobs: list[tuple[str, float, Callable[[], object]]] = [
        (
            "500 slices written as DICOM",
            5.0,
            lambda: write_dicom(long, folder / "long", Mark(Origin.DERIVED), patient="P1"),
        ),
        ("2,000 pictures searched for copies", 5.0, lambda: duplicates(held)),
        (f"{count} files summarised", 3.0 * count / 2000, lambda: fingerprint(stored)),
    ]
    kept = []
    for name, wanted, job in jobs:
        started = time.perf_counter()
        job()
        took = time.perf_counter() - started
        print(f"{name:34} {took:.2f} s")
        kept.append(f"{name} {took:.2f} s {'of' if took <= wanted else 'SHORT OF'} {wanted:.2g} s")
    return kept


def main() -> None:
    """Print a line for each row and the verdict; 0 when all targets are reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("VESALIUS_DATA", "../shared/data")))
    parser.add_argument("--rounds", type=int, default=15, help="turns of which the median is taken")
    parser.add_argument("--quick", action="store_true", help="three turns and a small cohort")
    asked = parser.parse_args()
    rounds, count = (3, 24) if asked.quick else (asked.rounds, 300)
    missing = sorted({name for wanted in TARGETS.values() for name in wanted if not _is_here(name)})
    if missing:
        print(f"not installed, and not measured: {', '.join(missing)}")
    kept: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for row in rows(folder, asked.data):
            kept += show(row, raced(row, rounds))
        print(by_all_cores(folder, count, max(3, rounds // 3)))
        kept += by_seconds(folder, count)
    target = "DICOM 5x each; NIfTI.gz nibabel 2x, MONAI 4x, SimpleITK 1x"
    holds = not any("SHORT OF" in said for said in kept)
    promise("times as fast as the peers", "; ".join(kept) or "no peer is installed", target, holds)


if __name__ == "__main__":
    main()
