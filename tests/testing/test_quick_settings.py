"""Settings of a client for tests: order without time, and the simulator's own limits."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import AccountKey, CleverAppClient, Lane, LimiterRegistry, LimitKey, Quota
from cleverapp_async.limits import ACCOUNT_QUOTAS, MESSENGER_QUOTAS
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from cleverapp_async.testing import quick_client_settings, run_virtual

if TYPE_CHECKING:
    from cleverapp_async.simulator import SimulatedQuota

WHATSAPP = LimitKey(7, "whatsapp")
ACCOUNT = AccountKey("0" * 64)


def test_an_hour_of_whatsapp_takes_no_time() -> None:
    """What takes an hour with the documented limits takes less than a millisecond."""

    async def send() -> float:
        limiter = quick_client_settings()["limits"].limiter(WHATSAPP)
        for _ in range(361):
            (await limiter.acquire()).settle()
        return asyncio.get_running_loop().time()

    assert run_virtual(send()) < 0.001


def test_as_many_are_on_their_way_as_in_production() -> None:
    """A slot is held until its answer comes, as many as the quota has."""

    async def granted() -> int:
        limiter = quick_client_settings()["limits"].limiter(ACCOUNT)
        waiting = [asyncio.create_task(limiter.acquire()) for _ in range(5)]
        await asyncio.sleep(1.0)
        count = sum(task.done() for task in waiting)
        for task in waiting:
            task.cancel()
        return count

    assert run_virtual(granted()) == ACCOUNT_QUOTAS[0].limit


def test_the_order_is_that_of_production() -> None:
    """A single send goes before a bulk one that came earlier."""

    async def order() -> list[str]:
        limiter = quick_client_settings()["limits"].limiter(WHATSAPP)
        held, told = await limiter.acquire(), list[str]()

        async def one(lane: Lane) -> None:
            permit = await limiter.acquire(lane=lane)
            told.append(lane.value)
            permit.settle()

        async with asyncio.TaskGroup() as group:
            for lane in (Lane.BULK, Lane.INTERACTIVE):
                group.create_task(one(lane))
                await asyncio.sleep(0)
            held.settle()
        return told

    assert run_virtual(order()) == ["interactive", "bulk"]


def test_what_is_as_scarce_stays_as_scarce() -> None:
    """Two keys are in one band of scarcity exactly where they are with the documented quotas."""
    quick, real = quick_client_settings()["limits"], LimiterRegistry()
    for messenger in (*MESSENGER_QUOTAS, "max"):
        key = LimitKey(1, messenger)
        assert math.frexp(quick.spacing(key))[0] == math.frexp(real.spacing(key))[0]


def test_a_request_that_was_given_up_holds_nothing_up() -> None:
    """The next one need not wait until the first cannot arrive any more."""

    async def wait() -> float:
        limiter = quick_client_settings()["limits"].limiter(WHATSAPP)
        (await limiter.acquire()).give_up()
        await limiter.acquire()
        return asyncio.get_running_loop().time()

    assert run_virtual(wait()) < 0.001


def test_one_loop_after_another_may_use_them() -> None:
    """Code that calls ``asyncio.run`` twice in a test needs no new settings for the second."""
    limits = quick_client_settings()["limits"]

    async def send() -> None:
        limiter = limits.limiter(WHATSAPP)
        limiter.pause(0.001)
        assert limiter.estimate(Lane.BULK) > 0
        (await limiter.acquire()).settle()

    for _ in range(2):
        asyncio.run(send())
    assert limits.snapshot()[WHATSAPP].queued == 0
    assert limits.limiter(WHATSAPP).idle


@pytest.mark.parametrize(
    "fault",
    [
        Fault.too_many(retry_after=60, on=1),
        Fault.too_many(on=1),
        Fault.answer(503, "{}", {"Retry-After": "60"}, endpoint="getMe", on=1),
        Fault.answer(429, {"message": "Too Many Attempts."}, {"Retry-After": "200"}, on=1),
    ],
    ids=lambda fault: str(fault.kind),
)
async def test_a_refusal_is_not_waited_for(fault: Fault) -> None:
    """Whatever ``Retry-After`` says, the next attempt comes at once."""
    async with (
        Simulator(limits=SimulatorLimits.none(), faults=[fault]) as simulator,
        CleverAppClient(
            simulator.api_token, base_url=simulator.base_url, **quick_client_settings()
        ) as client,
        asyncio.timeout(20),
    ):
        await client.get_me()
    assert simulator.fault_count(fault) == 1
    assert len(simulator.arrivals) == 2


_quotas = st.none() | st.tuples(st.integers(1, 50), st.floats(0.5, 60.0))
_limits = st.builds(
    SimulatorLimits,
    messengers=st.none() | st.dictionaries(st.sampled_from(["whatsapp", "viber", "max"]), _quotas),
    other_messengers=_quotas,
    whatsapp_direct=_quotas,
    account=st.none() | st.lists(_quotas.filter(bool), max_size=2).map(tuple),
)


@given(limits=_limits.filter(lambda limits: limits != SimulatorLimits.none()))
def test_the_quotas_are_those_of_the_simulator(limits: SimulatorLimits) -> None:
    """Given the simulator's limits, the client keeps exactly these, for every key."""
    registry = quick_client_settings(limits)["limits"]

    def ours(key: LimitKey | AccountKey) -> list[SimulatedQuota]:
        return [(quota.limit, quota.period) for quota in registry.quotas(key)]

    for messenger in (*MESSENGER_QUOTAS, "max", "vk"):
        theirs = limits.of_messenger(messenger)
        assert ours(LimitKey(1, messenger)) == ([theirs] if theirs else [])
    direct = limits.whatsapp_direct
    assert ours(LimitKey(1, "whatsapp", "sendMessageToWhatsApp")) == ([direct] if direct else [])
    assert ours(ACCOUNT) == [*(limits.account or ())]


def test_no_limits_of_the_simulator_are_none() -> None:
    """A simulator without limits gets the settings that do not wait."""
    registry = quick_client_settings(SimulatorLimits.none())["limits"]
    (quota,) = registry.quotas(WHATSAPP)
    assert isinstance(quota, Quota)
    assert quota.period < 1e-6
