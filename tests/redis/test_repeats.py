"""A command whose connection dies is repeated, or not, whatever the release of redis-py."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from cleverapp_async._redis.client import RedisClient

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_COMMAND = re.compile(rb"\*\d+\r\n")
_CUT = b"LEAVE"


@asynccontextmanager
async def _server() -> AsyncGenerator[tuple[str, list[bytes]]]:
    """The URL of one that answers all, but hangs up at the first of a name; and what it got."""
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while told := await reader.read(65536):
            got.append(told)
            if _CUT in told and sum(_CUT in each for each in got) == 1:
                break
            writer.write(b"+OK\r\n" * len(_COMMAND.findall(told)))
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0", got


async def test_what_may_be_repeated_is_repeated_over_another_connection() -> None:
    """Whoever asks sees nothing of a connection that died."""
    async with _server() as (url, got):
        client = RedisClient(url, 20.0, attempt_timeout=20.0)
        await client.execute("STAY")
        await client.execute(_CUT)
        await client.close()
    assert sum(_CUT in each for each in got) == 2


async def test_what_may_not_be_repeated_is_sent_once() -> None:
    """It may have been carried out: that is told to whoever asks."""
    async with _server() as (url, got):
        client = RedisClient(url, 20.0)
        await client.execute("STAY")
        with pytest.raises(RedisConnectionError):
            await client.execute(_CUT)
        await client.close()
    assert sum(_CUT in each for each in got) == 1
