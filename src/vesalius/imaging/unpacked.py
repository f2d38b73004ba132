"""What gzip has packed, unpacked piece by piece and straight to where it is wanted."""

from io import BufferedIOBase, RawIOBase

from isal import isal_zlib
from isal.igzip_lib import DECOMP_GZIP, IgzipDecompressor

_PACKED, _PIECE = 2**18, 2**18


class Unpacked:
    """The bytes of a gzip file, one after the other; several members count as one.

    Args:
        file: Read from where it is.

    Source:
        RFC 1952 (gzip): members and their check sums; zeros may follow.
    """

    def __init__(self, file: RawIOBase | BufferedIOBase) -> None:
        self._file, self._rest = file, b""
        self._member = IgzipDecompressor(flag=DECOMP_GZIP)

    def readinto(self, target: memoryview) -> int:
        """Put the next bytes into a buffer, and say how many; none at the end.

        The check sum of a member is looked at on the way to the first byte after it.

        Raises:
            EOFError: The file ends within a member.
            ValueError: It is damaged.
        """
        try:
            return self._put(target)
        except isal_zlib.error as error:  # pyright: ignore[reportGeneralTypeIssues] # a class
            raise ValueError(f"damaged gzip: {error}") from error

    def _put(self, target: memoryview) -> int:
        while not self._member.eof or self._is_begun_anew():
            packed = self._taken() if self._member.needs_input else b""
            if not packed and self._member.needs_input:
                raise EOFError("the file ends within what gzip has packed")
            piece = self._member.decompress(packed, min(len(target), _PIECE))
            if piece:
                target[: len(piece)] = piece
                return len(piece)
        return 0

    def _taken(self) -> bytes:
        packed, self._rest = self._rest or self._file.read(_PACKED) or b"", b""
        return packed

    def _is_begun_anew(self) -> bool:
        """Whether another member follows."""
        rest = self._member.unused_data.lstrip(b"\0")
        while not rest and (more := self._file.read(_PACKED)):
            rest = more.lstrip(b"\0")
        self._rest, self._member = rest, IgzipDecompressor(flag=DECOMP_GZIP)
        return bool(rest)
