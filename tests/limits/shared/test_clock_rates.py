"""What holds where a process's clock runs fast or slow; on the real script, in virtual time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from attrs import define, field

from cleverapp_async import LimitKey, Quota
from cleverapp_async._redis.client import RedisClient
from cleverapp_async.limits.shared.ledger import Ledger
from cleverapp_async.limits.shared.log_session import LogSession
from cleverapp_async.limits.shared.member import FleetMember
from cleverapp_async.limits.shared.messages import Terms
from cleverapp_async.limits.shared.redis_log import RedisLog, key_names
from tests.limits.oracle import most_in_window

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from tests.redis_server import RedisServer

KEY = LimitKey(1, "telegram")
QUOTA = Quota(4, 1.0)
GUARD = 8.0
SECONDS = 20.0


@define
class Process:
    """One that always wants more, and whose requests are answered at once.

    Attributes:
        session: Its conversation with the log.
        rate: How fast its clock runs, against the server's.
        wakes_at: When it does the next thing, seconds of the server.
    """

    session: LogSession
    rate: float
    wakes_at: float = 0.0
    arrivals: list[float] = field(factory=list[float])

    async def step(self, now: float, redis: Redis, run: str, prefix: str) -> None:
        """Ask, send what is due, and sleep by its own clock."""
        session, ledger = self.session, self.session.ledger
        names = key_names(prefix, KEY, ledger.terms.windows)
        local = now * self.rate
        request = session.ask(QUOTA.limit - len(ledger.ready), local)
        offset = round((now - time.time()) * 1_000_000)
        await redis.hset(names[0], items=["offset", str(offset), "run", run])
        reply = await session.member.log.exchange(KEY, ledger.terms, request)
        assert reply is not None
        session.learn(request, reply, local, local)
        while ledger.ready and ledger.ready[0].due <= local:
            slot = ledger.ready.pop(0)
            ledger.use(slot)
            ledger.sent(slot, local)
            self.arrivals.append(now)
            ledger.end(slot, local, local)
        moment = min([session.again_at, ledger.tell_at, *(slot.due for slot in ledger.ready)])
        self.wakes_at = max(now + 0.002, moment / self.rate)


async def play(server: RedisServer, prefix: str, *rates: float) -> list[float]:
    """The arrivals of some processes on one quota, by the server's clock."""
    async with server.client() as redis:
        run = (await redis.info("server"))["run_id"]
        members = [
            FleetMember(RedisLog(RedisClient(redis, 5.0), prefix), GUARD, "wait", None)
            for _ in rates
        ]
        processes = [
            Process(LogSession(member, Ledger(Terms.of([QUOTA], GUARD))), rate, 1_000.0)
            for member, rate in zip(members, rates, strict=True)
        ]
        while (now := min(each.wakes_at for each in processes)) < 1_000.0 + SECONDS:
            await min(processes, key=lambda each: each.wakes_at).step(now, redis, run, prefix)
    return sorted(moment for each in processes for moment in each.arrivals)


@pytest.mark.parametrize("rates", [(1.0,), (0.5,), (1.0, 0.5), (0.9, 0.5, 0.99)])
async def test_a_slow_clock_overruns_nothing(
    server: RedisServer, prefix: str, rates: tuple[float, ...]
) -> None:
    """Who counts too few seconds sends later, and tells of endings later, than the limit asks."""
    arrivals = await play(server, prefix, *rates)
    assert most_in_window(arrivals, QUOTA.period) <= QUOTA.limit
    assert len(arrivals) >= QUOTA.limit


@pytest.mark.parametrize("rates", [(2.0,), (2.0, 1.0), (1.01,)])
async def test_a_fast_clock_overruns_by_no_more_than_it_runs_fast(
    server: RedisServer, prefix: str, rates: tuple[float, ...]
) -> None:
    """A period of its own clock is all it waits: that is kept, and the server's is not."""
    arrivals = await play(server, prefix, *rates)
    own_period = QUOTA.period / max(rates)
    assert most_in_window(arrivals, own_period - 0.01) <= QUOTA.limit
    assert most_in_window(arrivals, QUOTA.period) == 2 * QUOTA.limit
