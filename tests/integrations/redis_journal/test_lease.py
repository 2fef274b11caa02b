"""Leases and fences: who may write, and what becomes of what a slow runner still says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import JournalLockedError, NotSentError
from cleverapp_async.integrations.redis_journal import RedisJournal
from cleverapp_async.journal import JournalState, Resend
from tests.integrations.redis_journal.test_chunk_laws import client_of
from tests.integrations.rig import (
    ORIGIN,
    entries,
    let_expire,
    load,
    messages,
    opened,
    result,
    states,
)

if TYPE_CHECKING:
    from tests.redis_server import RedisServer

A, R, N, U = (
    JournalState.ACCEPTED,
    JournalState.REJECTED,
    JournalState.NOT_SENT,
    JournalState.UNKNOWN,
)
P = JournalState.PENDING


async def test_a_chunk_that_somebody_alive_has_is_locked(journal: RedisJournal) -> None:
    """A second runner is refused for as long as the first one lives, and told who it is."""
    await load(journal, messages(3))
    first = await opened(journal)
    await _renewals(journal, 3)
    with pytest.raises(JournalLockedError, match="chunk 0") as caught:
        await journal.chunk(0).open(ORIGIN)
    assert caught.value.pid is not None
    assert caught.value.host is not None
    await first.close("finished")
    await (await opened(journal)).close("finished")


async def test_chunks_are_locked_apart(journal: RedisJournal) -> None:
    """Each chunk has a lease of its own."""
    await load(journal, messages(25))
    chunks = [await opened(journal, number) for number in range(3)]
    assert set(await journal.holders()) == {0, 1, 2}
    for chunk in chunks:
        await chunk.close("finished")
    assert await journal.holders() == {}


async def test_the_intents_of_a_dead_runner_become_unknown(journal: RedisJournal) -> None:
    """Once the lease has run out the next runner is told what was on its way."""
    await load(journal, messages(3))
    dead = await opened(journal)
    await dead.intend(0)
    await dead.intend(2)
    await dead.record(2, result(A))
    await let_expire(journal, dead)
    heir = journal.chunk(0)
    await heir.open(ORIGIN)
    loaded = await heir.load(None, lambda _: None, deduplicate=True)
    assert [entry.index for entry in loaded.orphans] == [0]
    assert loaded.orphans[0].state is U
    assert loaded.orphans[0].result is not None
    assert loaded.orphans[0].result.error is not None
    assert await states(journal) == {U: 1, A: 1, P: 1}
    await heir.close("finished")


async def test_a_runner_that_was_taken_over_writes_no_intent(journal: RedisJournal) -> None:
    """It is told that the chunk is somebody else's, so nothing of it leaves any more."""
    await load(journal, messages(3))
    slow = await opened(journal)
    await let_expire(journal, slow)
    heir = await opened(journal)
    with pytest.raises(JournalLockedError):
        await slow.intend(1)
    assert await states(journal) == {P: 3}
    await slow.close("interrupted")
    with pytest.raises(JournalLockedError):
        await journal.chunk(0).open(ORIGIN)
    await heir.close("finished")


async def test_a_lease_that_ran_out_while_nobody_wanted_it_still_holds(
    journal: RedisJournal,
) -> None:
    """A pause alone costs nothing: what counts is whether somebody took over."""
    await load(journal, messages(3))
    slow = await opened(journal)
    await let_expire(journal, slow)
    await slow.intend(1)
    await slow.record(1, result(A))
    assert (await entries(journal))[1].state is A
    await slow.close("finished")


@pytest.mark.parametrize(
    ("told", "permanent", "expected"),
    [(A, False, A), (R, True, R), (R, False, R), (N, False, N), (U, False, U)],
)
async def test_a_late_result_settles_what_was_called_unknown(
    journal: RedisJournal, told: JournalState, *, permanent: bool, expected: JournalState
) -> None:
    """A runner that was taken over with a message on the wire still tells how that one ended."""
    await load(journal, messages(2))
    slow = await opened(journal)
    await slow.intend(0)
    await let_expire(journal, slow)
    heir = await opened(journal)
    assert (await entries(journal))[0].state is U
    await slow.record(0, result(told, permanent=permanent))
    assert (await entries(journal))[0].state is expected
    await states(journal)
    await heir.close("finished")


async def test_a_late_result_changes_nothing_that_was_settled_since(journal: RedisJournal) -> None:
    """What another runner has begun or ended since is that runner's to tell."""
    await load(journal, messages(2))
    slow = await opened(journal)
    await slow.intend(0)
    await let_expire(journal, slow)
    heir = await opened(journal)
    await heir.take((await heir.keys())[0], -1, 9, Resend(unknown=True))
    await heir.intend(0)
    await slow.record(0, result(N))
    assert (await entries(journal))[0].state is JournalState.INTENT
    await heir.record(0, result(A))
    await slow.record(0, result(U))
    assert (await entries(journal))[0].state is A
    await heir.close("finished")


async def test_a_repeat_that_did_nothing_leaves_a_message_unknown(journal: RedisJournal) -> None:
    """What may have arrived once stays unknown, also when the repeat's runner is late."""
    await load(journal, messages(2))
    first = await opened(journal)
    for index in (0, 1):
        await first.intend(index)
        await first.record(index, result(U))
    await first.close("finished")
    second = await opened(journal)
    await second.intend(0)
    await second.record(0, result(N))
    await second.intend(1)
    await let_expire(journal, second)
    third = await opened(journal)
    await second.record(1, result(N))
    assert await states(journal) == {U: 2}
    await third.close("finished")


async def test_a_message_settled_behind_a_runner_is_not_sent(journal: RedisJournal) -> None:
    """Sending an unknown message again is refused once its first runner told that it arrived."""
    await load(journal, messages(1))
    slow = await opened(journal)
    await slow.intend(0)
    await let_expire(journal, slow)
    heir = await opened(journal)
    [offered] = await heir.take((await heir.keys())[0], -1, 9, Resend(unknown=True))
    await slow.record(offered.index, result(A))
    with pytest.raises(NotSentError, match="runner"):
        await heir.intend(offered.index)
    await heir.record(offered.index, result(N))
    assert await states(journal) == {A: 1}
    await heir.close("finished")


async def test_a_withdrawn_intent_is_as_if_it_never_was(journal: RedisJournal) -> None:
    """A message goes back to what was known of it, its earlier result included."""
    await load(journal, messages(2))
    first = await opened(journal)
    await first.record(1, result(N))
    await first.close("finished")
    second = await opened(journal)
    for index in (0, 1):
        await second.intend(index)
        second.withdraw(index)
    await second.close("finished")
    known = await entries(journal)
    assert known[0].state is P
    assert known[1].state is N
    assert known[1].result is not None
    assert await journal.left() == {0: 2}


async def test_a_cancelled_intent_is_withdrawn(journal: RedisJournal) -> None:
    """Whoever stops waiting for an intent does not send, so none is left behind."""
    await load(journal, messages(1))
    chunk = await opened(journal)
    waiting = asyncio.create_task(chunk.intend(0))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await chunk.close("interrupted")
    assert await states(journal) == {P: 1}


async def test_many_intents_are_one_round_trip(redis: RedisServer, campaign: str) -> None:
    """All that is asked for in one turn of the loop goes together."""
    async with RedisJournal(redis.url, campaign) as journal:
        await load(journal, messages(10))
        chunk = await opened(journal)
        before = await _commands(journal)
        await asyncio.gather(*(chunk.intend(index) for index in range(10)))
        assert await _commands(journal) - before == 1
        await chunk.close("interrupted")


async def _renewals(journal: RedisJournal, count: int) -> None:
    """Wait until a lease was prolonged so often: it would have run out."""
    last, seen = 0, 0
    async with asyncio.timeout(20):
        while seen < count:
            left = int(str(await client_of(journal).execute("PTTL", journal.names.lease("0"))))
            seen += left > last > 0
            last = left
            await asyncio.sleep(0.01)


async def _commands(journal: RedisJournal) -> int:
    """Scripts that this server has carried out."""
    reply = await client_of(journal).execute("INFO", "commandstats")
    assert isinstance(reply, dict)
    return int(reply["cmdstat_evalsha"]["calls"])
