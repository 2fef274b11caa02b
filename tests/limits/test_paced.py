from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import Lane, Quota
from cleverapp_async.limits import PacedLimiter
from cleverapp_async.testing import run_virtual
from tests.laws import examples


async def _starts(
    limiter: PacedLimiter, asked: list[tuple[float, Lane]]
) -> list[tuple[int, float]]:
    """Ask at those moments; who started when, in the order of starting."""
    loop = asyncio.get_running_loop()
    starts: list[tuple[int, float]] = []

    async def send(number: int, at: float, lane: Lane) -> None:
        await asyncio.sleep(at)
        permit = await limiter.acquire(lane=lane)
        starts.append((number, loop.time()))
        permit.sent()
        permit.settle()

    await asyncio.gather(*(send(number, at, lane) for number, (at, lane) in enumerate(asked)))
    return starts


@given(
    asked=st.lists(st.tuples(st.floats(0.0, 20.0), st.sampled_from(Lane)), max_size=25),
    quota=st.builds(Quota, st.integers(1, 5), st.sampled_from([0.7, 1.0, 10.0])),
)
@examples(80)
def test_requests_leave_evenly_spaced_and_in_order(
    asked: list[tuple[float, Lane]], quota: Quota
) -> None:
    """At least one spacing between any two starts, first in, first out per lane."""
    starts = run_virtual(_starts(PacedLimiter(quota), asked))
    assert len(starts) == len(asked)
    for (_, sooner), (_, later) in pairwise(starts):
        assert later - sooner >= quota.spacing - 1e-6
    for lane in Lane:
        moments = [asked[number][0] for number, _ in starts if asked[number][1] is lane]
        assert moments == sorted(moments)


def test_a_crowd_leaves_one_by_one_without_idling() -> None:
    """N messages end after N − 1 spacings."""
    starts = run_virtual(_starts(PacedLimiter(Quota(10, 10.0)), [(0.0, Lane.BULK)] * 30))
    assert [at for _, at in starts] == pytest.approx(list(range(30)), abs=1e-6)


def test_the_slowest_quota_sets_the_pace() -> None:
    """Of several quotas the one with the greatest spacing counts."""
    limiter = PacedLimiter(Quota(10, 1.0), Quota(2, 10.0))
    starts = run_virtual(_starts(limiter, [(0.0, Lane.BULK)] * 3))
    assert [at for _, at in starts] == pytest.approx([0.0, 5.0, 10.0], abs=1e-6)


def test_without_quotas_nothing_is_paced() -> None:
    """A limiter of no quota grants everything at once."""
    starts = run_virtual(_starts(PacedLimiter(), [(0.0, Lane.BULK)] * 100))
    assert {at for _, at in starts} == {0.0}


def test_interactive_requests_pass_bulk_but_for_its_share() -> None:
    """While both wait, three interactive ones go for each of bulk."""
    asked = [(0.0, Lane.BULK)] * 8 + [(0.0, Lane.INTERACTIVE)] * 9
    starts = run_virtual(_starts(PacedLimiter(Quota(1, 1.0)), asked))
    # The first two were granted or at their turn before the interactive ones came.
    lanes = "".join("b" if number < 8 else "i" for number, _ in starts)
    assert lanes == "bb" + "iiib" * 3 + "bbb"


def test_even_spacing_is_kept_across_a_pause() -> None:
    """After a pause the first starts at its end or one spacing on, the others evenly after it."""

    async def main() -> list[float]:
        limiter = PacedLimiter(Quota(1, 1.0))
        loop = asyncio.get_running_loop()
        loop.call_at(2.5, limiter.pause, 4.0)
        return [at for _, at in await _starts(limiter, [(0.0, Lane.BULK)] * 7)]

    starts = run_virtual(main())
    assert starts[:3] == pytest.approx([0.0, 1.0, 2.0], abs=1e-6)
    assert 6.5 <= starts[3] <= 7.5
    assert all(later - sooner >= 1.0 - 1e-6 for sooner, later in pairwise(starts))
    assert starts[-1] <= 10.5 + 1e-6


def test_a_paced_limiter_is_idle_when_it_holds_nothing() -> None:
    """In flight, waiting, spent or paused it is not idle; afterwards it is."""

    async def main() -> list[bool]:
        limiter = PacedLimiter(Quota(1, 2.0))
        seen = [limiter.idle]
        permit = await limiter.acquire()
        await asyncio.sleep(5.0)
        seen.append(limiter.idle)
        permit.settle()
        seen.append(limiter.idle)
        (await limiter.acquire()).settle()
        seen.append(limiter.idle)
        limiter.pause(3.0)
        await asyncio.sleep(2.5)
        seen.append(limiter.idle)
        await asyncio.sleep(0.5)
        seen.append(limiter.idle)
        return seen

    assert run_virtual(main()) == [True, False, True, False, False, True]
