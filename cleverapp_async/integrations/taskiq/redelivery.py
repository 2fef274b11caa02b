"""Keeps the deliveries of a live worker its own, and gets those of dead ones delivered again.

``RedisStreamBroker`` claims what has been with a consumer for ``idle_timeout``, whether that
consumer is dead or at work on something long; and it claims only after something new was read from
the stream, so that on a quiet stream a dead worker's tasks stay where they are. So a live worker
tells Redis now and then that it still works on its deliveries, and when it sees some that nobody
works on, it puts a task that does nothing into the stream: whoever reads it claims them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import cast

from attrs import define
from redis.asyncio import Redis
from redis.exceptions import RedisError
from taskiq import AsyncBroker
from taskiq.exceptions import TaskiqError
from taskiq_redis import RedisStreamBroker

from ..._redis.cancellation import in_time
from ..._redis.client import as_text

__all__ = ["Redelivery", "redelivery_of"]

_log = logging.getLogger(__name__)

_BEATS = 3
_AT_ONCE = 1000


@define(eq=False)
class Redelivery:
    """Looks after the deliveries of one stream, as one consumer of it.

    Attributes:
        broker: The stream's.
        wake: Puts a task that does nothing into the stream.
    """

    broker: RedisStreamBroker
    wake: Callable[[], Awaitable[object]]

    async def keep(self) -> None:
        """Look after the deliveries until cancelled."""
        seconds = self.broker.idle_timeout / 1000 / _BEATS
        while True:
            await asyncio.sleep(seconds)
            try:
                await in_time(self.beat(), _BEATS * seconds)
            except (RedisError, TaskiqError, OSError):
                # Redis is away; the next beat tries again.
                continue
            except Exception:  # noqa: BLE001 - a user's own broker may raise anything
                _log.exception("the tasks of dead workers were not looked after this time")

    async def beat(self) -> None:
        """Say that we work on our deliveries, and get those redelivered that nobody works on."""
        broker = self.broker
        async with Redis(connection_pool=broker.connection_pool) as redis:
            ours = await _pending(redis, broker, most=_AT_ONCE, consumername=broker.consumer_name)
            if ours:
                claim = cast("Callable[..., Awaitable[object]]", redis.xclaim)
                place = (broker.queue_name, broker.consumer_group_name, broker.consumer_name)
                await claim(*place, 0, ours, justid=True)
            dead = await _pending(redis, broker, most=1, idle=broker.idle_timeout)
        if dead:
            await self.wake()


async def _pending(
    redis: Redis, broker: RedisStreamBroker, *, most: int, **which: str | int
) -> list[str]:
    """The ids of deliveries that were not acknowledged."""
    ask = cast("Callable[..., Awaitable[list[dict[str, object]]]]", redis.xpending_range)
    place = (broker.queue_name, broker.consumer_group_name)
    found = await ask(*place, min="-", max="+", count=most, **which)
    return [as_text(delivery["message_id"]) or "" for delivery in found]


def redelivery_of(broker: AsyncBroker, wake: Callable[[], Awaitable[object]]) -> Redelivery | None:
    """What looks after a broker's deliveries; None where it is no Redis stream."""
    return Redelivery(broker, wake) if isinstance(broker, RedisStreamBroker) else None
