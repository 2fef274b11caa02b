"""Whether a connection is quiet: no byte has come on it that no request asked for.

Bytes that come after the end of one answer and before the next request answer no request: a second
answer, the 408 of an idle time-out, half a header. aiohttp keeps them, and would read them as the
beginning of the next request's answer.
"""

from __future__ import annotations

import asyncio
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import StreamReader

__all__ = ["Listener", "listen"]

# As many as tell a TLS alert from everything else.
_BEGINNING = 2


class Listener(asyncio.Protocol):
    """Stands between a connection and aiohttp's protocol, and hears every byte first.

    It is put there by the first request of ours on a connection, and stays.

    Args:
        transport: The connection.
        protocol: What aiohttp reads it with.

    Attributes:
        spoilt: Whether the connection must not be used again.
        began: The first bytes that came since the last request.
    """

    def __init__(self, transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
        self._transport = transport
        self._protocol = protocol
        self._time = asyncio.get_running_loop().time
        self._poll: select.poll | None = None
        self._asker: object = None
        self._earlier: StreamReader | None = None
        self._heard_at = self._time()
        self.spoilt = False
        self.began = b""

    def ask(self, asker: object) -> None:
        """A request is about to be written: the bytes to come are its answer's.

        Args:
            asker: Tells the request from others.
        """
        self._asker = asker
        self._earlier = self._payload()
        self.began = b""

    def rest(self, asker: object) -> None:
        """The answer has been read: any further byte answers no request, unless another one asks.

        Args:
            asker: As it was given.
        """
        if self._asker is asker:
            self._asker = None

    def is_stale(self, keepalive: float) -> bool:
        """Whether the next request must not be written here.

        Args:
            keepalive: Seconds after which an idle connection is not used again.
        """
        return self.spoilt or self._time() - self._heard_at > keepalive

    def has_noise(self) -> bool:
        """Whether bytes wait in the system, or the end: the loop has not come to read them yet."""
        socket = self._transport.get_extra_info("socket")
        try:
            if not hasattr(select, "poll"):
                return bool(select.select([socket], [], [], 0)[0])
            if self._poll is None:
                self._poll = select.poll()
                self._poll.register(socket, select.POLLIN)
            return bool(self._poll.poll(0))
        except (OSError, TypeError, ValueError):
            # Not a socket, or closed already, which the write itself will tell.
            return False

    def data_received(self, data: bytes) -> None:
        """Hand bytes on, and notice those beyond the end of the answer."""
        self._heard_at = self._time()
        if len(self.began) < _BEGINNING:
            self.began += data[:_BEGINNING]
        if self._asker is None:
            self.spoilt = True
        elif len(data) > 1:
            # The last byte is handed on by itself: where the answer has ended before it, something
            # has come behind the answer.
            self._protocol.data_received(data[:-1])
            self.spoilt = self.spoilt or self._ended()
            if self._transport.is_closing():
                return
            data = data[-1:]
        self._protocol.data_received(data)
        if self._asker is not None and self._ended():
            self._asker = None

    def eof_received(self) -> bool | None:
        """Hand it on."""
        return self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand it on."""
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """Hand it on."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Hand it on."""
        self._protocol.resume_writing()

    def _payload(self) -> StreamReader | None:
        # Should aiohttp rename it, `rest` still shows where an answer ended.
        payload: StreamReader | None = getattr(self._protocol, "_payload", None)
        return payload

    def _ended(self) -> bool:
        payload = self._payload()
        return payload is not None and payload is not self._earlier and payload.is_eof()


def listen(transport: asyncio.Transport, protocol: asyncio.Protocol) -> tuple[Listener, bool]:
    """The listener of a connection, and whether it has listened before this request."""
    known = transport.get_protocol()
    if isinstance(known, Listener):
        return known, True
    listener = Listener(transport, protocol)
    transport.set_protocol(listener)
    return listener, False
