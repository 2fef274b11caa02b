"""One call of an API method: what is asked, what is known of it, what came of it.

Who wants to see the raw answers of the calls inside a block gets them by :func:`raw_answers`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

from attrs import define, field

from ._arguments import told_of
from ._event_loop import FAILURES
from ._request import WireRequest
from ._response import RawResponse, read_answer
from .endpoints import Endpoint
from .errors import CleverAppError, NotSentError, Outcome
from .limits.quota import Lane
from .models.messages import SendReceipt
from .models.route import Route

if TYPE_CHECKING:
    from .events import Event, EventCallback

__all__ = [
    "Call",
    "EventDispatcher",
    "Progress",
    "Reading",
    "Reply",
    "SendState",
    "note_answer",
    "raw_answers",
]


class Reading(Protocol):
    """Gives what an answer holds, or raises the error that it means."""

    def __call__(self, raw: RawResponse, endpoint: Endpoint, *, lenient: bool) -> object:
        """Read one answer, at need with values of a wrong shape left out of its model."""
        ...


@define(eq=False, repr=False)
class SendState:
    """What is known of a call while it runs, for whoever may have to cancel it.

    Attributes:
        outcome: ``NOT_SENT`` until a request starts to leave, then ``UNKNOWN`` until more is known.
        waiting: Whether nothing of it is on the wire now.
        stopping: Set by the caller: make no further attempt.
        taken_back: Set by a caller that ends the call before anything has left, to make another
            call for the same message later: the end of this one is no outcome of the message.
        commit: Awaited before each attempt, when its limits are won and nothing has left: where it
            raises, nothing does.
        withdraw: Called when an attempt has provably done nothing and the next is to come.
        failed: Called with what ended an attempt when the next is to come.
    """

    outcome: Outcome = Outcome.NOT_SENT
    waiting: bool = True
    stopping: bool = False
    taken_back: bool = False
    commit: Callable[[], Awaitable[None]] | None = None
    withdraw: Callable[[], None] | None = None
    failed: Callable[[CleverAppError], None] | None = None

    @property
    def in_run(self) -> bool:
        """Whether a bulk run sends it: nobody else is asked before an attempt."""
        return self.commit is not None


@define(eq=False, repr=False, kw_only=True)
class Call:
    """One call of an API method.

    Attributes:
        endpoint: The method's row.
        parameters: By the API's own names.
        route: The bot and messenger it goes through, where the caller knows.
        contact_id: The contact whose route the directory may know.
        lane: Whose turn comes first at the limits.
        deadline: Seconds for everything: queue, limits, all attempts. None: no bound.
        state: Kept up to date while the call runs.
        request: The request, where it is not made of the parameters.
        read: Gives what an answer holds, or raises the error that it means.
    """

    endpoint: Endpoint
    parameters: Mapping[str, object]
    route: Route | None = None
    contact_id: int | None = None
    lane: Lane = Lane.INTERACTIVE
    deadline: float | None = None
    state: SendState = field(factory=SendState)
    request: WireRequest | None = None
    read: Reading = read_answer

    def __repr__(self) -> str:
        """The method alone: reports that show the variables of frames must show no recipient."""
        return f"<{self.endpoint.name}>"


@define(eq=False, repr=False)
class Reply:
    """A call that succeeded: the answer's content, and what it took."""

    content: object
    receipt: SendReceipt


@define(eq=False, repr=False)
class Progress:
    """One call over its attempts.

    Attributes:
        call: The call.
        send_id: Its id in events and log lines.
        clock: The loop's.
        deadline_at: Loop seconds; ``inf`` without a deadline.
        has_listeners: Whether somebody listens to its events.
        attempt: The running attempt's number.
        faults: Attempts that ended in a fault.
        refusals: Attempts refused for a limit.
        waited: Seconds spent waiting for limits.
        on_wire: Seconds spent on the wire.
        unknown: The error of the last attempt that may have reached the server.
        not_sent: The error of the last attempt, where it did not leave and an earlier one may have
            arrived.
        fault: What ends the call, whatever the retry policy says: what a limiter or that policy
            raised, or that the client was closed.
    """

    call: Call
    send_id: str
    clock: Callable[[], float]
    deadline_at: float = math.inf
    has_listeners: bool = False
    attempt: int = 0
    faults: int = 0
    refusals: int = 0
    waited: float = 0.0
    on_wire: float = 0.0
    unknown: CleverAppError | None = None
    not_sent: CleverAppError | None = None
    fault: BaseException | None = None

    def receipt(self) -> SendReceipt:
        """What it took."""
        return SendReceipt(self.send_id, self.attempt, self.waited, self.on_wire)

    def judge(self, error: CleverAppError) -> CleverAppError:
        """The error in the light of all attempts: one that may have arrived outweighs the rest.

        Where the last attempt did not leave, the error of the one that may have arrived is what is
        known: with its status and its body.
        """
        self.not_sent = None
        if self.unknown is not None:
            if error.outcome is Outcome.NOT_SENT:
                self.not_sent = error
                error = self.unknown
            error.outcome = Outcome.UNKNOWN
        if error.outcome is Outcome.UNKNOWN:
            self.unknown = error
        error.attempts = self.attempt
        return error

    def ended_by(self, fault: BaseException) -> CleverAppError:
        """The error of an attempt that a fault ended while it waited, and the call with it."""
        self.fault = fault
        # The outcome of an error of ours may be that of another request, which a limiter made.
        if isinstance(fault, CleverAppError) and fault.outcome is Outcome.NOT_SENT:
            return fault
        return NotSentError(f"not sent: the limiter failed: {told_of(fault)}")

    def last(self, error: CleverAppError) -> CleverAppError:
        """The error that ends the call, with notes of an attempt that did not leave and a fault."""
        if self.not_sent is not None:
            error.add_note(f"the last attempt did not reach the server: {self.not_sent}")
        if self.fault is not None and error is not self.fault:
            error.add_note(f"no further attempt: {told_of(self.fault)}")
            # Outcomes of a run are written to logs and lists, and its text may hold the message.
            if not self.call.state.in_run:
                error.__cause__ = self.fault
        return error


_kept: ContextVar[list[RawResponse] | None] = ContextVar(
    "cleverapp_async_raw_answers", default=None
)


@contextmanager
def raw_answers() -> Generator[list[RawResponse], None, None]:
    """Keep the raw answers of all calls made inside the block, those of refused attempts too.

    ::

        with raw_answers() as answers:
            tags = await client.get_bot_tags(bot_id=7)
        answers[-1].status, answers[-1].headers, answers[-1].body

    Tasks started inside the block count as inside; those of others do not.
    """
    answers: list[RawResponse] = []
    before = _kept.set(answers)
    try:
        yield answers
    finally:
        _kept.reset(before)


def note_answer(raw: RawResponse) -> None:
    """An answer came: keep it where somebody asked for it."""
    answers = _kept.get()
    if answers is not None:
        answers.append(raw)


_log = logging.getLogger("cleverapp_async")
_log.addHandler(logging.NullHandler())


class EventDispatcher:
    """Passes events on to the callbacks of one client, and to the log.

    Args:
        callbacks: Called in turn; what one of them raises is logged and has no effect.
    """

    def __init__(self, callbacks: tuple[EventCallback, ...]) -> None:
        self.callbacks = callbacks

    @property
    def has_listeners(self) -> bool:
        """Whether anybody listens: making an event costs time, too."""
        return bool(self.callbacks) or _log.isEnabledFor(logging.DEBUG)

    def dispatch(self, event: Event) -> None:
        """Pass one event on."""
        _log.debug("%r", event)
        for callback in self.callbacks:
            try:
                callback(event)
            except FAILURES:
                _log.exception("an on_event callback failed; the request goes on")
