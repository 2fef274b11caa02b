"""What the benchmark of the journal runs in fresh processes.

``python -m benchmarks._journal_child TASK JSON``: the task's arguments come as JSON, its figures
go to standard output as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, cast

from cleverapp_async import CleverAppClient, LimiterRegistry, Outcome, SendMessage, SqliteJournal
from cleverapp_async.journal import JournalResult, JournalState

from ._peak import own_peak
from ._server import TOKEN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from cleverapp_async import LimitKey, Message

__all__ = ["messages"]

_KEYS = 8
_AT_ONCE = 1_000


def messages(count: int) -> Iterator[SendMessage]:
    """So many messages over eight bots."""
    for number in range(count):
        yield SendMessage(
            bot_id=number % _KEYS + 1,
            messenger="telegram",
            contact_external_id=str(number),
            text=f"Здравствуйте! Ваш заказ {number} готов.",
        )


async def _load(path: str, base_url: str, count: int) -> dict[str, float]:
    """Read messages into a new journal."""
    journal = SqliteJournal(path)
    async with CleverAppClient(TOKEN, base_url=base_url) as client:
        await journal.open(base_url)
        before, started = own_peak(), time.perf_counter()
        loaded = await journal.load(messages(count), client.limit_key, deduplicate=True)
        seconds, after = time.perf_counter() - started, own_peak()
        await journal.close("finished")
    assert loaded.messages == count, f"{loaded.messages} of {count} messages"
    return {"seconds": seconds, "before": before, "after": after}


async def _settle(path: str, base_url: str, count: int) -> dict[str, float]:
    """Write intents and results of the first messages, without sending anything."""
    journal = SqliteJournal(path)
    await journal.open(base_url)
    await journal.load(None, _no_key, deduplicate=True)
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await journal.intend(number)
            ended_at = time.time()
            await journal.record(
                number, JournalResult(state=JournalState.ACCEPTED, ended_at=ended_at)
            )

    before, started = journal.commits, time.perf_counter()
    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    seconds, commits = time.perf_counter() - started, journal.commits - before
    await journal.close("interrupted")
    return {"seconds": seconds, "commits": commits}


def _no_key(_: Message) -> LimitKey | None:
    return None


async def _resume(path: str, base_url: str, count: int) -> dict[str, float]:
    """Resume a journal until the first outcome; with 0 it is not held against the messages."""
    limits, journal = LimiterRegistry.unlimited(), SqliteJournal(path)
    async with CleverAppClient(TOKEN, base_url=base_url, limits=limits) as client:
        given = messages(count) if count else None
        started = time.perf_counter()
        async with client.run_campaign(journal, given, concurrency=1) as sending:
            async for outcome in sending:
                seconds = time.perf_counter() - started
                assert outcome.outcome is Outcome.ACCEPTED
                return {"seconds": seconds, "peak": own_peak()}
    raise AssertionError("nothing was left to send")


async def _send(path: str, base_url: str, count: int) -> dict[str, float]:
    """Send a whole campaign, fifty at once."""
    limits, journal = LimiterRegistry.unlimited(), SqliteJournal(path)
    accepted = 0
    async with CleverAppClient(TOKEN, base_url=base_url, limits=limits) as client:
        async for outcome in client.run_campaign(journal, messages(count), concurrency=50):
            accepted += outcome.outcome is Outcome.ACCEPTED
    assert accepted == count, f"{accepted} of {count} were accepted"
    return {"commits": journal.commits}


_TASKS: dict[str, Callable[[str, str, int], Awaitable[dict[str, float]]]] = {
    "load": _load,
    "settle": _settle,
    "resume": _resume,
    "send": _send,
}


async def _main() -> None:
    name, given = sys.argv[1:]
    path, base_url, count = cast("tuple[str, str, int]", tuple(json.loads(given)))
    print(json.dumps(await _TASKS[name](path, base_url, count)))


if __name__ == "__main__":
    asyncio.run(_main())
