"""Unpacks compressed answers, and knows whether their end came.

aiohttp takes a gzip stream that was cut before its end for a whole one, as long as the HTTP around
it is whole: a proxy that loses the rest of an answer would turn a refusal into an empty answer.
"""

from __future__ import annotations

import zlib

__all__ = ["ACCEPTED_ENCODINGS", "Unpacker", "unpacker_of"]

ACCEPTED_ENCODINGS = "gzip, deflate"
"""What a server may compress with, as the header ``Accept-Encoding`` says it."""

_PACKED = ("gzip", "x-gzip", "deflate")
_NOT_ASKED_FOR = ("br", "zstd", "compress", "x-compress")
_KNOWN = frozenset((*_PACKED, *_NOT_ASKED_FOR))
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_BARE = -zlib.MAX_WBITS
_OF_ZLIB = 8
"""The lower half of the first byte of every stream that has a header of zlib."""


class Unpacker:
    """Unpacks a body piece by piece.

    Args:
        encoding: How it is packed.
    """

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._begun = False
        self._broken = False

    @property
    def fault(self) -> str | None:
        """Why what was fed is not the whole body; None where it is, or where nothing came."""
        if self._encoding in _NOT_ASKED_FOR:
            return f"it is packed with {self._encoding}, which was not asked for"
        if self._broken:
            return f"its {self._encoding} stream cannot be unpacked"
        if self._begun and not self._stream.eof:
            return f"its {self._encoding} stream has no end"
        return None

    def feed(self, piece: bytes, most: int) -> bytes:
        """Unpack one piece more; after a fault, nothing.

        Args:
            piece: The next bytes of the body.
            most: How many bytes are wanted at most; more are lost.
        """
        if not piece or self._broken or self._encoding in _NOT_ASKED_FOR:
            return b""
        if not self._begun and self._encoding == "deflate" and piece[0] & 0xF != _OF_ZLIB:
            # Many servers leave the header out that the standard wants.
            self._stream = zlib.decompressobj(_BARE)
        self._begun = True
        found = bytearray()
        try:
            while piece and len(found) < most:
                if self._stream.eof:
                    # One stream may follow another; zeros behind the last one are no stream.
                    piece = piece.lstrip(b"\0")
                    if not piece:
                        break
                    self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)
                found += self._stream.decompress(piece, most - len(found))
                piece = self._stream.unused_data
        except zlib.error:
            self._broken = True
        return bytes(found)


def unpacker_of(content_encoding: str) -> Unpacker | None:
    """What unpacks a body; None where it is not packed.

    Args:
        content_encoding: The header ``Content-Encoding``; empty where there is none.
    """
    encoding = content_encoding.strip().lower()
    return Unpacker(encoding) if encoding in _KNOWN else None
