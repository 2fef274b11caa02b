"""One chunk of a campaign as a journal: what ``run_campaign`` sends out of, on any machine."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable

from attrs import define, field

from ..._redis.client import as_list, as_text, number
from ...bulk.journal.protocol import Messages
from ...bulk.journal.records import (
    JournalEntry,
    JournalResult,
    JournalSession,
    JournalState,
    JournalSummary,
    Loaded,
    Resend,
    orphaned,
)
from ...errors import JournalError, NotSentError
from ...limits.quota import LimitKey
from ...models.messages import Message
from .client import JournalClient, journal_script
from .codec import Code, KeyNames, code_of, encode_result, encode_session
from .loader import check_campaign
from .queries import ask_chunk, ask_keys, ask_left, ask_meta, no_campaign
from .writer import INTENT, LOST, MOVED, RESULT, WITHDRAWAL, Change, ChunkWriter, Lease

__all__ = ["ChunkJournal"]

_ORPHANS = journal_script("fates", "orphans")

_ALWAYS = frozenset({Code.PENDING, Code.NOT_SENT, Code.REFUSED})


@define(eq=False, repr=False)
class ChunkJournal:
    """Some messages of a campaign, for one runner at a time; satisfies :class:`Journal`.

    ``client.run_campaign(journal.chunk(n))`` is all the work on a chunk. Its messages
    are in memory while it is open. A runner that lost its lease, because it was stopped or cut off
    for too long, writes no intent any more, so that nothing leaves.

    Made by :meth:`RedisJournal.chunk`.

    Attributes:
        number: Which chunk it is, from 0.
    """

    number: int
    _client: JournalClient
    _names: KeyNames
    _lease: Lease
    _writer: ChunkWriter
    _check: Callable[[], Awaitable[None]]
    _entries: dict[int, JournalEntry] = field(factory=dict[int, JournalEntry], init=False)
    _codes: dict[int, Code] = field(factory=dict[int, Code], init=False)
    _rows: dict[LimitKey | None, str] = field(factory=dict["LimitKey | None", str], init=False)
    _meta: dict[str, str] = field(factory=dict[str, str], init=False)
    _began: float = field(default=0.0, init=False)

    async def open(self, origin: str, *, create: bool = True) -> None:
        """Take the chunk for this runner alone.

        Args:
            origin: The base URL that is sent to.
            create: Makes no difference: chunks are made by :meth:`RedisJournal.load` alone.

        Raises:
            JournalLockedError: Another runner has it.
            JournalMismatchError: The campaign goes to another base URL.
            JournalError: There is no such chunk, its messages were not all read in yet, or Redis
                failed or may lose what it is given.
        """
        del create
        await self._check()
        meta = await self._client.follow(ask_meta(self._names))
        if not meta:
            raise no_campaign(self._client.name)
        check_campaign(self._client.name, meta, origin)
        if meta.get("complete") != "1":
            raise JournalError(
                f"{self._client.name} is not complete: its messages are being read in, or that was "
                "interrupted: read them in again"
            )
        if self.number >= number(meta.get("chunks")):
            raise JournalError(f"{self._client.name} has no chunk {self.number}")
        # After all that may be wrong with the campaign: a refusal then takes no lease from anybody.
        await self._lease.acquire()
        self._meta, self._began = meta, time.time()
        self._writer.begin(meta.get("created_at", ""))
        try:
            # Without its session the run would not show in the campaign's history: so it does not
            # begin.
            await self._note_session(None)
        except BaseException:
            await self._lease.release()
            raise

    async def load(
        self,
        messages: Messages | None,
        key_of: Callable[[Message], LimitKey | None],
        *,
        deduplicate: bool,
    ) -> Loaded:
        """Read the chunk; intents without a result, of a runner that is gone, become ``UNKNOWN``.

        Args:
            messages: None: all messages were read in by :meth:`RedisJournal.load`.
            key_of: Not asked: it was when they were read in.
            deduplicate: Done when they were read in.

        Raises:
            JournalLockedError: Another runner has taken the chunk over.
            JournalError: Messages are given, or Redis failed.
        """
        del key_of, deduplicate
        if messages is not None:
            raise JournalError(
                "a chunk takes no messages: read all in by RedisJournal.load, and send None"
            )
        return await self._client.guarded(self._read())

    async def _read(self) -> Loaded:
        # Under the new fence and before the messages are read: from here on the dead runner's late
        # results can only settle what is unknown, and what is read is final.
        orphans = await self._find_orphans()
        for code, entry in await self._client.follow(ask_chunk(self._names, self.number)):
            self._entries[entry.index] = entry
            self._codes[entry.index] = code
        self._rows = await self._find_rows()
        duplicates = int(
            str(await self._client.execute("HLEN", self._names.duplicates(self.number)))
        )
        # Redis may have been asked by hand to delete keys, or evicted some before the check of its
        # settings: a message that is missing would be left out without a word.
        missing = self._size() - len(self._entries) - duplicates
        if missing:
            raise JournalError(
                f"chunk {self.number} of {self._client.name} lacks {missing} of its messages: keys "
                "were deleted or changed, so it cannot be sent"
            )
        return Loaded(
            messages=len(self._entries),
            duplicates=duplicates,
            resumed=True,
            orphans=tuple(self._entries[index] for index in orphans),
        )

    async def keys(self) -> list[LimitKey | None]:
        """The limit keys of all messages."""
        return list(dict.fromkeys(entry.key for entry in self._entries.values()))

    async def take(
        self, key: LimitKey | None, after: int, most: int, resend: Resend
    ) -> list[JournalEntry]:
        """The next messages of a key that are to be sent, in their order.

        Args:
            key: Whose messages.
            after: Only messages whose index is greater; -1 for all.
            most: How many at most.
            resend: Which of those that have a result are sent again.
        """
        wanted = set(_ALWAYS)
        wanted |= {Code.UNKNOWN} if resend.unknown else set()
        wanted |= {Code.REJECTED} if resend.rejected else set()
        found = [
            entry
            for index, entry in self._entries.items()
            if index > after and entry.key == key and self._codes[index] in wanted
        ]
        return found[:most]

    async def sent_since(self, moment: float, most: int) -> list[JournalEntry]:
        """The chunk's messages whose last intent or result is not older than a moment.

        Whichever worker sent them; as they were when the chunk was read.

        Args:
            moment: Unix seconds.
            most: Not needed: a chunk is small.
        """
        del most
        return [
            entry
            for entry in self._entries.values()
            if max(entry.intent_at or 0.0, entry.result.ended_at if entry.result else 0.0) >= moment
        ]

    async def intend(self, index: int) -> None:
        """Write that a message is about to leave; as durable as Redis is when this returns.

        Cancelled, it withdraws what may have been written.

        Raises:
            JournalLockedError: Another runner took the chunk over: the message must not leave.
            JournalWriteError: It is not written: the message must not leave.
            NotSentError: What was known of it has changed, as its earlier runner told how it ended.
        """
        # The wall clock, as other machines read it: it tells until when the limits count this
        # attempt.
        answer = self._writer.add(self._change(INTENT, index, repr(time.time())))
        try:
            done = await answer
        except asyncio.CancelledError:
            # The intent may be in Redis or on its way: withdrawals keep their place behind it in
            # the queue.
            self.withdraw(index)
            raise
        if done == LOST:
            raise await self._lease.lost()
        if done == MOVED:
            raise NotSentError("not sent: its earlier runner has told in the meantime how it ended")

    def withdraw(self, index: int) -> None:
        """Queue a return to the state before the intent, and wait for nothing."""
        _ = self._writer.add(self._change(WITHDRAWAL, index, repr(time.time())))

    def record(self, index: int, result: JournalResult) -> Awaitable[None]:
        """Write how a message ended; as durable as Redis is once it was awaited.

        A runner that lost the chunk still tells how its own messages ended: that settles those
        that were called ``UNKNOWN`` when the chunk was taken over, and changes nothing else.

        Raises:
            JournalWriteError: It is not written: its intent stays without a result, unless
                :meth:`close` can still write it.
        """
        change = self._change(RESULT, index, code_of(result).value, encode_result(result))
        return _written(self._writer.add(change))

    async def summary(self) -> JournalSummary:
        """The chunk in numbers, as it was when it was read."""
        by_key: dict[LimitKey | None, Counter[JournalState]] = {}
        for entry in self._entries.values():
            by_key.setdefault(entry.key, Counter())[entry.state] += 1
        refused = Counter(
            self._entries[index].key for index, code in self._codes.items() if code is Code.REFUSED
        )
        return JournalSummary(
            created_at=float(self._meta.get("created_at", 0)),
            origin=self._meta.get("origin", ""),
            complete=True,
            purged=False,
            messages=len(self._entries),
            duplicates=0,
            deduplicated=self._meta.get("deduplicated") == "1",
            by_key=by_key,
            retryable_by_key=dict(refused),
        )

    async def left(self) -> int:
        """How many messages of the chunk a run would send now, or has on its way.

        Raises:
            JournalError: Redis failed.
        """
        return (await self._client.follow(ask_left(self._names))).get(self.number, 0)

    async def close(self, ended: str) -> None:
        """Write what is left, note why this run ended, and let the chunk go.

        Args:
            ended: In words: ``finished``, ``interrupted``, or the text of an error.

        Raises:
            JournalWriteError: What was left could not be written; the chunk is let go.
        """
        try:
            # In this order: the results first, then the note that the run has ended, and the lease
            # last, as nobody else may write before.
            await self._writer.close()
            await self._note_session(ended)
        finally:
            await self._lease.release()
            self._entries.clear()

    def _size(self) -> int:
        """How many messages were given for it."""
        size = number(self._meta.get("chunk_size"))
        return max(0, min(size, number(self._meta.get("given")) - self.number * size))

    def _change(self, kind: str, index: int, first: str = "", second: str = "") -> Change:
        entry = self._entries[index]
        # What it was when it was taken goes along: the script lets a message leave only if it is so
        # still.
        row = self._rows[entry.key]
        return (kind, index, row, self._codes[index].value, first, second)

    async def _find_orphans(self) -> list[int]:
        names = self._names
        keys = (names.fences, names.fates(self.number), names.counts, names.left, names.meta)
        made = self._meta.get("created_at", "")
        # The time of the client: a script that asked Redis for it would mix two clocks in one
        # campaign.
        told = encode_result(orphaned(time.time()))
        reply = await self._client.run(_ORPHANS, keys, self.number, self._lease.fence, made, told)
        ours, *found = as_list(reply)
        if not ours:
            raise await self._lease.lost()
        return sorted(number(as_text(index)) for index in found)

    async def _find_rows(self) -> dict[LimitKey | None, str]:
        rows = await self._client.follow(ask_keys(self._names))
        return {key: row for row, key in rows.items()}

    async def _note_session(self, ended: str | None) -> None:
        session = JournalSession(
            started_at=self._began,
            ended_at=None if ended is None else time.time(),
            pid=os.getpid(),
            host=socket.gethostname(),
            ended=ended,
        )
        # A fence is taken once, so that each run has its own field.
        name = f"{self.number}:{self._lease.fence}"
        await self._client.ask("HSET", self._names.sessions, name, encode_session(session))


async def _written(answer: asyncio.Future[int]) -> None:
    # Cancelled, the change is written all the same.
    await asyncio.shield(answer)
