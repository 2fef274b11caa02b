from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.limits.paced import PacedLimiter
from cleverapp_async.limits.quota import ACCOUNT_QUOTAS, Quota
from cleverapp_async.limits.sliding_window import SlidingWindowLimiter
from cleverapp_async.testing import run_virtual
from tests.limits.sending import refused, starts

if TYPE_CHECKING:
    from collections.abc import Callable

    from cleverapp_async.limits.protocols import Limiter


@pytest.mark.parametrize("make", [SlidingWindowLimiter, PacedLimiter])
def test_a_refusal_pauses_for_as_long_as_the_server_asks(make: Callable[..., Limiter]) -> None:
    """``retry_after`` is the pause, and who waits starts at its end."""

    async def main() -> tuple[float, list[float], int]:
        limiter = make(Quota(5, 1.0))
        paused = await refused(limiter, 7.5)
        return paused, await starts(limiter, 1), limiter.snapshot().refusals

    assert run_virtual(main()) == (7.5, [7.5], 1)


def test_a_refusal_without_a_time_pauses_longer_each_time() -> None:
    """One shortest period, then twice as long each time, up to the longest period."""

    async def main() -> list[float]:
        limiter = SlidingWindowLimiter(Quota(5, 1.0), Quota(50, 6.0))
        return [await refused(limiter) for _ in range(6)]

    assert run_virtual(main()) == [1.0, 2.0, 4.0, 6.0, 6.0, 6.0]


@pytest.mark.parametrize("make", [SlidingWindowLimiter, PacedLimiter])
def test_refusals_without_end_neither_fail_nor_pause_without_bound(
    make: Callable[..., Limiter],
) -> None:
    """A server that refuses for hours is asked again once per longest period."""

    async def main(*quotas: Quota) -> float:
        limiter = make(*quotas)
        paused = [await refused(limiter) for _ in range(1_100)]
        assert limiter.snapshot().in_flight == 0
        return paused[-1]

    assert run_virtual(main(Quota(1, 10.0))) == pytest.approx(10.0)
    assert run_virtual(main(Quota(5, 10.0))) == pytest.approx(10.0)
    assert run_virtual(main()) == pytest.approx(60.0)


def test_nobody_is_granted_between_a_refusal_and_its_pause() -> None:
    """A slot that came free in the very moment of a refusal is not granted in its wake."""

    async def main() -> float:
        limiter = SlidingWindowLimiter(Quota(2, 10.0))
        loop = asyncio.get_running_loop()
        (await limiter.acquire()).settle()
        refused = await limiter.acquire()
        refused.sent()
        # Set before the waiter's own timer: the refusal comes first in the moment 10.
        loop.call_at(10.0, refused.refuse, 20.0)
        waiting = asyncio.create_task(starts(limiter, 1))
        return (await waiting)[0]

    assert run_virtual(main()) == 30.0


@pytest.mark.parametrize("make", [SlidingWindowLimiter, PacedLimiter])
def test_the_refusals_of_one_burst_count_once(make: Callable[..., Limiter]) -> None:
    """Requests that left before the pause was known say nothing new: one step, not ten."""

    async def main() -> tuple[int, float]:
        limiter = make(Quota(10, 10.0))
        permits = [await limiter.acquire() for _ in range(3)]
        for permit in permits:
            permit.sent()
        for permit in permits:
            permit.refuse(None)
        state = limiter.snapshot()
        assert state.burst == (10 if isinstance(limiter, SlidingWindowLimiter) else 1)
        return state.refusals, state.paused_for

    refusals, paused = run_virtual(main())
    assert refusals == 3
    assert paused == (10.0 if make is SlidingWindowLimiter else 1.0)


def test_a_limiter_without_quotas_is_paused_by_refusals_all_the_same() -> None:
    """What the server names is paused, longer each time."""

    async def main() -> list[float]:
        limiter = SlidingWindowLimiter()
        paused = [await refused(limiter) for _ in range(3)]
        assert limiter.snapshot().burst is None
        return paused

    assert run_virtual(main()) == [1.0, 2.0, 4.0]


def test_a_paced_limiter_pauses_longer_each_time() -> None:
    """One spacing, then two, and so on up to the period."""

    async def main() -> list[float]:
        limiter = PacedLimiter(Quota(4, 8.0))
        return [await refused(limiter) for _ in range(6)]

    assert run_virtual(main()) == pytest.approx([2.0, 4.0, 6.0, 8.0, 8.0, 8.0])


@pytest.mark.parametrize("make", [SlidingWindowLimiter, PacedLimiter])
def test_the_account_comes_back_after_a_second_and_later_each_time(
    make: Callable[..., Limiter],
) -> None:
    """Under the account's quotas a refusal that names no time pauses for a second at least."""

    async def main() -> list[float]:
        limiter = make(*ACCOUNT_QUOTAS)
        return [await refused(limiter) for _ in range(4)]

    paused = run_virtual(main())
    assert paused[0] == 1.0
    assert paused == sorted(set(paused))
    assert paused[-1] <= 60.0
