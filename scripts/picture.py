"""Draw the picture of the README from what `make demo` left behind: real phantoms beside made ones.

Run as ``.venv/bin/python scripts/picture.py out/demo docs/picture.png``.
"""

import base64
import io
import sys
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from vesalius.evidence.record import read_evidence


def draw(demo: Path, target: Path) -> None:
    """One row for each class: real phantoms on the left, synthetic ones on the right."""
    evidence = read_evidence(demo)
    sheets = {picture.name: picture for picture in evidence.pictures}
    classes = evidence.data.classes
    figure = Figure((10, 2.75 * len(classes)), layout="constrained")
    panels = figure.subplots(len(classes), 2, squeeze=False)
    for row, name in zip(panels, classes, strict=True):
        for panel, role in zip(row, ("real", "synthetic"), strict=True):
            png = base64.b64decode(sheets[f"{role}/{name}"].png)
            panel.imshow(Image.open(io.BytesIO(png)), interpolation="nearest")
            panel.set_title(
                f"{name}: {'phantoms' if role == 'real' else 'synthetic'}", fontsize=10, loc="left"
            )
            panel.axis("off")
    figure.savefig(target, dpi=80)


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
