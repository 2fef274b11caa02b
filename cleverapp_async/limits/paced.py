"""The shipped alternative: even spacing on aiolimiter, no bursts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from .._arguments import check_seconds, wrong_setting
from .._event_loop import LIMITER_REFUSES, claim_running_loop
from ._lanes import LaneQueue, Waiter, check_place
from ._window import Burst
from .protocols import LimiterSnapshot
from .quota import Lane, Quota, check_ages, check_quotas

__all__ = ["PacedLimiter"]

_SHORTEST_PAUSE = 1.0
_UNLIMITED_LONGEST = 60.0


class PacedLimiter:
    """Grants one request every ``period / limit`` seconds, on aiolimiter's ``AsyncLimiter``.

    It is simple and gentle on the server, but it sets the pace at which requests *leave*: jitter on
    the way may bring more than ``limit`` of them into one window at the server.
    :class:`SlidingWindowLimiter` is exact. A slot is spent when it is granted: neither the moment
    of the answer nor a refund changes that.

    Args:
        quotas: The one with the greatest spacing sets the pace. None at all: no pace, but
            the limiter can be paused.

    Raises:
        ConfigurationError: An argument is not a quota.
    """

    def __init__(self, *quotas: Quota) -> None:
        self._quotas = check_quotas("quotas", *quotas)
        slowest = max(quotas, key=lambda quota: quota.spacing, default=None)
        self._spacing = slowest.spacing if slowest else 0.0
        self._period = max((quota.period for quota in quotas), default=_SHORTEST_PAUSE)
        self._longest_pause = self._period if slowest else _UNLIMITED_LONGEST
        # Imported where it is used: most programs pace nothing, and it takes a while.
        from aiolimiter import AsyncLimiter  # noqa: PLC0415

        # A bucket of one token has no burst: AsyncLimiter(10, 10.0) would let ten leave at once and
        # nine more within the same period.
        self._pace = AsyncLimiter(1, self._spacing) if slowest else None
        self._queue: LaneQueue[None] = LaneQueue()
        self._busy = False
        self._in_flight = 0
        self._next_at = float("-inf")
        self._paused_until = float("-inf")
        self._loop: asyncio.AbstractEventLoop | None = None
        # It never bursts: this only counts the refusals in a row, for longer pauses.
        self._burst = Burst(1)

    async def acquire(
        self, *, lane: Lane = Lane.INTERACTIVE, spacing: float = 0.0, returned: bool = False
    ) -> PacedPermit:
        """Wait for the next evenly spaced moment; see :meth:`Limiter.acquire`.

        Raises:
            ConfigurationError: Others wait, and an argument cannot work; it is named.
            ClientStateError: The limiter serves another event loop.
        """
        self._loop = loop = claim_running_loop(self._loop, LIMITER_REFUSES)
        if self._busy:
            await self._wait_for_turn(loop, lane, spacing, returned=returned)
        self._busy = True
        try:
            await self._even_moment(loop)
            self._next_at = loop.time() + self._spacing
            self._in_flight += 1
            return PacedPermit(self, loop.time())
        finally:
            self._pass_on()

    async def _even_moment(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait for the next evenly spaced moment, again after each pause that began meanwhile."""
        paced = False
        while not paced:
            # A pause that comes while this one is slept through may be longer.
            while (wait := self._paused_until - loop.time()) > 0:  # noqa: ASYNC110
                await asyncio.sleep(wait)
            if self._pace is not None:
                await self._pace.acquire()
            # A pause may have begun while AsyncLimiter slept. Its token is spent then, which costs
            # one spacing and never lets a request leave too early.
            paced = loop.time() >= self._paused_until

    async def _wait_for_turn(
        self, loop: asyncio.AbstractEventLoop, lane: Lane, spacing: float, *, returned: bool
    ) -> None:
        check_place(lane, spacing)
        turn: asyncio.Future[None] = loop.create_future()
        waiter: Waiter[None] = self._queue.push(turn, lane, spacing, returned=returned)
        try:
            await turn
        except BaseException:
            # Cancelled in the turn of the loop in which it was its turn: nobody else would be
            # woken, so it is passed on here.
            if turn.done() and not turn.cancelled():
                self._pass_on()
            else:
                self._queue.remove(waiter)
            raise

    def _pass_on(self) -> None:
        self._busy = False
        while self._queue:
            turn = self._queue.pop().future
            if not turn.done():
                # The turn goes from one request to the next without being free in between: a
                # newcomer that runs before the one that was woken must not overtake it.
                self._busy = True
                turn.set_result(None)
                return

    def estimate(self, lane: Lane, *, spacing: float = 0.0, returned: bool = False) -> float:
        """The least number of seconds a newcomer would wait; see :meth:`Limiter.estimate`."""
        if self._loop is None:
            return 0.0
        now = self._loop.time()
        ahead = self._queue.ahead_of(lane, spacing, returned=returned) + self._busy
        return max(now, self._paused_until, self._next_at) + ahead * self._spacing - now

    def pause(self, seconds: float) -> None:
        """Grant nothing for that long; pauses that overlap end with the last one.

        Args:
            seconds: 0 or more, and finite.

        Raises:
            ConfigurationError: It is no such number.
            ClientStateError: The limiter serves another event loop.
        """
        check_seconds("seconds", seconds, wrong_setting, zero=True)
        self._pause_for(seconds)

    def _pause_for(self, seconds: float) -> None:
        self._loop = loop = claim_running_loop(self._loop, LIMITER_REFUSES)
        self._pause_until(loop.time() + seconds)

    def _pause_until(self, moment: float) -> None:
        self._paused_until = max(self._paused_until, moment)

    def prime(self, ages: Sequence[float]) -> None:
        """Count requests that were made before; see :meth:`PrimableLimiter.prime`.

        The next one starts one spacing after the last of them; later where they came in a burst,
        so that even spacing from then on keeps every quota.

        Raises:
            ConfigurationError: ``ages`` is no list of seconds.
            ClientStateError: The limiter serves another event loop.
        """
        check_ages(ages)
        wait = self._spacing - min(ages, default=self._spacing)
        for quota in self._quotas:
            newest = sorted(ages)[: quota.limit]
            # The request that starts so many spacings later is the first beside one of these.
            for later, age in enumerate(reversed(newest), quota.limit - len(newest)):
                wait = max(wait, quota.period - age - later * self._spacing)
        if wait > 0:
            self._pause_for(wait)

    def snapshot(self) -> LimiterSnapshot:
        """The state at this moment."""
        now = self._loop.time() if self._loop else float("inf")
        return LimiterSnapshot(
            queued=len(self._queue) + self._busy,
            in_flight=self._in_flight,
            next_free=self.estimate(Lane.BULK),
            refusals=self._burst.refusals,
            paused_for=max(0.0, self._paused_until - now),
            burst=1,
        )

    @property
    def idle(self) -> bool:
        """Whether forgetting this limiter now would change nothing."""
        if self._busy or self._in_flight or self.estimate(Lane.BULK) > 0:
            return False
        return self._loop is None or self._burst.forgotten(self._loop.time(), self._period)

    def on_ended(self) -> None:
        """One permit's request ended."""
        self._in_flight -= 1

    def on_refused(self, retry_after: float | None, sent_at: float) -> None:
        """One permit's request was refused: pause, longer after repeated refusals."""
        # By the clock that granted the permit, wherever it is ended.
        now = sent_at if self._loop is None else self._loop.time()
        streak = max(1, self._burst.refused(now, sent_at, self._period))
        if retry_after is None:
            retry_after = min(max(self._spacing, _SHORTEST_PAUSE) * streak, self._longest_pause)
        self._pause_until(now + retry_after)
        self._burst.paused(self._paused_until)


class PacedPermit:
    """One granted moment of a :class:`PacedLimiter`."""

    __slots__ = ("_ended", "_granted_at", "_limiter")

    def __init__(self, limiter: PacedLimiter, granted_at: float) -> None:
        self._limiter = limiter
        self._granted_at = granted_at
        self._ended = False

    def sent(self) -> None:
        """Change nothing: the moment was spent when it was granted."""

    def settle(self) -> None:
        """Ending: an answer arrived."""
        if not self._ended:
            self._ended = True
            self._limiter.on_ended()

    def refuse(self, retry_after: float | None) -> None:
        """Ending: the server refused the request for this limit."""
        if not self._ended:
            self.settle()
            self._limiter.on_refused(retry_after, self._granted_at)

    def give_up(self) -> None:
        """Ending: no answer came."""
        self.settle()

    def refund(self) -> None:
        """Ending: the request never left; its moment stays spent."""
        self.settle()
