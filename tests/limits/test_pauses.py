from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import ConfigurationError, Quota
from cleverapp_async.limits import Lane, PacedLimiter, SlidingWindowLimiter
from cleverapp_async.testing import run_virtual
from tests.raising import raises

if TYPE_CHECKING:
    from collections.abc import Callable

    from cleverapp_async.limits import Limiter

QUOTAS = [(), (Quota(5, 1.0),)]
LIMITERS = [SlidingWindowLimiter, PacedLimiter]


async def _start(limiter: Limiter) -> float:
    (await limiter.acquire()).settle()
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize("quotas", QUOTAS)
@pytest.mark.parametrize("make", LIMITERS)
def test_pauses_that_overlap_end_with_the_last(
    make: Callable[..., Limiter], quotas: tuple[Quota, ...]
) -> None:
    """A later, shorter pause does not open what an earlier one closed."""

    async def main() -> float:
        limiter = make(*quotas)
        limiter.pause(10.0)
        limiter.pause(3.0)
        limiter.pause(0.0)
        waiting = asyncio.create_task(_start(limiter))
        await asyncio.sleep(1.0)
        limiter.pause(2.0)
        assert limiter.snapshot().paused_for == 9.0
        return await waiting

    assert run_virtual(main()) == 10.0


@pytest.mark.parametrize("quotas", QUOTAS)
@pytest.mark.parametrize("make", LIMITERS)
def test_a_pause_may_be_lengthened_while_somebody_waits_for_its_end(
    make: Callable[..., Limiter], quotas: tuple[Quota, ...]
) -> None:
    """Who waits for the end of a pause waits for the end of the longer one."""

    async def main() -> float:
        limiter = make(*quotas)
        limiter.pause(2.0)
        waiting = asyncio.create_task(_start(limiter))
        await asyncio.sleep(1.0)
        limiter.pause(20.0)
        return await waiting

    assert run_virtual(main()) == 21.0


@pytest.mark.parametrize("make", LIMITERS)
def test_a_pause_holds_those_who_wait_for_a_slot(make: Callable[..., Limiter]) -> None:
    """A slot that comes free during a pause is granted at its end."""

    async def main() -> list[float]:
        limiter = make(Quota(1, 10.0))
        await _start(limiter)
        waiting = [asyncio.create_task(_start(limiter)) for _ in range(2)]
        await asyncio.sleep(9.0)
        limiter.pause(5.0)
        return [await task for task in waiting]

    first, second = run_virtual(main())
    assert 14.0 <= first <= 20.0 + 1e-6
    assert second >= first + 10.0 - 1e-6


def test_a_pause_stops_what_was_known_to_be_free() -> None:
    """Slots that are free are not granted in a pause, and all of them at its end."""

    async def main() -> list[float]:
        limiter = SlidingWindowLimiter(Quota(5, 1.0))
        await _start(limiter)
        limiter.pause(4.0)
        return await asyncio.gather(*(_start(limiter) for _ in range(6)))

    assert run_virtual(main()) == [4.0] * 5 + [5.0]


def test_a_pause_lets_what_is_in_flight_end() -> None:
    """Endings during a pause are counted at their moments."""

    async def main() -> float:
        limiter = SlidingWindowLimiter(Quota(1, 10.0))
        permit = await limiter.acquire()
        limiter.pause(3.0)
        await asyncio.sleep(1.0)
        permit.settle()
        return await _start(limiter)

    assert run_virtual(main()) == 11.0


@given(pauses=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=6))
def test_nothing_starts_in_any_pause(pauses: list[tuple[int, int]]) -> None:
    """Whatever the pauses, no request starts between the beginning and the end of one."""

    async def main(limiter: Limiter) -> None:
        loop = asyncio.get_running_loop()
        for at, seconds in pauses:
            loop.call_at(at, limiter.pause, float(seconds))

        async def later(moment: float) -> float:
            await asyncio.sleep(moment)
            return await _start(limiter)

        for start in await asyncio.gather(*(later(n / 2 + 0.25) for n in range(50))):
            assert not any(at < start < at + seconds for at, seconds in pauses)

    run_virtual(main(SlidingWindowLimiter(Quota(2, 1.0))))
    run_virtual(main(PacedLimiter(Quota(2, 1.5))))


@pytest.mark.parametrize("make", LIMITERS)
def test_what_is_no_duration_is_refused(make: Callable[..., Limiter]) -> None:
    """A pause, an age or a spacing that is none, and a lane that is none, are named."""

    async def main() -> None:
        limiter: Any = make(Quota(1, 1.0))
        for seconds in (None, "x", True, -5, math.nan, math.inf, -math.inf, 10**400):
            with raises(ConfigurationError, "seconds"):
                limiter.pause(seconds)
            with raises(ConfigurationError, "ages"):
                limiter.prime([0.5, seconds])
        for ages in (None, 5, "x", {0.5}):
            with raises(ConfigurationError, "ages"):
                limiter.prime(ages)
        first, second = (asyncio.create_task(limiter.acquire()) for _ in range(2))
        await asyncio.sleep(0)
        for wrong in ({"lane": "x"}, {"lane": Lane}, {"spacing": "x"}, {"spacing": -1}):
            with raises(ConfigurationError, *wrong):
                await limiter.acquire(**wrong)
        for waiting in (first, second):
            (await waiting).settle()
        assert asyncio.get_running_loop().time() == 1.0
        assert limiter.snapshot().queued == 0

    run_virtual(main())
