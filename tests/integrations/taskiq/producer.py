"""Reads a campaign in and enqueues it.

``python -m tests.integrations.taskiq.producer CAMPAIGN COUNT``
"""

from __future__ import annotations

import asyncio
import os
import sys

from cleverapp_async import SendMessage
from tests.integrations.taskiq.worker import broker, make_journal, tasks


async def produce(campaign: str, count: int) -> None:
    """Read so many messages in, each to somebody else, and enqueue their chunks."""
    messages = (
        SendMessage(
            bot_id=1, messenger="telegram", contact_external_id=f"c{number}", text=f"m{number}"
        )
        for number in range(count)
    )
    await broker.startup()
    try:
        async with make_journal(campaign) as journal:
            await journal.load(messages, origin=os.environ["CLEVERAPP_BASE_URL"])
        await tasks.start(campaign)
    finally:
        await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(produce(sys.argv[1], int(sys.argv[2])))
