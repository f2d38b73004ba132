"""Sheets of pictures as PNG, for the report."""

import base64
import hashlib
import io

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image as Raster

from vesalius.evidence.contract import Sets
from vesalius.evidence.memorisation import Matches
from vesalius.evidence.planes import are_volumes, shown, shrunk
from vesalius.evidence.record import Picture
from vesalius.shapes import Stack

_COLUMNS = {False: 8, True: 4}
_ROWS = 4
_GAP = 2
_PAIRS = {False: 16, True: 6}
_PLANES = "; of each its middle axial, coronal and sagittal plane"
_MOST_SIDE = 128


def sheets(sets: Sets, matches: Matches, copies: list[int], seed: int) -> tuple[Picture, ...]:
    """Real and made pictures of each class, the nearest training picture of each shown, and the copies.

    Args:
        sets: The sets.
        matches: Best match of each made picture among the training pictures.
        copies: Made pictures found to be copies, the most similar first.
        seed: Chooses what is shown.
    """
    rng = np.random.default_rng(seed)
    is_deep = are_volumes(sets.made.stack)
    columns, pairs, planes = _COLUMNS[is_deep], _PAIRS[is_deep], _PLANES if is_deep else ""
    found: list[Picture] = []
    some: list[int] = []
    for index, name in enumerate(sets.classes):
        for role, one in (
            ("real", sets.holdout if sets.has_others else sets.train),
            ("synthetic", sets.made),
        ):
            rows = rng.permutation(np.flatnonzero(one.labels == index))[: columns * _ROWS]
            if role == "synthetic":
                some += [int(row) for row in rows]
            if len(rows):
                of_all = f"{len(rows)} of {int((one.labels == index).sum())}, at random{planes}"
                caption = f"{name}: {role}, {of_all}"
                found.append(_picture(f"{role}/{name}", caption, role == "real", one.stack[rows], columns))
    caption = "Synthetic images as shown above, in the same order, and below each its nearest training image"
    for part in range(0, len(some), pairs):
        name = "nearest" if part == 0 else f"nearest/{part // pairs + 1}"
        found.append(_beside(name, caption + planes, sets, matches, some[part : part + pairs]))
    if copies:
        most = min(len(copies), pairs)
        caption = f"The {most} most similar of {len(copies)} copies (above) and whom they repeat{planes}"
        found.append(_beside("copies", caption, sets, matches, copies[:pairs]))
    return tuple(found)


def _beside(name: str, caption: str, sets: Sets, matches: Matches, rows: list[int]) -> Picture:
    pairs = _fitting(np.concatenate([sets.made.stack[rows], sets.learnt.stack[matches.index[rows]]]))
    told = " · ".join(f"{value:.2f}" for value in matches.correlation[rows])
    return _picture(name, f"{caption}. Correlation: {told}.", True, pairs, len(rows))


def _fitting(stack: Stack) -> Stack:
    """Large pictures as means of blocks: sixteen in a row are not seen larger on a page."""
    block = max(1, max(stack.shape[3:]) // _MOST_SIDE)
    return shrunk(stack, (block, block))


def _picture(name: str, caption: str, real: bool, stack: Stack, columns: int) -> Picture:
    buffer = io.BytesIO()
    Raster.fromarray(tiled(shown(stack), columns)).save(buffer, "PNG", optimize=True)
    png = buffer.getvalue()
    return Picture(name, caption, real, hashlib.sha256(png).hexdigest(), base64.b64encode(png).decode())


def tiled(pictures: Float[np.ndarray, "n c y x"], columns: int) -> UInt8[np.ndarray, "h w 3"]:
    """Pictures side by side on white, in rows of `columns`; one or two channels are shown as grey.

    Args:
        pictures: Values in [-1, 1].
        columns: Pictures in a row.
    """
    colour = pictures[:, :3] if pictures.shape[1] >= 3 else np.repeat(pictures[:, :1], 3, axis=1)
    bytes_ = np.clip(np.round((colour + 1) * 127.5), 0, 255).astype(np.uint8)
    height, width = bytes_.shape[2] + _GAP, bytes_.shape[3] + _GAP
    rows = -(-len(bytes_) // columns)
    sheet = np.full((rows * height - _GAP, columns * width - _GAP, 3), 255, np.uint8)
    for place, tile in enumerate(bytes_):
        top, left = place // columns * height, place % columns * width
        sheet[top : top + height - _GAP, left : left + width - _GAP] = tile.transpose(1, 2, 0)
    return sheet
