from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import Lane, Quota
from cleverapp_async.limits import SlidingWindowLimiter
from cleverapp_async.limits._lanes import BULK_EVERY, LaneQueue, Waiter
from cleverapp_async.testing import run_virtual
from tests.laws import examples

INTERACTIVE, BULK = Lane.INTERACTIVE, Lane.BULK


async def _served(asked: list[Lane], limit: int = 1) -> list[tuple[Lane, int]]:
    """Ask in that order at one moment; in which order they are served."""
    limiter = SlidingWindowLimiter(Quota(limit, 1.0))
    for _ in range(limit):
        (await limiter.acquire()).settle()
    order: list[tuple[Lane, int]] = []

    async def send(lane: Lane, place: int) -> None:
        permit = await limiter.acquire(lane=lane)
        order.append((lane, place))
        permit.settle()

    await asyncio.gather(*(send(lane, place) for place, lane in enumerate(asked)))
    return order


def test_interactive_goes_before_bulk_except_for_its_share() -> None:
    """Of those that wait together, three interactive ones go for each one of bulk."""
    order = run_virtual(_served([BULK] * 20 + [INTERACTIVE] * 12))
    assert [lane for lane, _ in order[:16]] == ([INTERACTIVE] * 3 + [BULK]) * 4
    assert [lane for lane, _ in order[16:]] == [BULK] * 16


def test_each_lane_alone_is_served_in_order() -> None:
    """First in, first out within each lane."""
    order = run_virtual(_served([BULK, INTERACTIVE] * 15, limit=3))
    for lane in Lane:
        places = [place for of, place in order if of is lane]
        assert places == sorted(places)
        assert len(places) == 15


def test_a_lane_alone_has_all_the_slots() -> None:
    """Bulk waits for nobody when no interactive request does."""
    assert [lane for lane, _ in run_virtual(_served([BULK] * 9))] == [BULK] * 9


@given(
    asked=st.lists(st.sampled_from(Lane), min_size=12, max_size=60),
    steps=st.lists(st.sampled_from([*Lane, "serve", "serve", "serve", "cancel"]), max_size=60),
    data=st.data(),
)
@examples(100)
def test_bulk_is_never_passed_over_more_than_three_times(
    asked: list[Lane], steps: list[Lane | str], data: st.DataObject
) -> None:
    """While both wait, at least every fourth grant goes to bulk, whoever is cancelled."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        queue: LaneQueue[None] = LaneQueue()
        waiting: dict[Lane, list[Waiter[None]]] = {lane: [] for lane in Lane}
        passed_over = 0
        for step in [*asked, *steps]:
            if isinstance(step, Lane):
                future = loop.create_future()
                waiting[step].append(queue.push(future, step, 0.0, returned=False))
            elif step == "serve":
                served = _next_alive(queue)
                if served is None:
                    assert not any(waiting.values())
                    continue
                assert waiting[served.lane].pop(0) is served, "first in, first out"
                passed_over = passed_over + 1 if served.lane is INTERACTIVE else 0
                passed_over = passed_over if waiting[BULK] else 0
                assert passed_over < BULK_EVERY
            elif everyone := waiting[INTERACTIVE] + waiting[BULK]:
                gone = data.draw(st.sampled_from(everyone))
                waiting[gone.lane].remove(gone)
                gone.future.cancel()
                passed_over = passed_over if waiting[BULK] else 0

    run_virtual(main())


def _next_alive(queue: LaneQueue[None]) -> Waiter[None] | None:
    while len(queue):
        waiter = queue.pop()
        if not waiter.future.done():
            return waiter
    return None


def test_a_waiter_is_taken_out_once() -> None:
    """Taking out one that was served or taken out before does nothing, and says so."""

    async def main() -> None:
        queue: LaneQueue[None] = LaneQueue()
        loop = asyncio.get_running_loop()
        first, second, third = (
            queue.push(loop.create_future(), BULK, 1.0, returned=False) for _ in range(3)
        )
        assert queue.pop() is first
        assert [queue.remove(waiter) for waiter in (first, second, second)] == [False, True, False]
        assert queue.pop() is third
        assert not queue.remove(third)
        assert len(queue) == 0

    run_virtual(main())


def test_a_refused_request_stays_at_the_head_of_its_lane() -> None:
    """A returned request goes before all that wait in its lane, also when it comes last."""

    async def main() -> list[str]:
        limiter = SlidingWindowLimiter(Quota(1, 1.0))
        (await limiter.acquire()).settle()
        order: list[str] = []

        async def send(name: str, spacing: float, *, returned: bool) -> None:
            permit = await limiter.acquire(spacing=spacing, returned=returned)
            order.append(name)
            permit.settle()

        await asyncio.gather(
            send("plentiful", 1.0, returned=False),
            send("scarce", 10.0, returned=False),
            send("refused first", 1.0, returned=True),
            send("refused second", 10.0, returned=True),
        )
        return order

    assert run_virtual(main()) == ["refused first", "refused second", "scarce", "plentiful"]
