"""A server that keeps its connections, and puts bytes on them that no request asked for."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from attrs import define, field

from tests.transport.rig import raw_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.transport.rig import RawServer

OK_BODY = b'{"success": true}'
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(OK_BODY) + OK_BODY
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
STRAY = {
    "a second answer": OK,
    "a second answer in chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n" + OK_BODY + b"\r\n0\r\n\r\n"
    ),
    "two answers": OK + OK,
    "the 408 of an idle time-out": TIMED_OUT,
    "a 408 without Connection: close": b"HTTP/1.1 408 X\r\nContent-Length: 0\r\n\r\n",
    "half a head": OK[:40],
    "the first byte of a head": b"H",
    "a head without its body": OK[: -len(OK_BODY)],
    "half a body": OK[:-5],
    "CRLFCRLF": b"\r\n\r\n",
    "a single line feed": b"\n",
    "a 103": b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n",
    "a 100": b"HTTP/1.1 100 Continue\r\n\r\n",
    "a 204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "bytes beyond Content-Length": OK_BODY,
    "no HTTP": b"\x00\x01\x02",
}


@define
class KeepingServer:
    """Answers every request, and may put bytes on its first connection.

    Attributes:
        base_url: Where it listens.
        behind: What follows the first answer in the same segment.
        deaf: Whether the first connection hangs up on its second request instead of reading it.
        answer: What every request is answered with.
        taken: The requests that it read and took, in their order.
        connections: The connections made to it.
    """

    base_url: str = ""
    behind: bytes = b""
    deaf: bool = True
    answer: bytes = OK
    taken: list[bytes] = field(factory=list[bytes])
    connections: list[asyncio.StreamWriter] = field(factory=list[asyncio.StreamWriter])

    def put(self, stray: bytes) -> None:
        """Put bytes on the first connection."""
        self.connections[0].write(stray)


@asynccontextmanager
async def keeping_server(**settings: Any) -> AsyncIterator[KeepingServer]:  # noqa: ANN401 - as the class takes them
    """Serve on connections that are kept.

    Args:
        settings: Of :class:`KeepingServer`; ``ssl`` is the server's context.
    """
    context = settings.pop("ssl", None)
    server = KeepingServer(**settings)
    raw: RawServer

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections.append(writer)
        first = len(server.connections) == 1
        while True:
            request = await raw.read_request(reader)
            server.taken.append(request)
            writer.write(server.answer + (server.behind if first else b""))
            await writer.drain()
            if first and server.deaf:
                # The bytes of a second request are let in, and the connection hangs up on them.
                await reader.read(1)
                return

    async with raw_server(script, ssl=context) as raw:
        server.base_url = raw.base_url
        yield server


async def settle() -> None:
    """Let what is on its way over the loopback arrive."""
    for _ in range(6):
        await asyncio.sleep(0)
