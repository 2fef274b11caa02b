"""Two ways in which a bulk sender is often made to survive a crash: each forgets something.

Both send through the same client and are killed like the journal's runs.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleverapp_async import CleverAppClient
from tests.bulk.journal.kill.campaign import Run, message, registry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

__all__ = ["CURSOR_FIRST", "RECORD_AFTER", "cursor_first", "record_after"]

RECORD_AFTER = "benchmarks._naive:record_after"
CURSOR_FIRST = "benchmarks._naive:cursor_first"
"""The tasks' names for the zygote."""


def record_after(given: dict[str, Any]) -> None:
    """Append each number to a file after its answer; skip those in it when resumed."""
    run = Run(**given)
    path = Path(run.journal)
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    done = {int(line) for line in lines}

    numbers = (number for number in range(run.messages) if number not in done)

    async def send(deliver: Callable[[int], Awaitable[None]]) -> None:
        async def work() -> None:
            for number in numbers:
                await deliver(number)
                file.write(f"{number}\n")
                file.flush()
                os.fsync(file.fileno())

        await asyncio.gather(*(work() for _ in range(run.in_flight)))

    with path.open("a", encoding="ascii") as file:
        asyncio.run(_with_client(run, send))


def cursor_first(given: dict[str, Any]) -> None:
    """Move a cursor behind each batch when it is fetched, then send the batch."""
    run = Run(**given)
    path = Path(run.journal)
    cursor = int(path.read_text(encoding="ascii")) if path.exists() else 0

    def batches() -> Iterator[range]:
        for start in range(cursor, run.messages, run.in_flight):
            batch = range(start, min(start + run.in_flight, run.messages))
            part = path.with_suffix(".part")
            part.write_text(str(batch.stop), encoding="ascii")
            part.replace(path)
            yield batch

    async def send(deliver: Callable[[int], Awaitable[None]]) -> None:
        for batch in batches():
            await asyncio.gather(*(deliver(number) for number in batch))

    asyncio.run(_with_client(run, send))


async def _with_client(
    run: Run, send: Callable[[Callable[[int], Awaitable[None]]], Awaitable[None]]
) -> None:
    async with CleverAppClient(
        run.api_token, base_url=run.base_url, limits=registry(run.quota)
    ) as client:

        async def deliver(number: int) -> None:
            asked = message(number)
            await client.call(asked.method, params=asked.parameters())

        await send(deliver)
