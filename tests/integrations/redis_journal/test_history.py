"""What a chunk tells of the last minutes, whichever worker sent its messages."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import CleverAppClient, LimiterRegistry, Quota, RetryPolicy
from cleverapp_async.config import ClientConfig
from cleverapp_async.journal import JournalState, SendHistory
from cleverapp_async.simulator import Simulator, SimulatorLimits
from tests.integrations.rig import let_expire, load, message, messages, opened, result

if TYPE_CHECKING:
    from cleverapp_async.integrations.redis_journal import RedisJournal

_PERIOD = 1.0


async def test_a_chunk_tells_what_the_worker_before_sent(journal: RedisJournal) -> None:
    """Results, withdrawn attempts with their number, and what was on its way, as unknown."""
    await load(journal, messages(5))
    first = await opened(journal)
    assert isinstance(first, SendHistory)
    begun = time.time()
    await first.record(0, result(JournalState.ACCEPTED))
    for _ in range(2):
        await first.intend(1)
        first.withdraw(1)
    await first.intend(2)
    first.withdraw(2)
    await first.intend(2)
    await first.intend(3)
    await first.record(3, result(JournalState.ACCEPTED))
    await let_expire(journal, first)
    second = await opened(journal)
    found = {entry.index: entry for entry in await second.sent_since(begun, 1)}
    assert {index: entry.state for index, entry in found.items()} == {
        1: JournalState.PENDING,
        2: JournalState.UNKNOWN,
        3: JournalState.ACCEPTED,
    }
    assert [found[index].earlier for index in (1, 2, 3)] == [2, 1, 0]
    assert {entry.index for entry in await second.sent_since(1.0, 1)} == {0, 1, 2, 3}
    await second.close("finished")
    await first.close("finished")


async def test_a_retry_that_did_nothing_leaves_its_end(journal: RedisJournal) -> None:
    """A message that stays unknown keeps its older result, and the moment of the last attempt."""
    await load(journal, messages(1))
    first = await opened(journal)
    await first.record(0, result(JournalState.UNKNOWN))
    await first.close("finished")
    second = await opened(journal)
    await second.intend(0)
    await second.record(0, result(JournalState.REJECTED, permanent=False))
    await second.close("finished")
    third = await opened(journal)
    (entry,) = await third.sent_since(0.0, 1)
    assert entry.state is JournalState.UNKNOWN
    assert entry.intent_at == pytest.approx(1.5)
    assert entry.earlier == 1
    await third.close("finished")


async def test_a_worker_that_takes_a_chunk_over_is_not_refused(journal: RedisJournal) -> None:
    """The dead worker's sends count against the next one's limits: the server refuses nobody."""
    quota = (3, _PERIOD)
    limits = SimulatorLimits(messengers={"telegram": quota}, account=None)
    async with Simulator(limits=limits) as simulator:

        async def send(most: int) -> list[int]:
            registry = LimiterRegistry(messengers={"telegram": Quota(*quota)}, account=None)
            async with CleverAppClient(
                simulator.api_token,
                base_url=simulator.base_url,
                limits=registry,
                config=ClientConfig(retry=RetryPolicy(base=0.01)),
            ) as client:
                ended: list[int] = []
                async with client.run_campaign(journal.chunk(0)) as run:
                    async for outcome in run:
                        ended.append(outcome.index)
                        if len(ended) == most:
                            break
                return ended

        given = [message(number) for number in range(6)]
        await journal.load(given, origin=simulator.base_url)
        before = await send(3)
        after = await send(3)
        assert sorted([*before, *after]) == list(range(6))
        assert simulator.referee().refusals == 0
