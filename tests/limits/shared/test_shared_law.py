"""The law, on the real script and on the rule of the file: at most N arrive in any window of T."""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, cast

from attrs import astuple, define, evolve, field, frozen
from hypothesis import example, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from cleverapp_async import LimitKey, Quota
from cleverapp_async._redis.client import RedisClient
from cleverapp_async.limits.shared.disk.clock import Reading
from cleverapp_async.limits.shared.disk.key_log import KeyLog
from cleverapp_async.limits.shared.disk.rule import carry_on, exchange
from cleverapp_async.limits.shared.keys import key_names
from cleverapp_async.limits.shared.ledger import Ledger, Slot
from cleverapp_async.limits.shared.log_session import LogSession
from cleverapp_async.limits.shared.member import FleetMember
from cleverapp_async.limits.shared.messages import LogReply, LogRequest, Terms, as_micros
from cleverapp_async.limits.shared.redis_log import RedisLog
from tests.limits.oracle import most_in_window

if TYPE_CHECKING:
    from cleverapp_async.limits.shared.log import SharedLog
    from tests.redis_server import RedisServer

KEY = LimitKey(1, "telegram")
GUARD = 8.0
BEGIN = 1_000.0
CAP = 0.2
CAPPED = Quota(2, 1.0, settle_within=CAP)
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
    pause: float = 0.0
    lost: bool = False


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
    pause=st.just(0.0) | st.just(0.0) | st.just(0.0) | st.floats(0.1, 3.0),
    lost=st.sampled_from([False] * 9 + [True]),
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


class Log(Protocol):
    """The log of the key, whose clock the test sets."""

    async def exchange(self, now: float, terms: Terms, request: LogRequest) -> LogReply | None:
        """Ask it at a moment, seconds, or some microseconds later."""
        ...


@define
class ScriptLog:
    """The real script; the server's clock is moved by what the log adds to it."""

    redis: Redis
    run: str
    log: RedisLog

    async def exchange(self, now: float, terms: Terms, request: LogRequest) -> LogReply | None:
        """Ask it."""
        names = key_names(self.log.prefix, KEY, terms.windows)
        offset = round((now - time.time()) * 1_000_000)
        # A server known of old: a young one would hold everything for one period first.
        await self.redis.hset(names[0], items=["offset", str(offset), "run", self.run])
        return await self.log.exchange(KEY, terms, request)


@define
class RuleLog:
    """The rule of the file; each time the log is written as text, and read again."""

    text: str | None = None
    expires: bool = True

    async def exchange(self, now: float, terms: Terms, request: LogRequest) -> LogReply | None:
        """Ask it."""
        reading = Reading(round(now * 1_000_000), "boot", math.inf, 0)
        found = None if self.text is None else KeyLog.read(self.text)
        if found is not None and not self.expires:
            found.expires = 2 * reading.time
        log = carry_on(found, reading)
        reply = exchange(log, terms, request, reading)
        self.text = log.write()
        assert KeyLog.read(self.text).write() == self.text
        return reply


@define
class BothLogs:
    """The script, and the rule after it at the very same moment: they must say the same."""

    script: ScriptLog
    # The server forgets what has expired by its own clock, which is not moved.
    rule: RuleLog = field(factory=lambda: RuleLog(expires=False))

    async def exchange(self, now: float, terms: Terms, request: LogRequest) -> LogReply | None:
        """Ask both."""
        reply = await self.script.exchange(now, terms, request)
        assert reply is not None
        ours = await self.rule.exchange(reply.now, terms, request)
        assert ours is not None
        assert evolve(ours, epoch=reply.epoch) == reply
        await self._compare(terms)
        return reply

    async def _compare(self, terms: Terms) -> None:
        """Both hold the same of everything."""
        names = key_names(self.script.log.prefix, KEY, terms.windows)
        redis, log = self.script.redis, KeyLog.read(self.rule.text or "")
        async with redis.pipeline() as pipeline:
            pipeline.hmget(names[0], *_COUNTED)
            pipeline.hgetall(names[1])
            for name in names[2:]:
                pipeline.zrange(name, 0, -1, withscores=True)
            counted, people, starts, mail, *windows = await pipeline.execute()
        assert [int(number) for number in counted] == [getattr(log, name) for name in _COUNTED]
        assert {
            name.decode(): [int(word) for word in one.split()] for name, one in people.items()
        } == {name: list(astuple(person)) for name, person in log.people.items()}
        assert [_scores(each) for each in (starts, mail, *windows)] == [
            log.starts,
            log.mail,
            *(log.window(as_micros(period)).slots for _, period in terms.windows),
        ]


_COUNTED = ("last", "paused", "hold", "refusals", "slots", "tickets", "lag")


def _scores(found: list[tuple[bytes, float]]) -> dict[str, int]:
    return {slot.decode(): int(moment) for slot, moment in found}


@define
class World:
    """Some processes on one key."""

    log: Log
    quotas: Sequence[Quota]
    now: float = BEGIN
    arrivals: list[float] = field(factory=list[float])
    processes: list[Process] = field(factory=list[Process])

    def __attrs_post_init__(self) -> None:
        """Start the processes."""
        self.processes = [self._process(skew) for skew in SKEWS]

    def _process(self, skew: float) -> Process:
        member = FleetMember(cast("SharedLog", None), GUARD, "wait", None)
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
        if step.pause:
            session.pause(step.pause, 1)
        request = evolve(session.ask(step.demand, local), lost=step.lost)
        reply = await self.log.exchange(self.now + step.way, terms, request)
        assert reply is not None
        self.now = max(self.now, reply.now + step.way)
        if not step.answer_lost:
            assert session.learn(request, reply, local, self.now + process.skew)


Make = Callable[[Redis, str], Log]


def _script(redis: Redis, run: str) -> ScriptLog:
    return ScriptLog(redis, run, RedisLog(RedisClient(redis, 5.0), f"law-{next(_worlds)}"))


def _both(redis: Redis, run: str) -> BothLogs:
    return BothLogs(_script(redis, run))


def _play(server: RedisServer, make: Make, kept: Sequence[Quota], plan: list[Step]) -> World:
    async def main() -> World:
        async with server.client() as redis:
            run = (await redis.info("server"))["run_id"]
            return await _played(make(redis, run), kept, plan)

    return asyncio.run(main())


async def _played(log: Log, kept: Sequence[Quota], plan: list[Step]) -> World:
    world = World(log, kept)
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


def _asks(process: int, demand: int, *, used: int = 0, after: float = 0.0) -> Step:
    return Step(after, process, demand, 0.0, used, 0.0, 0.0, False, False, False)


SLEPT_THROUGH_ITS_TURN = [
    _asks(1, 1, used=1),
    _asks(0, 1),
    _asks(1, 0),
    _asks(0, 2, used=2, after=GUARD + 1.0),
]
"""A slot was booked for a process that slept until nobody counted it any more."""


plans = st.lists(steps, min_size=8, max_size=40)
kept_quotas = st.lists(quotas, min_size=1, max_size=2)


@given(kept=kept_quotas, plan=plans)
@example(kept=[Quota(1, 0.5)], plan=SLEPT_THROUGH_ITS_TURN)
@settings(max_examples=60)
def test_script_and_rule_say_the_same_step_by_step(
    server: RedisServer, kept: list[Quota], plan: list[Step]
) -> None:
    """Lua in Redis and Python on a file are one rule: same replies, same logs; and it is kept."""
    world = _play(server, _both, kept, plan)
    for quota in kept:
        assert most_in_window(world.arrivals, quota.period) <= quota.limit


@given(kept=kept_quotas, plan=plans)
@example(kept=[Quota(1, 0.5)], plan=SLEPT_THROUGH_ITS_TURN)
@settings(max_examples=60)
def test_no_window_ever_holds_more_than_its_quota(
    server: RedisServer, kept: list[Quota], plan: list[Step]
) -> None:
    """Bookings, endings, cancels, kills, lost answers, clocks of three processes, interleaved."""
    world = _play(server, _script, kept, plan)
    for quota in kept:
        assert most_in_window(world.arrivals, quota.period) <= quota.limit


@given(exact=quotas, plan=plans)
@settings(max_examples=40)
def test_a_capped_hold_is_exact_for_requests_that_arrive_within_the_cap(
    server: RedisServer, exact: Quota, plan: list[Step]
) -> None:
    """``settle_within`` keeps its window while no way out takes longer, and the other always."""
    _hold_capped(_play(server, _script, [CAPPED, exact], plan), exact, plan)


@given(kept=kept_quotas, plan=plans)
@example(kept=[Quota(1, 0.5)], plan=SLEPT_THROUGH_ITS_TURN)
def test_the_rule_of_the_file_keeps_the_quota_too(kept: list[Quota], plan: list[Step]) -> None:
    """The same law without a server, quick enough for more examples."""
    world = asyncio.run(_played(RuleLog(), kept, plan))
    for quota in kept:
        assert most_in_window(world.arrivals, quota.period) <= quota.limit


@given(exact=quotas, plan=plans)
def test_the_rule_of_the_file_caps_a_hold_too(exact: Quota, plan: list[Step]) -> None:
    """The same for ``settle_within``."""
    _hold_capped(asyncio.run(_played(RuleLog(), [CAPPED, exact], plan)), exact, plan)


def _hold_capped(world: World, exact: Quota, plan: list[Step]) -> None:
    assert most_in_window(world.arrivals, exact.period) <= exact.limit
    if all(step.out < CAP for step in plan):
        assert most_in_window(world.arrivals, CAPPED.period) <= CAPPED.limit
