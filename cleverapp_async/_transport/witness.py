"""Whether a request was sent, as far as one attempt can prove it.

The proof is a request body that tells when not a single byte of its request has left. For that it
watches whether its connection is quiet, or has received bytes that no request asked for.
"""

from __future__ import annotations

import asyncio
import select
from typing import TYPE_CHECKING, cast

from aiohttp import ClientConnectionError, ClientConnectionResetError
from aiohttp.payload import Payload

from .._response import OF_CONNECTION
from ..errors import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import ClientResponse, StreamReader
    from aiohttp.abc import AbstractStreamWriter

__all__ = ["Listener", "StaleConnectionError", "Witness", "WitnessedBody", "listen"]


class Witness:
    """Watches one attempt from the moment it has its slot until its answer.

    An exception's type cannot tell whether a request left: the same ``TimeoutError`` covers
    "waited for a connection" and "waited for the answer". The witness fires before any byte is
    written, so *not fired* proves that nothing left; and a first write that the closed
    transport refused proves it too. Everything else is unknown. What arrives on a connection
    before anything has left is not an answer to it, whatever it says.

    Args:
        on_sent: Called once, when the request starts to leave.
    """

    __slots__ = ("_fired", "_left", "_on_sent")

    def __init__(self, on_sent: Callable[[], None]) -> None:
        self._on_sent = on_sent
        self._fired = False
        self._left = 0

    @property
    def outcome(self) -> Outcome:
        """``NOT_SENT`` where that is proven, else ``UNKNOWN``."""
        return Outcome.UNKNOWN if self._left else Outcome.NOT_SENT

    def fire(self) -> None:
        """The request starts to leave: from here on nothing is certain."""
        # Counted, as the HTTP library may try again by itself: each try proves only its own. Fired
        # twice and refused once leaves one try of which nothing is certain, so that the outcome is
        # UNKNOWN: that the second try did not leave proves nothing about the first.
        self._left += 1
        if not self._fired:
            # The limits count the start of the first try: the later ones lie within its slot.
            self._fired = True
            self._on_sent()

    def refuse_write(self) -> None:
        """The first write since it fired was refused: not one byte of that left."""
        self._left -= 1


# As many as tell a TLS alert from everything else.
_BEGINNING = 2


class Listener(asyncio.Protocol):
    """Stands between a connection and aiohttp's protocol, and sees every byte first.

    It is put there by the first request of ours on a connection, and stays.

    Args:
        transport: The connection.
        protocol: What aiohttp reads it with.

    Attributes:
        spoilt: Whether the connection must not be used any more.
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
        try:
            if self._poll is None:
                socket = self._transport.get_extra_info("socket")
                if not hasattr(select, "poll"):
                    return bool(select.select([socket], [], [], 0)[0])
                self._poll = select.poll()
                self._poll.register(socket, select.POLLIN)
            return bool(self._poll.poll(0))
        except (OSError, TypeError, ValueError):
            # Not a socket, or closed already, which the write itself will tell.
            return False

    def data_received(self, data: bytes) -> None:
        """Pass bytes on to aiohttp, and notice those that come after the end of the answer."""
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
        """Pass it on to aiohttp."""
        return self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on to aiohttp."""
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass it on to aiohttp."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on to aiohttp."""
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


_ALERT = b"\x15\x03"
_DEFAULT_TYPE = "application/octet-stream"

# One until the loop sees the bytes, one until it has read them.
_TURNS = 2

# aiohttp drains a larger body after writing it, and the drain raises the same error.
_DRAINED_FROM = 32 * 1024


class StaleConnectionError(ClientConnectionError):
    """Nothing was written, as the connection has bytes that no request asked for, or is too old."""


class WitnessedBody(Payload):
    """Bytes that are written at once, together with the headers, which aiohttp holds back so long.

    Every request carries one, even an empty one: so the first write of the whole request happens
    here, where a transport that is closing already refuses it before any byte, and where a
    connection that is not fit for it can still be left alone.

    Args:
        value: The body.
        content_type: Its type; None for none.
        witness: Learns whether the request left.
        keepalive: Seconds after which an idle connection is not used again.

    Attributes:
        stale: Whether nothing was written, as the connection was not fit for it.
        reused: Whether a request of ours went before it on that connection.
    """

    def __init__(
        self, value: bytes, content_type: str | None, witness: Witness, keepalive: float
    ) -> None:
        super().__init__(value, content_type=content_type or _DEFAULT_TYPE)
        self._bytes = value
        self._size = len(value)
        self._witness = witness
        self._keepalive = keepalive
        self._listener: Listener | None = None
        self.stale = False
        self.reused = False

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text."""
        return self._bytes.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write everything; see :meth:`write_with_length`."""
        await self.write_with_length(writer, None)

    async def write_with_length(
        self,
        writer: AbstractStreamWriter,
        content_length: int | None,  # noqa: ARG002 - the announced length is always the body's
    ) -> None:
        """Write everything; tell the witness before that, and again if the first write was refused.

        Raises:
            StaleConnectionError: The connection is not fit for it: nothing was written.
        """
        # aiohttp holds the head back until the first bytes of a body. So where nothing is counted
        # as written yet, this write is the first of the whole request: its failure tells of all.
        nothing_left = writer.output_size == 0
        if nothing_left:
            await self._listen(writer)
        # Before the write, not after it: what is told too late would be a message sent twice, and
        # what is told too soon is only one that nobody is sure of.
        self._witness.fire()
        try:
            await writer.write(self._bytes)
        except ClientConnectionResetError:
            if nothing_left and len(self._bytes) < _DRAINED_FROM:
                self._witness.refuse_write()
            raise

    def check(self, response: ClientResponse) -> None:
        """Refuse an answer that came before anything of the request had left.

        Raises:
            StaleConnectionError: It answers no request; the connection is closed.
        """
        if self._witness.outcome is not Outcome.NOT_SENT and not self.stale:
            return
        transport = response.connection and response.connection.transport
        if transport is not None:
            self.reused = isinstance(transport.get_protocol(), Listener)
        self.stale = True
        response.close()
        raise StaleConnectionError

    @property
    def met_tls(self) -> bool:
        """Whether a TLS alert answers a request without TLS: then no HTTP was read there.

        It is one where nothing came before it on the connection, and behind HTTP it is noise.
        """
        listener = self._listener
        return not self.reused and listener is not None and listener.began.startswith(_ALERT)

    def answered(self, status: int) -> None:
        """The answer has been read to its end.

        Args:
            status: Its status.
        """
        if self._listener is not None:
            self._listener.rest(self)
            if status in OF_CONNECTION:
                self._listener.spoilt = True

    async def _listen(self, writer: AbstractStreamWriter) -> None:
        """Listen on the connection; refuse it where something came before the request."""
        protocol = cast("asyncio.Protocol", getattr(writer, "protocol", None))
        transport = cast("asyncio.Transport | None", getattr(writer, "transport", None))
        if transport is None or transport.is_closing():
            return  # The write will be refused.
        self._listener, self.reused = listen(transport, protocol)
        noise = self._listener.has_noise()
        if noise and not self.reused and transport.get_extra_info("sslcontext") is not None:
            # The tickets of a TLS session, or an answer behind them: let the loop read it.
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            noise = self._listener.spoilt
        # Three reasons to leave the connection alone, all of which would make the outcome uncertain
        # though nothing is wrong with the message: bytes that wait there would be taken for its
        # answer, a connection that the server wants closed may be closed while the message leaves,
        # and so may one that has been idle for longer than servers keep them.
        self.stale = (
            noise
            or bool(getattr(protocol, "should_close", False))
            or (self.reused and self._listener.is_stale(self._keepalive))
        )
        if self.stale:
            raise StaleConnectionError
        self._listener.ask(self)
