"""Deliveries of live workers stay theirs; those of dead ones wake the stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest
from redis.asyncio import Redis
from taskiq import InMemoryBroker
from taskiq_redis import RedisStreamBroker

from cleverapp_async._redis.client import end_task
from cleverapp_async.integrations.taskiq.tasks import Redelivery, redelivery_of

if TYPE_CHECKING:
    from tests.redis_server import RedisServer

_IDLE = 50


async def _idle_of(redis: Redis, stream: str) -> dict[str, int]:
    """By consumer, the milliseconds since its one delivery was in hand."""
    found = await redis.xpending_range(stream, "taskiq", min="-", max="+", count=10)
    rows = cast("list[dict[str, bytes | int]]", found)
    return {
        cast("bytes", row["consumer"]).decode(): cast("int", row["time_since_delivered"])
        for row in rows
    }


async def test_a_live_worker_keeps_its_deliveries_and_wakes_the_stream_for_dead_ones(
    redis: RedisServer, campaign: str
) -> None:
    """A beat makes our own delivery young again, and asks for a wake while another's is old."""
    broker = RedisStreamBroker(
        redis.url, queue_name=campaign, consumer_name="live", consumer_id="0", idle_timeout=_IDLE
    )
    woken: list[int] = []

    async def wake() -> None:
        woken.append(1)

    await broker.startup()
    async with Redis.from_url(redis.url) as client:
        for consumer in ("live", "dead"):
            await client.xadd(campaign, {"data": "x"})
            await client.xreadgroup("taskiq", consumer, {campaign: ">"}, count=1)
        async with asyncio.timeout(20):
            while min((await _idle_of(client, campaign)).values()) < 2 * _IDLE:  # noqa: ASYNC110 - only Redis knows
                await asyncio.sleep(0.01)
        beat = Redelivery(broker, wake)
        await beat.beat()
        idle = await _idle_of(client, campaign)
        assert idle["live"] < idle["dead"]
        assert idle["dead"] >= 2 * _IDLE
        assert woken == [1]
        await client.xack(
            campaign,
            "taskiq",
            *[
                cast("dict[str, str]", row)["message_id"]
                for row in await client.xpending_range(
                    campaign, "taskiq", min="-", max="+", count=1, consumername="dead"
                )
            ],
        )
        await beat.beat()
        assert woken == [1]
    await broker.shutdown()


@pytest.mark.parametrize("kind", [MemoryError, asyncio.CancelledError])
async def test_a_beat_that_fails_in_any_way_is_told_and_not_the_last(
    kind: type[BaseException], redis: RedisServer, campaign: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What no beat expects is logged, and the next beat comes."""
    broker = RedisStreamBroker(redis.url, queue_name=campaign, idle_timeout=_IDLE)

    class Failing(Redelivery):
        beats = 0

        async def beat(self) -> None:
            Failing.beats += 1
            raise kind

    async def wake() -> None:
        raise AssertionError("never called")

    keeper = asyncio.create_task(Failing(broker, wake).keep())
    async with asyncio.timeout(20):
        while Failing.beats < 3:  # noqa: ASYNC110 - a counter gives no sign
            await asyncio.sleep(0.01)
    await end_task(keeper)
    assert "dead workers" in caplog.text
    await broker.shutdown()


async def test_other_brokers_look_after_themselves() -> None:
    """Only a Redis stream needs it."""

    async def wake() -> None:
        raise AssertionError("never called")

    broker = InMemoryBroker()
    assert redelivery_of(broker, wake) is None
    await broker.shutdown()
