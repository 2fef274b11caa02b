"""A chunk in Redis passes what every journal must."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from cleverapp_async.integrations.redis_journal import RedisJournal
from cleverapp_async.journal import Loaded
from cleverapp_async.testing import JournalStore, check_journal
from tests.integrations.rig import end_heart

if TYPE_CHECKING:
    from cleverapp_async.bulk import Messages
    from cleverapp_async.integrations.redis_journal import ChunkJournal
    from cleverapp_async.journal import Journal
    from tests.redis_server import RedisServer

ONE_ENGINE = True


class ChunkStore(JournalStore):
    """A campaign of one chunk, which a producer reads in or compares before it is opened."""

    def __init__(self, url: str) -> None:
        self.campaign = RedisJournal(url, f"c{uuid.uuid4().hex}", lease=10.0)

    def journal(self) -> ChunkJournal:
        """The chunk as another worker has it."""
        return self.campaign.chunk(0)

    async def start(
        self, journal: Journal, messages: Messages | None, *, origin: str, deduplicate: bool
    ) -> Loaded:
        """Read in or compare, then take the chunk."""
        read = None
        if messages is not None:
            read = await self.campaign.load(messages, origin=origin, deduplicate=deduplicate)
        started = await super().start(journal, None, origin=origin, deduplicate=deduplicate)
        resumed = read is None or read.resumed
        return Loaded(started.messages, started.duplicates, resumed, started.orphans)

    async def kill(self, journal: Journal) -> None:
        """Its heart beats no more, and its lease runs out."""
        chunk: ChunkJournal = journal  # type: ignore[assignment] # as `journal` makes them
        await chunk._writer.close()
        await end_heart(chunk)
        await self.campaign._client.execute("DEL", self.campaign.names.lease("0"))

    async def dispose(self) -> None:
        """Let the connections go."""
        await self.campaign.close()


def test_a_chunk_passes_the_kit(redis: RedisServer) -> None:
    """Intents, results, orphans, comparison and history are what a journal promises."""
    check_journal(lambda: ChunkStore(redis.url), examples=5, steps=12)
