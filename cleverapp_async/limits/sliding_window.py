"""The default limiter: at most N requests reach the server in any window of T, exactly.

A slot is stamped when the *answer* arrives, and is free again one period later. The server
counts a request somewhere between its start and its answer, so a slot freed one period after
the answer can never become the N+1st arrival of any window. That needs no clock of the server
and no estimate of the latency, and costs one round trip per window.
"""

from __future__ import annotations

import asyncio
import math
from asyncio import get_running_loop
from collections import deque
from collections.abc import Callable, Sequence

from .._arguments import check_seconds, wrong_setting
from .._event_loop import LIMITER_REFUSES, claim_running_loop
from ..errors import CleverAppError
from ._lanes import LaneQueue, check_place
from ._window import Burst, Window
from .protocols import LimiterSnapshot
from .quota import Lane, Quota, check_ages, check_quotas

__all__ = ["SETTLE_MARGIN", "SlidingWindowLimiter", "SlidingWindowPermit"]

SETTLE_MARGIN = 2.0
"""Seconds after giving a request up within which it may still reach the server (*assumed*)."""

_UNLIMITED_PERIOD = 1.0
_UNLIMITED_LONGEST = 60.0
_NEVER = math.inf
_LOOKED_AHEAD = 1024
_DOUBLED = 64


class SlidingWindowLimiter:
    """Grants at most ``limit`` requests in any window of ``period``, for several quotas at once.

    First in, first out per lane, one timer whatever the number of waiters, nothing polled.

    Args:
        quotas: All of them hold together. None at all: everything is granted at once, but the
            limiter can be paused.
        settle_margin: Seconds added to a request given up without an answer.

    Raises:
        ConfigurationError: An argument cannot work; it is named.
    """

    __slots__ = (
        "_burst",
        "_lingering",
        "_loop",
        "_outstanding",
        "_paused_until",
        "_queue",
        "_settle_margin",
        "_sure",
        "_timer",
        "_windows",
    )

    def __init__(self, *quotas: Quota, settle_margin: float = SETTLE_MARGIN) -> None:
        self._windows = tuple(Window(quota) for quota in check_quotas("quotas", *quotas))
        check_seconds("settle_margin", settle_margin, wrong_setting, zero=True)
        self._settle_margin = settle_margin
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._queue: LaneQueue[SlidingWindowPermit] | None = None
        self._burst: Burst | None = None
        self._lingering: deque[tuple[float, SlidingWindowPermit]] | None = None
        self._paused_until = -_NEVER
        self._outstanding = 0
        # How many grants need no look at the clock or the windows. It is the number of slots seen
        # free when the last full check granted one at once. It stays true without another look:
        # time only frees slots, an ending keeps a slot or gives it back, and only a grant takes
        # one, which counts it down. While it is above 0 nobody waits, as who finds slots free is
        # served. What breaks this sets it to 0: a pause, a refusal (it shrinks the burst) and
        # `prime` (it spends slots that were not granted here).
        self._sure = 0

    async def acquire(
        self, *, lane: Lane = Lane.INTERACTIVE, spacing: float = 0.0, returned: bool = False
    ) -> SlidingWindowPermit:
        """Wait for a slot; see :meth:`Limiter.acquire`.

        Raises:
            ConfigurationError: It has to wait, and an argument cannot work; it is named.
            ClientStateError: The limiter serves another event loop.
        """
        # Asked each time: a loop may go on in another thread, and leave this one to a second loop,
        # which nothing cheaper tells apart from the first.
        loop = get_running_loop()
        if loop is not self._loop:
            self._loop = claim_running_loop(self._loop, LIMITER_REFUSES)
        if self._sure <= 0:
            if self._queue is not None or (free := self._free_now(loop.time())) <= 0:
                return await self._wait(loop, lane, spacing, returned=returned)
            self._sure = free - 1
        else:
            self._sure -= 1
        return self._grant()

    def estimate(self, lane: Lane, *, spacing: float = 0.0, returned: bool = False) -> float:
        """The least number of seconds a newcomer would wait; see :meth:`Limiter.estimate`."""
        if self._loop is None:
            return 0.0
        now = self._loop.time()
        self._advance(now)
        ahead = self._queue.ahead_of(lane, spacing, returned=returned) if self._queue else 0
        moments = [window.earliest(now, self._outstanding, ahead) for window in self._windows]
        return max(now, self._paused_until, *moments) - now

    def pause(self, seconds: float) -> None:
        """Grant nothing for that long; pauses that overlap end with the last one.

        Args:
            seconds: 0 or more, and finite.

        Raises:
            ConfigurationError: It is no such number.
            ClientStateError: The limiter serves another event loop.
        """
        check_seconds("seconds", seconds, wrong_setting, zero=True)
        self._loop = loop = claim_running_loop(self._loop, LIMITER_REFUSES)
        self._pause_until(loop.time() + seconds)
        self._pump()

    def prime(self, ages: Sequence[float]) -> None:
        """Count requests that were made before; see :meth:`PrimableLimiter.prime`.

        Each spends a slot until one period after it reached the server.

        Raises:
            ConfigurationError: ``ages`` is no list of seconds.
            ClientStateError: The limiter serves another event loop.
        """
        found = check_ages(ages)
        self._loop = loop = claim_running_loop(self._loop, LIMITER_REFUSES)
        now = loop.time()
        for window in self._windows:
            window.prime(now - age for age in found)
        self._sure = 0

    def turn_away(self, make: Callable[[], CleverAppError]) -> None:
        """Tell all who wait now that they get nothing.

        Args:
            make: Makes the error of each.
        """
        queue, self._queue = self._queue, None
        while queue:
            future = queue.pop().future
            if not future.done():
                future.set_exception(make())

    def snapshot(self) -> LimiterSnapshot:
        """The state at this moment."""
        burst, lingering = self._burst, self._lingering
        limit = min((window.limit for window in self._windows), default=None)
        return LimiterSnapshot(
            queued=len(self._queue) if self._queue else 0,
            in_flight=self._outstanding - (len(lingering) if lingering else 0),
            next_free=self.estimate(Lane.BULK),
            refusals=burst.refusals if burst else 0,
            paused_for=max(0.0, self._paused_until - self._now()),
            burst=burst.of(limit) if burst and limit else limit,
        )

    @property
    def idle(self) -> bool:
        """Whether forgetting this limiter now would change nothing."""
        now = self._now()
        self._advance(now)
        return (
            not self._outstanding
            and not self._queue
            and now >= self._paused_until
            and not any(window.spent for window in self._windows)
            and (self._burst is None or self._burst.forgotten(now, self._longest))
        )

    @property
    def _longest(self) -> float:
        return max((window.period for window in self._windows), default=_UNLIMITED_PERIOD)

    def _now(self) -> float:
        return self._loop.time() if self._loop else -_NEVER

    async def _wait(
        self, loop: asyncio.AbstractEventLoop, lane: Lane, spacing: float, *, returned: bool
    ) -> SlidingWindowPermit:
        check_place(lane, spacing)
        queue = self._queue
        if queue is None:
            queue = self._queue = LaneQueue()
        future: asyncio.Future[SlidingWindowPermit] = loop.create_future()
        waiter = queue.push(future, lane, spacing, returned=returned)
        self._pump()
        try:
            return await future
        except BaseException:
            # Cancelled in the same turn of the loop in which its slot was granted: the slot goes to
            # the next one who waits, or nobody could use it before it is given up.
            if future.done() and not future.cancelled() and future.exception() is None:
                future.result().refund()
            elif queue.remove(waiter) and not queue:
                self._queue = None
            raise

    def _pump(self) -> None:
        """Grant what can be granted now, and set the timer for the next moment."""
        loop, queue = self._loop, self._queue
        if loop is None or queue is None:
            return
        # All that is granted here is granted at one moment: the clock is looked at once.
        now = loop.time()
        while queue:
            moment = self._free_at(now)
            if moment > now:
                # "After some ending" needs no timer, as every ending calls this again. But a cap,
                # or the end of a request given up, stamps a slot while nobody calls.
                self._wake_at(loop, moment if moment < _NEVER else self._next_stamp())
                return
            future = queue.pop().future
            # One that was cancelled in this very turn is still in the queue; it gets no slot. The
            # slot is counted here and not when the waiter wakes up: until then others must not see
            # it as free.
            if not future.done():
                future.set_result(self._grant())
        # Most keys have nobody waiting most of the time: an empty queue is not worth its memory.
        self._queue = None

    def _grant(self) -> SlidingWindowPermit:
        self._outstanding += 1
        permit = SlidingWindowPermit()
        permit._limiter = self  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        permit.released, permit.sent_at = (), _NEVER
        return permit

    def _free_at(self, now: float) -> float:
        """The next moment at which a slot is free: ``-inf`` now, ``inf`` after some ending."""
        self._advance(now)
        moment = self._paused_until if self._paused_until > now else -_NEVER
        burst = self._burst
        for window in self._windows:
            allowed = window.limit if burst is None else burst.of(window.limit)
            free_at = window.free_at(self._outstanding, allowed)
            # A reduced burst gives moments that have passed as well. They mean "now", for which the
            # one answer is -inf.
            if free_at > now and free_at > moment:
                moment = free_at
        return moment

    def _free_now(self, now: float) -> int:
        """How many could be granted now, one after another, without another look; none below 1.

        At most ``_LOOKED_AHEAD``, as many as without any window: there nothing else bounds it.
        """
        burst, outstanding = self._burst, self._outstanding
        if self._paused_until > now or self._lingering or (burst is not None and burst.level):
            # While the burst is reduced, the same number of free slots is not enough for the next.
            return 1 if self._free_at(now) == -_NEVER else 0
        free = _LOOKED_AHEAD
        for window in self._windows:
            spent = window.advance(now)
            room = window.limit + window.released - outstanding - spent
            if room < free:  # noqa: PLR1730 - `min` takes longer than all the rest
                free = room
        return free

    def _advance(self, now: float) -> None:
        """Bring the slots up to now: stamp what is due, free what is over."""
        lingering = self._lingering
        # Requests that were given up count as outstanding until the margin is over, as they may
        # reach the server until then; after that they are stamped at the end of the margin.
        while lingering and lingering[0][0] <= now:
            at, permit = lingering.popleft()
            self._outstanding -= 1
            for window in self._windows:
                if permit.holds(window):
                    window.insert(at)
            if not lingering:
                self._lingering = None
        for window in self._windows:
            window.advance(now)
        if self._burst is not None and self._burst.level:
            self._burst.grow(now, self._longest)

    def _next_stamp(self) -> float:
        """The next moment at which a held slot is stamped without an ending."""
        moments = [window.next_cap for window in self._windows]
        if self._lingering:
            moments.append(self._lingering[0][0])
        return min(moments, default=_NEVER)

    def _wake_at(self, loop: asyncio.AbstractEventLoop, moment: float) -> None:
        # One timer for all waiters, moved only when something comes sooner: a timer that fires too
        # early costs one look at the windows, while cancelling one for each waiter would fill the
        # loop's heap with cancelled timers.
        if self._timer is not None:
            if self._timer.when() <= moment:
                return
            self._timer.cancel()
            self._timer = None
        if moment < _NEVER:
            self._timer = loop.call_at(moment, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._pump()

    def _pause_until(self, moment: float) -> None:
        self._paused_until = max(self._paused_until, moment)
        self._sure = 0

    # What a permit tells.

    def on_sent(self, permit: SlidingWindowPermit) -> float:
        """The permit's request leaves now; answers the moment."""
        loop = self._loop
        now = loop.time() if loop is not None else -_NEVER
        for window in self._windows:
            window.sent(now, permit)
        if self._queue is not None:
            # Those who wait already may be waiting for this cap.
            self._pump()
        return now

    def on_settled(self, permit: SlidingWindowPermit) -> None:
        """The permit's request was answered now."""
        self._outstanding -= 1
        loop = self._loop
        now = loop.time() if loop is not None else -_NEVER
        # Stamps stay sorted by appending: all that are there lie in the past. A window whose cap
        # has passed has the stamp of this request already; few have a cap, so the first branch is
        # rare and the second one has no call per window.
        if permit.released:
            for window in self._windows:
                if permit.holds(window):
                    window.stamps.append(now)
        else:
            for window in self._windows:
                window.stamps.append(now)
        if self._queue is not None:
            self._pump()

    def on_refused(self, permit: SlidingWindowPermit, retry_after: float | None) -> None:
        """The permit's request was refused now."""
        now = self._now()
        longest = self._longest
        if self._burst is None:
            self._burst = Burst(max((window.limit for window in self._windows), default=1))
        streak = self._burst.refused(now, permit.sent_at, longest)
        if retry_after is None:
            # The server did not say for how long: back off exponentially, from the shortest window
            # (which may have been full) to the longest (after which all of them are empty).
            shortest = min((window.period for window in self._windows), default=_UNLIMITED_PERIOD)
            cap = longest if self._windows else _UNLIMITED_LONGEST
            retry_after = min(shortest * 2.0 ** min(streak - 1, _DOUBLED), cap)
        self._pause_until(now + retry_after)
        self._burst.paused(self._paused_until)
        self.on_settled(permit)

    def on_given_up(self, permit: SlidingWindowPermit) -> None:
        """The permit's request ended now without an answer."""
        if self._lingering is None:
            self._lingering = deque()
        self._lingering.append((self._now() + self._settle_margin, permit))
        self._pump()

    def on_refunded(self, permit: SlidingWindowPermit) -> None:
        """The permit's request never left."""
        self._outstanding -= 1
        for window in self._windows:
            permit.holds(window)
        self._pump()


class SlidingWindowPermit:
    """One slot in every window of a :class:`SlidingWindowLimiter`."""

    __slots__ = ("_limiter", "released", "sent_at")

    # Filled in by the limiter: to call a class that has an __init__ takes twice as long.
    _limiter: SlidingWindowLimiter | None
    released: tuple[Window, ...]
    sent_at: float

    def sent(self) -> None:
        """The request starts to leave now."""
        if self._limiter is not None and self.sent_at == _NEVER:
            self.sent_at = self._limiter.on_sent(self)

    def settle(self) -> None:
        """Ending: an answer arrived."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            limiter.on_settled(self)

    def refuse(self, retry_after: float | None) -> None:
        """Ending: the server refused the request for this limit."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            limiter.on_refused(self, retry_after)

    def give_up(self) -> None:
        """Ending: no answer came, and the request may still arrive."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            limiter.on_given_up(self)

    def refund(self) -> None:
        """Ending: the request provably never left, so it cost nothing."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            limiter.on_refunded(self)

    def release(self, window: Window) -> bool:
        """Let go of the slot in one window, whose cap has passed."""
        if self._limiter is None:
            return False
        self.released = (*self.released, window)
        return True

    def holds(self, window: Window) -> bool:
        """At the end: whether the slot in one window is still to be stamped.

        Ask once: a window counts the stamped slots of requests that are outstanding, and from here
        on this one is not.
        """
        if window in self.released:
            window.released -= 1
            return False
        return True
