"""The engine of a bulk send: who is sent when, and what is told in which order."""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from attrs import define, field

from .._call import Fate, Reply
from ..errors import (
    ApiError,
    CleverAppError,
    JournalError,
    NotSentError,
    Outcome,
    OutcomeUnknownError,
    RateLimitError,
)
from ..limits.quota import LimitKey
from ..models.contact import Contact
from ..models.messages import Message
from .breaker import Breaker, trouble_of
from .flight import Flight
from .outcome import SendOutcome
from .queues import KeyQueues
from .supply import Supply

__all__ = ["Dispatcher"]

_LAPSE = 0.25
"""Seconds after which a seat is given up that a message got before its limits let it leave."""


# In debug mode asyncio makes the repr of whatever it calls: these would hold all messages.
@define(eq=False, repr=False)
class _Work:
    index: int
    message: Message
    fate: Fate = field(factory=Fate)
    held: bool = False
    over: bool = False
    seated: bool = False
    lapse: asyncio.TimerHandle | None = None
    sent_back: bool = False

    def __lt__(self, other: _Work) -> bool:
        return self.index < other.index


class _HeldError(Exception):
    """The hours have closed at the very moment in which a message was to leave."""


class _FullError(Exception):
    """No seat on the wire is free: a message waits for one without its limits' slots."""


@define(eq=False, repr=False, kw_only=True)
class Dispatcher:
    """Starts messages as their keys' turns come, and queues their outcomes.

    Attributes:
        supply: Where messages come from.
        deliver: Sends one message.
        width_of: How many messages of a key may be in work at once.
        concurrency: Messages in work at once, at the limits and on the wire together.
        look_ahead: Messages queued at most.
        is_open: Whether messages may leave now.
        breaker: Says when the same trouble came too often; None: never.
        ended: Outcomes nobody has taken yet.
        counts: Outcomes so far.
        read: Messages taken in.
        draining: Whether nothing more is started.
        failure: What stopped it, if something did.
        news: Set whenever ``ended`` or what is at work has changed.
    """

    supply: Supply
    deliver: Callable[[Message, Fate], Awaitable[Reply]]
    width_of: Callable[[LimitKey | None], int]
    concurrency: int
    look_ahead: int
    is_open: Callable[[], bool] | None = None
    breaker: Breaker | None = None
    ended: deque[SendOutcome] = field(factory=deque[SendOutcome], init=False)
    counts: Counter[Outcome] = field(factory=Counter[Outcome], init=False)
    read: int = field(default=0, init=False)
    draining: bool = field(default=False, init=False)
    failure: CleverAppError | None = field(default=None, init=False)
    news: asyncio.Event = field(factory=asyncio.Event, init=False)
    _queues: KeyQueues[_Work] = field(init=False)
    _flight: Flight = field(init=False)
    _tasks: dict[asyncio.Task[None], tuple[LimitKey | None, _Work]] = field(
        factory=dict["asyncio.Task[None]", "tuple[LimitKey | None, _Work]"], init=False
    )
    _keeping: set[asyncio.Future[None]] = field(factory=set["asyncio.Future[None]"], init=False)
    _room: asyncio.Event = field(factory=asyncio.Event, init=False)
    _hungry: set[LimitKey | None] = field(factory=set["LimitKey | None"], init=False)
    _low: int = field(default=0, init=False)
    _held: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        """Make the queues."""
        self._queues = KeyQueues(self.width_of)
        first = self.concurrency if self.breaker is None else self.breaker.limit
        self._flight = Flight(first, self.concurrency)

    # What a supply calls.

    def put(self, index: int, message: Message, key: LimitKey | None) -> None:
        """Take in one message."""
        self._queues.put(key, _Work(index, message))
        self.read += 1
        if self.draining:
            # The source swallowed its cancellation and went on.
            self._end_rest()
            raise asyncio.CancelledError
        self.start()

    def tell(self, outcome: SendOutcome) -> None:
        """Queue an outcome for whoever iterates."""
        self.counts[outcome.outcome] += 1
        self.ended.append(outcome)
        self.news.set()

    async def room(self) -> None:
        """Wait until a message more would be of use."""
        while not self._wants_more():
            self._room.clear()
            await self._room.wait()

    def watch(self, below: int) -> None:
        """A key is hungry once it starts messages and has fewer left than that."""
        self._low = below

    async def hungry(self) -> set[LimitKey | None]:
        """Wait until some keys are hungry; which."""
        while not self._hungry:
            self._room.clear()
            await self._room.wait()
        found, self._hungry = self._hungry, set()
        return found

    def queued(self, key: LimitKey | None) -> int:
        """How many messages of a key wait for their turn."""
        return self._queues.queued(key)

    # What a run calls.

    @property
    def busy(self) -> bool:
        """Whether something is queued, at work, or being written down."""
        return bool(self._tasks or self._queues.waiting or self._keeping)

    def by_key(self) -> dict[LimitKey | None, tuple[int, int]]:
        """Per key: how many are queued, how many in work."""
        return self._queues.by_key()

    def start(self) -> None:
        """Start what can be started."""
        if self._held or self.draining:
            return
        while self._queues.ready and self._has_room():
            key, work = self._queues.take()
            work.fate = self._fate(work)
            task = asyncio.create_task(self._work(key, work))
            self._tasks[task] = (key, work)
            task.add_done_callback(self._ended_one)
            self._look_for_hunger(key)
        if self._wants_more():
            self._room.set()

    def hold(self) -> None:
        """Start nothing until :meth:`release`; what only waits goes back into its queue."""
        self._held = True
        for task, (_, work) in self._tasks.items():
            if work.fate.waiting and not work.held and not work.over:
                work.held = True
                task.cancel()

    def release(self) -> None:
        """Go on after :meth:`hold`."""
        self._held = False
        self.start()

    def drain(self) -> None:
        """Start nothing more; what waits is cancelled, what is on the wire ends."""
        self.draining = True
        for task, (_, work) in self._tasks.items():
            work.fate.stopping = True
            # One that is over may be the very task that asks for this.
            if work.fate.waiting and not work.over:
                task.cancel()
        self._end_rest()

    async def abort(self) -> None:
        """Cancel everything, and wait until it has ended and is written down."""
        self.drain()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while self._keeping:
            await asyncio.wait(self._keeping)

    # Inside.

    def _fate(self, work: _Work) -> Fate:
        fate = self.supply.fate(work.index)
        fate.commit = partial(self._commit, work, fate.commit)
        fate.failed = partial(self._attempt_failed, work)
        return fate

    async def _commit(self, work: _Work, before: Callable[[], Awaitable[None]] | None) -> None:
        """The last moment before a message leaves."""
        _keep_seat(work)
        if not work.seated:
            if work.sent_back:
                self._flight.take_again()
            elif not self._flight.take():
                raise _FullError
            work.seated = True
        if before is not None:
            try:
                await before()
            except CleverAppError:
                raise
            except Exception as error:  # a journal of a user's own raises anything
                raise _as_journal_error(error) from error
        if self.is_open is not None and not self.is_open():
            raise _HeldError

    def _attempt_failed(self, work: _Work, error: CleverAppError) -> None:
        """An attempt failed, and another one is to come."""
        if isinstance(error, RateLimitError):
            # It waits for its limit, which may take long, and keeps nobody from the wire.
            work.sent_back = True
            self._leave(work)
        else:
            self._judge_service(error)

    def _judge_service(self, error: CleverAppError | None) -> None:
        """What an attempt shows of the service as a whole."""
        if self.breaker is None:
            return
        if trouble_of(error) is not None:
            self._flight.doubt()
        elif error is None or isinstance(error, ApiError):
            self._flight.trust()

    def _leave(self, work: _Work) -> None:
        _keep_seat(work)
        if work.seated:
            work.seated = False
            self._flight.leave()

    def _look_for_hunger(self, key: LimitKey | None) -> None:
        if self._queues.queued(key) < self._low:
            self._hungry.add(key)
            self._room.set()

    def _wants_more(self) -> bool:
        return (
            not self._queues.ready and self._has_room() and self._queues.waiting < self.look_ahead
        )

    def _has_room(self) -> bool:
        busy = len(self._tasks)
        told = len(self.ended) + len(self._keeping)
        return busy < self.concurrency and busy + told < 2 * self.concurrency

    def _ended_one(self, task: asyncio.Task[None]) -> None:
        key, work = self._tasks.pop(task)
        try:
            if task.cancelled():
                # Told here, as a task cancelled before its first step runs no code of its own.
                self._cancelled(key, work)
            elif (error := task.exception()) is not None and not work.over:
                # Something that ends programs, such as SystemExit out of a callback.
                self._end(key, work, work.fate.outcome, error=_failed(work.fate.outcome, error))
        finally:
            self._queues.done(key)
            self.news.set()
        self.start()

    def _cancelled(self, key: LimitKey | None, work: _Work) -> None:
        outcome = work.fate.outcome
        if work.over:
            return
        if outcome is not Outcome.NOT_SENT:
            self._end(key, work, outcome, error=_stopped(outcome))
        elif work.held and not self.draining:
            self._put_back(key, work)
        elif self.supply.lasting:
            self._withdraw(work)
            if not self.draining:
                # By nobody here: the journal, say, cancelled what the message waited for.
                self.fail(_as_journal_error(asyncio.CancelledError()))
        else:
            self._end(key, work, outcome, error=_stopped(outcome))

    def _withdraw(self, work: _Work) -> None:
        """A journal that fails to take an intent back says so; the message has not left."""
        if work.fate.withdraw is None:
            return
        try:
            work.fate.withdraw()
        except Exception as error:  # noqa: BLE001 - a journal of a user's own raises anything
            self.fail(_as_journal_error(error))

    def _put_back(self, key: LimitKey | None, work: _Work) -> None:
        """A message that was held waits for its turn again."""
        work.over = True
        self._withdraw(work)
        if self.draining:
            if not self.supply.lasting:
                self._end(key, work, Outcome.NOT_SENT, error=_stopped(Outcome.NOT_SENT))
            return
        self._queues.put_back(key, _Work(work.index, work.message))

    async def _work(self, key: LimitKey | None, work: _Work) -> None:
        fate = work.fate
        try:
            reply = await self._deliver(work)
        except _HeldError:
            self._put_back(key, work)
        except JournalError as error:
            if fate.outcome is Outcome.NOT_SENT:
                # It has not left, and no intent of it is written: it waits in the journal.
                work.over = True
            else:
                self._end(key, work, fate.outcome, error=_failed(fate.outcome, error))
            self.fail(error)
        except CleverAppError as error:
            self._end(key, work, error.outcome, error=error)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not stop the run
            self._end(key, work, fate.outcome, error=_failed(fate.outcome, error))
        else:
            contact = reply.content if isinstance(reply.content, Contact) else None
            self._end(key, work, Outcome.ACCEPTED, reply=reply, contact=contact)
        finally:
            self._leave(work)

    async def _deliver(self, work: _Work) -> Reply:
        while True:
            try:
                return await self.deliver(work.message, work.fate)
            except _FullError:
                await self._flight.wait()
            work.seated = True
            # Its key may be paused meanwhile: who waits for that keeps nobody from the wire.
            loop = asyncio.get_running_loop()
            work.lapse = loop.call_later(_LAPSE, self._leave, work)

    def _end_rest(self) -> None:
        """What is not in work will never be, in this run."""
        for key, work in self._queues.rest():
            if not self.supply.lasting:
                self._end(key, work, Outcome.NOT_SENT, error=_stopped(Outcome.NOT_SENT))
        self.news.set()

    def _end(
        self,
        key: LimitKey | None,
        work: _Work,
        outcome: Outcome,
        *,
        reply: Reply | None = None,
        contact: Contact | None = None,
        error: CleverAppError | None = None,
    ) -> None:
        work.over = True
        ended = SendOutcome(
            message=work.message,
            outcome=outcome,
            index=work.index,
            receipt=reply.receipt if reply else None,
            contact=contact,
            error=error,
        )
        try:
            kept = self.supply.keep(ended)
            future = None if kept is None else asyncio.ensure_future(kept)
        except BaseException as failure:
            self.tell(ended)
            self.fail(_as_journal_error(failure))
            if not isinstance(failure, Exception):
                raise
            return
        if future is None:
            self.tell(ended)
        else:
            self._keeping.add(future)
            # No partial, of whose arguments asyncio would make reprs in debug mode.
            future.add_done_callback(lambda kept: self._kept(ended, kept))
        self._judge_service(error)
        if self.breaker is not None and not self.draining:
            paused = self.breaker.note(key, ended)
            if paused is not None:
                self.fail(paused)

    def _kept(self, ended: SendOutcome, future: asyncio.Future[None]) -> None:
        """An outcome is told once it is written down; a failure there changes nothing of it."""
        self._keeping.discard(future)
        self.tell(ended)
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        if error is not None:
            self.fail(_as_journal_error(error))
        self.start()

    def fail(self, error: CleverAppError) -> None:
        """Send nothing more, and remember why."""
        self.failure = self.failure or error
        if not self.draining:
            self.drain()
        self.news.set()


def _keep_seat(work: _Work) -> None:
    """The seat no longer lapses by itself."""
    if work.lapse is not None:
        work.lapse.cancel()
        work.lapse = None


def _as_journal_error(error: BaseException) -> CleverAppError:
    """What a journal raised, as an error that stops a run; a journal may raise anything."""
    if isinstance(error, CleverAppError):
        return error
    found = JournalError(f"the journal failed: {_place_of(error)}")
    found.__cause__ = error
    return found


def _stopped(outcome: Outcome) -> CleverAppError:
    if outcome is Outcome.UNKNOWN:
        return OutcomeUnknownError("it may have reached the server: cancelled before the answer")
    return NotSentError("not sent: the run was stopped")


def _place_of(error: BaseException) -> str:
    """An error by its type and place: its text may hold the message, unless it is one of ours."""
    if isinstance(error, CleverAppError):
        return str(error)
    kind = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return kind
    place = frames[-1]
    return f"{kind} in {place.name} ({Path(place.filename).name}:{place.lineno})"


def _failed(outcome: Outcome, error: BaseException) -> CleverAppError:
    kind = OutcomeUnknownError if outcome is Outcome.UNKNOWN else NotSentError
    return kind(f"the SDK failed, please report it: {_place_of(error)}")
