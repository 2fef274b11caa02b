"""One process of a fleet: sends its part through one of the limiters that are compared."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from attrs import define, frozen
from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from pyrate_limiter import Limiter as PyrateLimiter
from pyrate_limiter import Rate
from pyrate_limiter.buckets.redis_bucket import RedisBucket
from redis.asyncio import Redis

from cleverapp_async import (
    CleverAppClient,
    ClientConfig,
    LimiterRegistry,
    Quota,
    RateLimitError,
    RetryPolicy,
)
from cleverapp_async.limits import SlidingWindowLimiter

from ._peers import FreePermit, Simple
from ._server import TOKEN

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Barrier

    from cleverapp_async import AccountKey, Lane, LimitKey
    from cleverapp_async.limits import Limiter, Permit

__all__ = ["LIMITS", "OURS", "PYRATE", "Part", "send_part"]

OURS, PYRATE, LIMITS = "ours", "pyrate-limiter", "limits"
_PREFIX = "fleet"


@frozen
class Part:
    """What one process sends, and through what.

    Attributes:
        limiter: ``OURS``, ``PYRATE`` or ``LIMITS``.
        base_url: The simulator.
        redis_url: The server that the fleet shares.
        quota: The quota.
        messages: How many this process sends, all at once.
        of_account: Whether the quota is the account's; else it is that of one bot and messenger.
        guard: Seconds, for ours.
        ahead: Seconds by which this process's clock of the day is ahead.
    """

    limiter: str
    base_url: str
    redis_url: str
    quota: Quota
    messages: int
    of_account: bool = False
    guard: float = 62.0
    ahead: float = 0.0


def send_part(part: Part, barrier: Barrier, counts: Queue[tuple[int, int]]) -> None:
    """Run one process: start with the others, tell how many were accepted and refused."""
    if part.ahead:
        real, real_ns = time.time, time.time_ns
        time.time = lambda: real() + part.ahead
        time.time_ns = lambda: real_ns() + int(part.ahead * 1e9)
    counts.put(asyncio.run(_send(part, barrier)))


async def _send(part: Part, barrier: Barrier) -> tuple[int, int]:
    config = ClientConfig(max_in_flight=part.messages, retry=RetryPolicy(refusals=0))
    async with (
        _registry(part) as limits,
        CleverAppClient(TOKEN, base_url=part.base_url, config=config, limits=limits) as client,
    ):
        barrier.wait()
        results = await asyncio.gather(
            *(
                client.send_message(
                    bot_id=1, messenger="telegram", contact_external_id=str(number), text="Hi"
                )
                for number in range(part.messages)
            ),
            return_exceptions=True,
        )
    refused = sum(isinstance(result, RateLimitError) for result in results)
    failed = [result for result in results if isinstance(result, BaseException)]
    assert len(failed) == refused, failed
    return len(results) - refused, refused


@asynccontextmanager
async def _registry(part: Part) -> AsyncGenerator[LimiterRegistry]:
    messengers = {"telegram": None if part.of_account else part.quota}
    account = part.quota if part.of_account else None
    if part.limiter == OURS:
        async with LimiterRegistry.shared(
            part.redis_url,
            prefix=_PREFIX,
            messengers=messengers,
            account=account,
            guard=part.guard,
        ) as shared:
            yield shared
        return
    async with Redis.from_url(part.redis_url) as redis:
        make = _Pyrate if part.limiter == PYRATE else _Limits

        def factory(_: LimitKey | AccountKey, quotas: tuple[Quota, ...]) -> Limiter:
            return make(redis, part.redis_url, quotas[0]) if quotas else SlidingWindowLimiter()

        yield LimiterRegistry(messengers=messengers, account=account, factory=factory)


@define
class _Pyrate(Simple):
    """pyrate-limiter's ``RedisBucket``, as its users write it."""

    _redis: Redis
    _url: str
    _quota: Quota
    _made: asyncio.Future[PyrateLimiter] | None = None

    async def acquire(
        self,
        *,
        lane: Lane | None = None,  # noqa: ARG002 - it knows no lanes
        spacing: float = 0.0,  # noqa: ARG002 - nor this
        returned: bool = False,  # noqa: ARG002 - nor this
    ) -> Permit:
        """Wait for room in the bucket."""
        if self._made is None:
            self._made = asyncio.ensure_future(self._make())
        await (await self._made).try_acquire_async("all")
        return FreePermit()

    async def _make(self) -> PyrateLimiter:
        rate = Rate(self._quota.limit, int(self._quota.period * 1000))
        return PyrateLimiter(await RedisBucket.init([rate], self._redis, "pyrate"))


@define
class _Limits(Simple):
    """``limits``' moving window on Redis: hit, or sleep until it says the window has room."""

    _redis: Redis
    _url: str
    _quota: Quota
    _window: MovingWindowRateLimiter | None = None

    async def acquire(
        self,
        *,
        lane: Lane | None = None,  # noqa: ARG002 - it knows no lanes
        spacing: float = 0.0,  # noqa: ARG002 - nor this
        returned: bool = False,  # noqa: ARG002 - nor this
    ) -> Permit:
        """Try, and sleep, until there is room."""
        if self._window is None:
            storage = RedisStorage(f"async+{self._url}", implementation="redispy")
            self._window = MovingWindowRateLimiter(storage)
        item = RateLimitItemPerSecond(self._quota.limit, int(self._quota.period))
        while not await self._window.hit(item, "all"):
            stats = await self._window.get_window_stats(item, "all")
            await asyncio.sleep(max(0.0, stats.reset_time - time.time()))
        return FreePermit()
