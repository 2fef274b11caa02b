"""One bulk send, as its caller sees it: iterate for the outcomes, drain, close."""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

from attrs import frozen

from .._arguments import (
    check_instance,
    check_whole,
    place_of_caller,
    said_by,
    told_of,
    warn_at,
    wrong_argument,
)
from .._call import Reply, SendState
from .._event_loop import AsyncOnly, wait_out
from ..errors import (
    CampaignPausedError,
    CleverAppError,
    ConfigurationError,
    JournalError,
    Outcome,
)
from ..limits.quota import LimitKey, Quota
from ..models.messages import Message
from .breaker import Breaker
from .dispatch import Dispatcher
from .journal.records import JournalSummary, Loaded
from .outcome import SendOutcome, outcome_of_run
from .schedule import Schedule, ScheduleGuard
from .sources import Source

__all__ = ["BulkProgress", "BulkRun", "make_run"]

_log = logging.getLogger("cleverapp_async")

_HOW = "write `async for outcome in client.send_many(...)`, and the same with run_campaign"

_TOLD = {
    Outcome.ACCEPTED: "accepted",
    Outcome.REJECTED: "rejected",
    Outcome.NOT_SENT: "not sent",
    Outcome.UNKNOWN: "of unknown outcome",
}

_OF_RUNS = (JournalError, CampaignPausedError)


@frozen
class BulkProgress:
    """A bulk send at one moment.

    Attributes:
        read: Messages taken in to be sent: from the source or, with a journal, out of it.
        ended: How many ended, by outcome.
        by_key: Per limit key (None: the route is not known): how many are queued, and how many
            in work, that is at the limits or on the wire.
        opens_at: Unix seconds until which the schedule lets nothing leave; None: it is open.
    """

    read: int
    ended: dict[Outcome, int]
    by_key: dict[LimitKey | None, tuple[int, int]]
    opens_at: float | None = None


class BulkRun(AsyncOnly):
    """Many messages on their way: iterate over it for their outcomes, in the order they end.

    Nothing is read or sent before the first outcome is asked for: a run that nobody iterates over
    sends nothing, and warns of it (``RuntimeWarning``) when it is collected.

    Messages are read only as far as there is room to send them. Leaving the iteration early
    (``break``, an error, a cancellation) cancels everything it started, what is on the wire
    included: messages that were on the wire may have arrived, and nobody is told their outcomes
    any more; :attr:`progress` counts them. :meth:`drain` stops in order instead. After a ``break``
    the loop has to turn until all that is done: use the run as an async context manager to be
    sure that nothing outlives a block. A generator of messages is closed with the run, so that what
    it holds, such as a connection to a database, is given back; what it raises at that is raised
    where the run is left, and logged by its type and place where something else is raised already.

    With a journal an outcome comes once it is written down. The messages that a dead run had on its
    way come first, as ``UNKNOWN``. A message that was never begun has no outcome: the next run
    sends it.

    Made by :meth:`CleverAppClient.send_many` and :meth:`CleverAppClient.run_campaign`.
    """

    def __init__(self, dispatcher: Dispatcher, guard: ScheduleGuard | None = None) -> None:
        self._dispatcher = dispatcher
        self._guard = guard
        self._reader: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._started = False
        self._source_error_told = False
        # Whether a run that has not begun is what somebody wanted.
        self._settled = False
        self._made_at = place_of_caller()

    @property
    def progress(self) -> BulkProgress:
        """How far the run has come."""
        dispatcher = self._dispatcher
        opens_at = None if self._guard is None else self._guard.opens_at
        return BulkProgress(dispatcher.read, dict(dispatcher.counts), dispatcher.by_key(), opens_at)

    @property
    def loaded(self) -> Loaded | None:
        """The result of reading the messages into the journal; None without one, or before that."""
        return self._dispatcher.source.loaded

    @property
    def summary(self) -> JournalSummary | None:
        """The campaign as this run found it; None without a journal, or before it has been read."""
        return self._dispatcher.source.summary

    @property
    def other_account(self) -> bool:
        """Whether the token differs from that of the campaign's last run.

        Known once :attr:`summary` is, before anything is sent, and logged then as a warning
        (logger ``cleverapp_async``). Nothing is wrong where the token was renewed; another
        account knows neither the campaign's contacts nor its bots.
        """
        return self._dispatcher.source.other_account

    def __del__(self) -> None:
        """Warn of a run that was forgotten, as Python does of a coroutine nobody awaited."""
        if not self._settled:
            told = f"a bulk send was never iterated over, so nothing was sent: {_HOW}"
            warn_at(self._made_at, told, RuntimeWarning)

    if not TYPE_CHECKING:
        # Hidden from type checkers, which so refuse what would only raise.

        def __await__(self) -> NoReturn:
            """Say how a run is used."""
            raise TypeError(f"a bulk send cannot be awaited: {_HOW}")

        def __iter__(self) -> NoReturn:
            """Say how a run is used."""
            raise TypeError(f"a bulk send cannot be iterated over by a plain `for`: {_HOW}")

    def __aiter__(self) -> AsyncIterator[SendOutcome]:
        """Start sending; a run can be iterated once.

        The iteration raises what the source raises, and:

        Raises:
            JournalError: The journal cannot be used, or no longer be written.
            CampaignPausedError: Errors of one kind came too often in a row. Every message that was
                begun has its outcome before that, and without a journal every one that was read.
        """
        if self._started:
            raise RuntimeError("a bulk send runs once: call the client's method again")
        self._started = True
        return self._outcomes()

    async def __aenter__(self) -> Self:
        """Return the run itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End every task that it started."""
        # A block that was left by an error need not have come to the iteration.
        forgotten = error is None and not self._settled
        await self._end(failed=error is not None)
        if forgotten:
            told = f"a bulk send was opened and never iterated over, so nothing was sent: {_HOW}"
            warn_at(self._made_at, told, RuntimeWarning)

    def drain(self) -> None:
        """Start nothing more: what is on the wire ends, the rest is not sent.

        The iteration goes on until all that was begun has its outcome; without a journal, until
        every message that was read has.
        """
        self._settled = True
        if self._dispatcher.draining:
            return
        self._dispatcher.drain()
        self._stop_reader()

    def _stop_reader(self) -> None:
        """Cancel it once: a generator of the user's that ends in order is not cut off at that."""
        if self._reader is not None and not self._reader.cancelling():
            self._reader.cancel()

    async def aclose(self) -> None:
        """Cancel everything it started, and wait until it has ended and is written down.

        Nothing outlives it: cancelled while it waits, it waits all the same, and raises the
        cancellation once everything has ended.

        It raises what a generator of messages raised as it was closed, too, and:

        Raises:
            JournalError: The journal could not be written to the end, or not closed.
        """
        await self._end(failed=False)

    async def _end(self, *, failed: bool) -> None:
        """Close, and tell what the source raised at that: as an error if nothing else is raised."""
        self._settled = True
        if self._closing is None:
            # In a task of its own, which several callers wait for, and which no cancellation of one
            # of them cuts off: what is on the wire must get its outcome into the journal.
            self._closing = asyncio.create_task(self._close())
        try:
            await _result_of(self._closing)
        except BaseException:
            self._tell_source_error(failed=True)
            raise
        self._tell_source_error(failed=failed)

    def _tell_source_error(self, *, failed: bool) -> None:
        reader = self._reader
        # What it raised before it was stopped is raised by an iteration that comes so far.
        if reader is None or not reader.cancelling() or reader.cancelled():
            return
        if (error := reader.exception()) is None or self._source_error_told:
            return
        self._source_error_told = True
        if not failed:
            raise error
        _log.error("the source of messages failed as it was closed: %s", told_of(error))

    async def _close(self) -> None:
        # Told before anything is cancelled: afterwards every reader has ended.
        finished = self._reader is not None and self._reader.done() and not self._dispatcher.busy
        ended = self._why_ended(finished=finished)
        self.drain()
        helpers = [task for task in (self._reader, self._keeper) if task is not None]
        if self._keeper is not None:
            self._keeper.cancel()
        self._stop_reader()
        try:
            # The source is closed at the very last: it must be there for every outcome that still
            # has to be kept.
            await self._dispatcher.abort()
            await asyncio.gather(*helpers, return_exceptions=True)
        finally:
            # What failed while it was cut off is why it ended, too.
            if self._dispatcher.failure is not None:
                ended = self._why_ended(finished=False)
            try:
                await self._dispatcher.source.close(ended)
            except CleverAppError as error:
                told = self._with_count(error)
                raise told from told.__cause__

    def _with_count(self, error: CleverAppError) -> CleverAppError:
        """An error that stops the run, with what had become of its messages before it."""
        ended = self._dispatcher.counts.copy()
        if self.loaded is not None:
            # Told by this run, and sent by an earlier one.
            ended[Outcome.UNKNOWN] -= len(self.loaded.orphans)
        counts = {outcome: count for outcome, count in ended.items() if count > 0}
        if not counts or (isinstance(error, _OF_RUNS) and error.so_far):
            return error
        if not isinstance(error, _OF_RUNS) and error is not self._dispatcher.failure:
            # What the list of messages raises by itself tells of something else.
            return error
        # A copy: the journal may raise the same object once more, which must not get the count
        # twice.
        found = copy.copy(error)
        found.outcome = outcome_of_run(counts)
        if isinstance(found, _OF_RUNS):
            found.so_far = counts
        if isinstance(found, JournalError):
            named = (f"{counts[one]} {name}" for one, name in _TOLD.items() if one in counts)
            told = ", ".join(named)
            found.args = (f"{str(error).rstrip('. ')}. Messages of this run so far: {told}",)
        found.__cause__ = error.__cause__
        return found

    def _why_ended(self, *, finished: bool) -> str:
        failure = self._dispatcher.failure
        if failure is not None:
            return said_by(failure)
        reader = self._reader
        if reader is not None and reader.done() and not reader.cancelled():
            error = reader.exception()
            if error is not None:
                return said_by(error)
        return "finished" if finished and not self._dispatcher.draining else "interrupted"

    async def _outcomes(self) -> AsyncIterator[SendOutcome]:
        self._settled = True
        dispatcher = self._dispatcher
        if dispatcher.draining:
            return
        if self._guard is not None:
            self._keeper = asyncio.create_task(self._guard.keep(dispatcher))
            self._keeper.add_done_callback(self._keeper_ended)
        self._reader = asyncio.create_task(dispatcher.source.fill(dispatcher))
        # Also where it is cancelled before its first step.
        self._reader.add_done_callback(lambda _: dispatcher.news.set())
        failed = True
        try:
            while True:
                # Each outcome that is taken makes room for a message more.
                while dispatcher.ended:
                    yield dispatcher.ended.popleft()
                    dispatcher.start()
                if dispatcher.failure is not None:
                    self._stop_reader()
                if self._reader.done() and not dispatcher.busy:
                    break
                # Nothing is awaited between the looks above and this: no news is missed.
                dispatcher.news.clear()
                await dispatcher.news.wait()
            self._raise_for_failure()
            failed = False
        except GeneratorExit:
            failed = False
            raise
        finally:
            await self._end(failed=failed)

    def _raise_for_failure(self) -> None:
        reader, dispatcher = self._reader, self._dispatcher
        if dispatcher.failure is not None:
            raise self._with_count(dispatcher.failure)
        if reader is None:
            return
        if reader.cancelled():
            if not dispatcher.draining:
                raise RuntimeError(
                    f"the source of messages was cancelled after {dispatcher.read} message(s)"
                )
        elif error := reader.exception():
            self._source_error_told = True
            raise self._with_count(error) if isinstance(error, CleverAppError) else error

    def _keeper_ended(self, keeper: asyncio.Task[None]) -> None:
        """End a run whose schedule failed: nobody would release its dispatcher any more."""
        if not keeper.cancelled() and (error := keeper.exception()) is not None:
            failed = ConfigurationError(f"the schedule failed: {said_by(error)}")
            failed.__cause__ = error
            self._dispatcher.fail(failed)


def make_run(
    source: Source,
    deliver: Callable[[Message, SendState], Awaitable[Reply]],
    quotas_of: Callable[[LimitKey], tuple[Quota, ...]],
    *,
    concurrency: int,
    look_ahead: int,
    schedule: Schedule | None,
    pause_after: int | None,
) -> BulkRun:
    """A run over a source; see :meth:`CleverAppClient.send_many`.

    Args:
        source: Where its messages come from.
        deliver: Sends one of them.
        quotas_of: The quotas of a key.
        concurrency: Messages in work at once.
        look_ahead: Messages read ahead at most.
        schedule: When messages may leave.
        pause_after: So many troubles in a row stop it; None: none do.

    Raises:
        InvalidRequestError: An argument cannot work; it is named.
    """
    check_whole("concurrency", concurrency, wrong_argument)
    check_whole("look_ahead", look_ahead, wrong_argument)
    if pause_after is not None:
        check_whole("pause_after", pause_after, wrong_argument)
    if schedule is not None:
        check_instance("schedule", schedule, Schedule, "a Schedule(...)", wrong_argument)
    guard = None if schedule is None else ScheduleGuard(schedule)

    def width_of(key: LimitKey | None) -> int:
        if key is None:
            # Messages of unknown routes share one queue, whatever their real keys are. Half of the
            # places are left to keys that are known, or one slow bot among them could hold all.
            return max(1, concurrency // 2)
        # More than the limit lets through at once would only wait at the limiter, and hold places
        # that other keys could use.
        return min((quota.limit for quota in quotas_of(key)), default=concurrency)

    dispatcher = Dispatcher(
        source=source,
        deliver=deliver,
        width_of=width_of,
        concurrency=concurrency,
        look_ahead=look_ahead,
        is_open=None if guard is None else guard.is_open,
        breaker=None if pause_after is None else Breaker(pause_after, lasting=source.lasting),
    )
    return BulkRun(dispatcher, guard)


async def _result_of(task: asyncio.Task[None]) -> None:
    """Wait for the end of a task, then raise a cancellation of the wait, or its own error."""
    cancelled = await wait_out(task)
    if cancelled is None:
        return task.result()
    failure = None if task.cancelled() else task.exception()
    raise cancelled from failure
