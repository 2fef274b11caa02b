from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import Lane, Quota
from cleverapp_async.limits import SlidingWindowLimiter, SlidingWindowPermit
from cleverapp_async.testing import run_virtual
from tests.laws import examples
from tests.limits.oracle import Oracle, most_in_window
from tests.limits.requests import Ending, Endings, Planned, all_of, carry_out, planned, quotas

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY = "key"
QUIET = 1_000.0

pauses = st.lists(st.tuples(st.floats(0.0, 40.0), st.floats(0.0, 20.0)), max_size=3)


async def _send_all(
    kept: Sequence[Quota], plans: list[Planned], paused: list[tuple[float, float]]
) -> tuple[SlidingWindowLimiter, Oracle, list[tuple[Lane, float]]]:
    """Carry the plans out; what came of it, and per request asked for: its lane and start."""
    loop = asyncio.get_running_loop()
    limiter, oracle = SlidingWindowLimiter(*kept), Oracle()
    started: list[tuple[Lane, float]] = []

    async def enter(lane: Lane) -> Endings:
        place = len(started)
        started.append((lane, -1.0))
        permit = await limiter.acquire(lane=lane)
        started[place] = (lane, loop.time())
        return permit

    async def carry(plan: Planned) -> None:
        def refuse(permit: Endings) -> None:
            assert isinstance(permit, SlidingWindowPermit)
            permit.refuse(plan.retry_after)

        await carry_out(plan, partial(enter, plan.lane), refuse, partial(oracle.arrive, KEY))

    for at, seconds in paused:
        loop.call_at(at, limiter.pause, seconds)
    await all_of(plans, carry)
    return limiter, oracle, started


@given(
    kept=st.lists(quotas(), max_size=3),
    plans=st.lists(planned(), min_size=5, max_size=30),
    paused=pauses,
)
@examples(100)
def test_no_window_ever_holds_more_than_its_quota(
    kept: list[Quota], plans: list[Planned], paused: list[tuple[float, float]]
) -> None:
    """Whatever the network, the cancels, refusals and pauses do: at most N arrivals in any T."""

    async def main() -> None:
        limiter, oracle, _ = await _send_all(kept, plans, paused)
        assert oracle.excess(KEY, kept) == {}
        loop = asyncio.get_running_loop()
        await asyncio.sleep(QUIET)
        now = loop.time()
        (await limiter.acquire()).settle()
        assert loop.time() == now, "after all settled, a fresh send starts at once"

    run_virtual(main())


@given(
    kept=st.lists(quotas(settle_within=0.1), min_size=1, max_size=2),
    exact=st.lists(quotas(), max_size=1),
    plans=st.lists(planned(slowest=0.0999), min_size=5, max_size=30),
    paused=pauses,
)
@examples(60)
def test_a_capped_hold_is_exact_for_requests_that_arrive_within_the_cap(
    kept: list[Quota], exact: list[Quota], plans: list[Planned], paused: list[tuple[float, float]]
) -> None:
    """``settle_within`` keeps its window too while the way out takes no longer than that."""

    async def main() -> None:
        _, oracle, _ = await _send_all([*kept, *exact], plans, paused)
        assert oracle.excess(KEY, [*kept, *exact]) == {}

    run_virtual(main())


@given(exact=quotas(), plans=st.lists(planned(), min_size=5, max_size=20))
@examples(40)
def test_a_cap_on_one_quota_leaves_the_others_exact(exact: Quota, plans: list[Planned]) -> None:
    """Requests later than the cap may overrun the capped quota, and never the one beside it."""

    async def main() -> None:
        _, oracle, _ = await _send_all([Quota(2, 1.0, settle_within=0.1), exact], plans, [])
        assert oracle.excess(KEY, [exact]) == {}

    run_virtual(main())


def test_a_request_later_than_the_cap_may_make_one_too_many() -> None:
    """What the cap costs: one that is slow to arrive meets those of the next window."""

    async def main(quota: Quota) -> int:
        limiter, oracle = SlidingWindowLimiter(quota), Oracle()

        async def send(out: float) -> None:
            permit = await limiter.acquire()
            permit.sent()
            await asyncio.sleep(out)
            oracle.arrive(KEY)
            permit.settle()

        await asyncio.gather(*(send(out) for out in (1.2, 1.2, 0.0, 0.0)))
        return most_in_window(oracle.arrivals[KEY], quota.period)

    assert run_virtual(main(Quota(2, 1.0, settle_within=0.1))) == 4
    assert run_virtual(main(Quota(2, 1.0))) == 2


@given(
    kept=st.lists(quotas(), min_size=1, max_size=2),
    plans=st.lists(planned(), min_size=5, max_size=30),
    paused=pauses,
)
@examples(40)
def test_within_a_lane_nobody_who_came_later_starts_earlier(
    kept: list[Quota], plans: list[Planned], paused: list[tuple[float, float]]
) -> None:
    """First in, first out per lane, also when some are cancelled while they wait."""

    async def main() -> None:
        _, _, started = await _send_all(kept, plans, paused)
        for lane in Lane:
            moments = [moment for of, moment in started if of is lane and moment >= 0]
            assert moments == sorted(moments)

    run_virtual(main())


@given(plans=st.lists(planned(endings=(Ending.GIVEN_UP, Ending.NEVER_LEFT)), max_size=15))
@examples(40)
def test_nobody_waits_for_ever(plans: list[Planned]) -> None:
    """Every request that is not cancelled starts, whatever became of those before it."""

    async def main() -> None:
        _, _, started = await _send_all([Quota(1, 1.0), Quota(3, 10.0)], plans, [])
        unstarted = sum(moment < 0 for _, moment in started)
        assert unstarted <= sum(plan.cancelled_at is not None for plan in plans)

    run_virtual(main())
