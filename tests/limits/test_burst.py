from __future__ import annotations

import asyncio

import pytest

from cleverapp_async import Quota
from cleverapp_async.limits import PacedLimiter, SlidingWindowLimiter
from cleverapp_async.testing import run_virtual
from tests.limits.oracle import most_in_window
from tests.limits.sending import refused, starts


def test_repeated_refusals_halve_the_burst_down_to_even_spacing() -> None:
    """10 per 10 s becomes 5, 2 and 1 at once, at the same rate, and never less."""

    async def main() -> list[int | None]:
        limiter = SlidingWindowLimiter(Quota(10, 10.0))
        bursts: list[int | None] = []
        for _ in range(6):
            await refused(limiter, 0.5)
            bursts.append(limiter.snapshot().burst)
        await asyncio.sleep(10.0)
        assert await starts(limiter, 8) == pytest.approx(list(range(8)), abs=1e-6)
        return bursts

    assert run_virtual(main()) == [10, 5, 2, 1, 1, 1]


def test_a_halved_burst_keeps_its_share_and_the_whole_window() -> None:
    """At half the burst: at most five in any 5 s, and ten in any 10 s."""

    async def main() -> list[float]:
        limiter = SlidingWindowLimiter(Quota(10, 10.0))
        await refused(limiter, 0.5)
        await refused(limiter, 0.5)
        await asyncio.sleep(10.0)
        return await starts(limiter, 20)

    assert run_virtual(main()) == [0.0] * 5 + [5.0] * 5 + [10.0] * 5 + [15.0] * 5


def test_a_halved_burst_that_does_not_divide_the_quota_keeps_the_quota() -> None:
    """2 per 2 s would make six in 5 s: the fifth second's sixth waits for the whole window."""

    async def main() -> list[float]:
        limiter = SlidingWindowLimiter(Quota(5, 5.0))
        await refused(limiter, 0.5)
        await refused(limiter, 0.5)
        await asyncio.sleep(5.0)
        moments = await starts(limiter, 20)
        assert most_in_window(moments, 5.0) == 5
        assert most_in_window(moments, 2.0) == 2
        return moments

    assert run_virtual(main())[:7] == [0.0, 0.0, 2.0, 2.0, 4.0, 5.0, 6.0]


def test_a_halved_burst_counts_what_is_still_in_flight() -> None:
    """With as many requests unanswered as the burst allows, the next one waits for an answer."""

    async def main() -> float:
        limiter = SlidingWindowLimiter(Quota(2, 10.0))
        await refused(limiter, 0.5)
        await refused(limiter, 0.5)
        await asyncio.sleep(10.0)
        loop = asyncio.get_running_loop()
        began = loop.time()
        permit = await limiter.acquire()
        loop.call_later(3.0, permit.settle)
        await limiter.acquire()
        return loop.time() - began

    assert run_virtual(main()) == 3.0 + 5.0


def test_clean_windows_grow_the_burst_back() -> None:
    """After enough windows without a refusal the burst doubles, until it is whole."""

    async def main() -> list[int | None]:
        limiter = SlidingWindowLimiter(Quota(8, 10.0))
        for _ in range(4):
            await refused(limiter, 0.0)
        seen = [limiter.snapshot().burst]
        for _ in range(300):
            await asyncio.sleep(10.0)
            (await limiter.acquire()).settle()
            if (burst := limiter.snapshot().burst) != seen[-1]:
                seen.append(burst)
        return seen

    assert run_virtual(main()) == [1, 2, 4, 8]


@pytest.mark.parametrize(("refusals", "windows"), [(2, 4), (3, 8), (4, 16), (12, 64)])
def test_the_more_refusals_the_more_clean_windows_it_takes(refusals: int, windows: int) -> None:
    """Each repeated refusal doubles the clean windows before the burst grows, up to 64."""

    async def main() -> list[int | None]:
        limiter = SlidingWindowLimiter(Quota(64, 10.0))
        for _ in range(refusals):
            await refused(limiter, 0.0)
        bursts = [limiter.snapshot().burst]
        for wait in (windows * 10.0, 1e-3):
            await asyncio.sleep(wait)
            bursts.append(limiter.snapshot().burst)
        return bursts

    small, before, grown = run_virtual(main())
    assert small == before
    assert grown == 2 * (small or 0)


def test_windows_that_nobody_used_are_clean_too() -> None:
    """A limiter left alone for long has its whole burst again at its next use."""

    async def main() -> list[float]:
        limiter = SlidingWindowLimiter(Quota(8, 10.0))
        for _ in range(4):
            await refused(limiter, 0.0)
        await asyncio.sleep(10_000.0)
        return await starts(limiter, 8)

    assert run_virtual(main()) == [0.0] * 8


def test_rare_refusals_do_not_shrink_the_burst() -> None:
    """A refusal now and then, windows apart, pauses and is forgotten."""

    async def main() -> list[int | None]:
        limiter = SlidingWindowLimiter(Quota(4, 1.0))
        bursts: list[int | None] = []
        for _ in range(5):
            await refused(limiter, 0.5)
            bursts.append(limiter.snapshot().burst)
            await asyncio.sleep(30.0)
        assert limiter.idle
        return bursts

    assert run_virtual(main()) == [4] * 5


def test_a_limiter_that_remembers_refusals_is_not_idle() -> None:
    """Forgetting it would forget its smaller burst: it is kept until that has grown back."""

    async def main() -> tuple[bool, bool]:
        limiter = SlidingWindowLimiter(Quota(4, 1.0))
        await refused(limiter, 0.0)
        await refused(limiter, 0.0)
        await asyncio.sleep(2.5)
        soon = limiter.idle
        await asyncio.sleep(1_000.0)
        return soon, limiter.idle

    assert run_virtual(main()) == (False, True)


def test_a_paced_limiter_that_remembers_refusals_is_not_idle() -> None:
    """Its next pause would be longer: it is kept until that is forgotten."""

    async def main() -> tuple[bool, bool]:
        limiter = PacedLimiter(Quota(4, 1.0))
        await refused(limiter, 0.0)
        await asyncio.sleep(2.5)
        soon = limiter.idle
        await asyncio.sleep(10.0)
        return soon, limiter.idle

    assert run_virtual(main()) == (False, True)
