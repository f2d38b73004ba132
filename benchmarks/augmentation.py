"""Pictures a second that are mirrored, turned, sized, shifted, bent and noised, beside TorchIO and MONAI.

Run as ``.venv/bin/python benchmarks/augmentation.py [--quick] [--seconds S] [--rounds N]``. All do the same
to pictures of the same size, with linear interpolation: a mirror image by the toss of a coin, an affine
change and a smooth displacement in one interpolation (each peer by the transform it has for that), and
noise. Bends have seven control points an axis; MONAI's in 3-D are smoothed noise, as strong, of a kernel
that is narrower than the splines' (`--sigma`), in its favour: its time grows with the width. Ours changes a
batch at once; a peer changes picture after picture, once in this process with all threads and once in as
many worker processes of a `DataLoader` as there are threads, and is held by the faster of the two. All
numbers are measured in one run, in turns, on the CPU, and the median of the turns is shown.
"""

import argparse
from collections.abc import Callable, Sized
from functools import partial
from math import pi, radians, sqrt

import torch
from promise import promise
from race import Entry, raced
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from vesalius.networks.blocks import seeded
from vesalius.objectives.augment import Augment

TURN, SIZE, MOVE, BEND, NOISE = 10.0, 0.1, 0.05, 0.05, 0.05
"""Degrees, relative size, shares of the side, and standard deviation: the most of each."""

KNOTS = 7
WANTED = {"torchio": 8.0, "monai": 5.0}
SHAPES = {"3-D": (8, 64, 64, 64), "2-D": (32, 256, 256)}
"""Pictures of a batch, and their extent."""

Change = Callable[[Tensor], object]
"""What a peer does to one picture ``c y x`` or ``c z y x``."""


class Repeated(Dataset[Tensor]):
    """One picture, given changed as often as asked for.

    Args:
        picture: To change.
        change: By a peer.
        count: Length.
    """

    def __init__(self, picture: Tensor, change: Change, count: int) -> None:
        self.picture, self.change, self.count = picture, change, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Tensor:
        return torch.as_tensor(self.change(self.picture))


def ours(shape: tuple[int, ...]) -> Entry:
    """A whole batch at once."""
    off = {"cutout": 0.0, "brightness": 0.0, "contrast": 0.0}
    augment = Augment(shift=MOVE, flip=True, rotation=TURN, scale=SIZE, elastic=BEND, noise=NOISE, **off)
    count, *sides = shape
    image = torch.rand(count, 1, *([1] * (3 - len(sides))), *sides) * 2 - 1
    rng = seeded(0)
    return Entry("ours", lambda: augment(image, rng), count)


def torchio(sides: tuple[int, ...]) -> Change | None:
    """TorchIO's transforms; None where it is missing."""
    try:
        import torchio as tio
    except ImportError:
        return None
    volume = len(sides) == 3
    side = sides[-1]
    # Axes in its order: a picture is a volume of one slice along the last.
    still, whole = ((), ()) if volume else ((0.0, 0.0), (1.0, 1.0))
    affine = {
        "scales": tuple(end for _ in sides for end in (1 - SIZE, 1 + SIZE)) + whole,
        "degrees": TURN if volume else (0, 0, 0, 0, -TURN, TURN),
        "translation": tuple(end * MOVE * side for _ in sides for end in (-1, 1)) + still,
        "isotropic": False,
    }
    elastic = {
        "num_control_points": KNOTS,
        "max_displacement": (BEND * side,) * len(sides) + still[:1],
    }
    compose = tio.Compose(
        [
            tio.RandomFlip(axes=0, flip_probability=0.5),
            tio.RandomAffineElasticDeformation(affine_kwargs=affine, elastic_kwargs=elastic),
            tio.RandomNoise(std=(0, NOISE)),
        ]
    )
    return lambda picture: compose(picture if volume else picture[..., None])


def monai(sides: tuple[int, ...], sigma: float) -> Change | None:
    """MONAI's transforms; None where it is missing."""
    try:
        from monai import transforms
    except ImportError:
        return None
    axes, side = len(sides), sides[-1]
    affine = {
        "prob": 1.0,
        "rotate_range": radians(TURN) if axes == 2 else [radians(TURN)] * 3,
        "translate_range": [MOVE * side] * axes,
        "scale_range": [SIZE] * axes,
        "padding_mode": "zeros",
    }
    gap, most = side / (KNOTS - 3), BEND * side
    if axes == 2:
        bend = transforms.Rand2DElastic(spacing=(gap, gap), magnitude_range=(most, most), **affine)
    else:
        # Of the same root mean square: the weights of a cubic spline have a mean square of 151/315.
        magnitude = most * (151 / 315 * 2 * sqrt(pi) * sigma) ** 1.5
        bend = transforms.Rand3DElastic((sigma, sigma), (magnitude, magnitude), **affine)
    return transforms.Compose(
        [transforms.RandFlip(0.5, spatial_axis=axes - 1), bend, transforms.RandGaussianNoise(1.0, std=NOISE)]
    )


def entries(shape: tuple[int, ...], asked: argparse.Namespace) -> list[Entry]:
    """Ours, and each peer alone and in worker processes."""
    found = [ours(shape)]
    picture = torch.rand(1, *shape[1:])
    for name, built in (("torchio", torchio), ("monai", partial(monai, sigma=asked.sigma))):
        if (change := built(shape[1:])) is None:
            print(f"{name}: not installed (pip install -e .[peers])")
            continue
        found.append(Entry(name, lambda change=change: change(picture), 1))
        if asked.workers:
            many = Repeated(picture, change, asked.epoch)
            loader = DataLoader(many, shape[0], num_workers=asked.workers, persistent_workers=True)
            found.append(Entry(f"{name} in workers", lambda loader=loader: emptied(loader), len(many)))
    return found


def emptied(loader: DataLoader[Tensor]) -> int:
    """All batches of a loader, counted."""
    return sum(isinstance(batch, Sized) for batch in loader)


def row(name: str, asked: argparse.Namespace) -> dict[str, float]:
    """Print the rates of one shape; give how many times as fast ours is as each peer at its best."""
    shape = SHAPES[name]
    rates = raced(entries(shape, asked), asked.seconds, asked.rounds)
    text = "  ".join(f"{each} {rate:.4g}" for each, rate in rates.items())
    print(f"{name} {'x'.join(map(str, shape[1:]))}, batch {shape[0]}, pictures/s: {text}", flush=True)
    best = {
        peer: max((r for each, r in rates.items() if each.startswith(peer)), default=0) for peer in WANTED
    }
    return {peer: rates["ours"] / rate for peer, rate in best.items() if rate}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seconds", type=float, default=15.0, help="of each competitor and shape")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=torch.get_num_threads(), help="processes of a peer")
    parser.add_argument("--epoch", type=int, default=64, help="pictures that workers change at a time")
    parser.add_argument("--sigma", type=float, default=2.0, help="voxels, of MONAI's smoothing in 3-D")
    asked = parser.parse_args()
    if asked.quick:
        asked.seconds, asked.rounds, asked.epoch = 1.0, 2, 8
    print(f"{torch.get_num_threads()} threads, {asked.workers} worker processes")
    ratios = {name: row(name, asked) for name in SHAPES}
    said = [f"{name} {ratio:.1f} x {peer}" for name, row in ratios.items() for peer, ratio in row.items()]
    missing = [peer for peer in WANTED if not all(peer in row for row in ratios.values())]
    lags = [peer for row in ratios.values() for peer, ratio in row.items() if ratio < WANTED[peer]]
    promise(
        "batched augmentation beside the peers at their best",
        ", ".join([*said, *(f"{peer} not installed" for peer in missing)]),
        ", ".join(f"{ratio:g} x {peer}" for peer, ratio in WANTED.items()),
        not lags and not missing,
    )
