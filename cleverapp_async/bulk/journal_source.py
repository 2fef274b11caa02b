"""Messages out of a journal, which is told of each one before and after it is sent."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from attrs import define, field

from .._call import SendState
from ..errors import (
    ApiError,
    CleverAppError,
    InvalidRequestError,
    JournalError,
    Outcome,
    OutcomeUnknownError,
    ValidationError,
)
from ..limits.quota import LimitKey
from ..models.messages import Message
from ..models.route import Route
from .breaker import is_permanent
from .journal.messages import closed_at_end
from .journal.protocol import Journal, MarkOf, Messages, RecognizesAccount
from .journal.records import (
    ORPHANED,
    ErrorRecord,
    JournalEntry,
    JournalResult,
    JournalState,
    JournalSummary,
    Loaded,
    Resend,
)
from .outcome import (
    SendOutcome,
    ask_journal,
    ask_journal_list,
    broken_promise,
    expected_answer,
    is_cancelled,
    journal_failure,
)
from .priming import Primer

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from .sources import DispatchQueue


__all__ = ["JournalSource"]

_log = logging.getLogger("cleverapp_async")

_DEEPEST = 250
"""Messages of one key in memory at most: reading more at once makes nothing quicker."""


@define(repr=False, kw_only=True)
class JournalSource:
    """Reads a journal key by key, so that no key's messages hide behind another's.

    Args:
        journal: Where the campaign is, or will be.
        messages: What is sent; None resumes what the journal holds.
        origin: The base URL.
        key_of: What limits a message, as far as it is known.
        learn: Told through which bot and messenger a contact is written to.
        deduplicate: Whether a recipient for whom there are several messages gets only the first
            of them.
        resend: Which messages with a result are sent again.
        look_ahead: Messages in memory at most, all keys together.
        primer: Tells the limits what earlier runs sent; None: nobody does.
        wall: Unix seconds.
        mark_of: Gives the mark of the account's token for a salt; None: nothing is compared.

    Attributes:
        other_account: Whether the token is another than the last run's.
    """

    journal: Journal
    messages: Messages | None
    origin: str
    key_of: Callable[[Message], LimitKey | None]
    learn: Callable[[int, Route], object]
    deduplicate: bool
    resend: Resend
    look_ahead: int
    primer: Primer | None = None
    wall: Callable[[], float] = time.time
    mark_of: MarkOf | None = None
    other_account: bool = field(default=False, init=False)
    loaded: Loaded | None = field(default=None, init=False)
    summary: JournalSummary | None = field(default=None, init=False)
    _open: bool = field(default=False, init=False)

    @property
    def lasting(self) -> bool:
        """What was not begun waits in the journal."""
        return True

    async def fill(self, queue: DispatchQueue) -> None:
        """Load or compare everything, then put in what is to be sent, key by key.

        Raises:
            JournalError: The journal cannot be used, or is another campaign's.
            InvalidRequestError: The source gave something that is no message.
        """
        await ask_journal(self.journal.open, self.origin, create=self.messages is not None)
        # From here on `close` closes the journal; before, there is nothing that holds it.
        self._open = True
        self.loaded = await self._load()
        if self.mark_of is not None and isinstance(self.journal, RecognizesAccount):
            same = await ask_journal(self.journal.recognize, self.mark_of)
            self.other_account = same is False
            if self.other_account:
                _log.warning(
                    "the token is not the one that the last run of this campaign had: nothing is "
                    "wrong if it was renewed; if it is another account's, stop the run"
                )
        # After the load, which calls what a dead run left UNKNOWN: the counts must not hold it as
        # under way.
        summary = await ask_journal(self.journal.summary)
        self.summary = expected_answer(self.journal.summary, JournalSummary, summary)
        # Before the first message can be taken: the limiters must know of what the server still
        # counts.
        if self.primer is not None:
            await self.primer.prime(self.journal, self.loaded, self.summary)
        # Told before all outcomes of this run: with `resend` the same message may get another one
        # soon.
        for entry in self.loaded.orphans:
            queue.tell(_orphan(entry))
        await self._put_all(queue, self.summary)

    async def _load(self) -> Loaded:
        """Have the journal read the messages: what their source raises stays the user's own.

        Raises:
            JournalError: The journal failed.
        """
        load, source = self.journal.load, _SourceError()
        messages = None if self.messages is None else source.watch(self.messages)
        try:
            async with closed_at_end(None if messages is None else messages.steps):
                loaded = await load(messages, self.key_of, deduplicate=self.deduplicate)
        except (JournalError, InvalidRequestError):
            raise
        except (Exception, asyncio.CancelledError) as error:
            # The source of messages runs inside of the journal's `load`. What it raised comes out
            # as the very same object, and is the user's to handle.
            cancelled = isinstance(error, asyncio.CancelledError) and is_cancelled()
            if error is source.raised or cancelled:
                raise
            raise journal_failure(load, error) from error
        for orphan in expected_answer(load, Loaded, loaded).orphans:
            expected_answer(load, JournalEntry, orphan)
        return loaded

    async def _ask_keys(self, summary: JournalSummary) -> Sequence[LimitKey | None]:
        """The keys whose messages are taken.

        Raises:
            JournalError: The journal failed, or has messages to send of further keys: they would
                be left out without a word.
        """
        method = self.journal.keys
        keys = await ask_journal_list(LimitKey | None, method)
        # The summary counts by key independently of `keys`: so a journal that forgets one is found
        # out.
        missing = summary.to_send(self.resend).keys() - set(keys)
        if missing:
            told = f"must give the keys of all messages, and left out {len(missing)} of them"
            raise broken_promise(method, told)
        return keys

    async def _take(
        self, key: LimitKey | None, after: int, most: int, given: _Indexes
    ) -> Sequence[JournalEntry]:
        """The next messages of a key, each of which is given once.

        Raises:
            JournalError: The journal failed, or gave a message that would be sent twice.
        """
        method = self.journal.take
        entries = await ask_journal_list(JournalEntry, method, key, after, most, self.resend)
        for entry in entries:
            if entry.index <= after:
                told = f"must give the messages behind index {after}, and gave {entry.index}"
                raise broken_promise(method, told)
            # The last guard against sending twice: whatever a journal of the user's own does, this
            # run takes no index a second time.
            if not given.add(entry.index):
                told = f"must give each message once, and gave that of index {entry.index} twice"
                raise broken_promise(method, told)
        return entries

    async def _put_all(self, queue: DispatchQueue, summary: JournalSummary) -> None:
        # A cursor per key says how far its messages have been read. Each key is filled up once half
        # of what it may have in memory is started: so none waits for the reading of another one.
        cursors = dict.fromkeys(await self._ask_keys(summary), -1)
        given = _Indexes()
        depth = max(1, min(_DEEPEST, self.look_ahead // max(1, len(cursors))))
        half = max(1, depth // 2)
        queue.watch(half)
        low_keys = list(cursors)
        while cursors:
            for key in low_keys:
                if key not in cursors or queue.queued(key) >= half:
                    continue
                # Filled up from half, not one by one: each question to the journal waits behind its
                # writes.
                wanted = depth - queue.queued(key)
                entries = await self._take(key, cursors[key], wanted, given)
                for entry in entries:
                    self._put(queue, entry)
                # Fewer than asked for means that the key has no more: nothing is added while a run
                # goes on.
                if len(entries) < wanted:
                    del cursors[key]
                else:
                    cursors[key] = entries[-1].index
            if cursors:
                low_keys = await queue.low_keys()

    def _put(self, queue: DispatchQueue, entry: JournalEntry) -> None:
        message, key = entry.message, entry.key
        if message.contact_id is not None and key is not None and key.bot_id is not None:
            self.learn(message.contact_id, Route(key.bot_id, key.messenger))
        queue.put(entry.index, message, key)

    def send_state(self, index: int) -> SendState:
        """A send state by which the journal has the intent on disk before the message leaves."""
        return SendState(
            commit=partial(self._intend, index),
            withdraw=partial(self._withdraw, index),
        )

    def keep(self, outcome: SendOutcome) -> Awaitable[None]:
        """Write an outcome down."""
        now = self.wall()
        # Noted before it is written: what a later run in this process reads in the journal must be
        # known as counted already, or the limits would count it twice.
        self._note(outcome.index, now, now)
        return self.journal.record(outcome.index, _result_of(outcome, now))

    def failure(self, error: BaseException) -> CleverAppError:
        """What the journal raised when it was to write a result, as what stops the run."""
        return journal_failure(self.journal.record, error)

    async def _intend(self, index: int) -> None:
        begun = self.wall()
        await ask_journal(self.journal.intend, index)
        self._note(index, begun, self.wall())

    def _withdraw(self, index: int) -> None:
        begun = self.wall()
        try:
            self.journal.withdraw(index)
        except (Exception, asyncio.CancelledError) as error:
            raise journal_failure(self.journal.withdraw, error) from error
        self._note(index, begun, self.wall())

    def _note(self, index: int, begun: float, ended: float) -> None:
        if self.primer is not None:
            self.primer.note(index, begun, ended)

    async def close(self, ended: str) -> None:
        """Close the journal."""
        if self._open:
            self._open = False
            await ask_journal(self.journal.close, ended)


_BLOCK = 4096


@define(eq=False)
class _Indexes:
    """Which messages were given: a bit for each, as there may be millions of them."""

    blocks: dict[int, int] = field(factory=dict[int, int], init=False)

    def add(self, index: int) -> bool:
        """Take one in, and tell whether it is new."""
        # Python's integers are as long as they must be: 4,096 bits in one, so that a million
        # messages take about 250 entries of a dict.
        block, place = divmod(index, _BLOCK)
        known, bit = self.blocks.get(block, 0), 1 << place
        self.blocks[block] = known | bit
        return not known & bit


@define(eq=False)
class _SourceError:
    """Tells an error of the messages' source, which is the user's, from one of the journal.

    Both come out of the journal's ``load``, which reads the one while it writes the other.
    """

    raised: BaseException | None = field(default=None, init=False)

    def watch(self, messages: Messages) -> _Watched | _WatchedLater:
        """The same messages, whose error is remembered."""
        if isinstance(messages, AsyncIterable):
            return _WatchedLater(self, aiter(messages))
        return _Watched(self, iter(messages))


@define(eq=False, repr=False)
class _Watched:
    error: _SourceError
    steps: Iterator[Message]

    def __iter__(self) -> Iterator[Message]:
        return self

    def __next__(self) -> Message:
        try:
            return next(self.steps)
        except StopIteration:
            raise
        except BaseException as error:
            self.error.raised = error
            raise


@define(eq=False, repr=False)
class _WatchedLater:
    error: _SourceError
    steps: AsyncIterator[Message]

    def __aiter__(self) -> AsyncIterator[Message]:
        return self

    async def __anext__(self) -> Message:
        try:
            return await anext(self.steps)
        except StopAsyncIteration:
            raise
        except BaseException as error:
            self.error.raised = error
            raise


def _orphan(entry: JournalEntry) -> SendOutcome:
    """The outcome of a message that was on its way when its runner died."""
    return SendOutcome(
        message=entry.message,
        outcome=Outcome.UNKNOWN,
        index=entry.index,
        error=OutcomeUnknownError(ORPHANED.message),
    )


def _record_of(error: CleverAppError) -> ErrorRecord:
    """An error as a journal keeps it."""
    fields: tuple[tuple[str, str | None, tuple[str, ...], str], ...] = ()
    if isinstance(error, ValidationError):
        fields = tuple((one.field, one.rule, one.related, one.message) for one in error.errors)
    return ErrorRecord(
        type=type(error).__name__,
        message=str(error),
        status=error.status if isinstance(error, ApiError) else None,
        fields=fields,
    )


def _result_of(outcome: SendOutcome, now: float) -> JournalResult:
    """An outcome as a journal keeps it.

    Args:
        outcome: What became of a message.
        now: Unix seconds.
    """
    receipt, error = outcome.receipt, outcome.error
    return JournalResult(
        state=JournalState(outcome.outcome.value),
        ended_at=now,
        permanent=is_permanent(outcome),
        attempts=receipt.attempts if receipt else error.attempts if error else 0,
        waited=receipt.waited if receipt else None,
        on_wire=receipt.on_wire if receipt else None,
        contact_id=outcome.contact.id if outcome.contact else None,
        error=None if error is None else _record_of(error),
    )
