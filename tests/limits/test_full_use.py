from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import Lane, Quota
from cleverapp_async.limits import SlidingWindowLimiter
from cleverapp_async.testing import run_virtual
from tests.laws import examples
from tests.limits.oracle import Oracle

if TYPE_CHECKING:
    from collections.abc import Sequence


async def _campaign(quotas: Sequence[Quota], messages: int, out: float, back: float) -> float:
    """Send them all at once through one limiter; the moment of the last answer."""
    limiter, oracle, loop = SlidingWindowLimiter(*quotas), Oracle(), asyncio.get_running_loop()

    async def send() -> None:
        permit = await limiter.acquire(lane=Lane.BULK)
        permit.sent()
        await asyncio.sleep(out)
        oracle.arrive("key")
        await asyncio.sleep(back)
        permit.settle()

    await asyncio.gather(*(send() for _ in range(messages)))
    assert oracle.excess("key", quotas) == {}
    return loop.time()


@given(
    limit=st.integers(1, 12),
    period=st.sampled_from([0.25, 1.0, 10.0, 60.0]),
    windows=st.integers(1, 8),
)
@examples(50)
def test_without_latency_a_campaign_ends_at_the_bound(
    limit: int, period: float, windows: int
) -> None:
    """N·k messages end at exactly (k − 1)·T: no earlier send is possible."""
    quota = Quota(limit, period)
    assert run_virtual(_campaign([quota], limit * windows, 0.0, 0.0)) == (windows - 1) * period


@given(
    limit=st.integers(1, 12),
    period=st.sampled_from([0.25, 1.0, 10.0]),
    windows=st.integers(1, 8),
    out=st.sampled_from([0.0, 0.125, 3.0]),
    back=st.sampled_from([0.25, 20.0]),
)
@examples(50)
def test_a_constant_latency_costs_one_round_trip_per_window(
    limit: int, period: float, windows: int, out: float, back: float
) -> None:
    """N·k messages end at (k − 1)·(T + round trip) + round trip."""
    ended = run_virtual(_campaign([Quota(limit, period)], limit * windows, out, back))
    trip = out + back
    assert ended == pytest.approx((windows - 1) * (period + trip) + trip, abs=1e-6)


def test_a_capped_hold_costs_the_cap_instead_of_the_round_trip() -> None:
    """With ``settle_within`` a window lasts T + cap, however long the answers take."""
    quota = Quota(2, 1.0, settle_within=0.125)
    assert run_virtual(_campaign([quota], 20, 0.0, 5.0)) == pytest.approx(9 * 1.125 + 5.0)


def test_several_quotas_are_used_as_fully_as_the_tightest_allows() -> None:
    """2 per second and 6 per 10 s: six in three seconds, then a pause, then the next six."""
    quotas = [Quota(2, 1.0), Quota(6, 10.0)]
    assert run_virtual(_campaign(quotas, 6, 0.0, 0.0)) == 2.0
    assert run_virtual(_campaign(quotas, 18, 0.0, 0.0)) == 22.0


def test_no_quota_at_all_limits_nothing() -> None:
    """A limiter without quotas grants everything at once."""
    assert run_virtual(_campaign([], 5_000, 0.0, 0.0)) == 0.0


def test_many_more_than_are_looked_ahead_start_at_once() -> None:
    """A quota of thousands is granted whole in the same moment."""
    assert run_virtual(_campaign([Quota(5_000, 1.0)], 10_000, 0.0, 0.0)) == 1.0


def test_long_use_does_not_let_the_books_grow() -> None:
    """The stamps kept are those of one window, however many windows have passed."""

    async def main() -> None:
        limiter = SlidingWindowLimiter(Quota(50, 1.0, settle_within=0.1))
        for _ in range(2_000):
            permit = await limiter.acquire()
            permit.sent()
            permit.settle()
            await asyncio.sleep(0.01)
            window = limiter._windows[0]
            assert len(window.stamps) <= 150
            assert len(window._capped or ()) <= 50

    run_virtual(main(), debug=False)
