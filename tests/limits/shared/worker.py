"""A process of a fleet: sends through the shared limits, and writes down when each arrives."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from cleverapp_async import Quota
from tests.limits.shared.fleet import KEY, registry


async def send_all(place: str, prefix: str, count: int, guard: float) -> None:
    """Send so many at once; each takes 10 ms there and back, or for ever where it is negative."""
    where = Path(place) if place.startswith("/") else place
    async with registry(where, prefix, Quota(4, 0.3), guard=guard) as limits:

        async def send() -> None:
            permit = await limits.limiter(KEY).acquire()
            permit.sent()
            print(time.monotonic(), flush=True)  # noqa: T201 - what its parent reads
            await asyncio.sleep(0.01 if count > 0 else 3600)
            permit.settle()

        await asyncio.gather(*(send() for _ in range(abs(count))))


if __name__ == "__main__":
    asyncio.run(send_all(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
