"""A server that closes connections which were idle for too long, some way from its clients."""

from __future__ import annotations

import asyncio
import random
import re
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from attrs import frozen

from ._server import Server, asked, process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

__all__ = ["Closing", "closing_server"]

_BODY = b'{"success":true}'
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_BODY)
) + _BODY
_HANGS_UP = 0.06
_TEXT = re.compile(rb"text=([\w.-]+)")


@frozen
class Closing:
    """How one listener of the server behaves.

    Attributes:
        idle: Seconds from an answer until it closes the connection.
        one_way: Seconds that bytes travel, each way.
        slack: Seconds by which its timer may be early or late, as such timers are.
        stray: Whether it sends one more answer then, at any moment of the idle time, and hangs up
            a little later.
    """

    idle: float
    one_way: float
    slack: float = 0.0
    stray: bool = False


class _Kept(asyncio.Protocol):
    """One connection: what comes and what goes is late by the way, and so is the end."""

    def __init__(self, closing: Closing, taken: list[str]) -> None:
        self._closing = closing
        self._taken = taken
        self._later = asyncio.get_running_loop().call_later
        self._transport: asyncio.Transport | None = None
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        # Requests are small and leave in one piece.
        self._later(self._closing.one_way, self._read, data)

    def _read(self, data: bytes) -> None:
        if self._closed:
            return
        found = _TEXT.search(data)
        self._taken.append(found[1].decode() if found else "")
        self._wait()
        self._later(self._closing.one_way, self._write)

    def _write(self) -> None:
        if self._transport is not None:
            self._transport.write(_ANSWER)

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        idle, slack = self._closing.idle, self._closing.slack
        idle = random.uniform(0 if self._closing.stray else idle - slack, idle + slack)
        self._timer = self._later(idle, self._close)

    def _close(self) -> None:
        self._closed = True
        way = self._closing.one_way
        if self._closing.stray:
            self._later(way, self._write)
            way += _HANGS_UP
        if self._transport is not None:
            self._later(way, self._transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._closed, self._transport = True, None
        if self._timer is not None:
            self._timer.cancel()


@contextmanager
def closing_server(
    listeners: tuple[Closing, ...], certificate: str | None = None
) -> Iterator[Server[tuple[str, ...]]]:
    """A server with a listener for each, until the block ends; it reports the texts it took.

    Args:
        listeners: Its ports, in the order of the addresses, which are separated by spaces.
        certificate: A file with a key and a certificate, for TLS.
    """
    with process(_serve, listeners, certificate) as (base_urls, wire):
        yield Server(base_urls, wire)


def _serve(wire: Connection, listeners: tuple[Closing, ...], certificate: str | None) -> None:
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    taken: list[str] = []

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        urls: list[str] = []
        for closing in listeners:
            server = await loop.create_server(
                lambda closing=closing: _Kept(closing, taken),
                "127.0.0.1",
                0,
                ssl=context,
                backlog=1000,
            )
            port = cast("int", server.sockets[0].getsockname()[1])
            urls.append(f"http{'s' if context else ''}://127.0.0.1:{port}/api/v1")
        wire.send(" ".join(urls))
        while await asked(wire):
            wire.send(tuple(taken))

    asyncio.run(serve())
