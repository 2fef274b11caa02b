"""The law, on the real script: whatever the fleet does, at most N arrive in any window of T."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import define, field, frozen
from hypothesis import example, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from cleverapp_async import LimitKey, Quota
from cleverapp_async._redis.client import RedisClient
from cleverapp_async.limits.shared.keys import key_names
from cleverapp_async.limits.shared.ledger import Ledger, Slot
from cleverapp_async.limits.shared.log_session import LogSession
from cleverapp_async.limits.shared.member import FleetMember
from cleverapp_async.limits.shared.messages import LogReply, Terms
from tests.limits.oracle import most_in_window

if TYPE_CHECKING:
    from tests.redis_server import RedisServer

KEY = LimitKey(1, "telegram")
GUARD = 8.0
BEGIN = 1_000.0
CAP = 0.2
SKEWS = (0.0, 0.5, -3_600.0)
"""Each process's own clock, against the server's."""

_worlds = itertools.count()


@frozen
class Step:
    """What happens next; all times are seconds."""

    after: float
    process: int
    demand: int
    way: float
    used: int
    out: float
    back: float
    cancelled: bool
    answer_lost: bool
    killed: bool


steps = st.builds(
    Step,
    after=st.just(0.0) | st.floats(0.0, 3.0) | st.just(9.0),
    process=st.integers(0, 2),
    demand=st.integers(0, 6),
    way=st.just(0.0) | st.floats(0.0, 0.5),
    used=st.integers(0, 6),
    out=st.just(0.0) | st.floats(0.0, 0.19) | st.floats(0.0, 3.0),
    back=st.just(0.0) | st.floats(0.0, 3.0),
    cancelled=st.sampled_from([False, False, False, True]),
    answer_lost=st.sampled_from([False, False, False, True]),
    killed=st.sampled_from([False] * 9 + [True]),
)
quotas = st.builds(Quota, st.integers(1, 4), st.sampled_from([0.5, 1.0, 2.5]))


@define
class Process:
    """One process of the model: its own clock, its own books."""

    session: LogSession
    skew: float
    running: list[tuple[float, Slot]] = field(factory=list[tuple[float, Slot]])

    @property
    def ledger(self) -> Ledger:
        """Its slots."""
        return self.session.ledger


@define
class World:
    """A fleet on one key; the server's clock is moved by what the log adds to it."""

    redis: Redis
    quotas: Sequence[Quota]
    run: str
    now: float = BEGIN
    arrivals: list[float] = field(factory=list[float])
    processes: list[Process] = field(factory=list[Process])
    _prefix: str = field(factory=lambda: f"law-{next(_worlds)}")

    def __attrs_post_init__(self) -> None:
        """Start the processes."""
        self.processes = [self._process(skew) for skew in SKEWS]

    def _process(self, skew: float) -> Process:
        client = RedisClient(self.redis, 5.0)
        member = FleetMember(client, self._prefix, GUARD, "wait", None)
        return Process(LogSession(member, Ledger(Terms.of(self.quotas, GUARD))), skew)

    async def take(self, step: Step) -> None:
        """One process does something."""
        self.now += step.after
        process = self.processes[step.process]
        if step.killed:
            self.processes[step.process] = self._process(process.skew)
            return
        await self.call(process, step)
        local = self.now + process.skew
        for _ in range(step.used):
            if process.ledger.ready:
                self._use(process, process.ledger.ready.pop(0), step, local)

    def _use(self, process: Process, slot: Slot, step: Step, local: float) -> None:
        if step.cancelled or not process.ledger.is_fresh(slot, max(local, slot.due)):
            process.ledger.give_back(slot)
            return
        process.ledger.use(slot)
        starts = max(slot.due, local)
        process.ledger.sent(slot, starts)
        self.arrivals.append(starts + step.out - process.skew)
        process.running.append((starts + step.out + step.back, slot))

    async def call(self, process: Process, step: Step) -> None:
        """Ask and tell, as far as what has ended is known by now."""
        local = self.now + process.skew
        for answered, slot in list(process.running):
            if answered <= local:
                process.running.remove((answered, slot))
                process.ledger.end(slot, answered, local)
        session, terms = process.session, process.ledger.terms
        names = key_names(self._prefix, KEY, terms.windows)
        request = session.ask(step.demand, local)
        reached = self.now + step.way
        offset = round((reached - time.time()) * 1_000_000)
        # A server known of old: a young one would hold everything for one period first.
        await self.redis.hset(names[0], items=["offset", str(offset), "run", self.run])
        reply = LogReply.read(await session.member.exchange(names, request.arguments(terms)))
        assert reply is not None
        self.now = max(self.now, reply.now + step.way)
        if not step.answer_lost:
            assert session.learn(request, reply, local, self.now + process.skew)


def _play(server: RedisServer, kept: Sequence[Quota], plan: list[Step]) -> World:
    async def main() -> World:
        async with server.client() as redis:
            world = World(redis, kept, (await redis.info("server"))["run_id"])
            for step in plan:
                await world.take(step)
            # After everything is over, the whole quota is there at once.
            world.now += 2 * GUARD + 10
            last = world._process(0.0)
            most = min(quota.limit for quota in kept)
            await world.call(last, Step(0, 0, most, 0, 0, 0, 0, False, False, False))
            assert len(last.ledger.ready) == most
            assert all(slot.due <= world.now for slot in last.ledger.ready)
        return world

    return asyncio.run(main())


def _asks(process: int, demand: int, *, used: int = 0, after: float = 0.0) -> Step:
    return Step(after, process, demand, 0.0, used, 0.0, 0.0, False, False, False)


SLEPT_THROUGH_ITS_TURN = [
    _asks(1, 1, used=1),
    _asks(0, 1),
    _asks(1, 0),
    _asks(0, 2, used=2, after=GUARD + 1.0),
]
"""A slot was booked for a process that slept until nobody counted it any more."""


@given(kept=st.lists(quotas, min_size=1, max_size=2), plan=st.lists(steps, min_size=8, max_size=40))
@example(kept=[Quota(1, 0.5)], plan=SLEPT_THROUGH_ITS_TURN)
@settings(max_examples=100)
def test_no_window_ever_holds_more_than_its_quota(
    server: RedisServer, kept: list[Quota], plan: list[Step]
) -> None:
    """Bookings, endings, cancels, kills, lost answers, clocks of three processes, interleaved."""
    world = _play(server, kept, plan)
    for quota in kept:
        assert most_in_window(world.arrivals, quota.period) <= quota.limit


@given(exact=quotas, plan=st.lists(steps, min_size=8, max_size=40))
@settings(max_examples=40)
def test_a_capped_hold_is_exact_for_requests_that_arrive_within_the_cap(
    server: RedisServer, exact: Quota, plan: list[Step]
) -> None:
    """``settle_within`` keeps its window while no way out takes longer, and the other always."""
    capped = Quota(2, 1.0, settle_within=CAP)
    world = _play(server, [capped, exact], plan)
    assert most_in_window(world.arrivals, exact.period) <= exact.limit
    if all(step.out < CAP for step in plan):
        assert most_in_window(world.arrivals, 1.0) <= 2
