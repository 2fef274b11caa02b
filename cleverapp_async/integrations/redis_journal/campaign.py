"""A campaign in Redis, read or settled by hand without an event loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Self

from ..._arguments import check_flag, wrong_argument
from ..._redis.client import number
from ...bulk.journal.records import (
    ErrorRecord,
    JournalEntry,
    JournalState,
    JournalSummary,
    LockHolder,
    SettledMessage,
    chosen_states,
)
from ...bulk.journal.rules import check_settling
from .client import ATTEMPT_TIMEOUT, BlockingClient
from .codec import DEFAULT_PREFIX, KeyNames, campaign_name, check_word, safe_address, split_address
from .maintenance import purge_campaign, resolve_messages
from .queries import (
    ask_chunk,
    ask_columns,
    ask_errors,
    ask_holder,
    ask_holders,
    ask_left,
    ask_meta,
    ask_settled,
    ask_summary,
    no_campaign,
)

if TYPE_CHECKING:
    from .client import Steps

__all__ = ["RedisCampaign", "RedisJournalReader"]

_COMMAND = 6 * ATTEMPT_TIMEOUT
"""Seconds of the slowest command: redis-py repeats one whose answer was lost."""


class RedisJournalReader:
    """Looks into a campaign in Redis, also while it runs, and changes nothing.

    A context manager with the methods of :class:`JournalReader`.

    Args:
        redis: The URL of Redis.
        campaign: The campaign's name.
        prefix: What its keys begin with.

    Raises:
        ConfigurationError: A name or the URL cannot work.
    """

    def __init__(self, redis: str, campaign: str, *, prefix: str = DEFAULT_PREFIX) -> None:
        self._names = KeyNames(check_word("prefix", prefix), check_word("campaign", campaign))
        self._address = safe_address(redis, campaign)
        self._client = BlockingClient.of(redis, campaign_name(campaign))

    @classmethod
    def at(cls, address: str, *, prefix: str = DEFAULT_PREFIX) -> Self:
        """The campaign that ``redis://HOST:PORT/DATABASE/CAMPAIGN`` names.

        Raises:
            ConfigurationError: The address names no campaign.
        """
        return cls(*split_address(address), prefix=prefix)

    def __enter__(self) -> Self:
        """Make sure that it is there.

        Raises:
            JournalError: There is no such campaign, or Redis failed.
        """
        try:
            found = self._client.follow(ask_meta(self._names))
        except BaseException:
            self._client.close()
            raise
        if not found:
            self._client.close()
            raise no_campaign(self._client.name)
        return self

    def __exit__(self, *_: object) -> None:
        """Let the connection go."""
        self._client.close()

    @property
    def name(self) -> str:
        """Its address, as the command line takes it, without a password."""
        return self._address

    def summary(self) -> JournalSummary:
        """The campaign in numbers."""
        return self._client.follow(ask_summary(self._names, self._client.name))

    def entries(self, *states: JournalState) -> Iterator[JournalEntry]:
        """The messages in these states, all where none is given, by their index, chunk by chunk.

        Raises:
            InvalidRequestError: Something else than states is given.
        """
        wanted = chosen_states(states)
        meta = self._client.follow(ask_meta(self._names))
        # A chunk at a time, so that memory stays constant.
        for chunk in range(number(meta.get("chunks"))):
            for _, entry in self._client.follow(ask_chunk(self._names, chunk)):
                if entry.state in wanted:
                    yield entry

    def settled(self) -> Iterator[SettledMessage]:
        """The messages that have a result, without their texts, chunk by chunk."""
        meta = self._client.follow(ask_meta(self._names))
        for chunk in range(number(meta.get("chunks"))):
            yield from self._client.follow(ask_settled(self._names, chunk))

    def reference_columns(self) -> tuple[str, ...]:
        """The columns that an export has for the references of the messages."""
        return self._client.follow(ask_columns(self._names))

    def errors(self) -> list[tuple[ErrorRecord, int]]:
        """The errors that results hold, and how often each; the most frequent first."""
        return self._client.follow(ask_errors(self._names))

    def holder(self) -> LockHolder | None:
        """A process that sends or loads it; None where there is none."""
        return self._client.follow(ask_holder(self._names))

    def holders(self) -> dict[int, LockHolder]:
        """Which process sends which chunk."""
        return self._client.follow(ask_holders(self._names))

    def left(self) -> dict[int, int]:
        """By chunk, how many messages a run would send, or has on its way; others are left out."""
        return self._client.follow(ask_left(self._names))

    def paused(self) -> str | None:
        """Why no further chunk is begun; None where chunks are."""
        return self._client.follow(ask_meta(self._names)).get("paused")


class RedisCampaign:
    """A campaign in Redis, to be read or settled by hand; satisfies :class:`Campaign`.

    In a program with an event loop, :class:`RedisJournal` does the same.

    Args:
        redis: The URL of Redis.
        campaign: The campaign's name.
        prefix: What its keys begin with.

    Raises:
        ConfigurationError: A name or the URL cannot work.
    """

    def __init__(self, redis: str, campaign: str, *, prefix: str = DEFAULT_PREFIX) -> None:
        self._names = KeyNames(check_word("prefix", prefix), check_word("campaign", campaign))
        self._url = redis
        self._address = safe_address(redis, campaign)
        # Made to see whether the URL can work, and not connected.
        BlockingClient.of(redis, self._name).close()

    @classmethod
    def at(cls, address: str, *, prefix: str = DEFAULT_PREFIX) -> Self:
        """The campaign that ``redis://HOST:PORT/DATABASE/CAMPAIGN`` names.

        Raises:
            ConfigurationError: The address names no campaign.
        """
        return cls(*split_address(address), prefix=prefix)

    def __repr__(self) -> str:
        """The address without its password."""
        return f"{type(self).__name__}({self._address!r})"

    @property
    def address(self) -> str:
        """The address, as the command line takes it, without a password."""
        return self._address

    @property
    def resumable(self) -> bool:
        """Workers send its chunks; no single run goes on with all of it."""
        return False

    def reader(self) -> RedisJournalReader:
        """Looks into it: a context manager."""
        return RedisJournalReader(self._url, self._names.campaign, prefix=self._names.prefix)

    def resolve_unknown(self, state: JournalState, indexes: Iterable[int] | None = None) -> int:
        """Settle messages whose outcome is unknown; see :meth:`RedisJournal.resolve_unknown`."""
        chosen = check_settling(state, indexes)
        return self._change(
            resolve_messages(self._names, self._name, state, chosen, timeout=_COMMAND)
        )

    def purge(self, *, force: bool = False) -> int:
        """Erase recipients, texts and references for good; see :meth:`RedisJournal.purge`."""
        check_flag("force", force, wrong_argument)
        return self._change(purge_campaign(self._names, self._name, force=force, timeout=_COMMAND))

    @property
    def _name(self) -> str:
        return campaign_name(self._names.campaign)

    def _change(self, steps: Steps[int]) -> int:
        client = BlockingClient.of(self._url, self._name)
        try:
            return client.change(steps)
        finally:
            client.close()
