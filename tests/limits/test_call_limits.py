from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import AccountKey, Lane, LimiterRegistry, LimitKey, Quota
from cleverapp_async.limits.acquire import CallLimits, PermitPair
from cleverapp_async.testing import run_virtual
from tests.laws import examples
from tests.limits.oracle import Oracle
from tests.limits.requests import Endings, Planned, all_of, carry_out, planned

if TYPE_CHECKING:
    from collections.abc import Callable

    from cleverapp_async.limits import Permit

ACCOUNT = AccountKey("0" * 64)
WHATSAPP, TELEGRAM = LimitKey(1, "whatsapp"), LimitKey(1, "telegram")
KEYS: tuple[LimitKey | None, ...] = (WHATSAPP, TELEGRAM, LimitKey(2, "whatsapp"), None)


@given(plans=st.lists(planned(slowest=0.0999), min_size=8, max_size=40))
@examples(60)
def test_neither_the_keys_nor_the_account_are_ever_overrun(plans: list[Planned]) -> None:
    """With the documented quotas every key's and the account's windows hold."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        registry, oracle = LimiterRegistry(), Oracle()
        limits = CallLimits(registry, ACCOUNT)

        async def carry(plan: Planned) -> None:
            def refuse(permits: Endings) -> None:
                assert isinstance(permits, PermitPair)
                refused = permits.refuse_key if plan.arrives else permits.refuse_account
                refused(plan.retry_after)

            key = KEYS[plan.key]
            await carry_out(
                plan,
                partial(limits.acquire, key, lane=plan.lane),
                refuse,
                partial(oracle.arrive, key, ACCOUNT),
            )

        await all_of(plans, carry)
        assert oracle.excess(ACCOUNT, registry.quotas(ACCOUNT)) == {}
        for key in (WHATSAPP, TELEGRAM, LimitKey(2, "whatsapp")):
            assert oracle.excess(key, registry.quotas(key)) == {}
        await asyncio.sleep(1_000.0)
        now = loop.time()
        (await limits.acquire(WHATSAPP)).settle()
        assert loop.time() == now

    run_virtual(main())


def test_waiting_for_the_key_holds_nothing_of_the_account() -> None:
    """While ten wait for a WhatsApp slot, Telegram has the whole account."""

    async def main() -> float:
        limits = CallLimits(LimiterRegistry(account=Quota(2, 1.0)), ACCOUNT)
        loop = asyncio.get_running_loop()

        async def send(key: LimitKey) -> float:
            (await limits.acquire(key)).settle()
            return loop.time()

        scarce = [asyncio.create_task(send(WHATSAPP)) for _ in range(10)]
        await asyncio.sleep(2.0)
        await asyncio.gather(*(send(TELEGRAM) for _ in range(10)))
        ended = loop.time()
        assert [await task for task in scarce] == [10.0 * n for n in range(10)]
        return ended

    assert run_virtual(main()) == 2.0 + 4.0


def test_a_scarce_slot_does_not_idle_behind_plentiful_ones() -> None:
    """At the account WhatsApp passes a crowd of Telegram: its rate is its own key's."""

    async def main() -> list[float]:
        limits = CallLimits(LimiterRegistry(account=Quota(2, 1.0)), ACCOUNT)
        loop = asyncio.get_running_loop()
        starts: list[float] = []

        async def send(key: LimitKey) -> None:
            permits = await limits.acquire(key, lane=Lane.BULK)
            if key == WHATSAPP:
                starts.append(loop.time())
            permits.settle()

        plentiful = [LimitKey(bot, "telegram") for bot in range(20) for _ in range(10)]
        await asyncio.gather(*map(send, [*plentiful, *[WHATSAPP] * 5]))
        return starts

    starts = run_virtual(main())
    assert len(starts) == 5
    assert all(start <= 1.0 + 11.0 * place for place, start in enumerate(starts))


def test_without_a_key_only_the_account_limits() -> None:
    """A request of unknown route passes the account alone, and its permits ends like any other."""

    async def main() -> list[float]:
        limits = CallLimits(LimiterRegistry(account=Quota(1, 1.0)), ACCOUNT)
        loop, starts = asyncio.get_running_loop(), []
        endings: list[Callable[[PermitPair], None]] = [
            PermitPair.settle,
            PermitPair.refund,
            PermitPair.give_up,
            lambda permits: permits.refuse_key(None),
            lambda permits: permits.refuse_account(4.0),
            PermitPair.settle,
        ]
        for end in endings:
            permits = await limits.acquire(None)
            starts.append(loop.time())
            permits.sent()
            end(permits)
        return starts

    assert run_virtual(main()) == [0.0, 1.0, 1.0, 4.0, 5.0, 9.0]


def test_each_ending_is_told_to_key_and_account() -> None:
    """What became of a request counts for both of its slots."""

    async def main(end: Callable[[PermitPair], None]) -> tuple[float, float]:
        registry = LimiterRegistry(account=Quota(1, 1.0), other_messengers=Quota(1, 5.0))
        limits, key = CallLimits(registry, ACCOUNT), LimitKey(1, "vk")
        permits = await limits.acquire(key)
        permits.sent()
        end(permits)
        limiters = registry.limiter(key), registry.limiter(ACCOUNT)
        assert all(limiter.snapshot().in_flight == 0 for limiter in limiters)
        return await _next(registry, key), await _next(registry, ACCOUNT)

    assert run_virtual(main(PermitPair.settle)) == (5.0, 5.0)
    assert run_virtual(main(PermitPair.refund)) == (0.0, 0.0)
    assert run_virtual(main(PermitPair.give_up)) == (7.0, 7.0)
    assert run_virtual(main(lambda permits: permits.refuse_key(8.0))) == (8.0, 8.0)
    assert run_virtual(main(lambda permits: permits.refuse_account(8.0))) == (5.0, 8.0)


async def _next(registry: LimiterRegistry, key: LimitKey | AccountKey) -> float:
    await registry.limiter(key).acquire()
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize(
    ("key", "retry_after", "start"),
    [(TELEGRAM, None, 10.0), (WHATSAPP, None, 10.0), (TELEGRAM, 3.0, 3.0)],
)
def test_a_key_that_a_refusal_taught_is_paused(
    key: LimitKey, retry_after: float | None, start: float
) -> None:
    """For as long as the server asks, or for one period where it does not say."""

    async def main() -> float:
        limits = CallLimits(LimiterRegistry(), ACCOUNT)
        limits.pause_refused(key, retry_after)
        await limits.acquire(key)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == start


def test_an_unlimited_key_that_a_refusal_taught_is_paused_for_a_second() -> None:
    """Where no period is known, a second is waited."""

    async def main() -> float:
        limits = CallLimits(LimiterRegistry.unlimited(), ACCOUNT)
        limits.pause_refused(TELEGRAM, None)
        await limits.acquire(TELEGRAM)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 1.0


def test_a_refused_request_is_the_next_to_be_sent() -> None:
    """Returned to its limits, a call passes all that wait for its key and for the account."""

    async def main() -> list[str]:
        limits = CallLimits(LimiterRegistry(account=Quota(1, 1.0)), ACCOUNT)
        order: list[str] = []

        async def send(name: str, *, returned: bool) -> None:
            permits = await limits.acquire(TELEGRAM, returned=returned)
            order.append(name)
            permits.settle()

        permits = await limits.acquire(TELEGRAM)
        permits.sent()
        waiting = [asyncio.create_task(send(f"later {n}", returned=False)) for n in range(15)]
        await asyncio.sleep(0.5)
        permits.refuse_key(2.0)
        await send("refused", returned=True)
        await asyncio.wait(waiting)
        return order

    order = run_virtual(main())
    assert "refused" in order[:10]
    assert [name for name in order if name != "refused"] == [f"later {n}" for n in range(15)]


class _FailingPermit:
    """A permit of a user's own limiter, each of whose endings fails."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        def fail(*_: object) -> None:
            raise MemoryError(name)

        return fail


@pytest.mark.parametrize("ending", ["settle", "give_up", "refund", "refuse_account"])
def test_a_limiter_that_fails_holds_no_slot_of_the_other(ending: str) -> None:
    """The key's slot is ended although the account's limiter, a user's own, raises."""

    async def main() -> None:
        registry = LimiterRegistry(messengers={"telegram": Quota(1, 1.0)}, account=None)
        limiter = registry.limiter(TELEGRAM)
        permits = PermitPair(cast("Permit", _FailingPermit()), await limiter.acquire())
        with pytest.raises(MemoryError):
            getattr(permits, ending)(*([0.5] if ending == "refuse_account" else []))
        async with asyncio.timeout(20):
            (await limiter.acquire()).settle()

    run_virtual(main())
