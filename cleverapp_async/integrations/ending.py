"""Ends a task that talks to Redis."""

from __future__ import annotations

import asyncio
from typing import TypeVar

__all__ = ["end_task"]

T = TypeVar("T")

_PATIENCE = 0.1


async def end_task(task: asyncio.Task[T]) -> None:
    """Cancel a task, again and again, and wait until it has ended.

    Once is not enough: redis-py loses a cancellation that comes while it gives up a connection.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_PATIENCE)
