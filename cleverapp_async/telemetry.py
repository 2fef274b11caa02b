"""What a client tells to tracing and metrics, around each call and each attempt.

:class:`cleverapp_async.integrations.otel.OpenTelemetry` is one for OpenTelemetry. For another
system write the four methods of :class:`Telemetry`. Unlike ``on_event``, which is told what has
happened, these are entered and left, so that what they set is in force meanwhile: a current span,
for instance.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Protocol, runtime_checkable

from attrs import define, field

from ._call import Progress
from ._event_loop import FAILURES
from .errors import CleverAppError, Outcome
from .limits.quota import LimitKey
from .limits.registry import LimiterRegistry

# What users import; Observer is for the client.
__all__ = ["AttemptRecord", "CallRecord", "Telemetry"]

_log = logging.getLogger("cleverapp_async")


@define(eq=False, kw_only=True)
class CallRecord:
    """One call of an API method, kept up to date while it goes on.

    Neither the token nor a recipient or a text is in it.

    Attributes:
        endpoint: The API method, such as ``sendMessage``, or ``incomingWebhook``.
        http_method: ``GET`` or ``POST``.
        base_url: Where the API lives; of a webhook no more than the scheme and the host.
        send_id: The id of the call, the same as in its events and its receipt.
        in_run: Whether it is a message of a bulk run or a campaign.
        key: The limit that it needs beside the account's; None where it needs none, or where its
            bot and messenger are not known (yet).
        attempts: How many attempts were begun, those included that never left.
        waited: Seconds for which it waited for its limits so far.
        on_wire: Seconds for which it was on the wire so far.
        outcome: What became of it, once it has ended. Still None then: the run took it back
            before anything left, and brings it again as another call.
        error: The ``code`` of the error that ended it, or the name of an exception that is none of
            this package's; None where it succeeded or was cancelled.
        cancelled: Whether its task was cancelled.
    """

    endpoint: str
    http_method: str
    base_url: str
    send_id: str
    in_run: bool
    key: LimitKey | None
    attempts: int = 0
    waited: float = 0.0
    on_wire: float = 0.0
    outcome: Outcome | None = None
    error: str | None = None
    cancelled: bool = False

    @property
    def sends_message(self) -> bool:
        """Whether it sends a message, rather than reading or changing something."""
        return self.endpoint.startswith("sendMessage")


@define(eq=False, kw_only=True)
class AttemptRecord:
    """One attempt of a call, from the moment at which its limits are won.

    Attributes:
        number: From 1 up.
        status: The HTTP status of its answer; None without one.
        seconds: How long it was on the wire; None where it was cancelled there.
        outcome: What became of it, once it has ended; None where it was cancelled.
        error: As for a call.
        cancelled: Whether its task was cancelled.
    """

    number: int
    status: int | None = None
    seconds: float | None = None
    outcome: Outcome | None = None
    error: str | None = None
    cancelled: bool = False


@runtime_checkable
class Telemetry(Protocol):
    """Is told of each call of a client: ``CleverAppClient(..., telemetry=...)``.

    All four are called in the event loop, so they must be quick. What they raise is logged and
    has no effect.
    """

    def watch(self, limits: LimiterRegistry) -> None:
        """These limiters are about to be used; called once by each client, in its event loop.

        Args:
            limits: The client's. Others may have been given the same ones.
        """

    def call(self, call: CallRecord) -> AbstractContextManager[object]:
        """Entered when a call begins, left when it has ended; the record is complete then.

        Args:
            call: The call.
        """
        ...

    def attempt(self, call: CallRecord, attempt: AttemptRecord) -> AbstractContextManager[object]:
        """Entered when an attempt goes to the wire, left when its answer is understood.

        Args:
            call: The call, entered before.
            attempt: The attempt.
        """
        ...

    def on_wire(self) -> AbstractContextManager[object]:
        """Entered within an attempt while aiohttp has it, and no code of the user's runs.

        Whoever instruments aiohttp as well keeps that quiet here; ``nullcontext()`` does nothing.
        """
        ...


@define(eq=False, repr=False)
class Observer:
    """Keeps the records of one client's calls, and shields the calls from what telemetry raises."""

    _telemetry: Telemetry
    _base_url: str
    _limits: LimiterRegistry
    _watched: bool = field(default=False, init=False)

    @contextmanager
    def call(self, progress: Progress, key: LimitKey | None) -> Generator[CallRecord, None, None]:
        """Around a whole call.

        Args:
            progress: The call over its attempts.
            key: Its limit key, as far as that is known.
        """
        if not self._watched:
            # Here, as a client may be made outside its event loop.
            self._watched = True
            _shielded(partial(self._telemetry.watch, self._limits))
        call = progress.call
        record = CallRecord(
            endpoint=call.endpoint.name,
            http_method=call.endpoint.http_method,
            base_url=self._base_url,
            send_id=progress.send_id,
            in_run=call.state.in_run,
            key=key,
        )
        with _around(partial(self._telemetry.call, record)):
            try:
                yield record
                record.outcome = Outcome.ACCEPTED
            except BaseException as error:
                _note(record, error)
                if isinstance(error, CleverAppError):
                    record.outcome = error.outcome
                elif not call.state.taken_back:
                    record.outcome = call.state.outcome
                raise
            finally:
                record.attempts = progress.attempt
                record.waited, record.on_wire = progress.waited, progress.on_wire

    @contextmanager
    def attempt(self, call: CallRecord, number: int) -> Generator[AttemptRecord, None, None]:
        """Around one attempt, whose result the caller notes.

        Args:
            call: What was given for the call.
            number: The attempt's.
        """
        record = AttemptRecord(number=number)
        with _around(partial(self._telemetry.attempt, call, record)):
            try:
                yield record
            except BaseException as error:
                _note(record, error)
                raise

    def on_wire(self) -> AbstractContextManager[None]:
        """Around the exchange with the server, within an attempt."""
        return _around(self._telemetry.on_wire)


def _note(record: CallRecord | AttemptRecord, error: BaseException) -> None:
    """What ended it, in a word that holds nothing of the request."""
    # A coroutine that is closed ends like one that is cancelled.
    record.cancelled = isinstance(error, asyncio.CancelledError | GeneratorExit)
    if isinstance(error, CleverAppError):
        record.error = error.code
    elif not record.cancelled:
        record.error = type(error).__qualname__


@contextmanager
def _around(make: Callable[[], AbstractContextManager[object]]) -> Generator[None, None, None]:
    """Around a block, without a chance to change how that ends."""
    entered: list[AbstractContextManager[object]] = []

    def enter() -> None:
        manager = make()
        manager.__enter__()
        entered.append(manager)

    _shielded(enter)
    try:
        yield
    finally:
        # Told of no exception: the records say what is to be known, and nothing more than that.
        for manager in entered:
            _shielded(partial(manager.__exit__, None, None, None))


def _shielded(step: Callable[[], object]) -> None:
    try:
        step()
    except FAILURES:
        _log.exception("telemetry failed; the request goes on")
