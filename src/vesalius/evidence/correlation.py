"""Normalised cross-correlation of pictures over turns, mirrors and small shifts."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import fft

from vesalius.evidence.planes import Planes

_COARSE = 16
_CHUNK = 64


@dataclass(frozen=True, eq=False)
class Matches:
    """The most similar reference picture of each query.

    Args:
        index: Which reference.
        correlation: Best normalised cross-correlation over turns, mirrors and shifts, -1 to 1.
        variant: How the query was turned: quarter turns, plus 4 when mirrored first.
    """

    index: Int[np.ndarray, "m"]
    correlation: Float[np.ndarray, "m"]
    variant: Int[np.ndarray, "m"]


def variants(planes: Planes) -> list[tuple[int, Planes]]:
    """The pictures mirrored and turned in all ways that keep their shape."""
    square = planes.shape[1] == planes.shape[2]
    turns = range(4) if square else (0, 2)
    turned = [(turn, np.rot90(planes, turn, (1, 2))) for turn in turns]
    return turned + [(4 + turn, np.rot90(planes[:, :, ::-1], turn, (1, 2))) for turn in turns]


def body(planes: Planes) -> Bool[np.ndarray, "y x"]:
    """Where the pictures of a cohort differ from one another: empty background is left out."""
    spread = planes.std(axis=0)
    return spread > 0.05 * spread.max()


def best_matches(
    query: Planes,
    reference: Planes,
    mask: Bool[np.ndarray, "y x"],
    apart: Bool[np.ndarray, "m n"] | None = None,
    shortlist: int = 8,
) -> Matches:
    """Find for each query the reference it is closest to, however turned, mirrored or shifted.

    All pairs are compared at 16 x 16 pixels; the best few are measured at full size inside
    `mask`, over shifts of up to a sixteenth of the side (4 pixels of 64).

    Args:
        query: Pictures to look up.
        reference: Pictures to look among.
        mask: Where a reference carries information.
        apart: Pairs that may be matched; all when None.
        shortlist: Pairs of each query that are measured at full size.

    Source:
        Lewis, Vision Interface, 1995, for normalised correlation by Fourier transform.
    """
    turned = variants(query)
    coarse = _coarse(turned, reference)
    if apart is not None:
        coarse = np.where(apart, coarse, -2.0)
    flat = coarse.transpose(1, 0, 2).reshape(len(query), -1)
    shortlist = min(shortlist, flat.shape[1])
    best = np.argpartition(-flat, shortlist - 1, axis=1)[:, :shortlist]
    which, index = np.divmod(best, len(reference))
    fine = _fine([planes for _, planes in turned], reference, mask, which, index)
    fine = np.where(np.take_along_axis(flat, best, 1) < -1.5, -1.0, fine)
    top = fine.argmax(axis=1)
    rows = np.arange(len(query))
    names = np.array([name for name, _ in turned])
    return Matches(index[rows, top], fine[rows, top].astype(float), names[which[rows, top]])


def _coarse(turned: list[tuple[int, Planes]], reference: Planes) -> Float[np.ndarray, "v m n"]:
    """Correlations at 16 x 16, the best of nine shifts by one coarse pixel."""
    templates = _unit(_shrunk(reference)[:, 1:-1, 1:-1])
    scores = []
    for _, planes in turned:
        small = _shrunk(planes)
        windows = np.lib.stride_tricks.sliding_window_view(small, templates.shape[1:], axis=(1, 2))
        rows = [_nine(windows[at : at + _CHUNK], templates) for at in range(0, len(planes), _CHUNK)]
        scores.append(np.concatenate(rows))
    return np.stack(scores)


def _nine(windows: Float[np.ndarray, "m 3 3 h w"], templates: Planes) -> Float[np.ndarray, "m n"]:
    flat = _unit(windows.reshape(-1, *templates.shape[1:])).reshape(len(windows) * 9, -1)
    return (flat @ templates.reshape(len(templates), -1).T).reshape(len(windows), 9, -1).max(axis=1)


def _shrunk(planes: Planes) -> Planes:
    rows, columns = (max(1, side // _COARSE) for side in planes.shape[1:])
    height, width = planes.shape[1] // rows * rows, planes.shape[2] // columns * columns
    blocks = planes[:, :height, :width].reshape(len(planes), height // rows, rows, width // columns, columns)
    return blocks.mean(axis=(2, 4), dtype=np.float32)


def _unit(planes: Planes) -> Planes:
    centred = planes - planes.mean(axis=(1, 2), keepdims=True)
    norm = np.sqrt((centred**2).sum(axis=(1, 2), keepdims=True))
    return (centred / np.maximum(norm, 1e-6)).astype(np.float32)


def _fine(
    turned: list[Planes],
    reference: Planes,
    mask: Bool[np.ndarray, "y x"],
    which: Int[np.ndarray, "m k"],
    index: Int[np.ndarray, "m k"],
) -> Float[np.ndarray, "m k"]:
    """Full-size correlations of the listed pairs, the best of all small shifts."""
    window = _inside(mask)
    size = float(window.sum())
    centred = np.where(window, reference - reference.mean(axis=(1, 2), where=window, keepdims=True), 0)
    energy = (centred**2).sum(axis=(1, 2))
    spectra = fft.rfft2(centred.astype(np.float32)).conj()
    window_spectrum = fft.rfft2(window.astype(np.float32)).conj()
    result = np.empty(which.shape, np.float32)
    for row in range(len(which)):
        planes = np.stack([turned[v][row] for v in which[row]]).astype(np.float32)
        spectrum = fft.rfft2(planes)
        shape = planes.shape[1:]
        total = _shifts(fft.irfft2(spectrum * window_spectrum, shape))
        squares = _shifts(fft.irfft2(fft.rfft2(planes**2) * window_spectrum, shape))
        together = _shifts(fft.irfft2(spectrum * spectra[index[row]], shape))
        spread = np.maximum(squares - total**2 / size, 0) * energy[index[row]][:, None, None]
        floor = 1e-8 * size**2
        result[row] = np.where(spread > floor, together / np.sqrt(np.maximum(spread, floor)), 0).max(
            axis=(1, 2)
        )
    return np.clip(result, -1, 1)


def _reach(side: int) -> int:
    return max(1, side // 16)


def _inside(mask: Bool[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    """The mask without a border, so that no shift leaves the picture."""
    up, left = (_reach(side) for side in mask.shape)
    inner = np.zeros_like(mask)
    inner[up:-up, left:-left] = True
    return inner & mask if (inner & mask).any() else inner


def _shifts(maps: Planes) -> Planes:
    up, left = (_reach(side) for side in maps.shape[1:])
    return np.roll(maps, (up, left), (1, 2))[:, : 2 * up + 1, : 2 * left + 1]
