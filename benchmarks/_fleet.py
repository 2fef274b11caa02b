"""One process of a fleet: sends its part through one of the limiters that are compared."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, frozen
from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from pyrate_limiter import Limiter as PyrateLimiter
from pyrate_limiter import Rate, SQLiteBucket
from pyrate_limiter.buckets.redis_bucket import RedisBucket
from redis.asyncio import Redis

from cleverapp_async import (
    AccountKey,
    CleverAppClient,
    ClientConfig,
    LimiterRegistry,
    LimitKey,
    Quota,
    RateLimitError,
    RetryPolicy,
)
from cleverapp_async.limits import SharedLimiterRegistry, SlidingWindowLimiter

from ._peers import FreePermit, Simple
from ._server import TOKEN

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Barrier

    from cleverapp_async import Lane
    from cleverapp_async.limits import Limiter, Permit

__all__ = [
    "LIMITS",
    "ON_DISK",
    "OURS",
    "PYRATE",
    "PYRATE_ON_DISK",
    "Count",
    "Part",
    "send_part",
    "wait_part",
]

OURS, PYRATE, LIMITS = "ours", "pyrate-limiter", "limits"
ON_DISK, PYRATE_ON_DISK = "ours on disk", "pyrate-limiter on SQLite"
_PREFIX = "fleet"


@frozen
class Part:
    """What one process sends, and through what.

    Attributes:
        limiter: ``OURS``, ``PYRATE``, ``LIMITS``, ``ON_DISK`` or ``PYRATE_ON_DISK``.
        base_url: The simulator.
        redis_url: The server that the fleet shares.
        folder: The folder that it shares on disk.
        quota: The quota.
        messages: How many this process sends, all at once.
        of_account: Whether the quota is the account's; else it is that of one bot and messenger.
        guard: Seconds, for ours.
        ahead: Seconds by which this process's clock of the day is ahead.
    """

    limiter: str
    base_url: str
    redis_url: str
    folder: str
    quota: Quota
    messages: int
    of_account: bool = False
    guard: float = 62.0
    ahead: float = 0.0


@frozen
class Count:
    """What became of one process's part.

    Attributes:
        accepted: Messages accepted.
        refused: Messages refused.
        asked: How often the file was asked, on disk.
        cpu: Seconds of a processor used from the common start on.
    """

    accepted: int
    refused: int
    asked: int
    cpu: float


def send_part(part: Part, barrier: Barrier, counts: Queue[Count]) -> None:
    """Run one process: start with the others, tell what became of its messages."""
    if part.ahead:
        real, real_ns = time.time, time.time_ns
        time.time = lambda: real() + part.ahead
        time.time_ns = lambda: real_ns() + int(part.ahead * 1e9)
    counts.put(asyncio.run(_send(part, barrier)))


def wait_part(part: Part, barrier: Barrier, counts: Queue[Count], seconds: float) -> None:
    """Run one process that does nothing but wait for slots of a bot, for some seconds."""
    counts.put(asyncio.run(_wait(part, barrier, seconds)))


async def _wait(part: Part, barrier: Barrier, seconds: float) -> Count:
    async with _registry(part) as limits:
        limits.use_account(AccountKey("waiting"))

        async def go_on() -> None:
            while True:
                permit = await limits.limiter(LimitKey(1, "telegram")).acquire()
                permit.sent()
                permit.settle()

        barrier.wait()
        began, granting = time.process_time(), asyncio.create_task(go_on())
        await asyncio.sleep(seconds)
        cpu = time.process_time() - began
        granting.cancel()
        return Count(0, 0, _asked(limits), cpu)


def _asked(limits: LimiterRegistry) -> int:
    return limits.round_trips if isinstance(limits, SharedLimiterRegistry) else 0


async def _send(part: Part, barrier: Barrier) -> Count:
    config = ClientConfig(max_in_flight=part.messages, retry=RetryPolicy(refusals=0))
    async with (
        _registry(part) as limits,
        CleverAppClient(TOKEN, base_url=part.base_url, config=config, limits=limits) as client,
    ):
        barrier.wait()
        began = time.process_time()
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
    return Count(len(results) - refused, refused, _asked(limits), time.process_time() - began)


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
    if part.limiter == ON_DISK:
        async with LimiterRegistry.on_disk(
            part.folder, messengers=messengers, account=account, guard=part.guard
        ) as shared:
            yield shared
        return
    if part.limiter == PYRATE_ON_DISK:

        def on_sqlite(_: LimitKey | AccountKey, quotas: tuple[Quota, ...]) -> Limiter:
            return _PyrateOnDisk(part.folder, quotas[0]) if quotas else SlidingWindowLimiter()

        yield LimiterRegistry(messengers=messengers, account=account, factory=on_sqlite)
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
class _PyrateOnDisk(Simple):
    """pyrate-limiter's ``SQLiteBucket`` with its file lock, as its users write it."""

    _folder: str
    _quota: Quota
    _made: PyrateLimiter | None = None

    async def acquire(
        self,
        *,
        lane: Lane | None = None,  # noqa: ARG002 - it knows no lanes
        spacing: float = 0.0,  # noqa: ARG002 - nor this
        returned: bool = False,  # noqa: ARG002 - nor this
    ) -> Permit:
        """Wait for room in the bucket."""
        if self._made is None:
            rate = Rate(self._quota.limit, int(self._quota.period * 1000))
            path = str(Path(self._folder) / "pyrate.sqlite")
            bucket = SQLiteBucket.init_from_file([rate], db_path=path, use_file_lock=True)
            self._made = PyrateLimiter(bucket)
        await self._made.try_acquire_async("all")
        return FreePermit()


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
