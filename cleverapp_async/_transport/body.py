"""A request body that tells when not one byte of its request could leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import ClientConnectionResetError
from aiohttp.payload import Payload

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

    from .witness import Witness

__all__ = ["WitnessedBody"]

_DEFAULT_TYPE = "application/octet-stream"

# aiohttp drains a larger body after writing it, and the drain raises the same error.
_DRAINED_FROM = 32 * 1024


class WitnessedBody(Payload):
    """Bytes written at once, together with the headers that aiohttp holds back until then.

    Every POST carries one, even an empty one: so the first write of the whole request happens
    here, where a transport that is closing already refuses it before any byte.
    """

    def __init__(self, value: bytes, content_type: str | None, witness: Witness) -> None:
        super().__init__(value, content_type=content_type or _DEFAULT_TYPE)
        self._bytes = value
        self._size = len(value)
        self._witness = witness

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text."""
        return self._bytes.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write everything; the witness is told before, and where that first write was refused."""
        nothing_left = writer.output_size == 0
        self._witness.fire()
        try:
            await writer.write(self._bytes)
        except ClientConnectionResetError:
            if nothing_left and len(self._bytes) < _DRAINED_FROM:
                self._witness.refuse_write()
            raise

    async def write_with_length(
        self,
        writer: AbstractStreamWriter,
        content_length: int | None,  # noqa: ARG002 - aiohttp passes it by name
    ) -> None:
        """Write everything: the announced length is always the body's."""
        await self.write(writer)
