"""What tests of campaigns in Redis share."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from cleverapp_async import SendMessage
from cleverapp_async._redis.client import end_task
from cleverapp_async.journal import JournalResult, JournalState

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable

    from cleverapp_async import Message
    from cleverapp_async.integrations.redis_journal import ChunkJournal, RedisJournal
    from cleverapp_async.journal import JournalEntry, Loaded

ORIGIN = "https://app.example/api/v1"


def message(number: int, *, bot_id: int = 1, text: str | None = None) -> SendMessage:
    """A message to somebody of that number."""
    return SendMessage(
        bot_id=bot_id,
        messenger="telegram",
        contact_external_id=str(number),
        text=str(number) if text is None else text,
    )


def messages(count: int) -> list[Message]:
    """Messages to as many people."""
    return [message(number) for number in range(count)]


async def load(
    journal: RedisJournal,
    given: Iterable[Message] | AsyncIterable[Message],
    *,
    deduplicate: bool = True,
) -> Loaded:
    """Read a campaign in."""
    return await journal.load(given, origin=ORIGIN, deduplicate=deduplicate)


async def opened(journal: RedisJournal, number: int = 0, *, origin: str = ORIGIN) -> ChunkJournal:
    """A chunk that was opened and read."""
    chunk = journal.chunk(number)
    await chunk.open(origin)
    await chunk.load(None, lambda _: None, deduplicate=True)
    return chunk


async def entries(journal: RedisJournal) -> dict[int, JournalEntry]:
    """All that a campaign knows, by index."""
    return {entry.index: entry async for entry in journal.entries()}


async def states(journal: RedisJournal) -> Counter[JournalState]:
    """How many are in which state, told by the messages and, the same, by the counters."""
    found = Counter([entry.state async for entry in journal.entries()])
    counted = (await journal.summary()).by_state
    assert {state: found[state] for state in JournalState} == counted
    return found


def result(state: JournalState, *, permanent: bool = True) -> JournalResult:
    """A result of a send."""
    return JournalResult(
        state=state,
        ended_at=1.5,
        permanent=permanent and state is JournalState.REJECTED,
        attempts=1,
    )


async def until_free(journal: RedisJournal) -> None:
    """Wait until nobody's lease is left."""
    async with asyncio.timeout(120):
        while await journal.holders():  # noqa: ASYNC110 - only Redis knows
            await asyncio.sleep(0.02)


async def end_heart(chunk: ChunkJournal) -> None:
    """Let a chunk's lease be prolonged no more, as where its process has died or was stopped."""
    heart = chunk._lease._heart
    assert heart is not None
    # Once is not enough: redis-py may lose a cancellation.
    await end_task(heart)


async def let_expire(journal: RedisJournal, chunk: ChunkJournal) -> None:
    """The lease of a process that was stopped: its heart does not beat."""
    await end_heart(chunk)
    await until_free(journal)
