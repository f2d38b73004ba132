"""Hand-made features of grey pictures: intensity, edges, co-occurrence, patterns, spectrum, wavelets."""

import numpy as np
from jaxtyping import Float, Int

from vesalius.evidence.planes import Planes

_LEVELS = 32
_HALF = np.float32(127.5)
_CHUNK = 128
_OFFSETS = ((0, 1), (1, 0), (1, 1), (1, -1))

Columns = dict[str, Float[np.ndarray, "n"]]
"""Features by name."""


def texture_names(planes: Planes) -> tuple[str, ...]:
    """Names of the columns of `texture`, in order."""
    return tuple(_columns(planes[:1]))


def texture(planes: Planes) -> Float[np.ndarray, "n d"]:
    """Describe each picture by about fifty numbers that a person can name.

    Grey values are rounded to 256 levels first. Made pictures have whole values as files hold them, resampled
    real ones have fractions: patterns that ask whether neighbours are equal would tell one from the other.

    Args:
        planes: Grey values in [-1, 1].

    Source:
        Haralick et al., IEEE T-SMC 3, 1973, for co-occurrence; Ojala et al., IEEE T-PAMI 24,
        2002, for rotation-invariant uniform patterns.
    """
    parts = [planes[at : at + _CHUNK] for at in range(0, len(planes), _CHUNK)]
    return np.concatenate([np.stack(list(_columns(part).values()), axis=1) for part in parts])


def _columns(planes: Planes) -> Columns:
    planes = np.round((planes.astype(np.float32) + 1) * _HALF) / _HALF - 1
    families = (_intensity, _edges, _cooccurrence, _patterns, _spectrum, _wavelets)
    return {name: column for family in families for name, column in family(planes).items()}


def _intensity(planes: Planes) -> Columns:
    flat = planes.reshape(len(planes), -1)
    levels = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
    columns = {f"intensity_p{int(q * 100)}": v for q, v in zip(levels, _quantiles(flat, levels), strict=True)}
    return columns | {"intensity_mean": flat.mean(1), "intensity_sd": flat.std(1)}


def _edges(planes: Planes) -> Columns:
    down = planes[:, 2:, 1:-1] - planes[:, :-2, 1:-1]
    right = planes[:, 1:-1, 2:] - planes[:, 1:-1, :-2]
    size = np.sqrt(down**2 + right**2).reshape(len(planes), -1) / 2
    levels = (0.25, 0.5, 0.75, 0.9, 0.99)
    return {f"gradient_p{int(q * 100)}": v for q, v in zip(levels, _quantiles(size, levels), strict=True)}


def _quantiles(rows: Float[np.ndarray, "n p"], levels: tuple[float, ...]) -> Float[np.ndarray, "q n"]:
    positions = [round(level * (rows.shape[1] - 1)) for level in levels]
    return np.partition(rows, positions, axis=1)[:, positions].T


def _cooccurrence(planes: Planes) -> Columns:
    levels = np.clip((planes + 1) * (_LEVELS / 2), 0, _LEVELS - 1).astype(np.int64)
    matrices = [_pairs(levels, *offset) for offset in _OFFSETS]
    sets = {"across": matrices[0], "down": matrices[1], "oblique": (matrices[2] + matrices[3]) / 2}
    return {
        f"glcm_{name}_{where}": column
        for where, matrix in sets.items()
        for name, column in _haralick(matrix).items()
    }


def _pairs(levels: Int[np.ndarray, "n y x"], down: int, right: int) -> Float[np.ndarray, "n l l"]:
    """Symmetric, normalised co-occurrence matrices of one offset."""
    height, width = levels.shape[1:]
    first = levels[:, : height - down, max(0, -right) : width - max(0, right)]
    second = levels[:, down:, max(0, right) : width + min(0, right)]
    cell = np.arange(len(levels))[:, None, None] * _LEVELS**2 + first * _LEVELS + second
    counts = np.bincount(cell.ravel(), minlength=len(levels) * _LEVELS**2)
    matrix = counts.reshape(len(levels), _LEVELS, _LEVELS).astype(np.float64)
    matrix += matrix.transpose(0, 2, 1)
    return matrix / matrix.sum(axis=(1, 2), keepdims=True)


def _haralick(matrix: Float[np.ndarray, "n l l"]) -> Columns:
    level = np.arange(_LEVELS, dtype=float)
    gap = (level[:, None] - level) ** 2
    share = matrix.sum(axis=2)
    mean = share @ level
    variance = np.maximum(share @ level**2 - mean**2, 1e-9)
    product = np.einsum("nij,i,j->n", matrix, level, level, optimize=True)
    return {
        "contrast": np.einsum("nij,ij->n", matrix, gap),
        "correlation": np.where(variance > 1e-6, (product - mean**2) / variance, 1.0),
        "homogeneity": np.einsum("nij,ij->n", matrix, 1 / (1 + gap)),
        "energy": np.sqrt((matrix**2).sum(axis=(1, 2))),
        "entropy": -(matrix * np.log2(np.maximum(matrix, 1e-12))).sum(axis=(1, 2)),
    }


def _patterns(planes: Planes) -> Columns:
    """Shares of the ten rotation-invariant uniform local binary patterns of eight neighbours."""
    centre = planes[:, 1:-1, 1:-1]
    ring = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
    height, width = centre.shape[1:]
    bits = np.stack([planes[:, y : y + height, x : x + width] >= centre for y, x in ring])
    changes = (bits != np.roll(bits, 1, axis=0)).sum(axis=0)
    code = np.where(changes <= 2, bits.sum(axis=0), 9) + 10 * np.arange(len(planes))[:, None, None]
    shares = np.bincount(code.ravel(), minlength=10 * len(planes)).reshape(-1, 10) / (height * width)
    return {f"lbp_{index}": shares[:, index] for index in range(10)}


def _spectrum(planes: Planes) -> Columns:
    """Logarithm of the power in eight rings of spatial frequency, and its slope."""
    power = np.abs(np.fft.rfft2(planes - planes.mean(axis=(1, 2), keepdims=True))) ** 2
    rows, columns = np.fft.fftfreq(planes.shape[1]), np.fft.rfftfreq(planes.shape[2])
    radius = np.hypot(rows[:, None], columns)
    ring = np.digitize(radius, np.linspace(0, 0.5, 9)[1:-1])
    members = [(ring == band) & (radius > 0) for band in range(8)]
    totals = np.stack([power[:, member].sum(axis=1) / max(member.sum(), 1) for member in members], axis=1)
    logs = np.log10(totals + 1e-6)
    position = np.log10(np.arange(8) + 0.5)
    slope = (logs - logs.mean(1, keepdims=True)) @ (position - position.mean()) / position.var() / 8
    bands = {f"spectrum_{band}": logs[:, band] for band in range(8)}
    return bands | {"spectrum_slope": slope}


def _wavelets(planes: Planes) -> Columns:
    """Logarithm of the energy of three levels of Haar details."""
    columns: Columns = {}
    for level in range(1, 4):
        height, width = planes.shape[1] // 2 * 2, planes.shape[2] // 2 * 2
        a, b = planes[:, :height:2, :width:2], planes[:, :height:2, 1:width:2]
        c, d = planes[:, 1:height:2, :width:2], planes[:, 1:height:2, 1:width:2]
        details = {"across": a - b + c - d, "down": a + b - c - d, "oblique": a - b - c + d}
        for name, detail in details.items():
            columns[f"wavelet_{level}_{name}"] = np.log10((detail**2).mean(axis=(1, 2)) + 1e-6)
        planes = (a + b + c + d) / 4
    return columns
