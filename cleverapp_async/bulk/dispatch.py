"""The engine of a bulk send: which message leaves when, and in which order outcomes come.

The way of a message: a source puts it into the queue of its limit key. When the key's turn comes
and there is room, it starts: a task of its own waits for the limits, takes a seat on the wire, has
the source commit to it (a journal writes its intent) and lets it leave. However the task ends, the
message's outcome goes to the source first, and to whoever iterates once the source has kept it.

Three things interrupt this way. A closing schedule *holds* the run: messages that only wait go back
to their places in the queue. A stop *drains* it: messages that only wait are cancelled, those on
the wire end. A failure of the journal, or the breaker, *fails* it: it drains, and keeps the reason.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from functools import partial

from attrs import define, field

from .._call import Reply, SendState
from .._event_loop import error_of
from ..errors import ApiError, CleverAppError, JournalError, Outcome, RateLimitError
from ..limits.quota import LimitKey
from ..models.contact import Contact
from ..models.messages import Message
from .breaker import Breaker, trouble_of
from .outcome import SendOutcome, stopped_error, unexpected_error
from .queues import KeyQueues, Seat, WireSeats
from .sources import Source

__all__ = ["Dispatcher"]


class _Stage(Enum):
    """How far a message is on its way through the dispatcher."""

    QUEUED = auto()
    """It waits for the turn of its key."""

    STARTED = auto()
    """It has a task; its send state says whether something of it is on the wire."""

    HELD = auto()
    """Its task was cancelled as the schedule closed: it goes back into the queue."""

    OVER = auto()
    """Its outcome is decided: whatever its task still raises changes nothing."""


# In debug mode asyncio makes the repr of whatever it calls: these would hold all messages.
@define(eq=False, repr=False)
class _Item:
    """One message in the dispatcher."""

    index: int
    message: Message
    stage: _Stage = _Stage.QUEUED
    state: SendState = field(factory=SendState)

    def __lt__(self, other: _Item) -> bool:
        return self.index < other.index


class _ClosedError(Exception):
    """The schedule closed at the very moment at which a message was to leave."""


class _NoSeatError(Exception):
    """No seat on the wire is free: the message waits for one without keeping its limits' slots."""


@define(eq=False, repr=False, kw_only=True)
class Dispatcher:
    """Starts messages as their keys' turns come, and queues their outcomes.

    Attributes:
        source: Where messages come from.
        deliver: Sends one message.
        width_of: How many messages of a key may be in work at once.
        concurrency: Messages in work at once, at the limits and on the wire together.
        look_ahead: Messages queued at most.
        is_open: Whether messages may leave now.
        breaker: Says when the same error came too often; None: nothing stops the run.
        ended: Outcomes nobody has taken yet.
        counts: Outcomes so far.
        read: Messages taken in.
        draining: Whether nothing more is started.
        failure: What stopped it, if something did.
        news: Set whenever ``ended`` or what is at work has changed.
    """

    source: Source
    deliver: Callable[[Message, SendState], Awaitable[Reply]]
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
    _queues: KeyQueues[_Item] = field(init=False)
    _seats: WireSeats = field(init=False)
    _tasks: dict[asyncio.Task[None], tuple[LimitKey | None, _Item]] = field(
        factory=dict["asyncio.Task[None]", "tuple[LimitKey | None, _Item]"], init=False
    )
    _keeping: set[asyncio.Future[None]] = field(factory=set["asyncio.Future[None]"], init=False)
    _room: asyncio.Event = field(factory=asyncio.Event, init=False)
    # A dictionary for its order: which key is filled up first must not hang on the seed of hashes.
    _low_keys: dict[LimitKey | None, None] = field(
        factory=dict["LimitKey | None", None], init=False
    )
    _low: int = field(default=0, init=False)
    _holding: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        """Make the queues."""
        self._queues = KeyQueues(self.width_of)
        first = self.concurrency if self.breaker is None else self.breaker.limit
        self._seats = WireSeats(first, self.concurrency)

    # What a source calls.

    def put(self, index: int, message: Message, key: LimitKey | None) -> None:
        """Take in one message."""
        self._queues.put(key, _Item(index, message))
        self.read += 1
        if self.draining:
            # The source swallowed its cancellation and went on.
            self._end_rest()
            raise asyncio.CancelledError
        self.start()

    def tell(self, outcome: SendOutcome) -> None:
        """Queue an outcome for the iteration over the run."""
        self.counts[outcome.outcome] += 1
        self.ended.append(outcome)
        self.news.set()

    async def room(self) -> None:
        """Wait until there is room for another message."""
        while not self._wants_more():
            self._room.clear()
            await self._room.wait()

    def watch(self, below: int) -> None:
        """A key runs low once it starts messages and has fewer left than that."""
        self._low = below

    async def low_keys(self) -> list[LimitKey | None]:
        """Wait until some keys run low, and return them, the one that did so first at the front."""
        while not self._low_keys:
            self._room.clear()
            await self._room.wait()
        found = list(self._low_keys)
        self._low_keys.clear()
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
        if self._holding or self.draining:
            return
        # Called after everything that may make room: a message put in, one ended, an outcome taken.
        # So nothing polls, and nothing waits for a turn that has come already.
        while self._queues.ready and self._has_room():
            key, item = self._queues.take()
            item.stage = _Stage.STARTED
            seat = Seat(self._seats)
            item.state = self._state_of(item, seat)
            task = asyncio.create_task(self._send(key, item, seat))
            self._tasks[task] = (key, item)
            # A task that is cancelled before its first step runs no code of its own: so what a
            # cancellation leads to is done by this callback.
            task.add_done_callback(self._task_ended)
            if self._queues.queued(key) < self._low:
                self._low_keys[key] = None
                self._room.set()
        if self._wants_more():
            self._room.set()

    def hold(self) -> None:
        """Start nothing until :meth:`release`; what only waits goes back into its queue."""
        self._holding = True
        for task, (_, item) in self._tasks.items():
            if item.stage is _Stage.STARTED and item.state.waiting:
                item.stage = _Stage.HELD
                item.state.taken_back = True
                task.cancel()

    def release(self) -> None:
        """Go on after :meth:`hold`."""
        self._holding = False
        self.start()

    def drain(self) -> None:
        """Start nothing more; what waits is cancelled, what is on the wire ends."""
        self.draining = True
        for task, (_, item) in self._tasks.items():
            # What is on the wire is not cancelled: its answer decides between accepted and unknown.
            # It makes no further attempt, whatever that answer is.
            item.state.stopping = True
            # One that is over may be the very task that asks for this.
            if item.state.waiting and item.stage is not _Stage.OVER:
                task.cancel()
        self._end_rest()

    def fail(self, error: CleverAppError) -> None:
        """Send nothing more, and remember why."""
        self.failure = self.failure or error
        if not self.draining:
            self.drain()
        self.news.set()

    async def abort(self) -> None:
        """Cancel everything, and wait until it has ended and is written down."""
        self.drain()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while self._keeping:
            await asyncio.wait(self._keeping)

    # How many messages are started.

    def _has_room(self) -> bool:
        # Outcomes that nobody has taken, or that are being kept, hold messages in memory too: who
        # iterates slowly slows the sending down.
        busy = len(self._tasks)
        told = len(self.ended) + len(self._keeping)
        return busy < self.concurrency and busy + told < 2 * self.concurrency

    def _wants_more(self) -> bool:
        return (
            not self._queues.ready and self._has_room() and self._queues.waiting < self.look_ahead
        )

    # The way of one message, as its task goes it.

    async def _send(self, key: LimitKey | None, item: _Item, seat: Seat) -> None:
        state = item.state
        try:
            reply = await self._deliver(item, seat)
        except _ClosedError:
            self._put_back(key, item)
        except JournalError as error:
            if state.outcome is Outcome.NOT_SENT:
                # It has not left and waits in the journal. Should its intent be written all the
                # same, as after a commit that failed at its very end, a resume calls it unknown.
                item.stage = _Stage.OVER
            else:
                self._end(key, item, state.outcome, error=unexpected_error(state.outcome, error))
            self.fail(error)
        except CleverAppError as error:
            self._end(key, item, error.outcome, error=error)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not stop the run
            self._end(key, item, state.outcome, error=unexpected_error(state.outcome, error))
        else:
            contact = reply.content if isinstance(reply.content, Contact) else None
            self._end(key, item, Outcome.ACCEPTED, reply=reply, contact=contact)
        finally:
            seat.leave()

    async def _deliver(self, item: _Item, seat: Seat) -> Reply:
        while True:
            try:
                return await self.deliver(item.message, item.state)
            except _NoSeatError:
                await seat.wait()
                item.state.taken_back = False

    def _state_of(self, item: _Item, seat: Seat) -> SendState:
        """The message's send state, by which the delivery asks and tells the dispatcher."""
        state = self.source.send_state(item.index)
        state.commit = partial(self._commit, seat, state, state.commit)
        state.failed = partial(self._attempt_failed, seat)
        return state

    async def _commit(
        self,
        seat: Seat,
        state: SendState,
        keep_intent: Callable[[], Awaitable[None]] | None,
    ) -> None:
        """The last moment before a message leaves: its limits are won, nothing is on the wire."""
        if not seat.take():
            state.taken_back = True
            raise _NoSeatError
        if keep_intent is not None:
            await keep_intent()
        # Asked last, as the intent may have taken a while: nothing leaves after closing time.
        if self.is_open is not None and not self.is_open():
            state.taken_back = True
            raise _ClosedError

    def _attempt_failed(self, seat: Seat, error: CleverAppError) -> None:
        """An attempt failed, and another one is to come."""
        # A refusal for a limit says nothing about the service, and may take long to wait out.
        if isinstance(error, RateLimitError):
            seat.send_back()
        else:
            self._judge_service(error)

    def _judge_service(self, error: CleverAppError | None) -> None:
        """What an attempt shows of the service as a whole."""
        if self.breaker is None:
            return
        if trouble_of(error) is not None:
            self._seats.shrink()
        elif error is None or isinstance(error, ApiError):
            self._seats.grow()

    # The end of it.

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        key, item = self._tasks.pop(task)
        try:
            if task.cancelled():
                self._cancelled(key, item)
            elif (error := task.exception()) is not None and item.stage is not _Stage.OVER:
                # Something that ends programs, such as SystemExit out of a callback.
                outcome = item.state.outcome
                self._end(key, item, outcome, error=unexpected_error(outcome, error))
        finally:
            self._queues.done(key)
            self.news.set()
        self.start()

    def _cancelled(self, key: LimitKey | None, item: _Item) -> None:
        # In this order: what may have left is told, whoever cancelled it; what was only held back
        # by the schedule waits for its turn again; what a journal keeps is sent by a later run; and
        # of all else the outcome is told here, as nobody else would.
        outcome = item.state.outcome
        if item.stage is _Stage.OVER:
            return
        if outcome is not Outcome.NOT_SENT:
            self._end(key, item, outcome, error=stopped_error(outcome))
        elif item.stage is _Stage.HELD and not self.draining:
            self._put_back(key, item)
        elif self.source.lasting:
            self._withdraw(item)
            if not self.draining:
                # By nobody here: the journal, say, cancelled what the message waited for.
                self.fail(self.source.failure(asyncio.CancelledError()))
        else:
            self._end(key, item, outcome, error=stopped_error(outcome))

    def _withdraw(self, item: _Item) -> None:
        """A journal that fails to take an intent back says so; the message has not left."""
        if item.state.withdraw is None:
            return
        try:
            item.state.withdraw()
        except Exception as error:  # noqa: BLE001 - a journal of a user's own raises anything
            self.fail(self.source.failure(error))

    def _put_back(self, key: LimitKey | None, item: _Item) -> None:
        """A message that was held waits for its turn again, as an item of its own."""
        item.stage = _Stage.OVER
        self._withdraw(item)
        if not self.draining:
            self._queues.put_back(key, _Item(item.index, item.message))
        elif not self.source.lasting:
            self._end(key, item, Outcome.NOT_SENT, error=stopped_error(Outcome.NOT_SENT))

    def _end_rest(self) -> None:
        """End the messages that are not in work: this run will not send them."""
        for key, item in self._queues.rest():
            if not self.source.lasting:
                self._end(key, item, Outcome.NOT_SENT, error=stopped_error(Outcome.NOT_SENT))
        self.news.set()

    def _end(
        self,
        key: LimitKey | None,
        item: _Item,
        outcome: Outcome,
        *,
        reply: Reply | None = None,
        contact: Contact | None = None,
        error: CleverAppError | None = None,
    ) -> None:
        """Have the source keep an outcome, tell it after that, and take note of what it shows."""
        item.stage = _Stage.OVER
        ended = SendOutcome(
            message=item.message,
            outcome=outcome,
            index=item.index,
            receipt=reply.receipt if reply else None,
            contact=contact,
            error=error,
        )
        # The order matters: an outcome that was told and then lost with the process would be sent
        # again by a resume that believes it was never known.
        try:
            kept = self.source.keep(ended)
            future = None if kept is None else asyncio.ensure_future(kept)
        except BaseException as failure:
            self.tell(ended)
            self.fail(self.source.failure(failure))
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
        error = error_of(future)
        if error is not None:
            self.fail(self.source.failure(error))
        self.start()
