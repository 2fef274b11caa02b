"""What a fault does to a connection when it strikes, and aiohttp's connection made fit for that."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import zlib
from abc import ABC, abstractmethod
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final, Literal, Protocol, cast

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger, AbstractStreamWriter
from attrs import frozen

from ..arguments import check_count, check_number
from ..laravel.replies import Reply, encode, html_reply

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""``SO_LINGER`` on, for 0 seconds: closing sends RST."""

LINGER: Final = 0.2
"""Seconds an unread body is waited for before its connection is closed."""


class ConnectionObserver(Protocol):
    """Is told what happens to a connection."""

    def opened(self, connection: ServerConnection) -> None:
        """Take note of a new connection."""
        ...

    def closed(self, connection: ServerConnection) -> None:
        """Take note of a connection that is gone."""
        ...

    def resets_on_first_bytes(self) -> bool:
        """Decide whether a request's first bytes are answered by a reset."""
        ...

    def unreadable(self, status: int) -> None:
        """Take note of bytes that are not an HTTP request."""
        ...


class SilentAccessLog(AbstractAccessLogger):
    """Writes no access log: its lines would show the token, which is in the URL."""

    @property
    def enabled(self) -> bool:
        """Tell that nothing is ever logged."""
        return False

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Log nothing."""


class ServerConnection(web.RequestHandler):
    """Reads requests as aiohttp does, and can be reset, written to raw and waited for."""

    __slots__ = ("_observer", "_wire", "between_requests", "gone")

    _wire: asyncio.Transport

    def __init__(
        self, server: web.Server, observer: ConnectionObserver, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log_class=SilentAccessLog,
            logger=logging.getLogger("cleverapp_async.simulator"),
            lingering_time=LINGER,
        )
        self._observer = observer
        # Set back by the handler after each answer: a kept connection brings several requests.
        self.between_requests: bool = True
        self.gone: asyncio.Event = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start serving, unless a fault resets the connection at once."""
        super().connection_made(transport)
        self._wire = cast("asyncio.Transport", transport)
        self._observer.opened(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Wake up whatever waited for the client to leave."""
        self.gone.set()
        super().connection_lost(exc)
        self._observer.closed(self)

    def data_received(self, data: bytes) -> None:
        """Let aiohttp parse, unless a fault resets the connection before."""
        if self.between_requests:
            self.between_requests = False
            if self._observer.resets_on_first_bytes():
                self.reset()
                return
        # Only the first piece of a request is of interest: later ones belong to a request that was
        # let pass.
        super().data_received(data)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer bytes that are not a request, without showing them: they may hold the token."""
        if status >= 500:  # noqa: PLR2004 - a bug in a handler or in a user's predicate: tell
            return super().handle_error(request, status, exc, message)
        self._observer.unreadable(status)
        response = html_reply(status).response()
        # Nobody knows where the next request would begin.
        response.force_close()
        return response

    def write(self, data: bytes) -> None:
        """Write bytes past aiohttp, as long as the client is there."""
        if not self._wire.is_closing():
            self._wire.write(data)

    def reset(self) -> None:
        """Close with RST, and drop what has not been written yet."""
        sock = cast("socket.socket", self._wire.get_extra_info("socket"))
        # With a linger time of 0 the system sends RST instead of FIN and drops unsent bytes.
        # A transport that is closing already may have lost its socket.
        if not self._wire.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.abort()

    def abort(self) -> None:
        """Close at once, and drop what has not been written yet."""
        self._wire.abort()


def bind(host: str, port: int) -> socket.socket:
    """Bind a TCP socket that does not listen yet: connecting to it is refused.

    Args:
        host: An IPv4 or IPv6 address.
        port: The port, or 0 for a free one.

    Raises:
        OSError: The port is taken, or the address is not one of this machine.
        OverflowError: The port is not valid.
    """
    # Bound before it listens, so that the port is known, and can be kept while nobody is served
    # there.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except BaseException:
        bound.close()
        raise
    return bound


MEBIBYTE: Final = 2**20
_PIECE: Final = b"x" * 65_536


class WireDone(web.StreamResponse):
    """Stands for an answer that was already written, or never will be."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write nothing."""
        del request
        # aiohttp asks for this after the handler: without it, it would wait for another request on
        # a connection whose answer is no whole one.
        self.force_close()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Write nothing."""
        del data


@frozen
class Exchange:
    """A request that a fault strikes.

    Args:
        reply: The answer without the fault.
        connection: The connection it came over.
        request: The request.
    """

    reply: Reply
    connection: ServerConnection
    request: web.BaseRequest


class Action(ABC):
    """What a fault does; an attrs class, so that equal faults compare equal."""

    __slots__ = ()

    def status(self, reply: Reply) -> int | None:
        """Tell the status that the client will see; None when it is not a whole, valid answer.

        Args:
            reply: The answer without the fault.
        """
        del reply
        return None

    @abstractmethod
    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Do to the connection what the fault does."""


class _SameStatus(Action):
    """An action which keeps the status of the real answer."""

    __slots__ = ()

    def status(self, reply: Reply) -> int | None:
        return reply.status


@frozen
class Reset(Action):
    """Reset the connection; before anything is read, the connection itself sees to it."""

    at: Literal["accept", "bytes", "read"]

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Reset the connection instead of answering."""
        exchange.connection.reset()
        return WireDone()


@frozen
class Hang(Action):
    """Never answer; close after ``seconds`` when given."""

    seconds: float | None

    def __attrs_post_init__(self) -> None:
        """Refuse a time that cannot be slept; None waits for the client."""
        if self.seconds is not None:
            check_number("seconds", self.seconds)

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Wait for the client to leave, or for the time to pass."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds):
                # Until the client leaves, where no time is given: a test with a hang must not sleep
                # to its end.
                await exchange.connection.gone.wait()
        return WireDone()


@frozen
class SlowBody(_SameStatus):
    """Write the body slowly, piece by piece."""

    chunk: int
    interval: float

    def __attrs_post_init__(self) -> None:
        """Refuse pieces of no size, and an interval that cannot be slept."""
        check_count("chunk", self.chunk)
        check_number("interval", self.interval)

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Write the head, then piece after piece until the client leaves."""
        raw = exchange.reply.raw()
        # Head and body are written by ourselves: aiohttp would send both at once.
        start = len(raw) - len(exchange.reply.body)
        exchange.connection.write(raw[:start])
        for offset in range(start, len(raw), self.chunk):
            if exchange.connection.gone.is_set():
                break
            await asyncio.sleep(self.interval)
            exchange.connection.write(raw[offset : offset + self.chunk])
        return WireDone()


@frozen
class TruncatedBody(Action):
    """Write half of the announced body."""

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Write the head and the first half of the body."""
        raw = exchange.reply.raw()
        # The whole length stands in the head, so that the client waits for the other half.
        exchange.connection.write(raw[: len(raw) - (len(exchange.reply.body) + 1) // 2])
        return WireDone()


@frozen
class Malformed(Action):
    """Write bytes that are not HTTP."""

    data: bytes

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Write the bytes."""
        exchange.connection.write(self.data)
        return WireDone()


@frozen
class OversizedHeader(_SameStatus):
    """Add a header beyond what clients read."""

    size: int

    def __attrs_post_init__(self) -> None:
        """Refuse what is not a number of bytes."""
        check_count("size", self.size)

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Write the answer with the header."""
        first, _, rest = exchange.reply.raw().partition(b"\r\n")
        exchange.connection.write(first + b"\r\nX-Padding: " + b"x" * self.size + b"\r\n" + rest)
        return WireDone()


@frozen
class OversizedBody(_SameStatus):
    """Answer with more than a client should read."""

    mebibytes: int
    compressed: bool

    def __attrs_post_init__(self) -> None:
        """Refuse what is not a number of MiB."""
        check_count("mebibytes", self.mebibytes)

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Write the body as far as the client takes it."""
        reply = exchange.reply
        pieces = self.mebibytes * MEBIBYTE // len(_PIECE)
        head, tail = b'{"success":true,"padding":"', b'"}'
        if self.compressed:
            # Some kilobytes on the wire, and all the MiB once a client unpacks them.
            body = zlib.compress(head + _PIECE * pieces + tail)
            return web.Response(
                status=reply.status,
                body=body,
                headers={"Content-Type": reply.content_type, "Content-Encoding": "deflate"},
            )
        response = web.StreamResponse(
            status=reply.status, headers={"Content-Type": reply.content_type}
        )
        # Announced and not chunked: a client may refuse it by its head alone.
        response.content_length = len(head) + len(_PIECE) * pieces + len(tail)
        with suppress(ConnectionError):
            await response.prepare(exchange.request)
            await response.write(head)
            for _ in range(pieces):
                await response.write(_PIECE)
            await response.write(tail)
            return response
        return WireDone()


@frozen
class TooMany(Action):
    """Refuse with 429."""

    retry_after: float | str | timedelta | None

    def status(self, reply: Reply) -> int | None:
        """Tell the status the client will see."""
        del reply
        return 429

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Answer with the form of Retry-After that was asked for."""
        del exchange
        value = self.retry_after
        if isinstance(value, timedelta):
            value = format_datetime(datetime.now(UTC) + value, usegmt=True)
        headers = {} if value is None else {"Retry-After": str(value)}
        return Reply(429, encode({"message": "Too Many Attempts."}), headers=headers).response()


@frozen
class Answer(Action):
    """Give another answer."""

    reply: Reply

    def status(self, reply: Reply) -> int | None:
        """Tell the status the client will see."""
        del reply
        return self.reply.status

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Answer with the scripted reply."""
        del exchange
        return self.reply.response()
