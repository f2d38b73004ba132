"""Numbers of files to numbers of pictures and back, without loss."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64, Num

from vesalius.errors import ImagingError

Values = Num[np.ndarray, "c z y x"]
"""What a file stores, in whatever type of number."""


_PIECE, _LONG = 2**18, 8

MOST = 2**30
"""How many numbers a file may hold: 8 GiB in double precision."""

DEFLATED = 1032
"""How many times deflated bytes can grow at most (zlib, "Maximum compression factor")."""


def require_room(count: int, size: int, held: int, growth: int) -> None:
    """Refuse a claim that is too large, or that its file cannot keep, before memory is taken for it.

    Args:
        count: Numbers that the file claims to hold.
        size: Bytes that they take as they are stored, unpacked.
        held: Bytes of the file.
        growth: How many times a byte of the file can grow when unpacked.

    Raises:
        ValueError: More numbers than `MOST`, or more bytes than the file can grow to.
    """
    if count > MOST:
        raise ValueError(f"{count} values declared, wanted at most {MOST}")
    if size > held * growth:
        raise ValueError(f"{size} bytes of values declared, but a file of {held} bytes cannot hold them")


def floats(array: Values, is_scaled: bool = False) -> Float[np.ndarray, "c z y x"]:
    """The same numbers in single precision where that holds them exactly, in double otherwise.

    Args:
        array: What a file stores.
        is_scaled: The file itself rounds more coarsely than single precision does.
    """
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(array, dtype=np.float32)
    is_known = is_scaled or array.dtype == np.float32 or array.dtype.itemsize < single.itemsize
    is_exact = is_known or bool((single == array).all())
    return single if is_exact else np.ascontiguousarray(array, dtype=np.float64)


def filled(values: np.ndarray, readinto: Callable[[memoryview], int | None]) -> bool:
    """Whether an array could be filled with bytes as they stand in a file, a pipe or a packed stream.

    Args:
        values: In one piece; changed in place.
        readinto: Puts bytes that come next into a buffer, and says how many; none at the end.
    """
    rest = values.reshape(-1).view(np.uint8).data
    while rest and (count := readinto(rest)):
        rest = rest[count:]
    return not rest


def singles(
    readinto: Callable[[memoryview], int | None], count: int, dtype: np.dtype, scale: tuple[float, float]
) -> Float32[np.ndarray, "n"]:
    """Short whole numbers of a file in single precision, piece by piece, so that none lies in memory twice.

    Where torch may use several threads, one of them reads while the other scales.

    Args:
        readinto: Puts bytes that come next into a buffer, and says how many; none at the end.
        count: How many numbers.
        dtype: How the file stores them.
        scale: Slope and intercept, applied in double precision.

    Raises:
        EOFError: The file ends before the last of them.
    """
    values, pieces = np.empty(count, np.float32), np.empty((2, min(count, _PIECE)), dtype)
    starts = range(0, count, _PIECE)

    def read(turn: int) -> np.ndarray:
        piece = pieces[turn % 2][: count - starts[turn]]
        if not filled(piece, readinto):
            raise EOFError("the file ends within its voxels")
        return piece

    slope, intercept = scale
    for start, piece in zip(starts, _ahead(read, len(starts)), strict=True):
        values[start : start + _PIECE] = piece if scale == (1, 0) else piece.astype(float) * slope + intercept
    return values


def _ahead(read: Callable[[int], np.ndarray], turns: int) -> Iterator[np.ndarray]:
    """Pieces in order, the next of which is read while one is worked on."""
    if turns < _LONG or torch.get_num_threads() == 1:
        yield from map(read, range(turns))
        return
    with ThreadPoolExecutor(1, "unpacker") as reader:
        coming = reader.submit(read, 0)
        for turn in range(1, turns):
            piece = coming.result()
            coming = reader.submit(read, turn)
            yield piece
        yield coming.result()


def classes(array: Values, path: Path, is_scaled: bool = False) -> Int64[np.ndarray, "1 z y x"]:
    """The numbers of a label map.

    Args:
        array: What a file stores.
        path: The file, for messages.
        is_scaled: The file itself rounds as coarsely as single precision does.

    Raises:
        ImagingError: A number is not whole, or there are several channels; the message names the file.
    """
    if len(array) != 1:
        raise ImagingError(f"{path}: label map has {len(array)} channels, wanted one")
    refuse_infinite(array, path)
    labels = np.ascontiguousarray(np.rint(array) if array.dtype.kind == "f" else array, dtype=np.int64)
    is_equal = np.isclose(labels, array, rtol=1e-6, atol=1e-6) if is_scaled else labels == array
    bad = int(array.size - is_equal.sum())
    if bad:
        raise ImagingError(f"{path}: {bad} of {array.size} labels are no whole numbers, wanted classes")
    return labels


def narrowed(array: Values, types: Sequence[type[np.number]], path: Path) -> Values:
    """The same numbers in the first type that holds them all exactly.

    Raises:
        ImagingError: None of the types does; the message says what was wanted.
    """
    refuse_infinite(array, path)
    for each in types:
        with np.errstate(invalid="ignore", over="ignore"):
            cast = array.astype(each)
        if (cast == array).all():
            return cast
    names = " or ".join(np.dtype(each).name for each in types)
    raise ImagingError(
        f"{path}: values from {array.min():g} to {array.max():g} do not fit {path.suffix}, "
        f"wanted what {names} holds exactly"
    )


def refuse_infinite(array: Values, path: Path) -> None:
    """Let only finite numbers pass.

    Raises:
        ImagingError: Some are not; the message names the file and says how many.
    """
    if array.dtype.kind in "iu" or (is_finite := np.isfinite(array)).all():
        return
    bad = int(array.size - is_finite.sum())
    raise ImagingError(f"{path}: {bad} of {array.size} values are NaN or infinite, wanted finite values")
