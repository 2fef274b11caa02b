"""Looks into a campaign in Redis without an event loop, as the command line does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self, TypeVar, cast

from ..._redis.client import number, open_sync_client
from ...bulk.journal.records import (
    ErrorRecord,
    JournalEntry,
    JournalState,
    JournalSummary,
    LockHolder,
)
from ...errors import CleverAppError
from .client import ATTEMPT_TIMEOUT, Steps, read_failure
from .keys import DEFAULT_PREFIX, KeyNames, check_word, split_address
from .queries import (
    ask_chunk,
    ask_errors,
    ask_holders,
    ask_left,
    ask_meta,
    ask_summary,
    no_campaign,
)

__all__ = ["RedisJournalReader"]

T = TypeVar("T")


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
        self._name = f"the campaign {campaign!r} in Redis"
        self._redis = open_sync_client(redis, ATTEMPT_TIMEOUT)

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
            found = self._follow(ask_meta(self._names))
        except BaseException:
            self._redis.close()
            raise
        if not found:
            self._redis.close()
            raise no_campaign(self._name)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let the connection go."""
        self._redis.close()

    def summary(self) -> JournalSummary:
        """The campaign in numbers."""
        return self._follow(ask_summary(self._names, self._name))

    def entries(self, *states: JournalState) -> Iterator[JournalEntry]:
        """The messages in these states, all where none is given, by their index, chunk by chunk."""
        meta = self._follow(ask_meta(self._names))
        for chunk in range(number(meta.get("chunks"))):
            for _, entry in self._follow(ask_chunk(self._names, chunk)):
                if not states or entry.state in states:
                    yield entry

    def errors(self) -> list[tuple[ErrorRecord, int]]:
        """The errors that results hold, and how often each; the most frequent first."""
        return self._follow(ask_errors(self._names))

    def holder(self) -> LockHolder | None:
        """Somebody who is at work on it; None where nobody is."""
        return next(iter(self.holders().values()), None)

    def holders(self) -> dict[int, LockHolder]:
        """Who is at work on which chunk."""
        return self._follow(ask_holders(self._names))

    def left(self) -> dict[int, int]:
        """By chunk, how many messages a run would send, or has on its way; others are left out."""
        return self._follow(ask_left(self._names))

    def paused(self) -> str | None:
        """Why no further chunk is begun; None where chunks are."""
        return self._follow(ask_meta(self._names)).get("paused")

    def _follow(self, steps: Steps[T]) -> T:
        try:
            return self._carry_out(steps)
        except CleverAppError:
            raise
        except Exception as error:  # noqa: BLE001 - the keys may hold anything
            from ..._redis.faults import fault_of  # noqa: PLC0415 - the extra `redis`

            fault = fault_of(error, self._redis, ATTEMPT_TIMEOUT)
        raise read_failure(self._name, fault)

    def _carry_out(self, steps: Steps[T]) -> T:
        execute = cast("Callable[..., object]", self._redis.execute_command)  # pyright: ignore[reportUnknownMemberType]
        try:
            command = next(steps)
            while True:
                command = steps.send(execute(*command))
        except StopIteration as end:
            return cast("T", end.value)
