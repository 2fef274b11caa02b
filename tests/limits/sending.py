"""Requests that are answered or refused at once: what the tests of refusals send."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cleverapp_async.limits import Limiter


async def refused(limiter: Limiter, retry_after: float | None = None) -> float:
    """One request that is refused at once; how long nothing is granted then."""
    permit = await limiter.acquire()
    permit.sent()
    permit.refuse(retry_after)
    return limiter.snapshot().paused_for


async def starts(limiter: Limiter, count: int) -> list[float]:
    """So many requests, one after the other, each answered at once; when each started."""
    loop = asyncio.get_running_loop()
    began, moments = loop.time(), []
    for _ in range(count):
        permit = await limiter.acquire()
        permit.sent()
        moments.append(loop.time() - began)
        permit.settle()
    return moments
