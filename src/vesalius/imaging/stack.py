"""Slices of one series in the order in which they lie in the patient."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vesalius.imaging import plane
from vesalius.imaging.frames import Scale
from vesalius.imaging.header import Header
from vesalius.imaging.plane import Plane


@dataclass(frozen=True)
class Slice:
    """One frame of one file, and where it lies.

    Args:
        header: The file.
        index: Number of the frame in the file, from 0.
        plane: Where the frame lies; frames without positions of their own are stacked
            along their normal, `Plane.gap` or 1 mm apart.
    """

    header: Header
    index: int
    plane: Plane

    @property
    def scale(self) -> Scale:
        """What the stored values of the frame mean."""
        return self.header.frame(self.index).scale


def stacked(headers: Sequence[Header]) -> tuple[Slice, ...]:
    """All frames of some files from the lowest to the highest along the normal.

    Neither the names nor the order of the files matter; frames at one place come by Instance
    Number and UID.
    """
    numbered = sorted(headers, key=lambda header: (header.number, header.instance))
    slices = [Slice(each, index, _plane(each, index)) for each in numbered for index in range(each.count)]
    return tuple(slices[index] for index in plane.order([each.plane for each in slices]))


def faults(slices: Sequence[Slice]) -> tuple[str, ...]:
    """What keeps sorted slices from being one picture, in words; empty when nothing does."""
    sizes = sorted({f"{each.header.rows}x{each.header.columns}" for each in slices})
    channels = {(each.header.samples, each.header.photometric == "PALETTE COLOR") for each in slices}
    units = sorted({each.scale.unit for each in slices})
    found = [f"slices have {len(sizes)} sizes: {', '.join(sizes)}"] if len(sizes) > 1 else []
    if len(channels) > 1:
        found.append("slices are partly in colour")
    if len(units) > 1:
        found.append(f"slices are in {len(units)} units: {', '.join(units)}")
    return (*found, *plane.faults([each.plane for each in slices]))


def notes(slices: Sequence[Slice]) -> tuple[str, ...]:
    """What is unusual about sorted slices, but can be lived with, in words."""
    first, planes = slices[0].header, [each.plane for each in slices]
    found = []
    if plane.is_tilted(planes):
        found.append(f"slices are stacked at {plane.tilt(planes):.1f} degrees to their normal (gantry tilt)")
    if len({(each.scale.slope, each.scale.intercept) for each in slices}) > 1:
        found.append("slices have different rescale slopes or intercepts")
    found += sorted({each.scale.note for each in slices} - {""})
    if first.low:
        found.append(f"samples begin at bit {first.low} of their words (High Bit) and are read from there")
    if first.count > 1 and not _has_places(first):
        found.append("frames have no positions of their own; stacked as they come")
    elif len(slices) == 1 and planes[0].position is None:
        found.append("no position in the patient; laid at the origin")
    if "MOSAIC" in first.facts.get("ImageType", ""):
        found.append("each file is a mosaic of several slices (Siemens), read as one picture")
    return tuple(found)


def _has_places(header: Header) -> bool:
    """Whether the frames of a file have positions of their own."""
    return len(header.frames) > 1 and any(frame.plane.position is not None for frame in header.frames)


def _plane(header: Header, index: int) -> Plane:
    own = header.frame(index).plane
    if header.count == 1 or _has_places(header):
        return own
    start, step = own.position or (0.0, 0.0, 0.0), index * (own.gap or 1.0) * own.normal
    left, back, head = (float(value) for value in start + step)
    return replace(own, position=(left, back, head))
