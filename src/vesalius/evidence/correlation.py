"""Normalised cross-correlation of pictures and volumes over turns, mirrors and small shifts."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Complex, Float, Int
from scipy.ndimage import gaussian_filter

from vesalius.evidence.planes import Grey, shrunk

_Maps = Float[np.ndarray, "_ *_space"]

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
    query: Grey,
    reference: Grey,
    people: Int[np.ndarray, "n"],
    mask: Bool[np.ndarray, "*space"],
    shortlist: int = 16,
) -> Matches:
    """Find for each query the reference it is closest to, however turned, mirrored or shifted.

    All pairs are compared at 16 pixels a side; the best few are measured at full size inside
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


def variants(planes: Grey) -> list[Grey]:
    """The pictures mirrored and turned in all ways that keep their shape, volumes within their slices."""
    turns = range(4) if planes.shape[-2] == planes.shape[-1] else (0, 2)
    sides = [planes, planes[..., ::-1]]
    if planes.ndim == 4:
        sides += [side[:, ::-1] for side in sides]
    return [np.rot90(side, turn, (-2, -1)) for side in sides for turn in turns]


def body(planes: Grey) -> Bool[np.ndarray, "*space"]:
    """Where the pictures of a cohort differ from one another: empty background is left out."""
    spread = planes.std(axis=0)
    return spread >= 0.05 * spread.max()


def _coarse(turned: list[Grey], reference: Grey) -> tuple[Float[np.ndarray, "m n"], Int[np.ndarray, "m n"]]:
    """Correlations at 16 pixels a side, the best of all shifts by one coarse pixel and of all turns."""
    axes = _axes(reference)
    templates = _unit(_small(reference)[:, *[slice(1, -1)] * len(axes)])
    best = np.full((len(turned[0]), len(reference)), -2, np.float32)
    which = np.zeros(best.shape, np.int64)
    for name, planes in enumerate(turned):
        windows = np.lib.stride_tricks.sliding_window_view(_small(planes), templates.shape[1:], axis=axes)
        for at in range(0, len(planes), _CHUNK):
            scores, part = _shifted(windows[at : at + _CHUNK], templates), slice(at, at + _CHUNK)
            which[part] = np.where(scores > best[part], name, which[part])
            best[part] = np.maximum(scores, best[part])
    return best, which


def _shifted(windows: Float[np.ndarray, "m ..."], templates: Grey) -> Float[np.ndarray, "m n"]:
    """The best of the nine, or twenty-seven, shifts by one coarse pixel."""
    ways = 3 ** len(_axes(templates))
    flat = _unit(windows.reshape(-1, *templates.shape[1:])).reshape(len(windows) * ways, -1)
    return (flat @ templates.reshape(len(templates), -1).T).reshape(len(windows), ways, -1).max(axis=1)


def _axes(planes: Grey) -> tuple[int, ...]:
    """The axes of the pictures themselves."""
    return tuple(range(1, planes.ndim))


def _small(planes: Grey) -> _Maps:
    return shrunk(planes, [max(1, side // _COARSE) for side in planes.shape[1:]])


def _unit(planes: Grey) -> Grey:
    axes = _axes(planes)
    centred = planes - planes.mean(axis=axes, keepdims=True)
    norm = np.sqrt((centred**2).sum(axis=axes, keepdims=True))
    return (centred / np.maximum(norm, 1e-6)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Templates:
    """Reference pictures at one softness, ready to be slid over queries."""

    spectra: Complex[np.ndarray, "n ..."]
    energy: Float[np.ndarray, "n ..."]


def _templates(reference: Grey, window: Bool[np.ndarray, "*space"]) -> list[_Templates]:
    """The references as they are and softened, so that a blurred copy is known by its like."""
    side, axes, made = min(window.shape), _axes(reference), []
    for sigma in (0.0, side / 64, side / 32):
        soft = gaussian_filter(reference, (0, *[sigma] * len(axes)))
        centred = np.where(window, soft - soft.mean(axis=axes, where=window, keepdims=True), 0)
        energy = (centred**2).sum(axis=axes, keepdims=True)
        made.append(_Templates(_spectra(centred.astype(np.float32)).conj(), energy))
    return made


def _spectra(planes: Grey) -> Complex[np.ndarray, "_ ..."]:
    return np.fft.rfftn(planes, axes=_axes(planes))


def _maps(spectra: Complex[np.ndarray, "_ ..."], shape: tuple[int, ...]) -> _Maps:
    return np.fft.irfftn(spectra, shape, axes=tuple(range(1, len(shape) + 1)))


def _fine(
    turned: list[Grey],
    reference: Grey,
    mask: Bool[np.ndarray, "*space"],
    which: Int[np.ndarray, "m k"],
    index: Int[np.ndarray, "m k"],
) -> Float[np.ndarray, "m k"]:
    """Full-size correlations of the listed pairs, the best of all small shifts and softnesses."""
    window = _inside(mask)
    templates = _templates(reference, window)
    spectrum = _spectra(window[None].astype(np.float32)).conj()
    result = np.empty(which.shape, np.float32)
    for row in range(len(which)):
        ways, slot = np.unique(which[row], return_inverse=True)
        planes = np.stack([turned[way][row] for way in ways]).astype(np.float32)
        spread, seen = _spread(planes, spectrum, float(window.sum()))[slot], _spectra(planes)[slot]
        scores = [_slid(seen, spread, one, index[row], mask.shape) for one in templates]
        result[row] = np.max(scores, axis=0)
    return np.clip(result, -1, 1)


def _spread(planes: Grey, window: Complex[np.ndarray, "1 ..."], size: float) -> _Maps:
    """Sum of squares about the mean of what lies under the window, at every small shift."""
    shape = planes.shape[1:]
    total = _shifts(_maps(_spectra(planes) * window, shape))
    squares = _shifts(_maps(_spectra(planes**2) * window, shape))
    spread = squares - total**2 / size
    return np.where(spread > 1e-6 * size, spread, np.inf)


def _slid(
    seen: Complex[np.ndarray, "k ..."],
    spread: _Maps,
    templates: _Templates,
    index: Int[np.ndarray, "k"],
    shape: tuple[int, ...],
) -> Float[np.ndarray, "k"]:
    """Best correlation of each query with its template over the small shifts."""
    together = _shifts(_maps(seen * templates.spectra[index], shape))
    near = together / np.sqrt(spread * np.maximum(templates.energy[index], 1e-6))
    return near.max(axis=_axes(near))


def _reach(side: int) -> int:
    return max(1, side // 16)


def _inside(mask: Bool[np.ndarray, "*space"]) -> Bool[np.ndarray, "*space"]:
    """The mask without a border, so that no shift leaves the picture."""
    inner = np.zeros_like(mask)
    inner[tuple(slice(_reach(side), -_reach(side)) for side in mask.shape)] = True
    return inner & mask if (inner & mask).sum() > 16 else inner


def _shifts(maps: _Maps) -> _Maps:
    reach = [_reach(side) for side in maps.shape[1:]]
    return np.roll(maps, reach, _axes(maps))[:, *(slice(2 * most + 1) for most in reach)]
