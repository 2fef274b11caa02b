"""Virtual time: an asyncio event loop whose clock jumps, for tests of code that waits.

::

    import asyncio

    from cleverapp_async import Quota
    from cleverapp_async.limits import SlidingWindowLimiter
    from cleverapp_async.testing import run_virtual

    async def an_hour_of_whatsapp() -> float:
        limiter = SlidingWindowLimiter(Quota(1, 10.0))
        for _ in range(361):
            (await limiter.acquire()).settle()
        return asyncio.get_running_loop().time()

    assert run_virtual(an_hour_of_whatsapp()) == 3600.0  # done at once, nothing slept

Nothing sleeps: whenever no callback is ready, the clock jumps to the next timer. So there must
be nothing outside the loop to wait for: no sockets, no threads, no subprocesses.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import selectors
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple, Unpack

from .._arguments import is_number, wrong_setting

__all__ = ["DeadlockError", "VirtualTimeLoop", "run_virtual"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_STEP = 1e-9
_NAMED = 5


class DeadlockError(RuntimeError):
    """Nothing is ready and no timer is set, so that the waiting tasks would wait for ever."""


class _JumpingSelector(selectors.DefaultSelector):
    """Never blocks: where it would, it says for how long instead."""

    def __init__(self, jump: Callable[[float | None], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        # Only where no socket has anything either: asyncio's own pipe for calls from other threads
        # is one.
        if not events:
            self._jump(timeout)
        return events


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer when nothing is ready.

    It moves by a timer only, at least one nanosecond at a time: code that computes a delay which
    rounding makes too short gets there all the same, instead of spinning for ever.

    Args:
        start: The clock's first reading, seconds.

    Raises:
        ConfigurationError: It is no finite number.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = 0.0
        self._timers: list[asyncio.TimerHandle] = []
        super().__init__(_JumpingSelector(self._jump))
        if not is_number(start) or math.isinf(start):
            self.close()
            raise wrong_setting("start", "a finite number of seconds", start)
        self._now = start
        # asyncio's own name: how much too early a timer may fire. Windows would say 16 ms.
        self._clock_resolution = _STEP

    def time(self) -> float:
        """The virtual time, seconds."""
        return self._now

    @property
    def timers(self) -> int:
        """How many timers are set: neither fired nor cancelled."""
        return sum(not timer.cancelled() for timer in self._timers)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call back at a virtual time, seconds; see :meth:`asyncio.loop.call_at`."""
        timer = super().call_at(when, callback, *args, context=context)
        # A second heap beside asyncio's own, which is private.
        heapq.heappush(self._timers, timer)
        return timer

    def _jump(self, timeout: float | None) -> None:
        """Move the clock as far as the loop is willing to block."""
        if self._fire():
            # Timers set for the present: let some time pass, or they may be set so for ever.
            self._now = max(self._now + _STEP, math.nextafter(self._now, math.inf))
        elif timeout is None or (timeout > 0 and self._timers[0].when() == math.inf):
            raise DeadlockError(self._who_waits())
        elif timeout > 0:
            when = self._timers[0].when()
            self._now = max(when, self._now + _STEP)
            if self._now + _STEP <= when:  # asyncio would not think it due
                self._now = math.nextafter(when, math.inf)
            self._fire()

    def _fire(self) -> bool:
        """Forget the timers that the loop is about to fire; whether there are any."""
        timers, fired = self._timers, False
        # What asyncio compares, and the present too: late on the clock a step is lost to rounding.
        due = max(math.nextafter(self._now, math.inf), self._now + _STEP)
        while timers and (timers[0].cancelled() or timers[0].when() < due):
            fired |= not heapq.heappop(timers).cancelled()
        return fired

    def _who_waits(self) -> str:
        names = sorted(task.get_name() for task in asyncio.all_tasks(self))
        shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
        return (
            f"deadlock at {self._now} s of virtual time: nothing is ready and no timer is set, "
            f"so these tasks would wait for ever: {shown}"
        )


def run_virtual(coroutine: Coroutine[Any, Any, T], *, debug: bool | None = None) -> T:
    """Run a coroutine to its end on a :class:`VirtualTimeLoop` that begins at 0 s.

    Args:
        coroutine: What to run; tasks it leaves behind are cancelled, as by ``asyncio.run``.
        debug: asyncio's debug mode; None leaves it to ``PYTHONASYNCIODEBUG``.

    Returns:
        The coroutine's result.

    Raises:
        DeadlockError: The coroutine waits for what nothing will bring.
        ConfigurationError: It is no coroutine, but a function that would make one, for example.
    """
    given: object = coroutine
    if not asyncio.iscoroutine(given):
        wanted = "a coroutine, such as main() where `async def main()` is defined"
        raise wrong_setting("coroutine", wanted, given)
    with asyncio.Runner(debug=debug, loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coroutine)
