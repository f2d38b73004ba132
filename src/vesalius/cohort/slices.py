"""Volumes cut into slices: a cohort of pictures of the same people."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain

import numpy as np

from vesalius.cohort.cohort import Case, Cohort, Held, HeldLabels, MaskSource, PictureSource, Stored
from vesalius.cohort.threads import each
from vesalius.errors import GeometryError, ImagingError
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image

_THIRDS = (
    ("right", "middle", "left"),
    ("anterior", "middle", "posterior"),
    ("inferior", "middle", "superior"),
)


def slices(cohort: Cohort, *, step: int = 1, skip_empty: bool = True) -> Cohort:
    """Cut every volume along z into cases of one slice, label maps with it.

    The slices of a case ``a`` are ``a/z000``, ``a/z001``, ...; patient and facts stay. New facts:
    ``slice`` (index along z), ``height`` (0 at the first slice kept, 1 at the last, in the
    direction below) and ``position``, its third: ``inferior``, ``middle``, ``superior`` for axial
    slices, ``anterior`` to ``posterior`` for coronal, ``right`` to ``left`` for sagittal ones. A
    case of one slice stays as it is, and so does one that cannot be read, or whose label map has
    other slices than its picture: whoever reads it next will name it.

    Args:
        cohort: Cases of one or several slices.
        step: Take every n-th slice.
        skip_empty: Leave out slices whose label map is empty; where nothing is labelled in the
            whole volume (the healthy), those whose picture is constant.

    Raises:
        ValueError: The step is below 1.
    """
    if step < 1:
        raise ValueError(f"step is {step}, wanted 1 or more")
    cut = each(lambda case: tuple(_cut(case, step, skip_empty)), cohort.cases)
    return replace(cohort, cases=tuple(chain.from_iterable(cut)))


def _cut(case: Case, step: int, skip_empty: bool) -> Iterator[Case]:
    if case.facts.get("slices") == 1 or not case.pictures:
        yield case
        return
    try:
        image = next(iter(case.pictures.values())).read()
        filled = _filled(case, image) if skip_empty else range(image.geometry.shape[0])
    except ImagingError:
        yield case
        return
    if image.geometry.shape[0] == 1:
        yield case
        return
    kept = [z for z in filled if z % step == 0]
    axis, is_up = _direction(image.geometry)
    for z in kept:
        height = (z - kept[0]) / max(kept[-1] - kept[0], 1)
        yield _slice(case, z, round(height if is_up else 1 - height, 4), _THIRDS[axis])


def _filled(case: Case, image: Image) -> list[int]:
    """Slices that show anything: classes where any are labelled, different values elsewhere."""
    maps = [source.read_labels().labels[0].flatten(1) for source in case.masks.values()]
    if any(len(labels) != image.geometry.shape[0] for labels in maps):
        raise GeometryError(f"case {case.key} has label maps of other slices, wanted those of its picture")
    seen = np.any([(labels != 0).any(1).numpy() for labels in maps], axis=0)
    if not seen.any():
        flat = image.voxels.transpose(0, 1).flatten(1)
        seen = (flat.amax(1) > flat.amin(1)).numpy()
    return [int(z) for z in np.flatnonzero(seen)]


def _direction(geometry: Geometry) -> tuple[int, bool]:
    """The patient axis that slices follow most, and whether they follow it upwards."""
    along = geometry.matrix[:3, 0]
    axis = int(np.abs(along).argmax())
    return axis, bool(along[axis] > 0)


def _slice(case: Case, z: int, height: float, thirds: tuple[str, str, str]) -> Case:
    position = thirds[min(int(height * 3), 2)]
    return replace(
        case,
        key=f"{case.key}/z{z:03d}",
        pictures={role: _picture(source, z) for role, source in case.pictures.items()},
        masks=_masks(case.masks, z),
        facts={**case.facts, "slices": 1, "slice": z, "height": height, "position": position},
    )


def _picture(source: PictureSource, z: int) -> PictureSource:
    return replace(source, slice=z) if isinstance(source, Stored) else Held(source.image.slice(z))


def _masks(masks: Mapping[str, MaskSource], z: int) -> dict[str, MaskSource]:
    return {
        role: replace(source, slice=z) if isinstance(source, Stored) else HeldLabels(source.labels.slice(z))
        for role, source in masks.items()
    }
