"""Time-outs and ends of tasks that work although redis-py may lose a cancellation.

redis-py loses one that comes while it gives up a connection. So a time-out here does not wait for
the end of what it has cancelled, and a task that must end is cancelled again until it has ended.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable

__all__ = ["end_task", "in_time"]

T = TypeVar("T")

_PATIENCE = 0.1


async def in_time(answer: Awaitable[T], seconds: float) -> T:
    """Wait for an answer, for a bounded time.

    ``asyncio.timeout`` around the answer would not do: it ends only when what it has cancelled
    has ended.

    Args:
        answer: What a client gives; it is cancelled when its time is over.
        seconds: For how long to wait.

    Raises:
        TimeoutError: It did not come in time.
        RuntimeError: The client ended it in a way that means something else to a task: by a
            cancellation that nobody asked for, say.
        Exception: What else the client raised.
    """
    task = asyncio.ensure_future(answer)
    try:
        await asyncio.wait([task], timeout=seconds)
        if task.done():
            return _result_of(task)
    finally:
        if not task.done():
            task.add_done_callback(_look_at)
            task.cancel()
            await asyncio.wait([task], timeout=_PATIENCE)
    raise TimeoutError


async def end_task(task: asyncio.Task[T]) -> None:
    """Cancel a task, again and again, and wait until it has ended."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_PATIENCE)


def _result_of(task: asyncio.Future[T]) -> T:
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    if error is None or isinstance(error, Exception | KeyboardInterrupt | SystemExit):
        return task.result()
    raise RuntimeError(f"the call was cancelled inside the client ({type(error).__name__})")


def _look_at(task: asyncio.Future[T]) -> None:
    # Otherwise asyncio would log that nobody has retrieved the exception.
    if not task.cancelled():
        task.exception()
