"""Headers of many files that are nearly the same, as those of one series: each part is read once."""

import os
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

from pydicom.datadict import tag_for_keyword
from pydicom.uid import ImplicitVRLittleEndian

from vesalius.imaging.decoder import LIMITS, Limits
from vesalius.imaging.header import READ, Header, read_header
from vesalius.imaging.samples import PLAIN

_MOVING = ("SOPInstanceUID", "InstanceNumber", "ImagePositionPatient")
_TAGS = {tag_for_keyword(keyword): keyword for keyword in READ}
_KIND, _SYNTAX, _PIXELS = 0x00020002, 0x00020010, 0x7FE00010
_LONG = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_HEAD = 2**17


@dataclass(frozen=True)
class _Sketch:
    """The bytes of a header that matter: those equal in a whole series, and those that place a slice."""

    steady: tuple[tuple[str, bytes], ...]
    moving: dict[str, bytes]
    start: int
    pixels: int
    there: int


class HeaderReader:
    """Reads the headers of many files, and remembers what they have in common.

    A file whose elements have the very bytes of one read before, apart from instance, number
    and position, has its header, apart from these; all others are read by `read_header`.

    Args:
        limits: What a deflated file may cost.
    """

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._known: dict[tuple[tuple[str, bytes], ...], Header] = {}

    def read(self, path: Path) -> Header:
        """The header of a file, equal to what `read_header` gives.

        Raises:
            DicomError: The file cannot be opened, breaks the standard, or is no DICOM file.
            DecodeError: A deflated file that cannot be inflated within the limits.
        """
        sketch = _sketched(path)
        if sketch is None:
            return read_header(path, self._limits)
        twin = self._known.get(sketch.steady)
        header = _moved(twin, path, sketch) if twin else None
        if header is None:
            header = self._known[sketch.steady] = read_header(path, self._limits)
        return header


def _moved(twin: Header, path: Path, sketch: _Sketch) -> Header | None:
    """The header of a twin at another place; None where that needs a closer look."""
    if twin.plain is None or twin.lack or len(twin.frames) != 1 or set(sketch.moving) != set(_MOVING):
        return None
    samples = twin.count * twin.rows * twin.columns * twin.samples
    try:
        position = tuple(float(part) for part in sketch.moving["ImagePositionPatient"].split(b"\\"))
        number = int(sketch.moving["InstanceNumber"])
        instance = sketch.moving["SOPInstanceUID"].decode("ascii").strip("\0 ")
    except ValueError:
        return None
    if (
        len(position) != 3
        or not all(map(isfinite, position))
        or sketch.there < samples * int(twin.plain[1][-1])
    ):
        return None
    left, back, head = position
    frame = twin.frames[0]
    frame = replace(frame, plane=replace(frame.plane, position=(left, back, head)))
    plain = (sketch.pixels, twin.plain[1])
    said = replace(twin, path=path, instance=instance, number=number, frames=(frame,))
    return replace(said, start=sketch.start, plain=plain)


def _sketched(path: Path) -> _Sketch | None:
    """Walk over the elements of a plain file; None for all others."""
    try:
        with path.open("rb") as file:
            head, size = file.read(_HEAD), os.fstat(file.fileno()).st_size
        return _walked(head, size)
    except (OSError, IndexError):
        return None


def _walked(head: bytes, size: int) -> _Sketch | None:
    if head[128:132] != b"DICM":
        return None
    at, said = 132, dict[int, bytes]()
    while _tag(head, at) >> 16 == 2:
        start, length = _value(head, at, is_implicit=False)
        said[_tag(head, at)] = head[start : start + length].rstrip(b"\0 ")
        at = start + length
    syntax = said.get(_SYNTAX, b"")
    if syntax.decode("ascii", "replace") not in PLAIN:
        return None
    begin, is_implicit = at, syntax == ImplicitVRLittleEndian.encode()
    steady, moving = [("syntax", syntax), ("kind", said.get(_KIND, b""))], {}
    while (tag := _tag(head, at)) != _PIXELS:
        start, length = _value(head, at, is_implicit)
        at = start + length if length != _UNDEFINED else _end(head, start, is_implicit)
        if (keyword := _TAGS.get(tag)) in _MOVING:
            moving[keyword] = head[start:at]
        elif keyword:
            steady.append((keyword, head[start:at]))
    start, length = _value(head, at, is_implicit)
    there = min(size - start, length)
    return None if length == _UNDEFINED else _Sketch(tuple(steady), moving, begin, start, there)


def _tag(head: bytes, at: int) -> int:
    return head[at] << 16 | head[at + 1] << 24 | head[at + 2] | head[at + 3] << 8


def _value(head: bytes, at: int, is_implicit: bool) -> tuple[int, int]:
    """Where the value of an element begins, and its length."""
    if is_implicit:
        return at + 8, int.from_bytes(head[at + 4 : at + 8], "little")
    if head[at + 4 : at + 6] in _LONG:
        length = int.from_bytes(head[at + 8 : at + 12], "little")
        if length == _UNDEFINED and head[at + 4 : at + 6] == b"UN":
            raise IndexError("a sequence in implicit VR (PS3.5 6.2.2), which pydicom reads better")
        return at + 12, length
    return at + 8, int.from_bytes(head[at + 6 : at + 8], "little")


def _end(head: bytes, at: int, is_implicit: bool) -> int:
    """Where a sequence of undefined length ends."""
    depth = 1
    while depth:
        tag = _tag(head, at)
        if tag in (_ITEM_END, _SEQUENCE_END):
            start, length = at + 8, 0
            depth -= 1
        else:
            # An item has no value representation, whatever the syntax (PS3.5 7.5).
            start, length = _value(head, at, is_implicit or tag == _ITEM)
        depth += length == _UNDEFINED
        at = start + (0 if length == _UNDEFINED else length)
    return at
