"""A task that loses its first cancellation, as one inside redis-py may, is ended all the same."""

from __future__ import annotations

import asyncio

from cleverapp_async._redis.client import end_task


async def test_a_task_that_loses_a_cancellation_is_ended() -> None:
    """It is cancelled until it has ended."""
    lost = 0

    async def stubborn() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if lost == 1:
                    raise
                lost += 1

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await end_task(task)
    assert task.cancelled()
    assert lost == 1


async def test_a_task_that_has_ended_is_left_alone() -> None:
    """Nothing is cancelled, and its result stays."""

    async def quick() -> int:
        return 7

    task = asyncio.create_task(quick())
    await task
    await end_task(task)
    assert task.result() == 7
