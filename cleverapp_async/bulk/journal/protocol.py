"""What a journal is: implement this protocol to keep campaigns elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias, runtime_checkable

from ...limits.quota import LimitKey
from ...models.messages import Message
from .records import (
    ErrorRecord,
    JournalEntry,
    JournalResult,
    JournalState,
    JournalSummary,
    Loaded,
    LockHolder,
    Resend,
    SettledMessage,
)

__all__ = [
    "Campaign",
    "CampaignReader",
    "Journal",
    "MarkOf",
    "Messages",
    "RecognizesAccount",
    "SendHistory",
]

MarkOf: TypeAlias = Callable[[bytes], bytes]
"""Gives the mark of the account's token for a salt: a few bytes from which it cannot be found."""

Messages: TypeAlias = Iterable[Message] | AsyncIterable[Message]
"""What is sent: any iterable, or async iterable, of request models."""


@runtime_checkable
class Journal(Protocol):
    """Keeps a campaign over crashes, under one rule: no message leaves before its intent is kept.

    One runner has it at a time. ``run_campaign`` calls the methods in this order: ``open``,
    ``load``, ``summary`` and ``keys``, then ``take``, ``intend``, ``withdraw`` and ``record`` as
    messages go, ``close``. Each may raise a :class:`JournalError`.
    :func:`cleverapp_async.testing.check_journal` checks all that is said here of a journal of your
    own.
    """

    async def open(self, origin: str, *, create: bool = True) -> None:
        """Take the journal for this runner alone.

        Args:
            origin: The base URL that is sent to.
            create: Whether to make it where there is none.

        Raises:
            JournalLockedError: Another runner has it.
            JournalMismatchError: The campaign in it goes to another base URL.
            JournalError: It cannot be opened, or is no journal.
        """

    async def load(
        self,
        messages: Messages | None,
        key_of: Callable[[Message], LimitKey | None],
        *,
        deduplicate: bool,
    ) -> Loaded:
        """Read all messages in, or hold them against those of a campaign that is resumed.

        A message is kept with its ``reference``, and :meth:`take` gives it back with it. What is
        compared is the request alone: the reference of the first reading stays.

        Intents without a result become ``UNKNOWN``. A reading that was interrupted begins anew.

        Args:
            messages: What is sent; None resumes what the journal holds, unseen.
            key_of: What limits a message, asked once for each message right after it was read.
            deduplicate: Leave out a message whose address (:func:`address_of`) was given before.

        Raises:
            JournalMismatchError: The messages are not those of the campaign; says what differs,
                and where first in ``index``. Or duplicates are treated in another way.
            JournalError: There is no campaign to resume, and no messages are given.
            InvalidRequestError: Something given is no message; :func:`read_messages` sees to it.
            JournalWriteError: They cannot be written.
        """
        ...

    async def keys(self) -> list[LimitKey | None]:
        """The limit keys of all messages."""
        ...

    async def take(
        self, key: LimitKey | None, after: int, most: int, resend: Resend
    ) -> list[JournalEntry]:
        """The next messages of a key that are to be sent, in their order.

        Those of this runner that have ended or been taken are passed over by ``after``.

        Args:
            key: Whose messages.
            after: Only messages whose index is greater; -1 for all.
            most: How many at most.
            resend: Which of those that have a result are sent again.
        """
        ...

    def intend(self, index: int) -> Awaitable[None]:
        """Write that a message is about to leave; durable once it was awaited.

        Raises:
            JournalWriteError: It is not written: the message must not leave.
        """
        ...

    def withdraw(self, index: int) -> None:
        """Take an intent back: the attempt provably did nothing, and the next one comes later.

        The message is then what it was before the intent: one that was ``UNKNOWN`` stays so.
        Written with the next commit; nobody waits for it. Without an intent nothing changes; an
        intent that was queued and not yet written is undone just so.
        """

    def record(self, index: int, result: JournalResult) -> Awaitable[None]:
        """Write how a message ended; durable once it was awaited.

        A message that may have arrived before, as it was ``UNKNOWN`` before its intent, stays
        ``UNKNOWN`` with its older result where sending it once more came to ``NOT_SENT`` or to a
        rejection that may pass.

        Raises:
            JournalWriteError: It is not written: its intent stays without a result.
        """
        ...

    async def summary(self) -> JournalSummary:
        """The campaign in numbers."""
        ...

    async def close(self, ended: str) -> None:
        """Write what is left, note why this run ended, and let the journal go.

        Args:
            ended: In words: ``finished``, ``interrupted``, or the text of an error.
        """


@runtime_checkable
class SendHistory(Protocol):
    """What a journal may offer besides :class:`Journal`: which messages were sent recently.

    A resume asks once, after ``load``, and counts what was sent then against the limits: the
    server still counts it. With a journal that has not this method a resume counts no more than
    the orphans that ``load`` gave, and its first messages may be refused.
    """

    async def sent_since(self, moment: float, most: int) -> Sequence[JournalEntry]:
        """The messages whose last intent or result is not older than a moment.

        Those of every state, as they are known now: with ``intent_at``, and with the result where
        there is one; intents that ``load`` called ``UNKNOWN`` have a result of that moment. A
        journal that knows when an attempt ended which left no result, as it was withdrawn, gives
        that moment as ``intent_at``; one that counts attempts gives ``earlier``.

        Args:
            moment: Unix seconds.
            most: So many of each key suffice, the newest ones; more do no harm.

        Raises:
            JournalError: They cannot be read.
        """
        ...


@runtime_checkable
class RecognizesAccount(Protocol):
    """What a journal may offer besides: to notice that another token goes on with a campaign."""

    async def recognize(self, mark_of: MarkOf) -> bool | None:
        """Compare the token with that of the last run, and keep its mark for the next one.

        Called once, after ``load``, before anything is sent. The token itself never comes here.

        Args:
            mark_of: Gives the token's mark for a salt, which the journal makes at random and
                keeps. It takes some 100 milliseconds: call it outside of the event loop.

        Returns:
            Whether they are the same; None where no run has left a mark.
        """
        ...


@runtime_checkable
class CampaignReader(Protocol):
    """Looks into a campaign wherever it is kept, also while it runs, and changes nothing.

    :class:`JournalReader` is one for a file, ``RedisJournalReader`` one for Redis; both are context
    managers, and these methods work inside of the block. ``write_report`` and ``export_csv`` take
    any reader.

    Each method may raise a :class:`JournalError`.
    """

    @property
    def name(self) -> str:
        """What a report calls it, and the commands in it: a file's name, or an address."""
        ...

    def summary(self) -> JournalSummary:
        """The campaign in numbers."""
        ...

    def entries(self, *states: JournalState) -> Iterator[JournalEntry]:
        """The messages in these states, all where none is given, by their index, row by row."""
        ...

    def reference_columns(self) -> tuple[str, ...]:
        """The columns that an export has for what :attr:`SendMessage.reference` holds.

        One for each name, in the order in which they came, with ``own_`` in front of a name that
        outcomes or messages have a column for. None after a purge, or where nothing has one.
        """
        ...

    def errors(self) -> list[tuple[ErrorRecord, int]]:
        """The errors that results hold, and how often each; the most frequent first."""
        ...

    def settled(self) -> Iterator[SettledMessage]:
        """The messages that have a result, without their texts, row by row, in any order.

        They are known after a purge, too.
        """
        ...

    def holder(self) -> LockHolder | None:
        """Who is at work on it; None where nobody is."""
        ...


class Campaign(Protocol):
    """A campaign, wherever it is kept: it can be read, and settled by hand.

    :class:`SqliteCampaign` is one in a file, ``RedisCampaign`` one in Redis. Reading is apart from
    changing: a reader changes nothing, and what changes a campaign wants it for itself.
    """

    @property
    def address(self) -> str:
        """How the command line names it; no password is in it."""
        ...

    @property
    def resumable(self) -> bool:
        """Whether one run goes on with all of it; of a campaign in Redis workers send the parts."""
        ...

    def reader(self) -> AbstractContextManager[CampaignReader]:
        """Looks into it, also while it runs.

        Raises:
            JournalError: When the block is entered: it is not there, or cannot be read.
        """
        ...

    def resolve_unknown(self, state: JournalState, indexes: Iterable[int] | None = None) -> int:
        """Settle messages whose outcome is unknown, as a user found out what it is.

        Args:
            state: ``ACCEPTED``: they are never sent again; or ``NOT_SENT``: a resume sends them.
            indexes: Which ones, counted from 0 as :attr:`JournalEntry.index` is, where the command
                line counts from 1; None: all that are unknown.

        Returns:
            How many were settled.

        Raises:
            InvalidRequestError: Another state is given, or an index is not valid.
            JournalLockedError: Somebody is at work on it: nothing is changed.
            JournalError: A message is not unknown: nothing is changed.
            JournalWriteError: It cannot be written.
        """
        ...

    def purge(self, *, force: bool = False) -> int:
        """Erase recipients, texts, references and texts of errors; states, counts and times stay.

        It is for good, and the campaign cannot be resumed then.

        Args:
            force: Also where messages are left to send, or of unknown outcome.

        Returns:
            How many messages were erased.

        Raises:
            JournalLockedError: Somebody is at work on it: nothing is changed.
            JournalError: Messages are left: nothing is changed.
            JournalWriteError: It cannot be written.
        """
        ...
