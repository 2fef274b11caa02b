"""What a run sends, checked at the call: its messages' source, and where outcomes go first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import TYPE_CHECKING, Protocol, cast

from attrs import define

from .._arguments import check_instance, wrong_argument
from .._call import SendState
from ..errors import CleverAppError, InvalidRequestError, Outcome
from ..limits.quota import LimitKey
from ..models.messages import Message, check_message
from .journal.messages import closed_at_end
from .journal.protocol import Journal, Messages
from .outcome import SendOutcome, unexpected_error

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from .journal.records import JournalSummary, Loaded

__all__ = ["DispatchQueue", "IterableSource", "Source", "check_journal"]


def check_journal(journal: object) -> None:
    """Make sure that a journal is one, and no path or class.

    Raises:
        InvalidRequestError: It is not one.
    """
    wanted = "a Journal, and comes first: run_campaign(SqliteJournal('run.db'), messages)"
    check_instance("journal", journal, Journal, wanted, wrong_argument)


_READ_AT_ONCE = 64


_END = object()


async def _next_later(steps: AsyncIterator[object]) -> object:
    """The next of them; no loop, as an iterator need not be one to iterate over by itself."""
    try:
        return await anext(steps)
    except StopAsyncIteration:
        return _END


class DispatchQueue(Protocol):
    """What takes a source's messages: the dispatcher, as a source sees it."""

    def put(self, index: int, message: Message, key: LimitKey | None) -> None:
        """Take in one message."""

    def tell(self, outcome: SendOutcome) -> None:
        """Pass on an outcome that is known without sending."""

    async def room(self) -> None:
        """Wait until there is room for another message."""

    def watch(self, below: int) -> None:
        """A key runs low once it starts messages and has fewer left than that."""

    async def low_keys(self) -> list[LimitKey | None]:
        """Wait until some keys run low, and return them, the one that did so first at the front."""
        ...

    def queued(self, key: LimitKey | None) -> int:
        """How many messages of a key wait for their turn."""
        ...


class Source(Protocol):
    """Gives messages, and is told of their outcomes before anybody else."""

    @property
    def lasting(self) -> bool:
        """Whether a message that was never begun needs no outcome: a later run sends it."""
        ...

    @property
    def loaded(self) -> Loaded | None:
        """The result of reading messages into a journal; None without one, or before that."""
        ...

    @property
    def summary(self) -> JournalSummary | None:
        """The campaign as this run found it; None without a journal, or before it has been read."""
        ...

    @property
    def other_account(self) -> bool:
        """Whether the journal's last run had another token."""
        ...

    async def fill(self, queue: DispatchQueue) -> None:
        """Put in all messages, as there is room."""

    def send_state(self, index: int) -> SendState:
        """A new send state for a message, with what the source does before and after it leaves."""
        ...

    def keep(self, outcome: SendOutcome) -> Awaitable[None] | None:
        """Keep an outcome; None where there is nothing to wait for."""
        ...

    def failure(self, error: BaseException) -> CleverAppError:
        """What stops the run where the source could not keep an outcome, or take an intent back."""
        ...

    async def close(self, ended: str) -> None:
        """Close the source, and note why the run has ended."""


@define(repr=False)
class IterableSource:
    """Reads an iterable as far as there is room; keeps nothing.

    Args:
        messages: What is sent.
        key_of: What limits a message, as far as it is known.
    """

    messages: Messages
    key_of: Callable[[Message], LimitKey | None]
    _read: int = 0

    @property
    def lasting(self) -> bool:
        """Nothing is kept, so every message needs an outcome."""
        return False

    @property
    def loaded(self) -> None:
        """There is no journal."""

    @property
    def summary(self) -> None:
        """There is no journal."""

    @property
    def other_account(self) -> bool:
        """There is no journal."""
        return False

    async def fill(self, queue: DispatchQueue) -> None:
        """Put in all messages, as there is room; anything else has its outcome at once."""
        given = self.messages
        if isinstance(given, AsyncIterable):
            async with closed_at_end(aiter(given)) as later:
                while (message := await _next_later(later)) is not _END:
                    await self._put(queue, message)
        else:
            async with closed_at_end(iter(given)) as steps:
                while (message := next(steps, _END)) is not _END:
                    await self._put(queue, message)

    async def _put(self, queue: DispatchQueue, message: object) -> None:
        # What is no message has an index as well: outcomes tell places in what was given.
        index = self._read
        self._read += 1
        try:
            checked = check_message(message, index)
        except InvalidRequestError as error:
            # One bad message stops no others. What was given is told back as it is.
            given = cast("Message", message)
            outcome = Outcome.NOT_SENT
            queue.tell(SendOutcome(message=given, outcome=outcome, index=index, error=error))
        else:
            queue.put(index, checked, self.key_of(checked))
        # A plain iterable never gives the loop a turn: while there is room, thousands of messages
        # would be taken in before the first one could leave.
        if self._read % _READ_AT_ONCE == 0:
            await asyncio.sleep(0)
        # After the put and not before it: a message that was taken out of the iterable is in the
        # queue, or has its outcome, when the run is cancelled here.
        await queue.room()

    def send_state(self, index: int) -> SendState:
        """A send state without anything to do."""
        del index
        return SendState()

    def keep(self, outcome: SendOutcome) -> None:
        """Keep nothing."""
        del outcome

    def failure(self, error: BaseException) -> CleverAppError:
        """Nothing is kept here, so that nothing of the kind can fail but the SDK itself."""
        return unexpected_error(Outcome.NOT_SENT, error)

    async def close(self, ended: str) -> None:
        """There is nothing to close."""
        del ended
