"""What a user changes by hand of a campaign in Redis, and who keeps it from being changed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from attrs import evolve

from cleverapp_async import JournalError, JournalLockedError
from cleverapp_async.integrations.redis_journal import RedisCampaign, RedisJournal
from cleverapp_async.integrations.redis_journal.maintenance import (
    purge_campaign,
    resolve_messages,
)
from cleverapp_async.journal import ErrorRecord, JournalState
from tests.integrations.rig import (
    ORIGIN,
    end_heart,
    entries,
    load,
    message,
    messages,
    opened,
    result,
    states,
)

if TYPE_CHECKING:
    from cleverapp_async.integrations.redis_journal import ChunkJournal
    from cleverapp_async.integrations.redis_journal.client import Steps
    from tests.redis_server import RedisServer

S = JournalState
QUOTING = ErrorRecord(
    type="ValidationError",
    message="no such contact as 79995550000",
    status=422,
    fields=(("contact_id", "exists", (), "79995550000 is no contact"),),
)


async def let_expire(journal: RedisJournal, chunk: ChunkJournal) -> None:
    """The lease of a process that was stopped, without waiting for its time."""
    await end_heart(chunk)
    await journal._client.execute("DEL", journal.names.lease(str(chunk.number)))


async def open_ends(journal: RedisJournal) -> None:
    """Three unknown messages in two chunks, one of them of a run that died; others that ended."""
    await load(journal, [*messages(14), message(3)])
    first, second = await opened(journal), await opened(journal, 1)
    for index, state in enumerate((S.ACCEPTED, S.REJECTED, S.UNKNOWN)):
        await first.intend(index)
        error = None if state is S.ACCEPTED else QUOTING
        await first.record(index, evolve(result(state), error=error, contact_id=9))
    await second.intend(11)
    await second.record(11, result(S.UNKNOWN))
    await second.close("ValidationError: no such contact as 79995550000")
    await first.intend(5)
    await let_expire(journal, first)


@pytest.mark.parametrize("state", [S.ACCEPTED, S.NOT_SENT])
async def test_all_unknown_are_settled(journal: RedisJournal, state: JournalState) -> None:
    """In all chunks, what died with its run included; what was measured of them stays."""
    await open_ends(journal)
    assert await journal.resolve_unknown(state) == 3
    known = await entries(journal)
    assert {known[index].state for index in (2, 5, 11)} == {state}
    settled = known[2].result
    assert settled is not None
    assert (settled.ended_at, settled.contact_id) == (1.5, 9)
    assert (settled.error is None) == (state is S.ACCEPTED)
    assert await states(journal) == {S.ACCEPTED: 1, S.REJECTED: 1, S.PENDING: 9} | {
        state: 3 + (state is S.ACCEPTED)
    }
    assert await journal.resolve_unknown(state) == 0
    assert await journal.holders() == {}
    expected = 12 if state is S.NOT_SENT else 9
    assert sum((await journal.left()).values()) == expected


async def test_some_are_settled_without_an_event_loop(
    redis: RedisServer, journal: RedisJournal
) -> None:
    """Indexes count from 0, as those of the entries do."""
    await open_ends(journal)
    campaign = RedisCampaign(redis.url, journal.campaign)
    assert campaign.resolve_unknown(S.NOT_SENT, iter([11, 5])) == 2
    with campaign.reader() as reader:
        assert [entry.index for entry in reader.entries(S.UNKNOWN)] == [2]
        assert [entry.number for entry in reader.entries(S.NOT_SENT)] == [6, 12]


class SlowServer:
    """A real server on which each command takes so many seconds of a clock of its own.

    The leases lose as many by hand: so time passes there as here, and nobody waits.
    """

    def __init__(self, journal: RedisJournal, seconds: float) -> None:
        self.journal = journal
        self.seconds = seconds
        self.now = 0.0
        self.shortest = float("inf")
        """The least time that any lease had left."""

    def clock(self) -> float:
        """Seconds."""
        return self.now

    async def carry_out(self, steps: Steps[int], chunks: int, *, spoil: int = -1) -> int:
        """Carry out all commands; after so many of them, somebody takes chunk 0 over."""
        execute = self.journal._client.execute
        leases = [self.journal.names.lease(unit) for unit in ("load", *map(str, range(chunks)))]
        reply: object = None
        for place in range(10_000):
            try:
                command = steps.send(reply)
            except StopIteration as end:
                return cast("int", end.value)
            reply = await execute(*command)
            self.now += self.seconds
            for lease in leases:
                left = int(str(await execute("PTTL", lease)))
                if left > 0:
                    self.shortest = min(self.shortest, left / 1000 - self.seconds)
                    await execute("PEXPIRE", lease, int(left - 1000 * self.seconds))
            if place == spoil:
                await execute("HSET", self.journal.names.fences, "0", 2**53)
        raise AssertionError("it does not end")


async def test_leases_outlast_work_that_is_slow(journal: RedisJournal) -> None:
    """However slow each command is, nobody gets a chunk while its messages are being settled."""
    await load(journal, messages(50))
    for number in range(5):
        chunk = await opened(journal, number)
        await chunk.intend(10 * number)
        await let_expire(journal, chunk)
    slow = SlowServer(journal, 25.0)
    settle = resolve_messages(journal.names, "it", S.ACCEPTED, None, timeout=30.0, clock=slow.clock)
    assert await slow.carry_out(settle, 5) == 5
    assert slow.now > 300
    assert slow.shortest > 25.0
    erase = purge_campaign(journal.names, "it", force=True, timeout=30.0, clock=slow.clock)
    assert await slow.carry_out(erase, 5) == 50
    assert slow.shortest > 25.0
    assert await journal.holders() == {}


async def test_work_whose_lease_was_taken_over_ends(journal: RedisJournal) -> None:
    """It says so when it next prolongs its leases, and lets go of those that are still its own."""
    await load(journal, messages(50))
    slow = SlowServer(journal, 25.0)
    erase = purge_campaign(journal.names, "it", force=True, timeout=30.0, clock=slow.clock)
    with pytest.raises(JournalLockedError):
        await slow.carry_out(erase, 5, spoil=5)
    assert await journal.holders() == {}


async def test_what_is_not_unknown_is_not_settled(journal: RedisJournal) -> None:
    """All or none: the others are named by their numbers, and nothing is changed."""
    await open_ends(journal)
    before = await states(journal)
    with pytest.raises(JournalError, match=r"message\(s\) 1, 4, 100 \(counted from 1\)"):
        await journal.resolve_unknown(S.ACCEPTED, [0, 2, 3, 99])
    with pytest.raises(ValueError, match="state must be"):
        await journal.resolve_unknown(S.REJECTED)
    assert await states(journal) == before
    assert await journal.holders() == {}


@pytest.mark.parametrize("loading", [False, True])
async def test_nobody_settles_what_somebody_is_at_work_on(
    redis: RedisServer, journal: RedisJournal, loading: bool
) -> None:
    """A worker's chunk, or a producer, keeps the whole campaign from being changed."""
    await open_ends(journal)
    campaign = RedisCampaign(redis.url, journal.campaign)
    before = await states(journal)
    lease = journal._lease_of("load" if loading else "1")
    await lease.acquire()
    try:
        with pytest.raises(JournalLockedError) as found:
            campaign.resolve_unknown(S.ACCEPTED)
        assert found.value.pid is not None
        with pytest.raises(JournalLockedError):
            campaign.purge(force=True)
        with campaign.reader() as reader:
            assert reader.holder() is not None
    finally:
        await lease.release()
    assert await states(journal) == before
    assert campaign.resolve_unknown(S.ACCEPTED) == 3


async def test_who_was_stopped_meanwhile_sends_nothing(journal: RedisJournal) -> None:
    """A worker whose lease ran out before the change writes no intent, and unsettles nothing."""
    await load(journal, messages(3))
    stopped = await opened(journal)
    await stopped.intend(0)
    await let_expire(journal, stopped)
    assert await journal.resolve_unknown(S.NOT_SENT) == 1
    with pytest.raises(JournalLockedError):
        await stopped.intend(1)
    await stopped.record(0, result(S.ACCEPTED))
    assert (await states(journal))[S.NOT_SENT] == 1


async def test_a_purge_erases_recipients_and_texts(
    redis: RedisServer, journal: RedisJournal
) -> None:
    """States, counts and times stay; it cannot be sent any more, and a second purge is fine."""
    await open_ends(journal)
    before = dict((await journal.summary()).by_state)
    with pytest.raises(JournalError, match="is not finished"):
        await journal.purge()
    stopped = journal.chunk(0)
    await stopped.open(ORIGIN)
    await stopped.load(None, lambda _: None, deduplicate=True)
    await let_expire(journal, stopped)
    assert await journal.purge(force=True) == 14
    assert await journal.purge(force=True) == 0
    found = await journal.summary()
    assert found.purged
    assert found.by_state == before | {S.INTENT: 0, S.UNKNOWN: 3}
    kept = await _everything(journal)
    assert "7999" not in kept
    assert '"text"' not in kept
    with pytest.raises(JournalError, match="purged"):
        await journal.chunk(0).open(ORIGIN)
    with pytest.raises(JournalError, match="purged"):
        await load(journal, messages(14))
    campaign = RedisCampaign(redis.url, journal.campaign)
    with campaign.reader() as reader:
        assert sum(1 for _ in reader.settled()) == 5
        with pytest.raises(JournalError, match="purged"):
            list(reader.entries())
    # What a late worker still knows is kept nowhere.
    with pytest.raises(JournalError, match="erased"):
        await stopped.record(0, evolve(result(S.UNKNOWN), error=QUOTING))
    assert "7999" not in await _everything(journal)


async def _everything(journal: RedisJournal) -> str:
    """All that Redis holds of a campaign."""
    names = journal.names
    keys = [*names.of_all, *names.of_chunk(0)[:-1], *names.of_chunk(1)[:-1]]
    return " ".join([str(await journal._client.execute("HGETALL", key)) for key in keys])


@pytest.mark.parametrize("often", [1, 3])
async def test_a_cancelled_change_leaves_no_lease(journal: RedisJournal, often: int) -> None:
    """Wherever it is cut off, and however often: the campaign is nobody's afterwards."""
    await open_ends(journal)
    cut = 0
    for turns in range(0, 60, 6):
        for change in (journal.resolve_unknown(S.ACCEPTED), journal.purge()):
            task = asyncio.ensure_future(change)
            for _ in range(turns):
                await asyncio.sleep(0)
            for _ in range(often):
                task.cancel()
                await asyncio.sleep(0)
            await asyncio.wait([task])
            cut += task.cancelled()
            assert await journal.holders() == {}
            assert await journal._client.execute("EXISTS", journal.names.lease("load")) == 0
    assert cut > 5


async def test_an_interrupted_change_leaves_no_lease(
    journal: RedisJournal, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl+C in the middle of a command, without an event loop: the leases are let go."""
    await open_ends(journal)
    campaign = RedisCampaign(redis.url, journal.campaign)
    client: Any = pytest.importorskip("redis").Redis
    execute, asked = client.execute_command, list[object]()
    for number in range(1, 7):
        asked.clear()

        def interrupted(*command: object, number: int = number) -> object:
            asked.append(command)
            if len(asked) == number:
                raise KeyboardInterrupt
            return execute(*command)

        monkeypatch.setattr(client, "execute_command", interrupted)
        with pytest.raises(KeyboardInterrupt):
            campaign.resolve_unknown(S.ACCEPTED)
        assert await journal.holders() == {}
