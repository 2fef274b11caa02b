"""Keeps the deliveries of a live worker its own, and gets those of dead ones delivered again.

``RedisStreamBroker`` claims what has been with a consumer for ``idle_timeout``, whether that
consumer is dead or at work on something long; and it claims only after something new was read from
the stream, so that on a quiet stream a dead worker's tasks stay where they are. So a live worker
tells Redis now and then that its deliveries are in hand, and when it sees some that nobody has
in hand, it puts a task that does nothing into the stream: whoever reads it claims them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

from attrs import define
from redis.asyncio import Redis
from redis.exceptions import RedisError
from taskiq.exceptions import TaskiqError
from taskiq_redis import RedisStreamBroker

from ..redis_journal.replies import as_list, as_text

if TYPE_CHECKING:
    from taskiq import AsyncBroker

__all__ = ["Redelivery", "redelivery_of"]

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
        """Do it for ever."""
        seconds = self.broker.idle_timeout / 1000 / _BEATS
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.beat()
            except (RedisError, TaskiqError, OSError):
                # Redis is away; the next beat tries again.
                continue

    async def beat(self) -> None:
        """Say that our deliveries are in hand, and see to those that nobody has in hand."""
        async with Redis(connection_pool=self.broker.connection_pool) as redis:
            execute = cast("Callable[..., Awaitable[object]]", redis.execute_command)  # pyright: ignore[reportUnknownMemberType]
            ours = await self._pending(execute, None, _AT_ONCE, self.broker.consumer_name)
            if ours:
                await execute("XCLAIM", *self._place, self.broker.consumer_name, 0, *ours, "JUSTID")
            dead = await self._pending(execute, self.broker.idle_timeout, 1, None)
        if dead:
            await self.wake()

    @property
    def _place(self) -> tuple[str, str]:
        return self.broker.queue_name, self.broker.consumer_group_name

    async def _pending(
        self,
        execute: Callable[..., Awaitable[object]],
        idle: int | None,
        most: int,
        consumer: str | None,
    ) -> list[str]:
        """The ids of deliveries that were not acknowledged."""
        at_least = () if idle is None else ("IDLE", idle)
        whose = () if consumer is None else (consumer,)
        reply = await execute("XPENDING", *self._place, *at_least, "-", "+", most, *whose)
        return [_id_of(delivery) for delivery in as_list(reply)]


def _id_of(delivery: object) -> str:
    """Of the array that Redis gives, or of the mapping that the client makes of it."""
    if isinstance(delivery, dict):
        return as_text(cast("dict[str, object]", delivery)["message_id"]) or ""
    return as_text(as_list(delivery)[0]) or ""


def redelivery_of(broker: AsyncBroker, wake: Callable[[], Awaitable[object]]) -> Redelivery | None:
    """What looks after a broker's deliveries; None where it is no Redis stream."""
    return Redelivery(broker, wake) if isinstance(broker, RedisStreamBroker) else None
