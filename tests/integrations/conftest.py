"""One Redis for all tests of the fleet; each test has a campaign of its own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from cleverapp_async.integrations.redis_journal import RedisJournal
from tests.redis_server import Engine, choose_engines, redis_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.redis_server import RedisServer


pytest_generate_tests = choose_engines


@pytest.fixture(name="redis", scope="session")
def _redis(engine: Engine) -> Iterator[RedisServer]:
    """A server that no test harms."""
    with redis_server(engine=engine) as server:
        yield server


@pytest.fixture(name="campaign")
def _campaign() -> str:
    """A name that no other test uses."""
    return f"c{uuid.uuid4().hex}"


@pytest_asyncio.fixture(name="journal")
async def _journal(redis: RedisServer, campaign: str) -> AsyncIterator[RedisJournal]:
    """A journal of chunks of ten messages and short leases."""
    async with RedisJournal(redis.url, campaign, chunk_size=10, lease=0.3) as journal:
        yield journal
