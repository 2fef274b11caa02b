from __future__ import annotations

import asyncio
import gc
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import AccountKey, LimiterRegistry, LimitKey, Quota
from cleverapp_async.limits import PacedLimiter
from cleverapp_async.limits.acquire import CallLimits
from cleverapp_async.testing import run_virtual
from tests.laws import examples

if TYPE_CHECKING:
    from cleverapp_async.limits import Limiter

ACCOUNT = AccountKey("0" * 64)


def _paced(_: LimitKey | AccountKey, quotas: tuple[Quota, ...]) -> Limiter:
    return PacedLimiter(*quotas)


@pytest.mark.parametrize("paced", [False, True])
def test_keys_that_come_once_each_do_not_pile_up(paced: bool) -> None:
    """The keys remembered are those of the last period or so, not all that ever came."""

    async def main() -> int:
        registry = (
            LimiterRegistry(account=None, factory=_paced)
            if paced
            else LimiterRegistry(account=None)
        )
        most = 0
        for bot in range(3_000):
            (await registry.limiter(LimitKey(bot, "telegram")).acquire()).settle()
            await asyncio.sleep(0.1)
            most = max(most, len(registry))
        return most

    assert run_virtual(main(), debug=False) <= 250


def test_what_still_holds_something_is_never_dropped() -> None:
    """In flight, waiting, paused or spent: such a key keeps its limiter as newcomers come."""

    async def main() -> None:
        registry = LimiterRegistry(account=None, other_messengers=Quota(1, 10.0))
        in_flight, waited, paused, spent, given_up = (LimitKey(-n, "vk") for n in range(1, 6))
        permit = await registry.limiter(in_flight).acquire()
        (await registry.limiter(waited).acquire()).settle()
        waiting = asyncio.create_task(registry.limiter(waited).acquire())
        registry.limiter(paused).pause(60.0)
        (await registry.limiter(given_up).acquire()).give_up()
        (await registry.limiter(spent).acquire()).settle()
        keys = in_flight, waited, paused, spent, given_up
        held = {key: registry.limiter(key) for key in keys}

        def still(*keys: LimitKey) -> list[bool]:
            for newcomer in range(20):
                registry.limiter(LimitKey(newcomer, "vk"))
            return [registry.limiter(key) is held[key] for key in keys]

        await asyncio.sleep(9.0)
        assert all(still(*held))
        await waiting
        await asyncio.sleep(30.0)
        assert all(still(in_flight, waited, paused))
        assert not any(still(spent, given_up))
        permit.settle()
        (await waiting).settle()
        await asyncio.sleep(60.0)
        assert not any(still(in_flight, waited, paused))

    run_virtual(main())


@given(gaps=st.lists(st.tuples(st.integers(0, 5), st.floats(0.0, 15.0)), max_size=40))
@examples(50)
def test_dropping_a_key_changes_nothing_for_it(gaps: list[tuple[int, float]]) -> None:
    """Requests start at the same moments whether idle keys are dropped or never."""

    async def main(newcomers: int) -> list[float]:
        loop = asyncio.get_running_loop()
        registry = LimiterRegistry(account=None, other_messengers=Quota(2, 10.0))
        starts: list[float] = []
        fresh = iter(range(1_000, 10_000))
        for bot, gap in gaps:
            for _ in range(newcomers):
                registry.limiter(LimitKey(next(fresh), "icq"))
            (await registry.limiter(LimitKey(bot, "vk")).acquire()).settle()
            starts.append(loop.time())
            await asyncio.sleep(gap)
        return starts

    assert run_virtual(main(20)) == run_virtual(main(0))


@pytest.mark.parametrize(
    ("count", "crowded"),
    [(3_000, False), (2_000, True), pytest.param(100_000, False, marks=pytest.mark.soak)],
)
@pytest.mark.no_cover
def test_an_idle_key_costs_less_than_a_kilobyte(count: int, crowded: bool) -> None:
    """Each of many remembered keys takes under 1 KB, also where somebody had to wait before."""

    async def main() -> float:
        registry = LimiterRegistry(account=None)
        limits = CallLimits(registry, ACCOUNT)

        async def use(bot: int) -> None:
            (await limits.acquire(LimitKey(bot, "whatsapp" if crowded else "telegram"))).settle()

        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            for bot in range(count):
                await use(bot)
            if crowded:
                await asyncio.gather(*(use(bot) for bot in range(count)))
            await asyncio.sleep(0)  # asyncio lets go of its tasks
            gc.collect()
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert len(registry) == count
        return (after - before) / count

    assert run_virtual(main(), debug=False) < 1024
