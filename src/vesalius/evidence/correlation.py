"""Normalised cross-correlation of pictures over turns, mirrors and small shifts."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Complex, Float, Int
from scipy.ndimage import gaussian_filter

from vesalius.evidence.planes import Planes

_Maps = Float[np.ndarray, "_ _ _"]

_COARSE = 16
_CHUNK = 64


@dataclass(frozen=True, eq=False)
class Matches:
    """The most similar reference picture of each query.

    Args:
        index: Which reference.
        correlation: Best normalised cross-correlation over turns, mirrors and shifts, -1 to 1.
        others: Mean of the same over the next most similar people; 0 where there is nobody else.
    """

    index: Int[np.ndarray, "m"]
    correlation: Float[np.ndarray, "m"]
    others: Float[np.ndarray, "m"]

    @property
    def closeness(self) -> Float[np.ndarray, "m"]:
        """What is missing to a perfect match, over the same for other people: 0 a copy, near 1 nobody."""
        return (1 - self.correlation) / np.maximum(1 - self.others, 1e-9)


def best_matches(
    query: Planes,
    reference: Planes,
    people: Int[np.ndarray, "n"],
    mask: Bool[np.ndarray, "y x"],
    shortlist: int = 16,
) -> Matches:
    """Find for each query the reference it is closest to, however turned, mirrored or shifted.

    All pairs are compared at 16 x 16 pixels; the best few are measured at full size inside
    `mask`, over shifts of up to a sixteenth of the side (4 pixels of 64), against the reference
    as it is and softened by 1 and 2 pixels of 64.

    Args:
        query: Pictures to look up.
        reference: Pictures to look among.
        people: Person of each reference.
        mask: Where a reference carries information.
        shortlist: Pairs of each query that are measured at full size.

    Source:
        Lewis, Vision Interface, 1995, for normalised correlation by Fourier transform.
    """
    turned = variants(query)
    coarse, which = _coarse(turned, reference)
    shortlist = min(shortlist, len(reference))
    index = np.argpartition(-coarse, shortlist - 1, axis=1)[:, :shortlist]
    fine = _fine(turned, reference, mask, np.take_along_axis(which, index, 1), index)
    order = np.argsort(-fine, axis=1, kind="stable")
    index, fine = np.take_along_axis(index, order, 1), np.take_along_axis(fine, order, 1)
    other = people[index] != people[index[:, :1]]
    others = (fine * other).sum(axis=1) / np.maximum(other.sum(axis=1), 1)
    return Matches(index[:, 0], fine[:, 0].astype(float), others.astype(float))


def variants(planes: Planes) -> list[Planes]:
    """The pictures mirrored and turned in all ways that keep their shape."""
    turns = range(4) if planes.shape[1] == planes.shape[2] else (0, 2)
    return [np.rot90(side, turn, (1, 2)) for side in (planes, planes[:, :, ::-1]) for turn in turns]


def body(planes: Planes) -> Bool[np.ndarray, "y x"]:
    """Where the pictures of a cohort differ from one another: empty background is left out."""
    spread = planes.std(axis=0)
    return spread >= 0.05 * spread.max()


def _coarse(
    turned: list[Planes], reference: Planes
) -> tuple[Float[np.ndarray, "m n"], Int[np.ndarray, "m n"]]:
    """Correlations at 16 x 16, the best of nine shifts by one coarse pixel and of all turns."""
    templates = _unit(_shrunk(reference)[:, 1:-1, 1:-1])
    best = np.full((len(turned[0]), len(reference)), -2, np.float32)
    which = np.zeros(best.shape, np.int64)
    for name, planes in enumerate(turned):
        windows = np.lib.stride_tricks.sliding_window_view(_shrunk(planes), templates.shape[1:], axis=(1, 2))
        for at in range(0, len(planes), _CHUNK):
            scores, part = _nine(windows[at : at + _CHUNK], templates), slice(at, at + _CHUNK)
            which[part] = np.where(scores > best[part], name, which[part])
            best[part] = np.maximum(scores, best[part])
    return best, which


def _nine(windows: Float[np.ndarray, "m 3 3 h w"], templates: Planes) -> Float[np.ndarray, "m n"]:
    flat = _unit(windows.reshape(-1, *templates.shape[1:])).reshape(len(windows) * 9, -1)
    return (flat @ templates.reshape(len(templates), -1).T).reshape(len(windows), 9, -1).max(axis=1)


def _shrunk(planes: Planes) -> _Maps:
    rows, columns = (max(1, side // _COARSE) for side in planes.shape[1:])
    height, width = planes.shape[1] // rows, planes.shape[2] // columns
    blocks = planes[:, : height * rows, : width * columns].reshape(-1, height, rows, width, columns)
    return blocks.mean(axis=(2, 4), dtype=np.float32)


def _unit(planes: Planes) -> Planes:
    centred = planes - planes.mean(axis=(1, 2), keepdims=True)
    norm = np.sqrt((centred**2).sum(axis=(1, 2), keepdims=True))
    return (centred / np.maximum(norm, 1e-6)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Templates:
    """Reference pictures at one softness, ready to be slid over queries."""

    spectra: Complex[np.ndarray, "n y f"]
    energy: Float[np.ndarray, "n 1 1"]


def _templates(reference: Planes, window: Bool[np.ndarray, "y x"]) -> list[_Templates]:
    """The references as they are and softened, so that a blurred copy is known by its like."""
    side, made = min(window.shape), []
    for sigma in (0.0, side / 64, side / 32):
        soft = gaussian_filter(reference, (0, sigma, sigma))
        centred = np.where(window, soft - soft.mean(axis=(1, 2), where=window, keepdims=True), 0)
        energy = (centred**2).sum(axis=(1, 2), keepdims=True)
        made.append(_Templates(np.fft.rfft2(centred.astype(np.float32)).conj(), energy))
    return made


def _fine(
    turned: list[Planes],
    reference: Planes,
    mask: Bool[np.ndarray, "y x"],
    which: Int[np.ndarray, "m k"],
    index: Int[np.ndarray, "m k"],
) -> Float[np.ndarray, "m k"]:
    """Full-size correlations of the listed pairs, the best of all small shifts and softnesses."""
    window = _inside(mask)
    templates = _templates(reference, window)
    spectrum = np.fft.rfft2(window.astype(np.float32)).conj()
    result = np.empty(which.shape, np.float32)
    for row in range(len(which)):
        ways, slot = np.unique(which[row], return_inverse=True)
        planes = np.stack([turned[way][row] for way in ways]).astype(np.float32)
        spread, seen = _spread(planes, spectrum, float(window.sum()))[slot], np.fft.rfft2(planes)[slot]
        scores = [_slid(seen, spread, one, index[row], mask.shape) for one in templates]
        result[row] = np.max(scores, axis=0)
    return np.clip(result, -1, 1)


def _spread(planes: Planes, window: Complex[np.ndarray, "y f"], size: float) -> _Maps:
    """Sum of squares about the mean of what lies under the window, at every small shift."""
    shape = planes.shape[1:]
    total = _shifts(np.fft.irfft2(np.fft.rfft2(planes) * window, shape))
    squares = _shifts(np.fft.irfft2(np.fft.rfft2(planes**2) * window, shape))
    spread = squares - total**2 / size
    return np.where(spread > 1e-6 * size, spread, np.inf)


def _slid(
    seen: Complex[np.ndarray, "k y f"],
    spread: _Maps,
    templates: _Templates,
    index: Int[np.ndarray, "k"],
    shape: tuple[int, ...],
) -> Float[np.ndarray, "k"]:
    """Best correlation of each query with its template over the small shifts."""
    together = _shifts(np.fft.irfft2(seen * templates.spectra[index], shape))
    return (together / np.sqrt(spread * np.maximum(templates.energy[index], 1e-6))).max(axis=(1, 2))


def _reach(side: int) -> int:
    return max(1, side // 16)


def _inside(mask: Bool[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    """The mask without a border, so that no shift leaves the picture."""
    up, left = (_reach(side) for side in mask.shape)
    inner = np.zeros_like(mask)
    inner[up:-up, left:-left] = True
    return inner & mask if (inner & mask).sum() > 16 else inner


def _shifts(maps: _Maps) -> _Maps:
    up, left = (_reach(side) for side in maps.shape[1:])
    return np.roll(maps, (up, left), (1, 2))[:, : 2 * up + 1, : 2 * left + 1]
