"""A deadline holds over everything: the queue, the limits, the wire, and the waits between."""

from __future__ import annotations

import asyncio
import pickle
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import (
    CleverAppClient,
    ClientConfig,
    DeadlineExceededError,
    Lane,
    LimiterRegistry,
    LimitKey,
    NotSentError,
    Outcome,
    OutcomeUnknownError,
    Quota,
    RetryPolicy,
    Route,
    SendReceipt,
    ServerError,
)
from cleverapp_async.limits import SlidingWindowLimiter
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.raising import raises
from tests.transport.rig import client_of, one_attempt

if TYPE_CHECKING:
    from cleverapp_async.limits import SlidingWindowPermit

WHATSAPP = Route(7, "whatsapp")
FREE = SimulatorLimits.none()


async def send(client: CleverAppClient, deadline: float | None) -> SendReceipt:
    """One message through WhatsApp of bot 7."""
    return await client.send_message(contact_id=1, text="Hi", route=WHATSAPP, deadline=deadline)


async def test_a_wait_that_is_too_long_fails_at_once() -> None:
    """Where the limits surely ask for more than the deadline, the error tells their estimate."""
    limits = LimiterRegistry(account=None)
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, limits=limits) as client,
    ):
        await send(client, None)
        started = asyncio.get_running_loop().time()
        with raises(DeadlineExceededError, "10.0") as caught:
            await send(client, 5.0)
        assert asyncio.get_running_loop().time() - started < 4
        assert len(simulator.arrivals) == 1
    assert caught.value.estimated_wait == pytest.approx(10, abs=5)
    assert caught.value.outcome is Outcome.NOT_SENT
    key = LimitKey(7, "whatsapp")
    assert limits.snapshot()[key].queued == limits.snapshot()[key].in_flight == 0


async def test_a_deadline_that_is_over_asks_for_no_wait() -> None:
    """A deadline of no seconds fails before anything leaves, and no wait of 0.0 s is named."""
    async with Simulator(limits=FREE) as simulator, client_of(simulator.base_url) as client:
        with raises(DeadlineExceededError, "deadline") as caught:
            await send(client, 0.0)
        assert len(simulator.arrivals) == 0
    assert caught.value.estimated_wait == 0.0
    assert "0.0" not in str(caught.value)


async def test_a_deadline_that_passes_in_the_queue() -> None:
    """Where the estimate was too good, the wait ends at the deadline, and the place is free."""
    limits = LimiterRegistry(messengers={"whatsapp": Quota(1, 0.01)}, account=None)
    fault = Fault.hang(on=1)
    async with (
        Simulator(limits=FREE, faults=[fault]) as simulator,
        client_of(simulator.base_url, limits=limits) as client,
    ):
        first = asyncio.create_task(send(client, None))
        while not simulator.arrivals:  # noqa: ASYNC110 - no event tells of an arrival
            await asyncio.sleep(0)
        with pytest.raises(DeadlineExceededError):
            await send(client, 0.05)
        assert limits.snapshot()[LimitKey(7, "whatsapp")].queued == 0
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert len(simulator.arrivals) == 1


async def test_a_deadline_that_passes_while_a_slot_is_waited_for() -> None:
    """Waiting for one of the client's connection slots counts too, and gives the permits back."""
    limits = LimiterRegistry.unlimited()
    config = one_attempt(max_in_flight=1)
    async with (
        Simulator(limits=FREE, faults=[Fault.hang(on=1)]) as simulator,
        client_of(simulator.base_url, limits=limits, config=config) as client,
    ):
        first = asyncio.create_task(send(client, None))
        while not simulator.arrivals:  # noqa: ASYNC110 - no event tells of an arrival
            await asyncio.sleep(0)
        with pytest.raises(DeadlineExceededError):
            await send(client, 0.05)
        assert limits.snapshot()[client.account].in_flight == 1
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert (await send(client, 5)).attempts == 1


async def test_no_time_at_all_is_no_attempt() -> None:
    """A deadline that comes at once is too soon for everything."""
    async with Simulator() as simulator, client_of(simulator.base_url) as client:
        with pytest.raises(NotSentError):
            await send(client, 0.0)
        assert len(simulator.arrivals) == 0


class SluggishLimiter(SlidingWindowLimiter):
    """Keeps the event loop busy after each grant, beyond the deadline below."""

    async def acquire(
        self, *, lane: Lane = Lane.INTERACTIVE, spacing: float = 0.0, returned: bool = False
    ) -> SlidingWindowPermit:
        """Grant late."""
        permit = await super().acquire(lane=lane, spacing=spacing, returned=returned)
        clock = asyncio.get_running_loop().time
        until = clock() + 0.02
        while clock() < until:
            pass
        return permit


async def test_a_deadline_that_passes_while_the_loop_is_busy_sends_nothing() -> None:
    """With the limits won too late no attempt is begun, and above all none without a time-out."""
    limits = LimiterRegistry(factory=lambda _key, quotas: SluggishLimiter(*quotas))
    async with (
        Simulator(limits=FREE, faults=[Fault.hang()]) as simulator,
        client_of(simulator.base_url, limits=limits) as client,
    ):
        with pytest.raises(DeadlineExceededError):
            await send(client, 0.01)
        assert len(simulator.arrivals) == 0
    assert limits.snapshot()[client.account].in_flight == 0


async def test_a_deadline_on_the_wire_is_unknown() -> None:
    """A request that had left when the deadline came may have arrived."""
    async with (
        Simulator(faults=[Fault.hang(taken=True)]) as simulator,
        client_of(simulator.base_url) as client,
    ):
        with pytest.raises(OutcomeUnknownError):
            await send(client, 1.0)
        assert len(simulator.deliveries) == 1


async def test_no_back_off_beyond_the_deadline() -> None:
    """Where the next attempt would come after the deadline, the last error is raised at once."""
    config = ClientConfig(retry=RetryPolicy(base=1e6, cap=1e6))
    async with (
        Simulator() as simulator,
        simulator.refusing(),
        client_of(simulator.base_url, config=config) as client,
    ):
        with pytest.raises(NotSentError) as caught:
            await send(client, 5.0)
    assert caught.value.attempts == 1
    assert not isinstance(caught.value, DeadlineExceededError)


async def test_a_generous_deadline_changes_nothing() -> None:
    """With time enough the message is sent, and what it took is told."""
    async with Simulator() as simulator, client_of(simulator.base_url) as client:
        receipt = await send(client, 30.0)
    assert receipt.attempts == 1
    assert 0 <= receipt.waited < 5
    assert 0 < receipt.on_wire < 5


async def test_an_attempt_timeout_is_no_deadline() -> None:
    """A server that fails at once and one that hangs are told apart by their errors."""
    config = one_attempt(attempt_timeout=0.5)
    faults = [Fault.hang(on=1), Fault.server_error(on=2)]
    async with (
        Simulator(limits=FREE, faults=faults) as simulator,
        client_of(simulator.base_url, config=config) as client,
    ):
        with raises(OutcomeUnknownError, TimeoutError.__name__):
            await send(client, None)
        with pytest.raises(ServerError):
            await send(client, None)


@pytest.mark.parametrize("status", [500, 503])
async def test_a_deadline_that_ends_the_retries_does_not_lose_the_answer(status: int) -> None:
    """Where no time is left for another attempt, the error is the answer that may mean anything."""
    limits = LimiterRegistry(account=Quota(1, 60.0))
    config = ClientConfig(retry=RetryPolicy(base=0.001))
    async with (
        Simulator(limits=FREE, faults=[Fault.server_error(status, taken=True)]) as simulator,
        client_of(simulator.base_url, config=config, limits=limits) as client,
    ):
        with pytest.raises(ServerError) as caught:
            await client.set_contact_variable(contact_id=1, name="a", value="b", deadline=5.0)
        assert len(simulator.arrivals) == 1
    assert (caught.value.status, caught.value.outcome) == (status, Outcome.UNKNOWN)
    assert caught.value.attempts == 2
    assert caught.value.body
    assert "deadline" in caught.value.__notes__[0]
    copied = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert copied.__notes__ == caught.value.__notes__
