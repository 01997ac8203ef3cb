"""The body of an answer as it comes in: limited in what it may cost, however it is packed."""

from __future__ import annotations

import zlib

MOST_BYTES = 10 * 1024 * 1024
_MOST_ON_THE_WIRE = MOST_BYTES + MOST_BYTES // 8  # chunks have frames
_SMALL_PIECE = 512  # bytes; a piece takes about as long to read, however small it is
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_ANY_HEADER = zlib.MAX_WBITS | 32


class UnreadableBody(Exception):
    """A body will not be read; its text is what follows "its body"."""


class AnswerBody:
    """Collects a body.

    The limit counts what is read from the wire, what comes out of it, and how many pieces it takes. At most one
    layer of compression is undone: the client asks for none, and each layer can multiply a body by a thousand.
    """

    def __init__(self) -> None:
        self._unpacking: zlib._Decompress | None = None
        self._data = bytearray()
        self._wasted = 0

    @property
    def data(self) -> bytes:
        """What there is of it."""
        return bytes(self._data)

    def unpack(self, encoding: str | None) -> None:
        """Undo the compression that ``Content-Encoding`` names, if there is any.

        Raises:
            UnreadableBody: It cannot be undone.
        """
        layers = [word.strip().lower() for word in (encoding or "").split(",")]
        packed = [word for word in layers if word not in {"", "identity"}]
        if len(packed) > 1:
            raise UnreadableBody("is compressed more than once")
        if not _PACKED.issuperset(packed):
            raise UnreadableBody("is compressed in a way that was not asked for")
        if packed:
            self._unpacking = zlib.decompressobj(_ANY_HEADER)

    def add(self, piece: bytes, *, on_the_wire: int) -> None:
        """Add a piece.

        Args:
            piece: The next bytes of the body.
            on_the_wire: How many bytes of the answer were read so far, with everything around them.

        Raises:
            UnreadableBody: It is too much, or not what the answer says it is.
        """
        self._wasted += max(_SMALL_PIECE - len(piece), 0)
        self._data += piece if self._unpacking is None else self._unpacked(self._unpacking, piece)
        if len(self._data) > MOST_BYTES or on_the_wire > _MOST_ON_THE_WIRE:
            raise UnreadableBody(f"is larger than {MOST_BYTES // 1024**2} MB")
        if self._wasted > MOST_BYTES:
            raise UnreadableBody("comes in too many small pieces")

    def _unpacked(self, unpacking: zlib._Decompress, piece: bytes) -> bytes:
        try:
            return unpacking.decompress(piece, MOST_BYTES - len(self._data) + 1)
        except zlib.error:
            raise UnreadableBody("is not compressed in the way that its headers say") from None

    def end(self) -> None:
        """Check that nothing is missing.

        Raises:
            UnreadableBody: The compressed data breaks off.
        """
        if self._unpacking is not None and self._data and not self._unpacking.eof:
            raise UnreadableBody("ends in the middle of compressed data")
