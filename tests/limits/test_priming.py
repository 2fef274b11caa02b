"""Limiters that are told of requests which they did not grant."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import AccountKey, ClientStateError, Lane, LimiterRegistry, LimitKey, Quota
from cleverapp_async.limits import (
    CountedSends,
    Limiter,
    PacedLimiter,
    PrimableLimiter,
    SlidingWindowLimiter,
)
from cleverapp_async.testing import run_virtual
from tests.laws import examples

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cleverapp_async.limits import LimiterSnapshot, Permit

ACCOUNT = AccountKey("digest")
BOT = LimitKey(7, "telegram")


class Plain:
    """A user's limiter as it was before limiters could be primed."""

    def __init__(self) -> None:
        self._inner = SlidingWindowLimiter(Quota(1, 10.0))

    async def acquire(
        self, *, lane: Lane = Lane.INTERACTIVE, spacing: float = 0.0, returned: bool = False
    ) -> Permit:
        """Wait for a slot."""
        return await self._inner.acquire(lane=lane, spacing=spacing, returned=returned)

    def estimate(self, lane: Lane, *, spacing: float = 0.0, returned: bool = False) -> float:
        """The wait of a newcomer."""
        return self._inner.estimate(lane, spacing=spacing, returned=returned)

    def pause(self, seconds: float) -> None:
        """Grant nothing for that long."""
        self._inner.pause(seconds)

    def snapshot(self) -> LimiterSnapshot:
        """The state at this moment."""
        return self._inner.snapshot()

    @property
    def idle(self) -> bool:
        """Whether forgetting it would change nothing."""
        return self._inner.idle


async def _starts(limiter: Limiter, count: int) -> list[float]:
    """When that many requests start which are all asked for now and answered at once."""
    loop = asyncio.get_running_loop()
    starts: list[float] = []

    async def send() -> None:
        permit = await limiter.acquire(lane=Lane.BULK)
        starts.append(loop.time())
        permit.settle()

    await asyncio.gather(*(send() for _ in range(count)))
    return starts


ages = st.lists(st.floats(0.0, 15.0), max_size=30)
some_quotas = st.lists(
    st.builds(Quota, st.integers(1, 8), st.sampled_from([1.0, 4.0, 10.0])), min_size=1, max_size=2
)


@pytest.mark.parametrize("make", [SlidingWindowLimiter, PacedLimiter])
@given(kept=some_quotas, before=ages, count=st.integers(1, 20))
@examples(80)
def test_what_came_before_counts_in_every_window(
    make: Callable[..., SlidingWindowLimiter | PacedLimiter],
    kept: list[Quota],
    before: list[float],
    count: int,
) -> None:
    """No window that ends with a new request holds more than its quota, those before included."""

    async def main() -> None:
        now = asyncio.get_running_loop().time()
        limiter = make(*kept)
        limiter.prime(before)
        starts = await _starts(limiter, count)
        for quota in kept:
            for start in starts:
                moments = [*(now - age for age in before), *starts]
                window = [each for each in moments if start - quota.period + 1e-6 < each <= start]
                assert len(window) <= quota.limit

    run_virtual(main())


@given(kept=some_quotas, before=ages)
@examples(60)
def test_a_primed_window_delays_nobody_longer_than_it_must(
    kept: list[Quota], before: list[float]
) -> None:
    """The first request starts as soon as one more fits into every window, as the estimate says."""

    async def main() -> None:
        limiter = SlidingWindowLimiter(*kept)
        limiter.prime(before)
        told = limiter.estimate(Lane.BULK)
        (start,) = await _starts(limiter, 1)
        due = [
            quota.period - sorted(before)[quota.limit - 1]
            for quota in kept
            if len(before) >= quota.limit
        ]
        assert start == pytest.approx(max(0.0, *due, 0.0), abs=1e-6)
        assert told == pytest.approx(start, abs=1e-6)

    run_virtual(main())


def test_the_estimate_of_a_crowd_counts_what_was_primed() -> None:
    """Those who wait behind more spent slots than the limit start when the estimate says."""

    async def main() -> None:
        limiter = SlidingWindowLimiter(Quota(2, 10.0))
        permits = [await limiter.acquire(), await limiter.acquire()]
        limiter.prime([1.0, 3.0])
        for permit in permits:
            permit.settle()
        waiting = [asyncio.ensure_future(limiter.acquire()) for _ in range(2)]
        await asyncio.sleep(0)
        told = limiter.estimate(Lane.INTERACTIVE)
        for waiter in waiting:
            (await waiter).settle()
        (await limiter.acquire()).settle()
        assert asyncio.get_running_loop().time() == pytest.approx(told, abs=1e-6)

    run_virtual(main())


def test_priming_takes_back_slots_that_were_known_to_be_free() -> None:
    """A limiter that is in use already grants nothing more than what is left."""

    async def main() -> None:
        limiter = SlidingWindowLimiter(Quota(3, 10.0))
        (await limiter.acquire()).settle()
        limiter.prime([4.0, 2.0])
        assert await _starts(limiter, 2) == pytest.approx([6.0, 8.0], abs=1e-6)

    run_virtual(main())


def test_a_waiter_that_stands_in_line_already_is_delayed_too() -> None:
    """Priming changes the turn of those who wait."""

    async def main() -> None:
        limiter = SlidingWindowLimiter(Quota(1, 10.0))
        (await limiter.acquire()).settle()
        waiting = asyncio.ensure_future(_starts(limiter, 1))
        await asyncio.sleep(5.0)
        limiter.prime([0.0])
        assert await waiting == pytest.approx([15.0], abs=1e-6)

    run_virtual(main())


@pytest.mark.parametrize("limiter", [SlidingWindowLimiter(), PacedLimiter()])
def test_what_is_not_limited_is_not_delayed(limiter: SlidingWindowLimiter | PacedLimiter) -> None:
    """Without a quota nothing waits, whatever came before."""

    async def main() -> None:
        limiter.prime([0.0] * 100)
        assert await _starts(limiter, 100) == [0.0] * 100

    run_virtual(main())


@pytest.mark.parametrize("make", [SlidingWindowLimiter, PacedLimiter])
def test_a_primed_limiter_serves_one_event_loop(
    make: Callable[..., SlidingWindowLimiter | PacedLimiter],
) -> None:
    """It keeps the loop it was first used in, as for everything else."""
    limiter = make(Quota(1, 1.0))

    async def main() -> None:
        limiter.prime([0.5])

    run_virtual(main())
    with pytest.raises(ClientStateError):
        run_virtual(main())


def test_a_registry_primes_each_key_by_its_own_quotas() -> None:
    """The key and the account each count what they are told, and are remembered for it."""

    async def main() -> None:
        registry = LimiterRegistry(messengers={"telegram": Quota(2, 10.0)}, account=Quota(3, 5.0))
        registry.prime(BOT, [1.0, 2.0])
        registry.prime(ACCOUNT, [1.0, 2.0, 3.0])
        registry.prime(LimitKey(8, "telegram"), [])
        found = {key: state.next_free for key, state in registry.snapshot().items()}
        assert found == pytest.approx({BOT: 8.0, ACCOUNT: 2.0})

    run_virtual(main())


def test_a_registry_does_not_prime_what_is_not_limited() -> None:
    """A key without quotas is not even remembered."""

    async def main() -> None:
        registry = LimiterRegistry.unlimited()
        registry.prime(BOT, [0.0])
        registry.prime(ACCOUNT, [0.0])
        assert registry.snapshot() == {}
        assert registry.own_quotas == ()

    run_virtual(main())


def test_a_limiter_of_ones_own_need_not_be_primable() -> None:
    """What satisfied ``Limiter`` before does so still, and is left as it is."""

    async def main() -> None:
        registry = LimiterRegistry(factory=lambda *_: Plain())
        registry.prime(BOT, [0.0])
        assert registry.limiter(BOT).estimate(Lane.BULK) == 0.0

    limiter: Limiter = Plain()
    assert isinstance(limiter, Limiter)
    assert not isinstance(limiter, PrimableLimiter)
    assert isinstance(SlidingWindowLimiter(), PrimableLimiter)
    assert isinstance(PacedLimiter(), PrimableLimiter)
    run_virtual(main())


def test_own_quotas_are_all_that_a_registry_counts() -> None:
    """Messengers, keys, the direct method and the account, each of their quotas."""
    registry = LimiterRegistry(
        messengers={"whatsapp": Quota(1, 11.0), "telegram": None, "viber": None, "icq": None},
        other_messengers=Quota(5, 3.0),
        whatsapp_direct=Quota(1, 2.0),
        keys={BOT: [Quota(7, 700.0)]},
        account=[Quota(2, 1.0), Quota(120, 60.0)],
    )
    periods = {quota.period for quota in registry.own_quotas}
    assert periods == {11.0, 3.0, 2.0, 700.0, 1.0, 60.0}


def test_what_was_written_is_known_by_message_and_moment_until_it_no_longer_matters() -> None:
    """Another message, another moment and what lies back longer than a period are not known."""
    now = [0.0]
    counted = CountedSends(clock=lambda: now[0])
    counted.note(("run", 1), 100.0, 100.5, keep=10.0)
    now[0] = 5.0
    counted.note(("run", 2), 105.0, 105.0, keep=10.0)
    known = counted.known()
    told: Sequence[bool] = [
        known(("run", 1), 100.25),
        known(("run", 1), 100.75),
        known(("run", 2), 105.0),
        known(("other", 1), 100.25),
    ]
    assert told == [True, False, True, False]
    now[0] = 10.0
    counted.note(("run", 3), 110.0, 110.0, keep=10.0)
    assert len(counted) == 2
    assert not counted.known()(("run", 1), 100.25)
