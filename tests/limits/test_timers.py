from __future__ import annotations

import asyncio
import gc
import sys
from typing import TYPE_CHECKING, Any

import pytest

from cleverapp_async import Lane, Quota
from cleverapp_async.limits import SlidingWindowLimiter
from cleverapp_async.testing import VirtualTimeLoop, run_virtual

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


def _timers() -> int:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    return loop.timers


def test_a_limiter_sets_one_timer_whatever_the_number_of_waiters() -> None:
    """A thousand waiters of both lanes, with pauses and caps: one timer at every moment."""

    async def main() -> None:
        limiter = SlidingWindowLimiter(Quota(40, 1.0, settle_within=0.1), Quota(90, 3.0))
        most = 0

        async def send(lane: Lane) -> None:
            nonlocal most
            permit = await limiter.acquire(lane=lane)
            permit.sent()
            most = max(most, _timers())
            permit.give_up()

        tasks = [asyncio.create_task(send(lane)) for lane in Lane for _ in range(500)]
        await asyncio.sleep(0)
        for seconds in (2.0, 1.0, 3.0):
            limiter.pause(seconds)
            assert _timers() == 1
        await asyncio.wait(tasks)
        assert most == 1
        assert _timers() == 0

    run_virtual(main())


def test_nobody_waiting_sets_no_timer() -> None:
    """Without waiters there is nothing to wake: no timer, whatever is in flight."""

    async def main() -> None:
        limiter = SlidingWindowLimiter(Quota(5, 1.0, settle_within=0.1))
        permits = [await limiter.acquire() for _ in range(5)]
        limiter.pause(3.0)
        for permit in permits:
            permit.sent()
        permits[0].settle()
        permits[1].give_up()
        permits[2].refund()
        permits[3].refuse(1.0)
        assert _timers() == 0

    run_virtual(main())


def test_an_earlier_moment_moves_the_timer() -> None:
    """When a slot comes free sooner than expected, the one timer is set anew."""

    async def main() -> float:
        limiter = SlidingWindowLimiter(Quota(1, 10.0))
        permit = await limiter.acquire()
        permit.give_up()
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(2.5)
        assert _timers() == 1
        limiter.pause(1.0)
        assert _timers() == 1
        await waiting
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 12.0


def test_a_timer_set_for_long_is_brought_forward() -> None:
    """An answer can make a waiter's moment come before the timer that is set."""

    async def main() -> float:
        limiter = SlidingWindowLimiter(Quota(2, 1.0), settle_margin=60.0)
        lost, answered = await limiter.acquire(), await limiter.acquire()
        lost.give_up()
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(2.0)
        assert _timers() == 1
        answered.settle()
        assert _timers() == 1
        await waiting
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 3.0


def test_while_a_slot_is_known_to_come_free_no_cap_wakes_the_limiter() -> None:
    """Caps of others on the way are no reason to look: the timer waits for the free slot."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        limiter = SlidingWindowLimiter(Quota(3, 10.0, settle_within=0.5))
        (await limiter.acquire()).settle()
        for _ in range(2):
            (await limiter.acquire()).sent()
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)
        assert limiter._timer is not None
        assert limiter._timer.when() == 10.0
        await waiting
        assert loop.time() == 10.0

    run_virtual(main())


def _calls_of(act: Callable[[], object]) -> int:
    """How many functions are called, of Python and of C, in doing that."""
    calls = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    gc.collect()
    gc.disable()  # a collection in between would be counted
    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(before)
        gc.enable()
    return calls


@pytest.mark.parametrize("crowd", [10, 1_000, 20_000])
def test_a_cancel_costs_the_same_whatever_the_crowd(crowd: int) -> None:
    """Leaving from the middle of the queue looks at nobody else."""

    async def main(crowd: int) -> int:
        limiter = SlidingWindowLimiter(Quota(1, 1.0))
        await limiter.acquire()
        waiting: list[Coroutine[Any, Any, object]] = [limiter.acquire() for _ in range(crowd)]
        for coroutine in waiting:
            coroutine.send(None)
        gone = waiting[crowd // 2]

        def cancel() -> None:
            with pytest.raises(asyncio.CancelledError):
                gone.throw(asyncio.CancelledError())

        calls = _calls_of(cancel)
        assert limiter.snapshot().queued == crowd - 1
        return calls

    assert run_virtual(main(crowd), debug=False) == run_virtual(main(2), debug=False)


@pytest.mark.parametrize("crowd", [10, 1_000, 20_000])
@pytest.mark.no_cover
def test_a_grant_costs_the_same_whatever_the_crowd(crowd: int) -> None:
    """Serving the next one looks at nobody else."""

    async def main(crowd: int) -> int:
        limiter = SlidingWindowLimiter(Quota(1, 1.0))
        permit = await limiter.acquire()
        waiting = [limiter.acquire(lane=lane) for lane in Lane for _ in range(crowd)]
        for coroutine in waiting:
            coroutine.send(None)
        calls = _calls_of(permit.refund)
        assert limiter.snapshot().queued == 2 * crowd - 1
        return calls

    assert run_virtual(main(crowd), debug=False) == run_virtual(main(2), debug=False)


def test_cancelled_waiters_leave_nothing_in_the_queue() -> None:
    """Ten thousand that came and went are nowhere to be found."""

    async def main() -> None:
        limiter = SlidingWindowLimiter(Quota(1, 1.0))
        await limiter.acquire()
        staying = limiter.acquire(lane=Lane.BULK, spacing=3.0)
        staying.send(None)
        for number in range(10_000):
            coroutine = limiter.acquire(lane=Lane.BULK, spacing=float(number % 7))
            coroutine.send(None)
            coroutine.close()
        queue = limiter._queue
        assert queue is not None
        assert len(queue) == 1
        assert [len(waiters) for waiters in queue._bulk._bands.values()] == [1]
        staying.close()
        assert limiter._queue is None

    run_virtual(main(), debug=False)
