"""Reads a campaign in and puts its chunks into the queue.

``producer.py CAMPAIGN FILE`` takes a file of JSON lines, each the parameters of one message by the
API's own names: those of sendMessage, or with ``phone`` those of sendMessageToWhatsApp. Run again
with the same file it adds nothing, and enqueues what is left.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from worker import broker, make_client, make_journal, tasks

from cleverapp_async import SendMessage, SendMessageToWhatsApp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleverapp_async import Message


def read(path: Path) -> Iterator[Message]:
    """The messages of a file, one by one."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            parameters = json.loads(line)
            kind = SendMessageToWhatsApp if "phone" in parameters else SendMessage
            yield kind(**parameters)


async def produce(campaign: str, path: Path) -> None:
    """Read the messages in, then enqueue every chunk that has something left."""
    await broker.startup()
    try:
        async with make_client() as client, make_journal(campaign) as journal:
            loaded = await journal.load(read(path), origin=client.base_url, key_of=client.limit_key)
        chunks = await tasks.start(campaign)
    finally:
        await broker.shutdown()
    sys.stdout.write(
        f"{loaded.messages} message(s), {loaded.duplicates} duplicate(s) left out; "
        f"{len(chunks)} chunk(s) enqueued\n"
    )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("campaign")
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    asyncio.run(produce(options.campaign, options.file))


if __name__ == "__main__":
    main()
