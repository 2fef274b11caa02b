from __future__ import annotations

import asyncio

import pytest

from cleverapp_async import AccountKey, Lane, LimiterRegistry, LimitKey, Quota
from cleverapp_async.limits import LimiterSnapshot, PacedLimiter, SlidingWindowLimiter
from cleverapp_async.testing import run_virtual


def test_a_snapshot_counts_who_waits_and_who_is_on_the_way() -> None:
    """Queued, in flight, the next free moment and the burst, at each moment."""

    async def main() -> None:
        limiter = SlidingWindowLimiter(Quota(2, 10.0), Quota(5, 60.0))
        assert limiter.snapshot() == LimiterSnapshot(0, 0, 0.0, 0, 0.0, burst=2)
        first, second = await limiter.acquire(), await limiter.acquire()
        waiting = [asyncio.create_task(limiter.acquire(lane=lane)) for lane in Lane]
        await asyncio.sleep(1.0)
        assert limiter.snapshot() == LimiterSnapshot(2, 2, 20.0, 0, 0.0, burst=2)
        first.settle()
        await asyncio.sleep(4.0)
        second.give_up()
        assert limiter.snapshot() == LimiterSnapshot(2, 0, 16.0, 0, 0.0, burst=2)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        assert limiter.snapshot() == LimiterSnapshot(0, 0, 6.0, 0, 0.0, burst=2)

    run_virtual(main())


def test_a_snapshot_tells_of_refusals_and_their_pause() -> None:
    """Refusals, the seconds of pause left, and when a newcomer could start."""

    async def main() -> None:
        limiter = SlidingWindowLimiter(Quota(4, 10.0))
        (await limiter.acquire()).refuse(30.0)
        await asyncio.sleep(5.0)
        assert limiter.snapshot() == LimiterSnapshot(0, 0, 25.0, 1, 25.0, burst=4)

    run_virtual(main())


def test_a_paced_snapshot_tells_the_same() -> None:
    """A paced limiter has the same figures, and a burst of one."""

    async def main() -> None:
        limiter = PacedLimiter(Quota(5, 10.0))
        permit = await limiter.acquire()
        waiting = [asyncio.create_task(limiter.acquire()) for _ in range(3)]
        await asyncio.sleep(1.0)
        state = limiter.snapshot()
        assert state.next_free == pytest.approx(1.0 + 3 * 2.0)
        assert (state.queued, state.in_flight, state.burst) == (3, 1, 1)
        permit.refuse(8.0)
        state = limiter.snapshot()
        assert (state.in_flight, state.refusals, state.paused_for) == (0, 1, 8.0)
        for task in waiting:
            (await task).settle()

    run_virtual(main())


def test_a_registry_shows_every_limiter_it_remembers() -> None:
    """One snapshot per key and per account, as people can read them."""

    async def main() -> None:
        registry = LimiterRegistry()
        account, key = AccountKey("ab" * 32), LimitKey(7, "whatsapp")
        await registry.limiter(account).acquire()
        (await registry.limiter(key).acquire()).settle()
        shown = registry.snapshot()
        assert {str(of): state.in_flight for of, state in shown.items()} == {
            "account abababab": 1,
            "whatsapp of bot 7": 0,
        }
        assert shown[key].next_free == 10.0

    run_virtual(main())
