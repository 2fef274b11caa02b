"""What a fault does to a connection when it strikes."""

from __future__ import annotations

import asyncio
import zlib
from abc import ABC, abstractmethod
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final, Literal

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from attrs import frozen

from ..arguments import check_count, check_number
from ..laravel.replies import Reply, encode
from .connection import ServerConnection

MEBIBYTE: Final = 2**20
_PIECE: Final = b"x" * 65_536


class WireDone(web.StreamResponse):
    """Stands for an answer that was already written, or never will be."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write nothing."""
        del request
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
            body = zlib.compress(head + _PIECE * pieces + tail)
            return web.Response(
                status=reply.status,
                body=body,
                headers={"Content-Type": reply.content_type, "Content-Encoding": "deflate"},
            )
        response = web.StreamResponse(
            status=reply.status, headers={"Content-Type": reply.content_type}
        )
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
