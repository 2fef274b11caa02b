"""Many processes of one user, forked from one that has used the limits itself.

``python -m tests.limits.shared.disk.forked FOLDER PROCESSES EACH`` prints when each request was
sent, seconds of the machine's clock.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cleverapp_async import Quota
from tests.limits.shared.fleet import KEY, registry

if TYPE_CHECKING:
    from cleverapp_async.limits import SharedLimiterRegistry

QUOTA = Quota(10, 0.4)


async def send_all(folder: Path, count: int) -> None:
    """Send so many at once; each takes 5 ms."""
    async with registry(folder, "p", QUOTA) as limits:

        async def send() -> None:
            permit = await limits.limiter(KEY).acquire()
            permit.sent()
            os.write(1, f"{time.monotonic()}\n".encode())
            await asyncio.sleep(0.005)
            permit.settle()

        await asyncio.gather(*(send() for _ in range(count)))


async def use(folder: Path) -> SharedLimiterRegistry:
    """Use the limits, and leave the file open and the thread alive."""
    limits = registry(folder, "p", QUOTA)
    (await limits.limiter(KEY).acquire()).refund()
    return limits


def main() -> None:
    """Fork, wait for all, and exit as badly as the worst of them."""
    folder, processes, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    open_still = asyncio.run(use(folder))
    children = list[int]()
    for _ in range(processes):
        child = os.fork()
        if not child:
            asyncio.run(send_all(folder, count))
            os._exit(0)
        children.append(child)
    asyncio.run(send_all(folder, count))
    worst = max(os.waitpid(child, 0)[1] for child in children)
    del open_still
    sys.exit(worst)


if __name__ == "__main__":
    main()
