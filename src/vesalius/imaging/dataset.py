"""A DICOM file opened up to its pixels, which stay where they are."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from pathlib import Path
from threading import RLock

from pydicom import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from vesalius.errors import DicomError
from vesalius.imaging.decoder import BROKEN, LIMITS, Limits, Request
from vesalius.imaging.sandbox import sandbox

DICOM = (".dcm", ".dicom", ".ima")
"""How the names of DICOM files end, where they end in anything."""

_FILTERS = RLock()
_FIRST = b"\x08\x00"
_KIND, _SYNTAX = 0x0002, 0x0010
_PIXEL_TAGS = {0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData", 0x7FE00010: "PixelData"}


@dataclass(frozen=True)
class Preface:
    """What stands before the dataset of a file.

    Args:
        syntax: Transfer Syntax UID; guessed from the first element when the file does not say.
        start: Where the dataset begins, in bytes.
        is_marked: Whether the file bears the letters ``DICM`` or a file meta group.
        kind: Media Storage SOP Class UID, or ``""``; the only class that the index of a medium has.

    Source:
        DICOM PS3.10 7.1.
    """

    syntax: str
    start: int
    is_marked: bool
    kind: str


@dataclass(frozen=True)
class PixelElement:
    """Where the pixels of a file lie.

    Args:
        keyword: ``"PixelData"``, ``"FloatPixelData"``, ``"DoubleFloatPixelData"``, or ``""`` without any.
        start: Offset of the value in bytes.
        length: Length as declared; 0xFFFFFFFF for encapsulated frames.
        available: Bytes from there to the end of the file.
    """

    keyword: str
    start: int
    length: int
    available: int

    @property
    def is_encapsulated(self) -> bool:
        """Whether the value is a sequence of fragments, as codecs make them."""
        return self.length == 0xFFFFFFFF


@dataclass(frozen=True, eq=False)
class Opened:
    """What stands in a file before its pixels.

    Args:
        preface: Transfer syntax, and where the dataset begins.
        dataset: All elements before the pixels.
        pixels: Where the pixels lie; offsets of a deflated file count after inflation.
    """

    preface: Preface
    dataset: Dataset
    pixels: PixelElement


@contextmanager
def quiet() -> Iterator[None]:
    """Let nobody hear what pydicom grumbles about: the checks of the house decide."""
    # Filters of warnings are those of all threads: two that change them at once would leave them changed.
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def preface(file: BufferedReader) -> Preface:
    """Read preamble and file meta group, where there are any."""
    file.seek(0)
    head = file.read(132)
    start = 132 if head[128:] == b"DICM" else 0
    said: dict[int, str] = {}
    while (element := _meta_element(file, start)) is not None:
        tag, value, start = element
        said[tag] = "".join(filter(str.isprintable, value.decode("ascii", "replace"))).strip()
    return Preface(said.get(_SYNTAX) or _guessed(file, start), start, start > 0, said.get(_KIND, ""))


def _guessed(file: BufferedReader, start: int) -> str:
    """The syntax of a dataset that does not say, by its first element."""
    file.seek(start)
    head = file.read(6)
    if not (head[4:].isalpha() and head[4:].isupper()):
        return str(ImplicitVRLittleEndian)
    return str(ExplicitVRBigEndian if head[:2] == _FIRST[::-1] else ExplicitVRLittleEndian)


def _meta_element(file: BufferedReader, start: int) -> tuple[int, bytes, int] | None:
    """Tag, beginning of the value, and end of one element of group 0002."""
    file.seek(start)
    head = file.read(12)
    if len(head) < 8 or head[:2] != b"\x02\x00":
        return None
    is_long = head[4:6] in (b"OB", b"OW", b"SQ", b"UN", b"UT")
    length = int.from_bytes(head[8:12] if is_long else head[6:8], "little")
    value = start + (12 if is_long else 8)
    file.seek(value)
    return int.from_bytes(head[2:4], "little"), file.read(min(length, 64)), value + length


def is_dicom(path: Path) -> bool:
    """Whether a file bears a DICOM mark, or begins as a dataset without one does.

    A file that cannot be opened may be one: who opens it in earnest will hear why not.
    """
    try:
        with path.open("rb") as file:
            return preface(file).is_marked or _may_be_dataset(file)
    except OSError:
        return True


def is_index(path: Path) -> bool:
    """Whether a file bears the name that is kept for the index of a medium, as on a CD of a hospital.

    Source:
        DICOM PS3.10 8.6.
    """
    return path.name.upper() == "DICOMDIR" and path.is_file()


def open_dataset(path: Path, limits: Limits = LIMITS) -> Opened:
    """Read a file up to its pixels; one without preamble or file meta group, too.

    A deflated file is inflated by the limited child process, never here.

    Raises:
        DicomError: The file cannot be opened, breaks the standard, or is no DICOM file.
        DecodeError: A deflated file that cannot be inflated within the limits.
    """
    try:
        with path.open("rb") as file:
            said = preface(file)
            if not said.is_marked and not _may_be_dataset(file):
                raise DicomError(f"{path}: is no DICOM file, wanted DICM after 128 bytes or a dataset")
            return _opened(path, file, said, limits)
    except BROKEN as error:
        raise broken(path, error) from error


def broken(path: Path, error: Exception) -> DicomError:
    """A foreign complaint about a file, in one line of ours."""
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return DicomError(f"{path}: header cannot be read: {reason}")


def _may_be_dataset(file: BufferedReader) -> bool:
    """Whether a file without any mark begins with an element of group 0008, as datasets do."""
    file.seek(0)
    return file.read(2) == _FIRST or _guessed(file, 0) == ExplicitVRBigEndian


def _opened(path: Path, file: BufferedReader, said: Preface, limits: Limits) -> Opened:
    source, start = file, said.start
    if said.syntax == DeflatedExplicitVRLittleEndian:
        request = Request("inflated", str(path), said.syntax, start)
        with sandbox(limits) as child:
            source, start = BytesIO(child.ask(request).tobytes()), 0
    source.seek(start)
    is_little = said.syntax != ExplicitVRBigEndian
    with quiet():
        dataset = read_dataset(source, said.syntax == ImplicitVRLittleEndian, is_little, stop_when=_is_pixels)
    # The syntax in use may be another one than the file says; pydicom has looked.
    is_implicit, _ = dataset.original_encoding
    return Opened(said, dataset, _pixels(source, "little" if is_little else "big", not is_implicit))


def _is_pixels(tag: int, vr: str | None, length: int) -> bool:
    return tag in _PIXEL_TAGS


def _pixels(source: BufferedReader | BytesIO, order: str, is_explicit: bool) -> PixelElement:
    """The element before which reading stopped."""
    begin = source.tell()
    head = source.read(12)
    size = source.seek(0, 2)
    group, element = (int.from_bytes(head[i : i + 2], order) for i in (0, 2))  # pyright: ignore[reportArgumentType]
    start = begin + (12 if is_explicit else 8)
    length = int.from_bytes(head[8:12] if is_explicit else head[4:8], order)  # pyright: ignore[reportArgumentType]
    return PixelElement(_PIXEL_TAGS.get(group << 16 | element, ""), start, length, max(size - start, 0))
