"""What a chunk's journal never does, whoever is stopped, cut off, and comes back."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cleverapp_async import JournalLockedError, NotSentError
from cleverapp_async.integrations.redis_journal import ChunkJournal, RedisJournal
from cleverapp_async.journal import JournalState, Resend
from tests.integrations.rig import entries, load, messages, opened, result, states
from tests.laws import examples

if TYPE_CHECKING:
    from cleverapp_async.integrations.redis_journal.client import JournalClient
    from tests.redis_server import RedisServer

_MESSAGES = 3
_RUNNERS = 2
_NOTHING_DONE = frozenset({"withdrawn", "not_sent", "refused"})

_action = st.tuples(
    st.sampled_from(
        ("take over", "intend", "intend", "intend", "withdraw", "accepted", "rejected", "refused",
         "not_sent", "unknown")
    ),
    st.integers(0, _RUNNERS - 1),
    st.integers(0, _MESSAGES - 1),
)  # fmt: skip


@define
class _Runner:
    """One process, as far as a journal sees it."""

    chunk: ChunkJournal
    offered: set[int]
    sending: dict[int, int] = field(factory=dict[int, int])


@define
class _World:
    """Who is at work, and what truly became of each send."""

    journal: RedisJournal
    runners: dict[int, _Runner] = field(factory=dict[int, _Runner])
    sends: list[tuple[int, str]] = field(factory=list[tuple[int, str]])
    all_runners: list[_Runner] = field(factory=list[_Runner])

    async def take_over(self, number: int) -> None:
        """The lease of whoever has it runs out, as they were stopped; somebody else begins."""
        await client_of(self.journal).execute("DEL", self.journal.names.lease("0"))
        chunk = await opened(self.journal)
        found = [
            entry.index
            for key in await chunk.keys()
            for entry in await chunk.take(key, -1, _MESSAGES, Resend())
        ]
        self.runners[number] = _Runner(chunk, set(found))
        self.all_runners.append(self.runners[number])

    async def act(self, what: str, number: int, index: int) -> None:
        """One thing that a runner can do, where it can."""
        if what == "take over":
            await self.take_over(number)
            return
        runner = self.runners.get(number)
        if runner is None:
            return
        if what == "intend":
            if index in runner.offered and index not in runner.sending:
                await self._intend(runner, index)
        elif index in runner.sending:
            place = runner.sending.pop(index)
            if what == "withdraw":
                self.sends[place] = (index, "withdrawn")
                runner.chunk.withdraw(index)
            else:
                self.sends[place] = (index, what)
                runner.offered.discard(index)
                state = JournalState.REJECTED if what == "refused" else JournalState(what)
                await runner.chunk.record(index, result(state, permanent=what == "rejected"))

    async def _intend(self, runner: _Runner, index: int) -> None:
        try:
            await runner.chunk.intend(index)
        except (JournalLockedError, NotSentError):
            runner.offered.discard(index)
        else:
            # From now on it may have arrived, whatever becomes of the runner.
            runner.sending[index] = len(self.sends)
            self.sends.append((index, "on its way"))


def client_of(journal: RedisJournal) -> JournalClient:
    """The journal's connection."""
    return journal._client


def _check(world: _World, known: dict[int, JournalState]) -> None:
    truth: dict[int, list[str]] = {index: [] for index in range(_MESSAGES)}
    for index, what in world.sends:
        truth[index].append(what)
    for index, found in truth.items():
        arrived = [what for what in found if what not in _NOTHING_DONE and what != "rejected"]
        assert len(arrived) <= 1, f"sent twice: {world.sends}"
        state = known[index]
        if state is JournalState.ACCEPTED:
            assert "accepted" in arrived
        elif state in {JournalState.PENDING, JournalState.NOT_SENT}:
            assert not arrived, f"{state} and yet it may have arrived: {world.sends}"
        elif state is JournalState.REJECTED:
            assert not arrived
            assert set(found) & {"rejected", "refused"}
        else:
            assert state is JournalState.UNKNOWN
            assert found


async def _live(url: str, actions: list[tuple[str, int, int]]) -> None:
    async with RedisJournal(url, uuid.uuid4().hex, lease=60.0) as journal:
        await load(journal, messages(_MESSAGES))
        world = _World(journal)
        await world.take_over(0)
        for what, number, index in actions:
            await world.act(what, number, index)
        # Whoever is left is gone now, and somebody looks at what they left behind.
        await world.take_over(_RUNNERS)
        known = {index: entry.state for index, entry in (await entries(journal)).items()}
        _check(world, known)
        await states(journal)
        left = sum(
            count
            for state, count in Counter(known.values()).items()
            if state in {JournalState.PENDING, JournalState.NOT_SENT}
        )
        refused = (await journal.summary()).retryable
        assert sum((await journal.left()).values()) == left + refused
        for runner in world.all_runners:
            await runner.chunk.close("interrupted")


@settings(
    examples(80),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(actions=st.lists(_action, max_size=30))
def test_no_message_is_sent_twice_and_none_is_called_more_than_is_known(
    redis: RedisServer, actions: list[tuple[str, int, int]]
) -> None:
    """Over any takeovers and returns, each message may have arrived once, and the journal is true.

    Accepted is what was accepted, pending and not sent is what cannot have arrived, and the
    counters say what the messages say.
    """
    asyncio.run(_live(redis.url, actions))
