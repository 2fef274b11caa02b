"""A campaign in Redis, read in by one producer and sent by many workers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from copy import copy
from typing import TYPE_CHECKING, Self

from ..._arguments import (
    check_callable,
    check_flag,
    check_flags,
    check_instance,
    check_seconds,
    check_whole,
    wrong_argument,
    wrong_setting,
)
from ..._redis.client import check_source, number
from ...bulk.journal.messages import check_messages
from ...bulk.journal.protocol import Messages
from ...bulk.journal.records import (
    ErrorRecord,
    JournalEntry,
    JournalState,
    JournalSummary,
    Loaded,
    LockHolder,
    chosen_states,
)
from ...bulk.journal.rules import check_settling
from ...errors import JournalError
from ...limits.quota import LimitKey
from ...models.messages import Message
from .chunk import ChunkJournal
from .client import JournalClient, check_keeping
from .codec import DEFAULT_PREFIX, LOAD, KeyNames, campaign_name, check_word, split_address
from .loader import CampaignLoader
from .maintenance import purge_campaign, resolve_messages
from .queries import (
    ask_chunk,
    ask_errors,
    ask_holders,
    ask_left,
    ask_meta,
    ask_summary,
    no_campaign,
)
from .writer import ChunkWriter, Lease

try:
    from redis.asyncio import Redis
except ModuleNotFoundError:
    if not TYPE_CHECKING:
        # Annotations can be read all the same; the first use says which package is missing.
        Redis = object

__all__ = ["RedisJournal"]


def _by_route(message: Message) -> LimitKey | None:
    return LimitKey.through(message.route, message.method)


class RedisJournal:
    """A campaign in Redis or Valkey, cut into chunks that any number of workers send.

    One producer reads the messages in by :meth:`load`; then
    ``client.run_campaign(journal.chunk(n))`` sends a chunk, in any process on any
    machine, each chunk in one at a time. Use it as an async context manager, or call
    :meth:`close`.

    It holds recipients, texts and references in the clear, and never the API token.

    Args:
        redis: The URL of Redis, or a client of your own, which is not closed. One URL's
            connections serve one event loop.
        campaign: The campaign's name, part of the names of keys.
        prefix: What all keys begin with.
        chunk_size: Messages per chunk; the campaign keeps that of its first reading.
        lease: Seconds after which a chunk whose worker died can be taken over. A live worker
            prolongs its lease three times in that time.
        patience: Seconds for which a worker waits for a Redis that is away before its run ends.
        timeout: Seconds for one command, whatever a client of your own allows it.
        durable: Whether a crash of Redis itself must lose nothing: a Redis without ``appendonly
            yes`` and ``appendfsync always`` is then refused. False: crashes of workers alone are
            survived, and after one of Redis up to its last second may be sent again.
        verify: Whether Redis must tell these settings; False, where CONFIG is not allowed and you
            vouch for them. Eviction (any ``maxmemory-policy`` but ``noeviction``) is refused as
            long as INFO tells of it.

    Raises:
        ConfigurationError: A name or a number cannot work.
    """

    def __init__(
        self,
        redis: str | Redis,
        campaign: str,
        *,
        prefix: str = DEFAULT_PREFIX,
        chunk_size: int = 500,
        lease: float = 15.0,
        patience: float = 30.0,
        timeout: float = 30.0,
        durable: bool = True,
        verify: bool = True,
    ) -> None:
        check_whole("chunk_size", chunk_size, wrong_setting)
        check_seconds("patience", patience, wrong_setting, zero=True)
        for name, seconds in (("lease", lease), ("timeout", timeout)):
            check_seconds(name, seconds, wrong_setting)
        check_flags(wrong_setting, durable=durable, verify=verify)
        check_source(redis)
        self._names = KeyNames(check_word("prefix", prefix), check_word("campaign", campaign))
        self._client = JournalClient.of(redis, campaign_name(campaign), timeout)
        # A URL that cannot work is refused here; nothing is connected yet.
        self._client.redis.open()
        self._chunk_size, self._lease, self._patience = chunk_size, lease, patience
        self._durable, self._verify = durable, verify

    @classmethod
    def at(cls, address: str, *, prefix: str = DEFAULT_PREFIX) -> Self:
        """The campaign that ``redis://HOST:PORT/DATABASE/CAMPAIGN`` names, with all else as usual.

        Raises:
            ConfigurationError: The address names no campaign.
        """
        url, campaign = split_address(address)
        return cls(url, campaign, prefix=prefix)

    def __repr__(self) -> str:
        """The campaign and the prefix; never the URL, which may hold a password."""
        return f"{type(self).__name__}({self.campaign!r}, prefix={self._names.prefix!r})"

    @property
    def campaign(self) -> str:
        """Its name."""
        return self._names.campaign

    @property
    def names(self) -> KeyNames:
        """How its keys are called."""
        return self._names

    @property
    def lease(self) -> float:
        """Seconds after which a chunk whose worker died can be taken over."""
        return self._lease

    async def __aenter__(self) -> Self:
        """Return itself; the connection is made when it is first needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    async def close(self) -> None:
        """Let the connections go; a client of your own stays open."""
        await self._client.close()

    async def load(
        self,
        messages: Messages,
        *,
        origin: str,
        key_of: Callable[[Message], LimitKey | None] = _by_route,
        deduplicate: bool = True,
    ) -> Loaded:
        """Read all messages in, or hold them against those of the campaign that is there.

        Memory is constant here; Redis holds all of them. A reading that was interrupted begins
        anew. Nothing can be sent before it has ended.

        Args:
            messages: What is sent.
            origin: The base URL it is sent to: ``client.base_url``.
            key_of: What limits a message, asked once for each: ``client.limit_key`` knows the
                routes that a client has learned. By default the message alone tells.
            deduplicate: Leave out a message whose address (:func:`address_of`) was given before.
                Must be as it was when the campaign was first read in.

        Raises:
            JournalMismatchError: The messages are not those of the campaign, or they go elsewhere;
                says what differs.
            JournalLockedError: Another producer is at it.
            InvalidRequestError: Something given is no message.
            JournalError: Redis failed, or may lose what it is given.
        """
        check_messages(messages)
        check_instance("origin", origin, str, "the base URL: client.base_url", wrong_argument)
        check_callable("key_of", key_of, "a function such as client.limit_key", wrong_argument)
        check_flag("deduplicate", deduplicate, wrong_argument)
        await self._check()
        lease = self._lease_of(LOAD)
        await lease.acquire()
        try:
            return await CampaignLoader(self._client, self._names, lease).run(
                messages,
                key_of,
                origin=origin,
                deduplicate=deduplicate,
                chunk_size=self._chunk_size,
            )
        finally:
            await lease.release()

    def chunk(self, number: int) -> ChunkJournal:
        """One chunk as a journal for ``client.run_campaign(…)``; each is used once.

        Args:
            number: Which one, from 0.

        Raises:
            InvalidRequestError: It is no whole number from 0 up.
        """
        check_whole("number", number, wrong_argument, least=0)
        lease = self._lease_of(str(number))
        return ChunkJournal(
            number,
            self._client,
            self._names,
            lease,
            ChunkWriter(self._client, self._names, lease, self._patience),
            self._check,
        )

    async def exists(self) -> bool:
        """Whether there is such a campaign, read in or about to be.

        Raises:
            JournalError: Redis failed.
        """
        return bool(await self._client.follow(ask_meta(self._names)))

    async def left(self) -> dict[int, int]:
        """By chunk, how many messages a run would send, or has on its way; others are left out.

        Raises:
            JournalError: Redis failed.
        """
        return await self._client.follow(ask_left(self._names))

    async def holders(self) -> dict[int, LockHolder]:
        """Which process sends which chunk.

        Raises:
            JournalError: Redis failed.
        """
        return await self._client.follow(ask_holders(self._names))

    async def summary(self) -> JournalSummary:
        """The campaign in numbers, also while it runs.

        Raises:
            JournalError: There is no such campaign, or Redis failed.
        """
        return await self._client.follow(ask_summary(self._names, self._client.name))

    async def entries(self, *states: JournalState) -> AsyncIterator[JournalEntry]:
        """The messages in these states, all where none is given, by their index.

        Raises:
            InvalidRequestError: Something else than states is given.
            JournalError: There is no such campaign, or Redis failed.
        """
        wanted = chosen_states(states)
        # Chunk by chunk: a look at a large campaign holds one chunk in memory and keeps Redis from
        # nothing else.
        meta = await self._client.follow(ask_meta(self._names))
        if not meta:
            raise no_campaign(self._client.name)
        for chunk in range(number(meta.get("chunks"))):
            for _, entry in await self._client.follow(ask_chunk(self._names, chunk)):
                if entry.state in wanted:
                    yield entry

    async def errors(self) -> list[tuple[ErrorRecord, int]]:
        """The errors that results hold, and how often each; the most frequent first.

        Raises:
            JournalError: Redis failed.
        """
        return await self._client.follow(ask_errors(self._names))

    async def resolve_unknown(
        self, state: JournalState, indexes: Iterable[int] | None = None
    ) -> int:
        """Settle messages whose outcome is unknown; see :meth:`Campaign.resolve_unknown`.

        What was on its way when its worker died is unknown, too.

        Args:
            state: ``ACCEPTED``: they are never sent again; or ``NOT_SENT``: a worker sends them.
            indexes: Which ones, counted from 0; None: all that are unknown.

        Returns:
            How many were settled.

        Raises:
            InvalidRequestError: Another state is given, or an index is not valid.
            JournalLockedError: Somebody is at work on it, or reads it in: nothing is changed.
            JournalError: A message is not unknown, or there is no such campaign.
            JournalWriteError: Redis failed.
        """
        chosen = check_settling(state, indexes)
        return await self._client.change(
            resolve_messages(
                self._names, self._client.name, state, chosen, timeout=self._client.redis.timeout
            )
        )

    async def purge(self, *, force: bool = False) -> int:
        """Erase recipients, texts, references and texts of errors; states, counts and times stay.

        It is for good, and the campaign cannot be sent then; :meth:`delete` erases all of it. What
        Redis keeps on its disk until it next rewrites its log is out of reach, and so are replicas
        and copies.

        Args:
            force: Also where messages are left to send, or of unknown outcome.

        Returns:
            How many messages were erased.

        Raises:
            JournalLockedError: Somebody is at work on it, or reads it in: nothing is changed.
            JournalError: Messages are left, or there is no such campaign.
            JournalWriteError: Redis failed: what is erased stays erased, and a purge goes on.
        """
        check_flag("force", force, wrong_argument)
        return await self._client.change(
            purge_campaign(
                self._names, self._client.name, force=force, timeout=self._client.redis.timeout
            )
        )

    async def pause(self, why: str) -> None:
        """Let workers begin no further chunk; those that are begun go on.

        Args:
            why: In words, for whoever looks.

        Raises:
            InvalidRequestError: It is no text.
            JournalError: Redis failed.
        """
        check_instance("why", why, str, "a text", wrong_argument)
        await self._client.ask("HSET", self._names.meta, "paused", why)

    async def unpause(self) -> None:
        """Undo :meth:`pause`.

        Raises:
            JournalError: Redis failed.
        """
        await self._client.ask("HDEL", self._names.meta, "paused")

    async def paused(self) -> str | None:
        """Why no further chunk is begun; None where chunks are.

        Raises:
            JournalError: Redis failed.
        """
        return (await self._client.follow(ask_meta(self._names))).get("paused")

    async def delete(self) -> None:
        """Erase the campaign, recipients, texts and references included.

        Raises:
            JournalLockedError: Somebody reads messages in.
            JournalError: Somebody is at work on it, or Redis failed.
        """
        # The producer's lease: nobody reads messages in while the campaign is erased.
        lease = self._lease_of(LOAD)
        await lease.acquire()
        try:
            if holders := await self.holders():
                chunk, holder = next(iter(holders.items()))
                raise JournalError(
                    f"{self._client.name} is being sent: {holder} has chunk {chunk}; end the "
                    "workers first"
                )
            meta = await self._client.follow(ask_meta(self._names))
            for chunk in range(number(meta.get("chunks"))):
                await self._client.ask("UNLINK", *self._names.of_chunk(chunk))
            await self._client.ask("UNLINK", *self._names.of_all[:-1])
        finally:
            await lease.release()
        # The fences go last, and after the lease was let go, whose release compares its fence with
        # them.
        await self._client.ask("UNLINK", self._names.fences)

    async def expire(self, seconds: float) -> None:
        """Let Redis erase the campaign after a time, counted from now.

        Args:
            seconds: How long.

        Raises:
            InvalidRequestError: It is no time that can pass.
            JournalError: Redis failed.
        """
        check_seconds("seconds", seconds, wrong_argument)
        meta = await self._client.follow(ask_meta(self._names))
        names = list(self._names.of_all)
        for chunk in range(number(meta.get("chunks"))):
            # All but the lease, which expires by itself and must not outlive its time.
            names += self._names.of_chunk(chunk)[:-1]
        for name in names:
            await self._client.ask("PEXPIRE", name, int(seconds * 1000))

    def sibling(self, campaign: str, *, chunk_size: int | None = None) -> Self:
        """Another campaign over the same connections, with the same settings.

        Args:
            campaign: Its name.
            chunk_size: Messages per chunk; None: as here.

        Raises:
            ConfigurationError: The name or the number cannot work.
        """
        size = self._chunk_size if chunk_size is None else chunk_size
        check_whole("chunk_size", size, wrong_setting)
        found = copy(self)
        found._rename(campaign, size)  # noqa: SLF001 - a copy of this one
        return found

    def _rename(self, campaign: str, chunk_size: int) -> None:
        self._names = KeyNames(self._names.prefix, check_word("campaign", campaign))
        self._client = self._client.named(campaign_name(campaign))
        self._chunk_size = chunk_size

    async def _check(self) -> None:
        await check_keeping(self._client, durable=self._durable, verify=self._verify)

    def _lease_of(self, unit: str) -> Lease:
        return Lease(self._client, self._names, unit, self._lease)
