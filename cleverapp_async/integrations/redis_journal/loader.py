"""All messages of a campaign into Redis, or held against those that are there, chunk by chunk."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from attrs import define, field

from ..._redis.client import Value, number
from ...bulk.journal.messages import ReferenceColumns, read_messages
from ...bulk.journal.protocol import Messages
from ...bulk.journal.records import Loaded
from ...bulk.journal.rules import (
    check_deduplication,
    check_origin,
    different_message,
    input_too_long,
    input_too_short,
    other_duplicate,
    purged_campaign,
)
from ...errors import JournalError
from ...limits.quota import LimitKey
from ...models.messages import Message
from .client import JournalClient, journal_script
from .codec import (
    KeyNames,
    address_digest,
    decode_stored,
    encode_key_text,
    encode_stored,
    message_digest,
)
from .queries import ask_given, ask_meta
from .writer import Lease

__all__ = ["CampaignLoader", "check_campaign"]

_LOAD_CHUNK = journal_script("load")
_FINISH = journal_script("finish")

_VERSION = "2"
"""The version of how a campaign is kept."""

_KNOWN_VERSIONS = frozenset({"1", _VERSION})
"""What can be gone on with: the messages of version 1 have no references."""


def check_campaign(name: str, meta: dict[str, str], origin: str) -> None:
    """Refuse a campaign of a later version, one that was purged, or one that is sent elsewhere.

    Raises:
        JournalMismatchError: It goes to another base URL.
        JournalError: It was made by a later version, or purged.
    """
    if meta and meta.get("version") not in _KNOWN_VERSIONS:
        raise JournalError(
            f"{name} was made by another version of cleverapp_async (its form is "
            f"{meta.get('version')}, this one knows {_VERSION}): update cleverapp_async"
        )
    if "purging" in meta:
        raise purged_campaign(name, "begin another one under another name")
    if meta:
        check_origin(name, meta.get("origin", ""), origin)


async def _chunks(messages: Messages, size: int) -> AsyncGenerator[list[Message]]:
    """Messages as they are read, looked at, a chunk at a time."""
    some: list[Message] = []
    async with aclosing(read_messages(messages)) as batches:
        async for batch in batches:
            some += batch
            # Chunks are of the campaign's size, and batches of a size that is good for reading.
            while len(some) >= size:
                yield some[:size]
                some = some[size:]
    if some:
        yield some


@define(eq=False)
class CampaignLoader:
    """Reads messages in, or holds them against those of a campaign that is there."""

    _client: JournalClient
    _names: KeyNames
    _lease: Lease
    _keys: dict[LimitKey | None, str] = field(factory=dict["LimitKey | None", str], init=False)
    _columns: ReferenceColumns = field(factory=ReferenceColumns, init=False)

    async def run(
        self,
        messages: Messages,
        key_of: Callable[[Message], LimitKey | None],
        *,
        origin: str,
        deduplicate: bool,
        chunk_size: int,
    ) -> Loaded:
        """Do it, under the lease.

        Raises:
            JournalMismatchError: The messages are not those of the campaign.
            InvalidRequestError: Something given is no message.
            JournalLockedError: Another producer took over.
            JournalError: Redis failed.
        """
        meta = await self._client.follow(ask_meta(self._names))
        check_campaign(self._client.name, meta, origin)
        resumed = meta.get("complete") == "1"
        if resumed:
            await self._compare(messages, meta, deduplicate=deduplicate)
        else:
            await self._begin(meta, origin, chunk_size, deduplicate=deduplicate)
            await self._take_in(messages, key_of, chunk_size, deduplicate=deduplicate)
        meta = await self._client.follow(ask_meta(self._names))
        duplicates = number(meta.get("duplicates"))
        return Loaded(number(meta.get("given")) - duplicates, duplicates, resumed)

    async def _begin(
        self, meta: dict[str, str], origin: str, chunk_size: int, *, deduplicate: bool
    ) -> None:
        """Drop what an interrupted reading left, fences aside, and begin anew."""
        names = self._names
        for chunk in range(number(meta.get("chunks"))):
            await self._client.ask("UNLINK", *names.of_chunk(chunk))
        # Not the fences: our own is among them, by which each of our writes is let through.
        await self._client.ask("UNLINK", *names.of_all[:-1])
        facts: dict[str, Value] = {
            "version": _VERSION,
            "origin": origin,
            "created_at": time.time(),
            "complete": 0,
            "given": 0,
            "duplicates": 0,
            "deduplicated": int(deduplicate),
            "chunk_size": chunk_size,
            "chunks": 0,
        }
        flat = [value for pair in facts.items() for value in pair]
        await self._client.ask("HSET", names.meta, *flat)

    async def _take_in(
        self,
        messages: Messages,
        key_of: Callable[[Message], LimitKey | None],
        chunk_size: int,
        *,
        deduplicate: bool,
    ) -> None:
        first = 0
        async for batch in _chunks(messages, chunk_size):
            rows: list[Value] = []
            for message in batch:
                self._columns.add(message)
                # The row of a key is in Redis before any message that has it.
                row = await self._row(key_of(message))
                address = address_digest(message) if deduplicate else ""
                rows += (address, row, encode_stored(message), message_digest(message))
            # One script takes in a whole chunk with its duplicates, or nothing: so an interrupted
            # reading leaves no half of one.
            await self._add(first // chunk_size, first, len(batch), rows)
            first += len(batch)
        names = self._names
        keys = (names.fences, names.meta, names.addresses)
        columns = self._columns.encode()
        if await self._client.write(_FINISH, keys, self._lease.fence, columns) != 1:
            raise await self._lease.lost()

    async def _row(self, key: LimitKey | None) -> str:
        row = self._keys.get(key)
        if row is None:
            row = self._keys[key] = str(len(self._keys))
            await self._client.ask("HSET", self._names.keys, row, encode_key_text(key))
        return row

    async def _add(self, chunk: int, first: int, count: int, rows: list[Value]) -> None:
        names = self._names
        keys = (
            names.fences,
            names.meta,
            names.addresses,
            names.messages(chunk),
            names.duplicates(chunk),
            names.counts,
            names.left,
            names.fates(chunk),
        )
        # 0: the lease is lost, and -1: another producer has read further. Both mean the same here.
        reply = await self._client.write(
            _LOAD_CHUNK, keys, self._lease.fence, chunk, first, count, *rows
        )
        if reply != 1:
            raise await self._lease.lost()

    async def _compare(
        self, messages: Messages, meta: dict[str, str], *, deduplicate: bool
    ) -> None:
        left_out = meta.get("deduplicated") == "1"
        check_deduplication(self._client.name, left_out=left_out, leave_out=deduplicate)
        chunk_size, total = number(meta.get("chunk_size")) or 1, number(meta.get("given"))
        first = 0
        async for batch in _chunks(messages, chunk_size):
            await _compare_chunk(self._client, self._names, first // chunk_size, first, batch)
            first += len(batch)
        if first < total:
            raise input_too_short(first, total)


async def _compare_chunk(
    client: JournalClient, names: KeyNames, chunk: int, first: int, messages: Sequence[Message]
) -> None:
    """Hold messages against those of one chunk.

    Args:
        client: The client of the campaign.
        names: The campaign's keys.
        chunk: Which one.
        first: The index of the first message.
        messages: All that are given of that chunk.

    Raises:
        JournalMismatchError: One differs, or is one too many.
        JournalError: Redis failed.
    """
    # Both hold what came at an index: each message of the list stands in exactly one of them.
    kept, left_out = await client.follow(ask_given(names, chunk))
    for index, message in enumerate(messages, first):
        if (stored := kept.get(str(index))) is not None:
            _, known = decode_stored(stored)
            if known != message:
                raise different_message(index, message, known)
        elif (duplicate := left_out.get(str(index))) is not None:
            before, _, digest = duplicate.partition("\n")
            if digest != message_digest(message):
                raise other_duplicate(index, int(before) + 1)
        else:
            raise input_too_long(index)
