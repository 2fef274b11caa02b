"""A model of processes that keep one quota together, on the real script or on the rule of the file.

Everything that takes time is drawn by hypothesis and played without waiting; each process has a
clock of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, cast

from attrs import astuple, define, evolve, field, frozen
from hypothesis import strategies as st
from redis.asyncio import Redis

from cleverapp_async import LimitKey, Quota
from cleverapp_async._redis.client import as_text
from cleverapp_async.limits.shared.disk.key_log import KeyLog
from cleverapp_async.limits.shared.disk.machine import Reading
from cleverapp_async.limits.shared.disk.rule import carry_on, exchange
from cleverapp_async.limits.shared.ledger import Ledger, Slot
from cleverapp_async.limits.shared.log_session import LogSession
from cleverapp_async.limits.shared.member import FleetMember
from cleverapp_async.limits.shared.messages import LogReply, LogRequest, Terms, as_micros
from cleverapp_async.limits.shared.redis_log import RedisLog, key_names
from tests.limits.oracle import most_in_window

if TYPE_CHECKING:
    from cleverapp_async.limits.shared.messages import SharedLog

KEY = LimitKey(1, "telegram")
GUARD = 8.0
BEGIN = 1_000.0
CAP = 0.2
CAPPED = Quota(2, 1.0, settle_within=CAP)
REBOOT = 0.1
SKEWS = (0.0, 0.5, -3_600.0)
"""Each process's own clock, against the server's."""


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
    ahead: int = 0


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
    ahead=st.integers(0, 6),
)
quotas = st.builds(
    Quota, st.integers(1, 4) | st.sampled_from([70, 200]), st.sampled_from([0.5, 1.0, 2.5])
)


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
    """The rule of the file; each time the log is written as text, and read again.

    Attributes:
        text: The log.
        expires: Whether it is forgotten when nothing of it counts any more.
        boots: How often the machine was started anew.
        booted_at: When it was, seconds; before the first time it had been up for ever.
        wall_ahead: Seconds by which the clock of the day is ahead.
    """

    text: str | None = None
    expires: bool = True
    boots: int = 0
    booted_at: float = -1_000.0
    wall_ahead: float = 0.0

    async def exchange(self, now: float, terms: Terms, request: LogRequest) -> LogReply | None:
        """Ask it."""
        up, wall = as_micros(now - self.booted_at), as_micros(now + self.wall_ahead)
        reading = Reading(up if self.boots else as_micros(now), f"boot {self.boots}", up, wall)
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
        counted = await redis.hmget(names[0], list(_COUNTED))
        members = await redis.hgetall(names[1])
        held = [await redis.zrange(name, 0, -1, withscores=True) for name in names[2:]]
        assert [int(number or 0) for number in counted] == [getattr(log, name) for name in _COUNTED]
        assert {
            as_text(name): [int(word) for word in one.split()] for name, one in members.items()
        } == {name: list(astuple(member)) for name, member in log.members.items()}
        assert [_scores(cast("Iterable[tuple[object, float]]", each)) for each in held] == [
            log.starts,
            log.mail,
            *(log.window(as_micros(period)).slots for _, period in terms.windows),
        ]


_COUNTED = ("last", "paused", "hold", "refusals", "slots", "tickets", "lag")


def _scores(found: Iterable[tuple[object, float]]) -> dict[str | None, int]:
    return {as_text(slot): int(moment) for slot, moment in found}


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

    def reboot(self, log: RuleLog, text: str | None) -> None:
        """The machine starts anew, and finds a log that may be not the newest.

        What it had sent has arrived by then, or never does.
        """
        self.now += REBOOT
        self.arrivals = [moment for moment in self.arrivals if moment <= self.now]
        log.boots, log.booted_at, log.text = log.boots + 1, self.now, text
        self.processes = [self._process(skew) for skew in SKEWS]

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
        request = evolve(session.ask(step.demand, local, step.ahead), lost=step.lost)
        reply = await self.log.exchange(self.now + step.way, terms, request)
        assert reply is not None
        self.now = max(self.now + 2 * step.way, reply.now + step.way)
        if not step.answer_lost:
            assert session.learn(request, reply, local, self.now + process.skew)


plans = st.lists(steps, min_size=8, max_size=40)
kept_quotas = st.lists(quotas, min_size=1, max_size=2)


async def play(
    log: Log, kept: Sequence[Quota], plan: list[Step], world: World | None = None
) -> World:
    """Let processes do something, and see that all is free again after it."""
    world = world or World(log, kept)
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


def keeps(world: World) -> bool:
    """Whether no window had more arrivals than a quota allows."""
    return all(
        most_in_window(world.arrivals, quota.period) <= quota.limit for quota in world.quotas
    )
