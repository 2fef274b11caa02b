"""A campaign that was erased is over: nothing of it comes back, and nothing speaks for its heir."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cleverapp_async import JournalError
from cleverapp_async._redis.client import end_task
from cleverapp_async.journal import JournalState, JournalWriteError
from tests.integrations.rig import (
    ORIGIN,
    load,
    message,
    messages,
    opened,
    result,
    states,
    until_free,
)

if TYPE_CHECKING:
    from cleverapp_async.integrations.redis_journal import ChunkJournal, RedisJournal
    from tests.redis_server import RedisServer

A, P = JournalState.ACCEPTED, JournalState.PENDING


async def stopped(journal: RedisJournal) -> ChunkJournal:
    """A runner with a message on the wire that stands still until its lease has run out."""
    await load(journal, messages(3))
    chunk = await opened(journal)
    await chunk.intend(0)
    heart = chunk._lease._heart
    assert heart is not None
    await end_task(heart)
    await until_free(journal)
    return chunk


async def keys_of(journal: RedisJournal, redis: RedisServer) -> list[bytes]:
    """All keys of a campaign."""
    async with redis.client() as client:
        return [key async for key in client.scan_iter(f"*{journal.campaign}*")]


async def test_a_late_result_brings_nothing_back(journal: RedisJournal, redis: RedisServer) -> None:
    """What is erased stays erased, and the runner is told that its result is not kept."""
    late = await stopped(journal)
    await journal.delete()
    with pytest.raises(JournalWriteError, match="erased"):
        await late.record(0, result(A))
    with pytest.raises(JournalWriteError, match="erased"):
        await late.intend(1)
    with pytest.raises(JournalWriteError, match="erased"):
        await late.close("finished")
    assert await keys_of(journal, redis) == []


async def test_a_late_result_is_none_of_a_later_campaigns(journal: RedisJournal) -> None:
    """Another campaign under the name sends all of its messages."""
    late = await stopped(journal)
    await journal.delete()
    await load(journal, [message(number, text="other") for number in range(3)])
    with pytest.raises(JournalWriteError, match="erased"):
        await late.record(0, result(A))
    heir = await opened(journal)
    with pytest.raises(JournalWriteError, match="erased"):
        await late.close("finished")
    assert await states(journal) == {P: 3}
    await heir.close("finished")


async def test_a_database_that_was_emptied_is_no_success(
    journal: RedisJournal, redis: RedisServer
) -> None:
    """The result of what was on the wire is not kept, and the run does not end as if it were."""
    await load(journal, messages(1))
    chunk = await opened(journal)
    await chunk.intend(0)
    async with redis.client() as client:
        await client.unlink(*await keys_of(journal, redis))
    answer = chunk.record(0, result(A))
    with pytest.raises(JournalWriteError, match="erased"):
        await chunk.close("finished")
    with pytest.raises(JournalWriteError, match="erased"):
        await answer


async def test_a_campaign_made_anew_while_a_chunk_was_opened_is_refused(
    journal: RedisJournal, redis: RedisServer
) -> None:
    """Its messages would be judged by the facts of the earlier one."""
    await load(journal, messages(3))
    chunk = journal.chunk(0)
    await chunk.open(ORIGIN)
    async with redis.client() as client:
        await client.hset(journal.names.meta, "created_at", "1.0")
    with pytest.raises(JournalError):
        await chunk.load(None, lambda _: None, deduplicate=True)
    await chunk.close("interrupted")


async def test_what_outlived_its_campaign_speaks_for_no_other(
    journal: RedisJournal, redis: RedisServer
) -> None:
    """A single send whose worker died keeps its end longer than its name: that may be used anew."""
    await load(journal, messages(1))
    await journal.expire(60.0)
    chunk = await opened(journal)
    await chunk.intend(0)
    await chunk.record(0, result(A))
    await chunk.close("finished")
    async with redis.client() as client:
        # As the time passes: what was written later expires by nothing.
        over = [key for key in await keys_of(journal, redis) if await client.pttl(key) > 0]
        assert 0 < await client.delete(*over) < len(over) + len(await keys_of(journal, redis))
    await load(journal, [message(5, text="new")])
    assert await states(journal) == {P: 1}
