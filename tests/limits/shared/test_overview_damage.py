"""What another program has put among a fleet's keys is one error for whoever watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cleverapp_async._redis.client import RedisCallError
from cleverapp_async.limits.shared.redis_log import Overview

if TYPE_CHECKING:
    from tests.redis_server import RedisServer


@pytest.mark.parametrize("windows", [b"abc", b"1 2 3", b"\xff"])
async def test_a_damaged_key_is_told_as_that(
    windows: bytes, server: RedisServer, prefix: str
) -> None:
    """It is no fault of an option, and no traceback."""
    async with server.client() as redis:
        await redis.hset(f"{prefix}:{{bot:7}}:sendMessage:telegram:meta", "windows", windows)
    overview = Overview(server.url, prefix)
    with pytest.raises(RedisCallError, match="cannot be used"):
        await overview.look()
    await overview.close()
