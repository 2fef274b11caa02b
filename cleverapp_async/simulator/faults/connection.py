"""One connection to the server: aiohttp's, with what faults need of the socket beneath."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from typing import Final, Protocol, cast

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from ..laravel.replies import html_reply

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
        OverflowError: The port is none.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except BaseException:
        bound.close()
        raise
    return bound
