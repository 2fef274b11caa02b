from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import AccountKey, Lane, LimiterRegistry, LimitKey, Quota
from cleverapp_async.limits import PacedLimiter, SlidingWindowLimiter
from cleverapp_async.limits.acquire import CallLimits, PermitPair
from cleverapp_async.testing import VirtualTimeLoop, run_virtual
from tests.limits.stepping import CancelledAt

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from cleverapp_async.limits import Limiter, Permit

    Enter = Callable[[], Coroutine[Any, Any, Permit | PermitPair]]

KEY, OTHER, ACCOUNT = LimitKey(1, "telegram"), LimitKey(2, "telegram"), AccountKey("0" * 64)
SUSPENSIONS = range(4)


def _sliding() -> Enter:
    limiter = SlidingWindowLimiter(Quota(1, 10.0), Quota(2, 30.0, settle_within=1.0))
    return limiter.acquire


def _paced() -> Enter:
    limiter = PacedLimiter(Quota(1, 10.0))
    limiter.pause(3.0)
    return limiter.acquire


def _call_limits() -> Enter:
    registry = LimiterRegistry(other_messengers=Quota(1, 10.0), account=Quota(1, 15.0))
    limits = CallLimits(registry, ACCOUNT)
    return lambda: limits.acquire(KEY)


async def _starts(enter: Enter, suspension: int | None, *, woken: bool) -> tuple[bool, float]:
    """Three ask at once, the second is cancelled; whether it was, and when the third started."""
    loop = asyncio.get_running_loop()
    reached = False
    third = -1.0

    async def first() -> None:
        permit = await enter()
        permit.sent()
        await asyncio.sleep(2.0)
        permit.settle()

    async def second() -> None:
        nonlocal reached
        if suspension is None:
            return
        stepped = CancelledAt(enter(), suspension, woken=woken)
        try:
            (await stepped).settle()
        except asyncio.CancelledError:
            reached = stepped.reached

    async def last() -> None:
        nonlocal third
        permit = await enter()
        third = loop.time()
        permit.settle()

    await asyncio.gather(first(), second(), last())
    return reached, third


@pytest.mark.parametrize("woken", [False, True])
@pytest.mark.parametrize("suspension", SUSPENSIONS)
@pytest.mark.parametrize("make", [_sliding, _call_limits])
def test_a_waiter_cancelled_at_any_await_point_was_never_there(
    make: Callable[[], Enter], suspension: int, woken: bool
) -> None:
    """Whoever waits behind starts at the moment at which it would have started without it."""

    async def main(suspension: int | None) -> tuple[bool, float]:
        return await _starts(make(), suspension, woken=woken)

    reached, third = run_virtual(main(suspension))
    _, alone = run_virtual(main(None))
    if reached:
        assert third == pytest.approx(alone, abs=1e-6)
    else:
        assert suspension > 0, "the second must wait at least once"


@pytest.mark.parametrize("woken", [False, True])
@pytest.mark.parametrize("suspension", SUSPENSIONS)
def test_a_paced_waiter_cancelled_at_any_await_point_passes_its_turn_on(
    suspension: int, woken: bool
) -> None:
    """The next one starts at an even moment, at the latest the one after the cancelled one's."""

    async def main() -> tuple[bool, float]:
        return await _starts(_paced(), suspension, woken=woken)

    reached, third = run_virtual(main())
    assert third in (pytest.approx(13.0, abs=1e-6), pytest.approx(23.0, abs=1e-6))
    assert reached or suspension > 1


@pytest.mark.parametrize("woken", [False, True])
@pytest.mark.parametrize("suspension", SUSPENSIONS)
def test_after_a_cancel_at_any_await_point_the_limits_of_a_call_are_as_new(
    suspension: int, woken: bool
) -> None:
    """Neither the key nor the account keeps a slot, a waiter or a wake-up of who is gone."""

    async def main() -> None:
        registry = LimiterRegistry(account=Quota(2, 1.0), other_messengers=Quota(3, 5.0))
        key = LimitKey(1, "vk")
        limits = CallLimits(registry, ACCOUNT)
        for _ in range(2):
            (await limits.acquire(OTHER)).settle()
        for _ in range(3):
            (await registry.limiter(key).acquire()).settle()
        stepped = CancelledAt(limits.acquire(key), suspension, woken=woken)
        try:
            (await stepped).settle()
        except asyncio.CancelledError:
            assert stepped.reached
        for limiter in (registry.limiter(key), registry.limiter(ACCOUNT)):
            state = limiter.snapshot()
            assert (state.queued, state.in_flight) == (0, 0)
        await asyncio.sleep(20.0)
        loop = asyncio.get_running_loop()
        now = loop.time()
        for _ in range(2):
            (await limits.acquire(key)).settle()
        assert loop.time() == now
        assert registry.limiter(ACCOUNT).snapshot().queued == 0

    run_virtual(main())


@pytest.mark.parametrize("make", [SlidingWindowLimiter, PacedLimiter])
def test_tasks_cancelled_at_the_moment_of_their_grant_lose_nothing(
    make: Callable[[Quota], Limiter],
) -> None:
    """A cancel that meets a grant in the same iteration passes the slot on."""

    async def main() -> list[float]:
        limiter, loop = make(Quota(1, 1.0)), asyncio.get_running_loop()
        starts: list[float] = []

        async def send() -> None:
            permit = await limiter.acquire()
            starts.append(loop.time())
            permit.settle()

        await send()
        tasks = [asyncio.create_task(send()) for _ in range(6)]
        for moment, task in zip((1.0, 1.0, 2.0), tasks, strict=False):
            loop.call_at(moment, task.cancel)
        await asyncio.wait(tasks)
        return starts

    starts = run_virtual(main())
    assert len(starts) >= 4
    assert all(later - sooner > 0.99 for sooner, later in pairwise(starts))
    assert starts[-1] <= 5.0 + 1e-6


def test_closing_a_waiting_coroutine_takes_it_out() -> None:
    """A waiter whose coroutine is closed is gone from the queue."""

    async def main() -> None:
        limiter = SlidingWindowLimiter(Quota(1, 1.0))
        (await limiter.acquire()).settle()
        waiting = limiter.acquire(lane=Lane.BULK)
        waiting.send(None)
        assert limiter.snapshot().queued == 1
        waiting.close()
        assert limiter.snapshot().queued == 0

    run_virtual(main())


def test_the_wait_of_cancelled_waiters_leaves_one_timer_at_most() -> None:
    """When all who waited are gone, the one timer is what remains, and it ends."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        limiter = SlidingWindowLimiter(Quota(1, 5.0))
        (await limiter.acquire()).settle()
        tasks = [asyncio.create_task(limiter.acquire()) for _ in range(100)]
        await asyncio.sleep(0)
        assert loop.timers == 1
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert loop.timers <= 1
        await asyncio.sleep(5.0)
        assert loop.timers == 0
        assert limiter.idle

    run_virtual(main())
