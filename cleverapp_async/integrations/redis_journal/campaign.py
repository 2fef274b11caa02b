"""A campaign in Redis for whoever looks into it or settles it without an event loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from ...bulk.journal.by_hand import check_verdict
from ...bulk.journal.records import JournalState
from .client import BlockingClient
from .keys import (
    DEFAULT_PREFIX,
    KeyNames,
    campaign_name,
    check_word,
    safe_address,
    split_address,
)
from .maintenance import purge_campaign, resolve_messages
from .reader import RedisJournalReader

if TYPE_CHECKING:
    from .client import Steps

__all__ = ["RedisCampaign"]


class RedisCampaign:
    """A campaign in Redis, for whoever looks into it or settles it; satisfies :class:`Campaign`.

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
        check_verdict(state)
        chosen = None if indexes is None else set(indexes)
        return self._change(resolve_messages(self._names, self._name, state, chosen))

    def purge(self, *, force: bool = False) -> int:
        """Erase recipients and texts for good; see :meth:`RedisJournal.purge`."""
        return self._change(purge_campaign(self._names, self._name, force=force))

    @property
    def _name(self) -> str:
        return campaign_name(self._names.campaign)

    def _change(self, steps: Steps[int]) -> int:
        client = BlockingClient.of(self._url, self._name)
        try:
            return client.change(steps)
        finally:
            client.close()
