"""The limiter of one key of several processes: requests wait here, and it asks the log."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from ..._event_loop import LIMITER_REFUSES, claim_running_loop
from ...errors import LimiterUnavailableError
from .._lanes import LaneQueue
from ..protocols import LimiterSnapshot
from ..quota import Lane
from ..sliding_window import SETTLE_MARGIN, SlidingWindowLimiter
from .ledger import Ledger, Slot
from .log_session import LogSession
from .member import closed_error, share_of
from .messages import LogCallError, Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...errors import CleverAppError
    from ..protocols import Permit
    from ..quota import AccountKey, LimitKey, Quota
    from .member import FleetMember
    from .messages import LogFault, LogReply, LogRequest

__all__ = ["SharedLimiter"]

_BACK_OFF, _BACK_OFF_MOST, _BACK_OFF_LEAST = 0.05, 1.0, 0.02
_DOUBLED = 10
_RECONNECTS = 1


class SharedLimiter:
    """Keeps quotas together with every other process that uses the same log.

    Args:
        member: This process, as one of the fleet.
        key: What is limited.
        quotas: At least one; all of them hold together.
    """

    def __init__(
        self, member: FleetMember, key: LimitKey | AccountKey, quotas: Sequence[Quota]
    ) -> None:
        self._member = member
        self._terms = Terms.of(quotas, member.guard)
        self._key = key
        self._ledger = Ledger(self._terms)
        self._session = LogSession(member, self._ledger)
        self._queue: LaneQueue[Slot] = LaneQueue()
        self._own = SlidingWindowLimiter(*quotas)
        self._share: SlidingWindowLimiter | None = None
        # A connection may have died since it was last used; a file is there or it is not.
        self._reconnects = 0 if member.on_unavailable == "process" else _RECONNECTS
        if member.local_share is not None:
            self._share = SlidingWindowLimiter(*share_of(quotas, member.local_share))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._call: asyncio.Task[None] | None = None
        self._alone: asyncio.Task[None] | None = None
        self._failures = 0
        self._fault: LogFault | None = None
        self._retry_at = -math.inf
        self._down_since = math.inf

    async def acquire(
        self, *, lane: Lane = Lane.INTERACTIVE, spacing: float = 0.0, returned: bool = False
    ) -> SharedPermit:
        """Wait for a slot; see :meth:`Limiter.acquire`.

        Raises:
            ClientStateError: The limiter serves another event loop, or was closed.
            LimiterUnavailableError: The log cannot be reached, and the policy is ``"raise"``; or
                it fails in a way that waiting cannot mend, and the policy is not ``"process"``.
        """
        loop = self._bind()
        self._member.check_open()
        if self._fault is not None:
            # It may have been mended: whoever comes finds out at once.
            self._retry_at = -math.inf
        ledger, tell_at = self._ledger, self._ledger.tell_at
        slot = None if self._queue else ledger.take_spare(self._now())
        if slot is None:
            future: asyncio.Future[Slot] = loop.create_future()
            waiter = self._queue.push(future, lane, spacing, returned=returned)
            self._go_alone()
            self._pump()
            try:
                slot = await future
            except BaseException:
                if future.done() and not future.cancelled() and future.exception() is None:
                    self.on_returned(future.result())
                else:
                    self._queue.remove(waiter)
                    self._trim()
                raise
        elif self._call is None and (ledger.tell_at < tell_at or ledger.runs_low(0)):
            self._pump()
        # The log's slot comes first, our own window second. Our window is free as a rule by then,
        # and holds whatever Redis does: so no process overruns a quota by itself.
        try:
            self._member.check_open()
            own = await self._own.acquire(lane=lane, spacing=spacing, returned=returned)
        except BaseException:
            self.on_returned(slot)
            raise
        return SharedPermit(self, slot, own)

    def estimate(self, lane: Lane, *, spacing: float = 0.0, returned: bool = False) -> float:
        """The least number of seconds a newcomer would wait; see :meth:`Limiter.estimate`."""
        if self._loop is None:
            return 0.0
        now, ready = self._now(), self._ledger.ready
        ahead = self._queue.ahead_of(lane, spacing, returned=returned)
        moment = max(now, self._session.blocked_until)
        own = self._own.estimate(lane, spacing=spacing, returned=returned)
        if self._failures:
            return max(own, moment - now) if self._share is None else own
        if ahead < len(ready):
            return max(own, ready[ahead].due - now)
        if self._session.again_at < math.inf and len(self._queue) > len(ready):
            moment = max(moment, self._session.again_at)
        # Beyond what is granted, each window lets through its limit once a period at the best.
        rounds = [(ahead - len(ready)) // limit * period for limit, period in self._terms.windows]
        return max(own, moment + max(rounds) - now)

    def pause(self, seconds: float) -> None:
        """Grant nothing for that long, in the whole fleet.

        Raises:
            ClientStateError: The limiter serves another event loop.
        """
        self._bind()
        self._own.pause(seconds)
        if seconds > 0:
            self._session.pause(seconds, 0)
            self._hold_back(self._now() + seconds)
            self._pump()

    def snapshot(self) -> LimiterSnapshot:
        """The state at this moment, as far as this process knows it."""
        own = self._own.snapshot()
        now = self._now()
        return LimiterSnapshot(
            queued=len(self._queue) + own.queued,
            in_flight=len(self._ledger.running),
            next_free=self.estimate(Lane.BULK),
            refusals=max(self._session.refusals, own.refusals),
            paused_for=max(own.paused_for, self._session.paused_until - now, 0.0),
            burst=own.burst,
        )

    @property
    def idle(self) -> bool:
        """Whether forgetting this limiter now would change nothing."""
        return (
            not self._queue
            and not len(self._ledger)
            and self._call is None
            and not self._session.unfinished
            and self._session.blocked_until <= self._now()
            and self._own.idle
            and (self._share is None or self._share.idle)
        )

    async def close(self) -> None:
        """Report to the fleet what it does not know yet, and give back the slots that are not used.

        The fleet was closed before: nothing begins any more, and waiting requests get an error.
        """
        self._refuse_all(closed_error)
        self._own.turn_away(closed_error)
        if self._timer is not None:
            self._timer.cancel()
        # Whoever has a slot and is turned away on the way out gives it back in the next turn.
        await asyncio.sleep(0)
        if self._call is not None:
            await asyncio.wait([self._call])
        self._ledger.give_back_ready(0)
        if self._session.urgent or self._ledger.ended or self._session.again_at < math.inf:
            await self._ask(0)

    # What a permit tells.

    def on_sent(self, slot: Slot) -> None:
        """A slot's request leaves now."""
        self._ledger.sent(slot, self._now())
        if self._terms.capped:
            self._pump()

    def on_ended(self, slot: Slot, *, later: float = 0.0) -> None:
        """A slot's request ended now, and counts until that many seconds later."""
        now, tell_at = self._now(), self._ledger.tell_at
        if slot.share is not None:
            slot.share.give_up() if later else slot.share.settle()
        self._ledger.end(slot, now + later, now)
        # The timer knows of the rest, but for slots of this process's own share.
        if self._queue or slot.share is not None or self._ledger.tell_at < tell_at:
            self._pump()

    def on_refused(self, slot: Slot) -> None:
        """A slot's request was refused: this process's own window says for how long to pause."""
        seconds = self._own.snapshot().paused_for
        self._session.pause(seconds, 1)
        self._hold_back(self._now() + seconds)
        self.on_ended(slot)

    def on_returned(self, slot: Slot) -> None:
        """A slot was not used after all: the next waiter takes it, or it goes back to the fleet."""
        self._ledger.running.pop(slot.name, None)
        if not self._ledger.is_fresh(slot, self._now()) or not self._hand_over(slot):
            if slot.share is not None:
                slot.share.refund()
            self._ledger.give_back(slot)
        self._pump()

    def has_lapsed(self, slot: Slot) -> bool:
        """Whether a request that holds the slot and has not left must not leave with it."""
        return self._ledger.has_lapsed(slot, self._now())

    # Who is granted what, and when the log is asked.

    def _bind(self) -> asyncio.AbstractEventLoop:
        self._loop = loop = claim_running_loop(self._loop, LIMITER_REFUSES)
        return loop

    def _now(self) -> float:
        """The loop's seconds, and those for which the machine slept: the log's clock went on."""
        return self._loop.time() + self._member.suspended() if self._loop else -math.inf

    def _hold_back(self, until: float) -> None:
        """A pause has begun: slots that were granted before it are void."""
        self._session.paused_until = max(self._session.paused_until, until)
        self._session.blocked_until = max(self._session.blocked_until, until)
        self._ledger.give_back_ready(0)

    def _trim(self) -> None:
        """A waiter has left: give back the slots that no request waits for."""
        if len(self._ledger.ready) > len(self._queue) + self._ledger.spare:
            self._ledger.give_back_ready(len(self._queue), self._ledger.spare)
            self._pump()

    def _pump(self) -> None:
        """Hand out the slots that are due, and set the timer for the next moment of any kind."""
        loop, ready = self._loop, self._ledger.ready
        if loop is None or self._member.closed or (self._call is not None and not ready):
            # While the log is asked there is nothing else to do; its reply is followed by this.
            return
        now = self._now()
        while ready and self._queue and ready[0].due <= now:
            slot = ready.pop(0)
            if not self._ledger.is_fresh(slot, now) or not self._hand_over(slot):
                self._ledger.give_back(slot)
        moment = math.inf
        if self._call is None:
            moment = max(self._session.next_call(len(self._queue), now), self._retry_at)
        if moment <= now:
            self._call = self._member.start(self._ask_for_all())
            # However it ends, even where it never began: somebody waits for it.
            self._call.add_done_callback(self._asked)
            moment = math.inf
        self._wake_at(loop, min(moment, ready[0].due) if ready and self._queue else moment)

    def _hand_over(self, slot: Slot) -> bool:
        """Give a slot to the waiter whose turn it is; False if there is no waiter."""
        while self._queue:
            future = self._queue.pop().future
            if not future.done():
                self._ledger.use(slot)
                future.set_result(slot)
                return True
        return False

    def _wake_at(self, loop: asyncio.AbstractEventLoop, moment: float) -> None:
        moment -= self._member.suspended()
        if self._timer is not None:
            if self._timer.when() == moment:
                return
            self._timer.cancel()
        self._timer = loop.call_at(moment, self._on_timer) if moment < math.inf else None

    def _on_timer(self) -> None:
        self._timer = None
        self._pump()

    def _asked(self, call: asyncio.Task[None]) -> None:
        """A call has ended."""
        self._call = None
        if call.cancelled():
            log, told = self._member.log, "not sent: the task that asks for slots was cancelled"
            self._refuse_all(lambda: LimiterUnavailableError(told, remedy=log.remedy))
            self._retry_at = self._now() + _BACK_OFF_MOST
        elif (error := call.exception()) is not None:
            self._failed(self._member.log.fault_of(error))
        self._pump()

    async def _ask_for_all(self) -> None:
        waiting, ledger = len(self._queue), self._ledger
        ahead = ledger.foresee(self._now())
        # Those that are here and that nobody waits for count among the expected ones.
        ledger.give_back_ready(waiting, ahead)
        await self._ask(max(0, waiting - len(ledger.ready)), ahead - ledger.spare)

    async def _ask(self, demand: int, ahead: int = 0) -> None:
        """Ask the log once."""
        asked_at = self._now()
        request = self._session.ask(demand, asked_at, ahead)
        try:
            reply = await self._member.log.exchange(self._key, self._terms, request)
            if reply is not None and demand and reply.wait is None and not reply.grants:
                raise ValueError("the reply neither grants anything nor says when")  # noqa: TRY301
        except LogCallError as error:
            self._failed(error.fault)
        except Exception as error:  # noqa: BLE001 - what is no reply may fail in any way
            self._failed(self._member.log.fault_of(error))
        else:
            if reply is not None:
                self._learn(request, reply, asked_at)
            else:
                # A client repeated a call whose answer was lost, and this was the repeat's.
                self._retry_at = self._now() + _BACK_OFF

    def _learn(self, request: LogRequest, reply: LogReply, asked_at: float) -> None:
        self._member.reached()
        self._failures, self._fault = 0, None
        self._retry_at, self._down_since = -math.inf, math.inf
        self._stop_alone()
        now, ledger = self._now(), self._ledger
        self._session.learn(request, reply, asked_at, now)
        # Where it gives nothing ahead any more, what is here unused is missed by others.
        plenty = len(reply.grants) > request.demand or not request.ahead
        ledger.give_back_ready(len(self._queue), request.ahead + ledger.spare if plenty else 0)
        ledger.spare_until = now + self._terms.foresight

    # While the log cannot be reached, or used.

    def _failed(self, fault: LogFault) -> None:
        now = self._now()
        # What nobody waits for must not be used beside a share of this process's own.
        self._ledger.give_back_ready(len(self._queue))
        self._failures += 1
        self._down_since = min(self._down_since, now)
        if self._failures <= self._reconnects and fault.stale:
            # A kept connection that the server had closed: the next call makes a new one, at once.
            return
        self._member.failed(fault)
        policy = self._member.on_unavailable
        raised = policy != "process" and (fault.lasting or policy == "raise")
        self._fault = fault if raised else None
        most = min(_BACK_OFF_MOST, max(_BACK_OFF_LEAST, self._terms.shortest / 2))
        self._retry_at = now + min(most, _BACK_OFF * 2.0 ** min(self._failures, _DOUBLED))
        if raised:
            log = self._member.log
            told = f"not sent: {log.name} {fault.sentence}"
            self._stop_alone()
            self._refuse_all(lambda: LimiterUnavailableError(told, remedy=log.remedy))
        self._go_alone()

    def _refuse_all(self, make: Callable[[], CleverAppError]) -> None:
        while self._queue:
            future = self._queue.pop().future
            if not future.done():
                future.set_exception(make())
        self._ledger.give_back_ready(0)

    def _go_alone(self) -> None:
        """Use the own share, if that is the policy and no new connection reaches the log."""
        if (
            self._share is not None
            and self._alone is None
            and self._fault is None
            and self._failures > self._reconnects
            and not self._member.closed
        ):
            self._alone = self._member.start(self._serve_alone(self._share))
            self._alone.add_done_callback(self._came_back)

    def _came_back(self, _: asyncio.Task[None]) -> None:
        self._alone = None

    def _stop_alone(self) -> None:
        if self._alone is not None:
            self._alone.cancel()

    async def _serve_alone(self, own_share: SlidingWindowLimiter) -> None:
        """Grant slots of this process's own share, until the log is reached again."""
        if self._member.on_unavailable == "local":
            # What the fleet was granted before must be over first.
            await asyncio.sleep(self._down_since + self._terms.shortest - self._now())
        while self._queue:
            share = await own_share.acquire()
            name = f"{self._member.process}:s{self._member.number()}"
            slot = self._ledger.make(name, self._now(), share)
            if not self._hand_over(slot):
                share.refund()


class SharedPermit:
    """A permit of :class:`SharedLimiter`."""

    __slots__ = ("_limiter", "_own", "_slot")

    def __init__(self, limiter: SharedLimiter, slot: Slot, own: Permit) -> None:
        self._limiter: SharedLimiter | None = limiter
        self._slot = slot
        self._own = own

    @property
    def lapsed(self) -> bool:
        """Whether others may have got the slot, as nothing was heard of this process for long."""
        return self._limiter is not None and self._limiter.has_lapsed(self._slot)

    def sent(self) -> None:
        """The request starts to leave now."""
        if self._limiter is not None and self._slot.sent_at is None:
            self._own.sent()
            self._limiter.on_sent(self._slot)

    def settle(self) -> None:
        """Ending: an answer arrived."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            self._own.settle()
            limiter.on_ended(self._slot)

    def refuse(self, retry_after: float | None) -> None:
        """Ending: the server refused the request for this limit; the whole fleet pauses."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            self._own.refuse(retry_after)
            limiter.on_refused(self._slot)

    def give_up(self) -> None:
        """Ending: no answer came, and the request may still arrive."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            self._own.give_up()
            limiter.on_ended(self._slot, later=SETTLE_MARGIN)

    def refund(self) -> None:
        """Ending: the request provably never left, so its slot goes back to the fleet."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            self._own.refund()
            limiter.on_returned(self._slot)
