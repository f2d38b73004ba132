"""Pictures of several methods side by side: a block of columns for each method, rows for each class."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image as Raster
from PIL import ImageDraw

from vesalius.evidence.pictures import tiled
from vesalius.evidence.planes import shown
from vesalius.storage import written
from vesalius.training.stream import Stacked

COLUMNS = 4
"""Pictures beside each other in the block of a method."""

_ROWS = 2
_GAP = 12
_TITLE = 16


def leave_shown(pictures: Stacked, file: Path) -> None:
    """Keep the first pictures of each class for a sheet; where a class has too few, white is shown.

    Args:
        pictures: Of a method, in random order.
        file: Where to.
    """
    each = COLUMNS * _ROWS
    blocks = []
    for label in range(int(pictures.labels.max()) + 1):
        some = shown(pictures.stack[np.flatnonzero(pictures.labels == label)[:each]])
        white = np.ones((each - len(some), *some.shape[1:]), np.float32)
        blocks.append(np.concatenate([some, white]))
    with written(file) as beside:
        np.save(beside, np.concatenate(blocks))


def sheet(files: Mapping[str, Path], file: Path) -> None:
    """All methods side by side, with their names above.

    Args:
        files: Files of `leave_shown` by name, in the order in which they are to stand.
        file: PNG to write.
    """
    blocks = [titled(name, np.load(path)) for name, path in files.items()]
    height = max(len(block) for block in blocks)
    padded = [np.pad(one, ((0, height - len(one)), (0, _GAP), (0, 0)), constant_values=255) for one in blocks]
    with written(file) as beside:
        Raster.fromarray(np.concatenate(padded, axis=1)).save(beside, "PNG")


def titled(name: str, pictures: np.ndarray) -> np.ndarray:
    """The block of one method, pictures ``n c y x``, under its name."""
    block = np.pad(tiled(pictures, COLUMNS), ((_TITLE, 0), (0, 0), (0, 0)), constant_values=255)
    drawn = Raster.fromarray(block)
    ImageDraw.Draw(drawn).text((2, 2), name, fill=(0, 0, 0))
    return np.asarray(drawn)
