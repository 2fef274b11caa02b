from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import Lane, Quota
from cleverapp_async.limits import SlidingWindowLimiter
from cleverapp_async.limits._lanes import BULK_EVERY, OLDEST_EVERY, LaneQueue, Waiter
from cleverapp_async.testing import run_virtual
from tests.laws import examples


async def _served(spacings: list[float]) -> list[float]:
    """Ask with these spacings at one moment; the order in which they are served."""
    limiter = SlidingWindowLimiter(Quota(1, 1.0))
    (await limiter.acquire()).settle()
    order: list[float] = []

    async def send(spacing: float) -> None:
        permit = await limiter.acquire(spacing=spacing)
        order.append(spacing)
        permit.settle()

    await asyncio.gather(*(send(spacing) for spacing in spacings))
    return order


def test_the_scarcest_goes_first() -> None:
    """A WhatsApp slot of once in ten seconds does not idle behind ten Telegram waiters."""
    assert run_virtual(_served([1.0] * 10 + [10.0])) == [10.0] + [1.0] * 10


def test_every_fourth_grant_goes_to_the_oldest() -> None:
    """A crowd of scarce requests lets the older plentiful ones through, one in four."""
    order = run_virtual(_served([1.0] * 3 + [10.0] * 12))
    assert order == ([10.0] * 3 + [1.0]) * 3 + [10.0] * 3


def test_among_equally_scarce_the_oldest_goes_first() -> None:
    """Spacings within a factor of two count as equal: first in, first out."""
    spacings = [4.0, 7.0, 5.0, 6.0]
    assert run_virtual(_served(spacings)) == spacings


def test_a_request_of_no_quota_goes_last() -> None:
    """Who has won nothing scarce before stands behind all who have."""
    assert run_virtual(_served([0.0, 0.001, 10.0])) == [10.0, 0.001, 0.0]


def test_who_was_cancelled_uses_nobodys_turn_up() -> None:
    """A cancelled waiter that is still in the queue counts as no grant in the ageing."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        queue: LaneQueue[None] = LaneQueue()
        spacings = [1.0, 1.0, 1.0, *[10.0] * 12]
        waiters: dict[Waiter[None], float] = {}
        for spacing in spacings:
            future = loop.create_future()
            waiter = queue.push(future, Lane.BULK, spacing, returned=False)
            waiters[waiter] = spacing
        for gone in (0, 3, 4):
            list(waiters)[gone].future.cancel()
        served = [queue.pop() for _ in spacings]
        return [waiters[waiter] for waiter in served if not waiter.future.done()]

    assert run_virtual(main()) == ([10.0] * 3 + [1.0]) * 2 + [10.0] * 4


@given(
    arrivals=st.lists(
        st.lists(
            st.tuples(st.sampled_from(Lane), st.sampled_from([0.0, 0.1, 1.0, 10.0, 60.0])),
            max_size=4,
        ),
        min_size=1,
        max_size=60,
    )
)
@examples(80)
def test_every_waiter_is_served_within_a_bounded_number_of_grants(
    arrivals: list[list[tuple[Lane, float]]],
) -> None:
    """Ageing: with k in the lane when it came, a waiter waits for few times k grants, not for ever.

    Newcomers of every scarcity keep coming, more of them than are served.
    """

    async def main() -> None:
        loop = asyncio.get_running_loop()
        queue: LaneQueue[None] = LaneQueue()
        latest: dict[Waiter[None], int] = {}
        grants = 0

        def serve() -> None:
            nonlocal grants
            grants += 1
            assert grants <= latest.pop(queue.pop())

        for newcomers in arrivals:
            for lane, spacing in newcomers:
                before = 1 + sum(waiter.lane is lane for waiter in latest)
                waiter = queue.push(loop.create_future(), lane, spacing, returned=False)
                latest[waiter] = grants + before * OLDEST_EVERY * BULK_EVERY
            if len(queue):
                serve()
        while len(queue):
            serve()

    run_virtual(main())
