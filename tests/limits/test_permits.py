from __future__ import annotations

import asyncio
from itertools import product
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import Quota
from cleverapp_async.limits import Limiter, PacedLimiter, Permit, SlidingWindowLimiter
from cleverapp_async.limits.sliding_window import SETTLE_MARGIN
from cleverapp_async.testing import run_virtual

if TYPE_CHECKING:
    from collections.abc import Callable

ENDINGS: dict[str, Callable[[Permit], None]] = {
    "settle": lambda permit: permit.settle(),
    "refuse": lambda permit: permit.refuse(1.0),
    "give_up": lambda permit: permit.give_up(),
    "refund": lambda permit: permit.refund(),
}


async def _next_start(limiter: Limiter) -> float:
    (await limiter.acquire()).settle()
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize("make", [SlidingWindowLimiter, PacedLimiter])
@pytest.mark.parametrize(("first", "second"), list(product(ENDINGS, ENDINGS)))
def test_only_the_first_ending_counts(
    make: Callable[[Quota], Limiter], first: str, second: str
) -> None:
    """A permit that ended does nothing more, whatever is called on it."""

    async def main(*endings: str) -> tuple[object, float]:
        limiter = make(Quota(1, 10.0, settle_within=0.5))
        permit = await limiter.acquire()
        permit.sent()
        await asyncio.sleep(1.0)
        for ending in endings:
            ENDINGS[ending](permit)
        permit.sent()
        state = limiter.snapshot()
        return state, await _next_start(limiter)

    assert run_virtual(main(first, second)) == run_virtual(main(first))


def test_a_slot_is_free_one_period_after_the_answer() -> None:
    """Neither the grant's nor the send's moment counts."""

    async def main() -> float:
        limiter = SlidingWindowLimiter(Quota(1, 10.0))
        permit = await limiter.acquire()
        await asyncio.sleep(2.0)
        permit.sent()
        await asyncio.sleep(3.0)
        permit.settle()
        return await _next_start(limiter)

    assert run_virtual(main()) == 15.0


def test_a_refund_cost_nothing() -> None:
    """The slot of a request that never left is free at once, for those who wait too."""

    async def main() -> list[float]:
        limiter = SlidingWindowLimiter(Quota(1, 10.0), Quota(5, 60.0, settle_within=1.0))
        permit = await limiter.acquire()
        waiting = asyncio.create_task(_next_start(limiter))
        await asyncio.sleep(2.0)
        permit.refund()
        first = await waiting
        return [first, await _next_start(limiter)]

    assert run_virtual(main()) == [2.0, 12.0]


def test_a_request_given_up_holds_its_slot_for_the_margin_too() -> None:
    """It may still arrive: its slot is stamped one margin after it was given up."""

    async def main() -> float:
        limiter = SlidingWindowLimiter(Quota(1, 10.0))
        permit = await limiter.acquire()
        permit.sent()
        await asyncio.sleep(3.0)
        permit.give_up()
        assert limiter.snapshot().in_flight == 0
        assert not limiter.idle
        return await _next_start(limiter)

    assert run_virtual(main()) == 3.0 + SETTLE_MARGIN + 10.0


def test_a_request_given_up_is_counted_before_those_answered_later() -> None:
    """Its slot comes free at its own moment, also when an answer came after its margin."""

    async def main() -> tuple[float, float]:
        limiter = SlidingWindowLimiter(Quota(2, 10.0))
        lost, answered = await limiter.acquire(), await limiter.acquire()
        lost.give_up()
        await asyncio.sleep(5.0)
        answered.settle()
        return await _next_start(limiter), await _next_start(limiter)

    assert run_virtual(main()) == (SETTLE_MARGIN + 10.0, 15.0)


def test_the_margin_is_the_users_to_choose() -> None:
    """``settle_margin`` replaces the assumed margin."""

    async def main() -> float:
        limiter = SlidingWindowLimiter(Quota(1, 10.0), settle_margin=0.5)
        (await limiter.acquire()).give_up()
        return await _next_start(limiter)

    assert run_virtual(main()) == 10.5


@pytest.mark.parametrize("ending", ["settle", "give_up", "refund", "none"])
def test_a_cap_stamps_the_slot_that_long_after_the_request_left(ending: str) -> None:
    """Once the cap has passed, the ending changes nothing, and its absence neither."""

    async def main() -> float:
        limiter = SlidingWindowLimiter(Quota(1, 10.0, settle_within=0.5))
        permit = await limiter.acquire()
        await asyncio.sleep(1.0)
        permit.sent()
        waiting = asyncio.create_task(_next_start(limiter))
        await asyncio.sleep(2.0)
        assert limiter.snapshot().in_flight == 1
        if ending != "none":
            ENDINGS[ending](permit)
        return await waiting

    assert run_virtual(main()) == 11.5


def test_an_answer_before_the_cap_stamps_the_slot_then() -> None:
    """The cap is only an upper bound of the hold."""

    async def main() -> float:
        limiter = SlidingWindowLimiter(Quota(1, 10.0, settle_within=0.5))
        permit = await limiter.acquire()
        permit.sent()
        await asyncio.sleep(0.25)
        permit.settle()
        return await _next_start(limiter)

    assert run_virtual(main()) == 10.25


def test_a_request_that_leaves_while_others_wait_still_wakes_them_by_its_cap() -> None:
    """Who began to wait before the request left is woken by the cap, not only by the answer."""

    async def main() -> float:
        limiter = SlidingWindowLimiter(Quota(1, 10.0, settle_within=0.5))
        permit = await limiter.acquire()
        waiting = asyncio.create_task(_next_start(limiter))
        await asyncio.sleep(1.0)
        permit.sent()
        return await waiting

    assert run_virtual(main()) == 11.5


def test_the_books_balance_after_every_order_of_cap_and_ending() -> None:
    """With caps, give-ups and answers mixed, the slots in use come back to none."""

    async def main() -> None:
        quotas = [Quota(4, 1.0, settle_within=0.5), Quota(9, 3.0, settle_within=2.5)]
        limiter = SlidingWindowLimiter(*quotas)
        loop = asyncio.get_running_loop()
        for after, ending in product((0.0, 0.25, 1.0, 3.0), ("settle", "give_up", "refund")):
            permit = await limiter.acquire()
            permit.sent()
            loop.call_later(after, ENDINGS[ending], permit)
        await asyncio.sleep(60.0)
        assert limiter.snapshot().in_flight == 0
        assert limiter.snapshot().next_free == 0
        now = loop.time()
        for _ in range(4):
            (await limiter.acquire()).settle()
        assert loop.time() == now

    run_virtual(main())


@pytest.mark.parametrize("make", [SlidingWindowLimiter, PacedLimiter])
def test_the_shipped_limiters_satisfy_the_protocols(make: Callable[[Quota], Limiter]) -> None:
    """Both are limiters, and what they grant are permits."""

    async def main() -> None:
        limiter = make(Quota(1, 1.0))
        assert isinstance(limiter, Limiter)
        permit = await limiter.acquire()
        assert isinstance(permit, Permit)
        permit.settle()

    run_virtual(main())
