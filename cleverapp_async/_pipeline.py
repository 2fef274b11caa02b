"""The way of a call: limits, wire, meaning, and whether to try again.

Reads as the order of events. Each decision is made elsewhere: what may be granted by the
limiters, what is certain by the witness, what an answer means by ``_response``, whether to
try again by the retry policy.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import random
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from attrs import define, evolve

from ._arguments import check_instance, wrong_setting
from ._call import Call, EventDispatcher, Progress, Reply, SendState, note_answer
from ._event_loop import CLOSED_MEANWHILE, FAILURES, Wait
from ._imports import late_module
from ._request import WireRequest, build
from ._response import RawResponse
from ._transport import Transport, WireFailure, Witness
from .config import ClientConfig
from .errors import (
    ApiError,
    CleverAppError,
    ClientStateError,
    DeadlineExceededError,
    LimiterUnavailableError,
    MessengerLimitError,
    MethodNotFoundError,
    Outcome,
    RateLimitError,
    ServerError,
)
from .limits.acquire import CallLimits, tell_limiter
from .limits.quota import LimitKey
from .limits.routes import RouteDirectory
from .retry import to_the_last_second

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from . import events
    from .limits.acquire import PermitPair
    from .limits.registry import LimiterRegistry
    from .telemetry import AttemptRecord, CallRecord, Observer, Telemetry  # noqa: TC004 - attrs leaves the annotations as texts
else:
    # Most clients have no listeners.
    events = late_module("cleverapp_async.events")

__all__ = ["Pipeline", "observer_of"]

P = ParamSpec("P")

# Seconds; less would be told as 0.0 s.
_SHORTEST_TOLD = 0.05

_numbers = itertools.count(1)
_process = f"{random.getrandbits(32):08x}"


def observer_of(
    telemetry: Telemetry | None, base_url: str, limits: LimiterRegistry
) -> Observer | None:
    """What observes the calls of a client; None where nothing does.

    Args:
        telemetry: What the user gave.
        base_url: Where the API lives, as far as it may be told.
        limits: The client's.

    Raises:
        ConfigurationError: What is given is no telemetry.
    """
    if telemetry is None:
        return None
    # Here, as importing the client must stay quick for those who have none.
    from . import telemetry as module  # noqa: PLC0415

    wanted = "an OpenTelemetry(), or have its methods watch, call, attempt and on_wire"
    check_instance("telemetry", telemetry, module.Telemetry, wanted, wrong_setting)
    return module.Observer(telemetry, base_url, limits)


@define(eq=False, repr=False)
class Pipeline:
    """Carries out calls over one transport and the limits of one client."""

    _transport: Transport
    _limits: CallLimits
    _routes: RouteDirectory
    _config: ClientConfig
    _events: EventDispatcher
    _observer: Observer | None = None

    def with_config(self, config: ClientConfig) -> Pipeline:
        """Another pipeline with other settings, over the same transport, limits and routes.

        Args:
            config: It may differ in what only a pipeline reads: ``methods.base.ClientOptions``.
        """
        return evolve(self, config=config, events=EventDispatcher(config.on_event))

    def run(self, call: Call, clock: Callable[[], float]) -> Coroutine[Any, Any, Reply]:
        """Carry out one call.

        Args:
            call: The call.
            clock: The loop's.

        Raises:
            NotSentError: It provably never reached the server.
            OutcomeUnknownError: It may have reached the server.
            ApiError: The server answered, and did not say yes.
            asyncio.CancelledError: The task was cancelled; ``call.state`` tells what is known.
        """
        progress = Progress(
            call,
            send_id=f"{_process}-{next(_numbers)}",
            clock=clock,
            deadline_at=math.inf if call.deadline is None else clock() + call.deadline,
            has_listeners=self._events.has_listeners,
        )
        # Chosen here, so that who is not observed pays nothing for it.
        if self._observer is None:
            return self._run(progress)
        return self._run_observed(progress, self._observer)

    async def _run_observed(self, progress: Progress, observer: Observer) -> Reply:
        with observer.call(progress, self._key(progress.call)) as record:
            try:
                return await self._run(progress, record)
            finally:
                # A refusal may have taught it.
                record.key = self._key(progress.call)

    async def _run(self, progress: Progress, record: CallRecord | None = None) -> Reply:
        """Try until there is an answer to give, or an error to raise."""
        call = progress.call
        request = call.request or build(
            call.endpoint, call.parameters, self._config.post_parameters
        )
        while True:
            progress.attempt += 1
            result = await self._attempt(progress, request, record)
            if not isinstance(result, CleverAppError):
                return Reply(result, progress.receipt())
            delay = self._delay(progress, result)
            error = progress.judge(result)
            if delay is not None:
                closed = await self._back_off(progress, error, delay)
                if closed is None:
                    continue
                error = progress.judge(closed)
            call.state.outcome = error.outcome
            raise progress.last(error)

    async def _attempt(
        self, progress: Progress, request: WireRequest, record: CallRecord | None
    ) -> object:
        """One attempt: its answer's content, or the error that ended it."""
        time, state = progress.clock, progress.call.state
        key = self._key(progress.call)
        while True:
            asked_at = time()
            try:
                permits = await self._enter(progress, key, asked_at)
            except Exception as failure:  # noqa: BLE001 - a limiter of the user's raises anything
                permits = progress.ended_by(failure)
            finally:
                progress.waited += time() - asked_at
            if isinstance(permits, CleverAppError):
                return permits
            if state.commit is not None:
                await self._commit(state.commit, permits)
            if not self._limits.held_for and not permits.lapsed:
                break
            # The server said meanwhile that it is down; or this process was stopped, or its machine
            # slept, for so long that its slots went to others.
            self._transport.release()
            tell_limiter(permits.refund)
            if state.withdraw is not None and progress.unknown is None:
                state.withdraw()
            # A limiter of the user's own may answer without a turn of the loop.
            await asyncio.sleep(0)
        if record is None or self._observer is None:
            return await self._send(progress, key, permits, request)
        with self._observer.attempt(record, progress.attempt) as attempt:
            result = await self._send(progress, key, permits, request, attempt)
            if isinstance(result, CleverAppError):
                attempt.error, attempt.outcome = result.code, result.outcome
            else:
                attempt.outcome = Outcome.ACCEPTED
            return result

    async def _send(
        self,
        progress: Progress,
        key: LimitKey | None,
        permits: PermitPair,
        request: WireRequest,
        attempt: AttemptRecord | None = None,
    ) -> object:
        """Send a request that has won its limits: its answer's content, or the error."""
        time, state = progress.clock, progress.call.state
        started_at = time()
        if obstacle := self._obstacle(progress, started_at):
            self._transport.release()
            tell_limiter(permits.refund)
            return obstacle
        witness = Witness(partial(_leave, permits, state))
        state.waiting = False
        try:
            if progress.has_listeners:
                self._tell(progress, events.AttemptStarted)
            limit = min(self._config.attempt_timeout, progress.deadline_at - started_at)
            if attempt is None or self._observer is None:
                result = await self._transport.exchange(request, witness, limit, time)
            else:
                with self._observer.on_wire():
                    result = await self._transport.exchange(request, witness, limit, time)
        except BaseException:
            _end(permits, witness.outcome)
            raise
        finally:
            self._transport.release()
            state.waiting = True
        seconds = time() - started_at
        progress.on_wire += seconds
        if attempt is not None:
            attempt.seconds = seconds
            attempt.status = None if isinstance(result, WireFailure) else result.status
        if isinstance(result, WireFailure):
            _end(permits, result.outcome)
            if progress.has_listeners:
                self._tell(progress, events.AttemptFailed, result.outcome, result.reason)
            return result.error(progress.call.endpoint.repeat)
        if progress.has_listeners:
            self._tell(progress, events.AttemptAnswered, result.status, seconds)
        note_answer(result)
        return self._understand(progress.call, key, permits, result)

    async def _commit(self, commit: Callable[[], Awaitable[None]], permits: PermitPair) -> None:
        """Let the caller write down that a request is about to leave."""
        try:
            await commit()
        except BaseException:
            self._transport.release()
            tell_limiter(permits.refund)
            raise

    def _obstacle(self, progress: Progress, now: float) -> CleverAppError | None:
        """Why an attempt that has won its limits and its slot must not start, if so."""
        if self._transport.closed:
            return ClientStateError(CLOSED_MEANWHILE)
        if now >= progress.deadline_at:
            # A loop that was kept busy; and no time left means no time-out to aiohttp.
            return _too_late(0.0)
        return None

    async def _enter(
        self, progress: Progress, key: LimitKey | None, now: float
    ) -> PermitPair | CleverAppError:
        """Win the limits and a connection slot, if that is possible before the deadline."""
        unbounded, bound = progress.deadline_at == math.inf, None
        try:
            if progress.has_listeners or not unbounded:
                estimate = self._estimate(progress, key)
                if isinstance(estimate, CleverAppError):
                    return estimate
                if now + estimate > progress.deadline_at:
                    return _too_late(estimate)
                if estimate > 0 and progress.has_listeners:
                    told = "account" if key is None else str(key)
                    self._tell(progress, events.WaitingForLimit, told, estimate)
            with Wait(self._transport.waits):
                if unbounded:
                    return await self._win(progress, key)
                async with asyncio.timeout_at(progress.deadline_at) as bound:
                    return await self._win(progress, key)
        except LimiterUnavailableError as error:
            return error
        except TimeoutError:
            if bound is None or not bound.expired():
                raise
            estimate = self._estimate(progress, key)
        return estimate if isinstance(estimate, CleverAppError) else _too_late(estimate)

    def _estimate(self, progress: Progress, key: LimitKey | None) -> float | CleverAppError:
        returned = progress.refusals > 0
        try:
            return self._limits.estimate(key, progress.call.lane, returned=returned)
        except asyncio.CancelledError as fault:  # one of `FAILURES`; the others end the wait, too
            return progress.ended_by(fault)

    async def _win(self, progress: Progress, key: LimitKey | None) -> PermitPair:
        returned = progress.refusals > 0
        permits = await self._limits.acquire(key, lane=progress.call.lane, returned=returned)
        try:
            await self._transport.reserve()
        except BaseException:
            tell_limiter(permits.refund)
            raise
        return permits

    def _understand(
        self, call: Call, key: LimitKey | None, permits: PermitPair, raw: RawResponse
    ) -> object:
        """What an answer means; the limiters and the route directory learn from it."""
        try:
            content = call.read(raw, call.endpoint, lenient=self._config.lenient)
        except MessengerLimitError as error:
            tell_limiter(permits.refuse_key, self._bounded(error.retry_after))
            tell_limiter(self._learn, call, key, error)
            return error
        except RateLimitError as error:
            tell_limiter(permits.refuse_account, self._bounded(error.retry_after))
            return error
        except ServerError as error:
            tell_limiter(permits.settle)
            if error.retry_after:
                seconds = self._bounded(error.retry_after) or 0.0
                tell_limiter(self._limits.hold, seconds)
            return error
        except ApiError as error:
            tell_limiter(permits.settle)
            if isinstance(error, MethodNotFoundError) or 300 <= error.status < 400:  # noqa: PLR2004 - of an address that may be wrong
                error.args = (f"{error}; asked at {self._transport.place}",)
            return error
        except BaseException:
            # Whatever it is, the answer has come: nobody waits for its slots for ever.
            tell_limiter(permits.settle)
            raise
        tell_limiter(permits.settle)
        call.state.outcome = Outcome.ACCEPTED
        return content

    def _key(self, call: Call) -> LimitKey | None:
        """The limit key of a call as far as its route is known now."""
        if not call.endpoint.limited:
            return None
        return self._routes.limit_key(
            call.endpoint.name, route=call.route, contact_id=call.contact_id
        )

    def _learn(self, call: Call, key: LimitKey | None, error: MessengerLimitError) -> None:
        """A refusal names the messenger: where that is news, limit by it and pause it."""
        if call.contact_id is None or (key is not None and key.messenger == error.messenger):
            return
        route = self._routes.learn_messenger(call.contact_id, error.messenger)
        learned = LimitKey.through(route, call.endpoint.name)
        self._limits.pause_refused(learned, self._bounded(error.retry_after))

    def _bounded(self, seconds: float | None) -> float | None:
        """How long to wait where a server asks for so many seconds."""
        wait = to_the_last_second(seconds)
        return None if wait is None else min(wait, self._config.longest_pause)

    def _delay(self, progress: Progress, error: CleverAppError) -> float | None:
        """Count what ended an attempt; seconds until the next one, or None to raise the error."""
        over = progress.fault is not None or progress.call.state.stopping
        if over or self._transport.closed or isinstance(error, DeadlineExceededError):
            return None
        if isinstance(error, RateLimitError):
            progress.refusals += 1
        else:
            progress.faults += 1
        try:
            delay = self._config.retry.delay(
                error,
                progress.call.endpoint.repeat,
                faults=progress.faults,
                refusals=progress.refusals,
                jitter=random.random(),
            )
            ends = delay is not None and progress.clock() + delay >= progress.deadline_at
        except FAILURES as fault:
            # It must not take the place of what is known of the request.
            progress.fault = fault
            return None
        if delay is None and isinstance(error, RateLimitError) and error.retry_after:
            asked = f"the server asked to wait {error.retry_after:.10g} s"
            error.args = (f"{error}; {asked}, and no further attempt was made",)
        if ends:
            return None
        return delay

    async def _back_off(
        self, progress: Progress, error: CleverAppError, delay: float
    ) -> CleverAppError | None:
        """Tell of the next attempt, and wait for its moment; why there is none, if so."""
        state = progress.call.state
        state.outcome = Outcome.UNKNOWN if progress.unknown else Outcome.NOT_SENT
        if state.withdraw is not None and progress.unknown is None:
            state.withdraw()
        if state.failed is not None:
            state.failed(error)
        if progress.has_listeners:
            told = str(progress.not_sent or error)
            self._tell(progress, events.RetryScheduled, delay, told)
        if delay > 0:
            try:
                with Wait(self._transport.waits):
                    await asyncio.sleep(delay)
            except ClientStateError as closed:
                return progress.ended_by(closed)
        return None

    def _tell(
        self,
        progress: Progress,
        kind: Callable[Concatenate[str, str, int, P], events.Event],
        *about: P.args,
        **named: P.kwargs,
    ) -> None:
        endpoint = progress.call.endpoint.name
        event = kind(progress.send_id, endpoint, progress.attempt, *about, **named)
        self._events.dispatch(event)


def _leave(permits: PermitPair, state: SendState) -> None:
    """The request starts to leave."""
    state.outcome = Outcome.UNKNOWN
    tell_limiter(permits.sent)


def _end(permits: PermitPair, outcome: Outcome) -> None:
    """End a pair of permits whose request got no answer."""
    tell_limiter(permits.refund if outcome is Outcome.NOT_SENT else permits.give_up)


def _too_late(estimate: float) -> DeadlineExceededError:
    if estimate >= _SHORTEST_TOLD:
        why = (
            f"the limits ask for at least {estimate:.1f} s more, and the deadline ends before that"
        )
    else:
        why = "the deadline was over before the request could leave"
    return DeadlineExceededError(
        f"not sent: {why}: give a longer deadline, or try again later", estimated_wait=estimate
    )
