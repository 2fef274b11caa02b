from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import AccountKey, Lane, LimiterRegistry, LimitKey, Quota
from cleverapp_async.limits import PacedLimiter, SlidingWindowLimiter, SlidingWindowPermit
from cleverapp_async.limits.acquire import CallLimits
from cleverapp_async.testing import run_virtual
from tests.laws import examples
from tests.limits.requests import Ending, Endings, Planned, carry_out, planned, quotas

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from cleverapp_async.limits import Limiter

ACCOUNT = AccountKey("0" * 64)
INTERACTIVE, BULK = Lane.INTERACTIVE, Lane.BULK


@frozen
class Asker:
    """Who asks for an estimate and then waits for real."""

    at: float
    lane: Lane
    spacing: float
    returned: bool


askers = st.builds(
    Asker,
    at=st.sampled_from([0.0, 1.0, 10.0]) | st.floats(0.0, 40.0),
    lane=st.sampled_from(Lane),
    spacing=st.sampled_from([0.0, 0.1, 1.0, 10.0]),
    returned=st.booleans(),
)


async def _ask(limiter: Limiter, asker: Asker) -> tuple[float, float]:
    """The wait that was estimated, and the real one."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(asker.at)
    spacing, returned = asker.spacing, asker.returned
    estimate = limiter.estimate(asker.lane, spacing=spacing, returned=returned)
    began = loop.time()
    permit = await limiter.acquire(lane=asker.lane, spacing=spacing, returned=returned)
    waited = loop.time() - began
    permit.settle()
    return estimate, waited


async def _check(limiter: Limiter, plans: list[Planned], asking: list[Asker]) -> None:
    async def carry(plan: Planned) -> None:
        await asyncio.sleep(plan.start)

        def refuse(permit: Endings) -> None:
            if isinstance(permit, SlidingWindowPermit):
                permit.refuse(plan.retry_after)
            else:
                permit.settle()

        await carry_out(plan, lambda: limiter.acquire(lane=plan.lane), refuse, lambda: None)

    carried = asyncio.gather(*(carry(plan) for plan in plans))
    answers = await asyncio.gather(*(_ask(limiter, asker) for asker in asking))
    await carried
    for estimate, waited in answers:
        assert 0.0 <= estimate <= waited + 1e-6
        if not waited:
            assert estimate == 0.0


@given(
    kept=st.lists(quotas() | quotas(settle_within=0.1), max_size=3),
    plans=st.lists(
        planned(
            endings=(Ending.ANSWERED, Ending.REFUSED, Ending.GIVEN_UP), slowest=5, cancelled=False
        ),
        min_size=3,
        max_size=25,
    ),
    asking=st.lists(askers, min_size=1, max_size=8),
    paused=st.floats(0.0, 20.0),
)
@examples(80)
def test_an_estimate_is_never_more_than_the_wait(
    kept: list[Quota], plans: list[Planned], asking: list[Asker], paused: float
) -> None:
    """While nobody is cancelled or refunded, the real wait is at least the estimate, or both 0."""

    async def main() -> None:
        limiter = SlidingWindowLimiter(*kept)
        limiter.pause(paused)
        await _check(limiter, plans, asking)

    run_virtual(main())


@given(
    quota=quotas(),
    plans=st.lists(
        planned(endings=(Ending.ANSWERED, Ending.NEVER_LEFT), slowest=1, cancelled=False),
        max_size=15,
    ),
    asking=st.lists(askers, min_size=1, max_size=8),
    paused=st.floats(0.0, 20.0),
)
@examples(60)
def test_a_paced_estimate_is_never_more_than_the_wait(
    quota: Quota, plans: list[Planned], asking: list[Asker], paused: float
) -> None:
    """The same law for even spacing."""

    async def main() -> None:
        limiter = PacedLimiter(quota)
        limiter.pause(paused)
        await _check(limiter, plans, asking)

    run_virtual(main())


@asynccontextmanager
async def _crowded(waiting: dict[Lane, int]) -> AsyncGenerator[SlidingWindowLimiter, None]:
    """A limiter of 1 per second, just used, with that many in its lanes."""
    limiter = SlidingWindowLimiter(Quota(1, 1.0))
    (await limiter.acquire()).settle()
    lanes = [lane for lane, count in waiting.items() for _ in range(count)]

    async def wait(lane: Lane) -> None:
        (await limiter.acquire(lane=lane, spacing=1.0)).settle()

    crowd = [asyncio.create_task(wait(lane)) for lane in lanes]
    await asyncio.sleep(0)
    yield limiter
    for waiter in crowd:
        waiter.cancel()


@pytest.mark.parametrize(
    ("waiting", "lane", "seconds"),
    [
        ({}, BULK, 1),
        ({BULK: 20}, INTERACTIVE, 1),
        ({INTERACTIVE: 20}, BULK, 1 + 3),
        ({INTERACTIVE: 20, BULK: 2}, BULK, 1 + 3 + 1 + 3 + 1 + 3),
        ({INTERACTIVE: 4, BULK: 20}, BULK, 1 + 20 + 4),
        ({INTERACTIVE: 9, BULK: 20}, INTERACTIVE, 1 + 9 + 3),
        ({INTERACTIVE: 9, BULK: 1}, INTERACTIVE, 1 + 9 + 1),
    ],
)
def test_an_estimate_knows_the_shares_of_the_lanes(
    waiting: dict[Lane, int], lane: Lane, seconds: int
) -> None:
    """Alone with those who wait already, a newcomer of a lane waits exactly as estimated."""

    async def main() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        async with _crowded(waiting) as limiter:
            estimate = limiter.estimate(lane, spacing=1.0)
            await limiter.acquire(lane=lane, spacing=1.0)
            return estimate, loop.time()

    assert run_virtual(main()) == (seconds, seconds)


@pytest.mark.parametrize("lane", Lane)
@pytest.mark.parametrize("served", range(6))
def test_an_estimate_knows_whose_turn_it_is(served: int, lane: Lane) -> None:
    """In the middle of the lanes' turns it is still exact for one who comes last."""

    async def main() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        async with _crowded({INTERACTIVE: 16, BULK: 9}) as limiter:
            await asyncio.sleep(served + 0.5)
            estimate, began = limiter.estimate(lane, spacing=1.0), loop.time()
            await limiter.acquire(lane=lane, spacing=1.0)
            return estimate, loop.time() - began

    estimate, waited = run_virtual(main())
    assert estimate == waited


def test_an_estimate_knows_who_goes_first() -> None:
    """A scarce newcomer and a refused one do not wait for the crowd that a plentiful one sees."""

    async def main() -> list[float]:
        async with _crowded({INTERACTIVE: 50}) as limiter:
            return [
                limiter.estimate(INTERACTIVE, spacing=0.1),
                limiter.estimate(INTERACTIVE, spacing=1.0),
                limiter.estimate(INTERACTIVE, spacing=10.0),
                limiter.estimate(INTERACTIVE, returned=True),
            ]

    assert run_virtual(main()) == [51.0, 51.0, 1.0, 1.0]


def test_the_limits_of_a_call_estimate_the_longer_of_two_waits() -> None:
    """The key's wait or the account's, whichever is longer, for a request of that scarcity."""

    async def main() -> list[float]:
        registry = LimiterRegistry(account=Quota(2, 1.0))
        limits = CallLimits(registry, ACCOUNT)
        scarce, plentiful = LimitKey(1, "whatsapp"), LimitKey(1, "telegram")
        fresh = [limits.estimate(key, BULK) for key in (None, scarce)]
        (await limits.acquire(LimitKey(2, "telegram"))).settle()
        (await limits.acquire(plentiful)).settle()
        waiting = [limits.acquire(LimitKey(bot, "telegram")) for bot in range(100, 120)]
        for entering in waiting:
            entering.send(None)
        crowded = [limits.estimate(key, INTERACTIVE) for key in (None, plentiful, scarce)]
        returned = limits.estimate(plentiful, INTERACTIVE, returned=True)
        for entering in waiting:
            entering.close()
        permits = await limits.acquire(scarce)
        permits.settle()
        return [*fresh, *crowded, returned, limits.estimate(scarce, BULK)]

    assert run_virtual(main()) == [0.0, 0.0, 11.0, 11.0, 1.0, 1.0, 10.0]


@pytest.mark.parametrize("make", [SlidingWindowLimiter, PacedLimiter])
def test_a_limiter_never_used_grants_at_once(make: Callable[..., Limiter]) -> None:
    """Before its first use the estimate is 0, also outside of any event loop."""
    limiter = make(Quota(1, 10.0))
    assert limiter.estimate(BULK) == 0.0
    assert limiter.snapshot().next_free == 0.0
    assert limiter.snapshot().paused_for == 0.0
    assert limiter.idle
