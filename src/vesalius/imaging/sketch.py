"""Headers of many files that are nearly the same, as those of one series: each part is read once."""

import os
import re
import struct
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

from pydicom.datadict import tag_for_keyword
from pydicom.uid import ImplicitVRLittleEndian

from vesalius.imaging.decoder import LIMITS, Limits
from vesalius.imaging.frames import Frame
from vesalius.imaging.header import READ, Header, read_header
from vesalius.imaging.plane import Plane
from vesalius.imaging.samples import PLAIN

# As four bytes of little endian give it: the element before the group.
_EXPLICIT, _IMPLICIT, _LENGTH = struct.Struct("<I2sH"), struct.Struct("<II"), struct.Struct("<I")
_GROUP, _FROM_PIXELS = 0xFFFF, 0x7FE0
_KIND, _SYNTAX, _PIXELS = 0x00020002, 0x00100002, 0x00107FE0
_ITEM, _SEQUENCE_END = 0xE000FFFE, 0xE0DDFFFE
_ITEM_END = b"\xfe\xff\x0d\xe0\0\0\0\0"
_UNDEFINED = 0xFFFFFFFF

_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_SHORT = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
# In these the file meta group is read alike by all.
_OF_META = _SHORT | {b"OB"}
_MOVING = {"SOPInstanceUID": b"UI", "InstanceNumber": b"IS", "ImagePositionPatient": b"DS"}
_UID = re.compile(rb"[0-9.]+[\0 ]?")

_HEADS = (2**13, 2**17)
_DEPTH = 8
_MOST = 1024


def _wanted() -> dict[int, str]:
    """Tags as they are met, and of those that move within a series, their keywords."""
    tags = {keyword: tag_for_keyword(keyword) or 0 for keyword in READ}
    return {tag >> 16 | (tag & _GROUP) << 16: key if key in _MOVING else "" for key, tag in tags.items()}


_WANTED = _wanted()


@dataclass(frozen=True)
class _Sketch:
    """The bytes of a header that matter: those equal in a whole series, and those that place a slice."""

    steady: bytes
    moving: dict[str, bytes]
    start: int
    pixels: int
    there: int


class HeaderReader:
    """Reads the headers of many files, and remembers what they have in common.

    A file whose elements have the very bytes of one read before, apart from instance, number
    and position, has its header, apart from these; all others are read by `read_header`, and so
    is whatever does not stand in its file exactly as the standard wants it.

    Args:
        limits: What a deflated file may cost.
    """

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._known: dict[bytes, Header] = {}

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
            header = read_header(path, self._limits)
            self._remember(header, sketch)
        return header

    def _remember(self, header: Header, sketch: _Sketch) -> None:
        """Only what the sketch would have given, too, can stand for others."""
        if len(self._known) >= _MOST:
            self._known.clear()
        if _moved(header, header.path, sketch) == header:
            self._known[sketch.steady] = header


def _moved(twin: Header, path: Path, sketch: _Sketch) -> Header | None:
    """The header of a twin at another place; None where that needs a closer look."""
    if twin.plain is None or twin.lack or len(twin.frames) != 1 or len(sketch.moving) != len(_MOVING):
        return None
    uid = sketch.moving["SOPInstanceUID"]
    try:
        left, back, head = map(float, sketch.moving["ImagePositionPatient"].split(b"\\"))
        number = int(sketch.moving["InstanceNumber"])
    except ValueError:
        return None
    samples = twin.count * twin.rows * twin.columns * twin.samples
    is_whole = sketch.there >= samples * int(twin.plain[1][-1])
    if not (is_whole and isfinite(left + back + head) and _UID.fullmatch(uid)):
        return None
    frame, plane = twin.frames[0], twin.frames[0].plane
    moved = Plane((left, back, head), plane.orientation, plane.spacing, plane.gap)
    return replace(
        twin,
        path=path,
        instance=uid.decode().strip("\0 "),
        number=number,
        frames=(Frame(moved, frame.scale),),
        start=sketch.start,
        plain=(sketch.pixels, twin.plain[1]),
    )


def _sketched(path: Path) -> _Sketch | None:
    """Walk over the elements of a plain file; None for all others."""
    try:
        with path.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            for most in _HEADS:
                try:
                    return _walked(file.read(most), size)
                except struct.error:
                    # The pixels come later.
                    file.seek(0)
    except (OSError, ValueError):
        pass
    return None


def _walked(head: bytes, size: int) -> _Sketch | None:
    """What stands before the pixels.

    Raises:
        struct.error: They do not begin within the head.
        ValueError: Something is not as the standard wants it.
    """
    if head[128:132] != b"DICM":
        return None
    at, said = 132, dict[int, bytes]()
    while head[at : at + 2] == b"\2\0":
        if head[at + 4 : at + 6] not in _OF_META:
            raise ValueError("no value representation of the file meta group")
        tag, start, length = _explicit(head, at)
        at = start + length
        said[tag] = head[start:at].rstrip(b"\0 ")
    syntax = said.get(_SYNTAX, b"").decode("ascii", "replace")
    if syntax not in PLAIN:
        return None
    is_implicit = syntax == ImplicitVRLittleEndian
    if is_implicit and head[at + 4 : at + 6].isalpha():
        raise ValueError("explicit in truth")
    steady, moving, start, length = _elements(head, at, is_implicit)
    steady += [syntax.encode(), said.get(_KIND, b"")]
    if length > size - start:
        raise ValueError("cut off")
    return _Sketch(b"".join(steady), moving, at, start, length)


def _elements(head: bytes, at: int, is_implicit: bool) -> tuple[list[bytes], dict[str, bytes], int, int]:
    """Steady elements, values of moving ones, and offset and length of the pixels."""
    steady, moving = list[bytes](), dict[str, bytes]()
    unpacked, wanted = _EXPLICIT.unpack_from, _WANTED.get
    while True:
        begin = at
        # Of all elements of many files: the commonest kind is read without a call.
        tag, kind, length = unpacked(head, begin)
        start = begin + 8
        if is_implicit:
            tag, start, length = _implicit(head, begin)
        elif kind not in _SHORT:
            tag, start, length = _explicit(head, begin)
        if tag & _GROUP >= _FROM_PIXELS:
            break
        at = start + length if length != _UNDEFINED else _end(head, start, is_implicit)
        keyword = wanted(tag)
        if keyword:
            if kind != _MOVING[keyword] and not is_implicit:
                raise ValueError("another kind of value than the standard wants")
            moving[keyword] = head[start:at]
        elif keyword is not None:
            steady.append(head[begin:at])
    if tag != _PIXELS or length == _UNDEFINED or start - begin != (8 if is_implicit else 12):
        raise ValueError("no plain pixels")
    return steady, moving, start, length


def _explicit(head: bytes, at: int) -> tuple[int, int, int]:
    """Tag of an element, where its value begins, and its length."""
    tag, kind, length = _EXPLICIT.unpack_from(head, at)
    if kind in _SHORT:
        return tag, at + 8, length
    if kind not in _LONG:
        raise ValueError("no value representation")
    (length,) = _LENGTH.unpack_from(head, at + 8)
    if length == _UNDEFINED and kind != b"SQ":
        # Such as a sequence of unknown kind, which is in implicit VR (PS3.5 6.2.2).
        raise ValueError("an open end of what is no sequence")
    return tag, at + 12, length


def _implicit(head: bytes, at: int) -> tuple[int, int, int]:
    tag, length = _IMPLICIT.unpack_from(head, at)
    return tag, at + 8, length


def _end(head: bytes, at: int, is_implicit: bool, depth: int = 0) -> int:
    """Where a sequence of undefined length ends."""
    if depth > _DEPTH:
        raise ValueError("sequences within sequences")
    while True:
        # An item has no value representation, whatever the syntax (PS3.5 7.5).
        tag, at, length = _implicit(head, at)
        if tag == _SEQUENCE_END and length == 0:
            return at
        if tag != _ITEM:
            raise ValueError("no item")
        at = at + length if length != _UNDEFINED else _item_end(head, at, is_implicit, depth)


def _item_end(head: bytes, at: int, is_implicit: bool, depth: int) -> int:
    while head[at : at + 8] != _ITEM_END:
        _, start, length = (_implicit if is_implicit else _explicit)(head, at)
        at = start + length if length != _UNDEFINED else _end(head, start, is_implicit, depth + 1)
    return at + 8
