"""What a caller may write down before a request leaves: the pipeline waits for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import (
    CleverAppClient,
    ClientConfig,
    DeadlineExceededError,
    LimiterRegistry,
    Outcome,
    RetryPolicy,
    SendMessage,
)
from cleverapp_async._call import SendState
from cleverapp_async.journal import JournalWriteError
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.transport.rig import client_of, one_attempt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MESSAGE = SendMessage(contact_id=1, text="Hi")
FREE = SimulatorLimits.none()


def committing(commit: Callable[[], Awaitable[None]]) -> SendState:
    """A state whose intents go to ``commit``."""
    return SendState(commit=commit)


async def spend(seconds: float) -> None:
    """Turn the loop until that much of its time has passed."""
    clock = asyncio.get_running_loop().time
    until = clock() + seconds
    while clock() < until:  # noqa: ASYNC110 - time is what is waited for
        await asyncio.sleep(0)


async def in_flight(client: CleverAppClient) -> int:
    """Permits of the account that have not ended."""
    return client.limits.snapshot()[client.account].in_flight


async def test_nothing_leaves_before_the_commit_is_done() -> None:
    """The limits are won first, then the commit is awaited, then the request leaves."""
    async with Simulator(limits=FREE) as simulator, client_of(simulator.base_url) as client:
        seen: list[tuple[int, int, Outcome]] = []

        async def commit() -> None:
            for _ in range(20):
                await asyncio.sleep(0)
            seen.append((len(simulator.arrivals), await in_flight(client), state.outcome))

        state = committing(commit)
        await client._deliver(MESSAGE, state)
        assert seen == [(0, 1, Outcome.NOT_SENT)]
        assert len(simulator.arrivals) == 1
    assert state.outcome is Outcome.ACCEPTED


async def test_a_commit_that_fails_sends_nothing_and_costs_nothing() -> None:
    """Its error is raised, the permits and the connection slot are given back."""

    async def commit() -> None:
        raise JournalWriteError("the disk is full")

    config = one_attempt(max_in_flight=1)
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, config=config) as client,
    ):
        state = committing(commit)
        with pytest.raises(JournalWriteError):
            await client._deliver(MESSAGE, state)
        assert state.outcome is Outcome.NOT_SENT
        assert await in_flight(client) == 0
        await client.send(MESSAGE, deadline=5)
        assert len(simulator.arrivals) == 1


async def test_a_cancel_during_the_commit_sends_nothing() -> None:
    """The state says so, and nothing is held afterwards."""
    async with Simulator(limits=FREE) as simulator, client_of(simulator.base_url) as client:
        entered = asyncio.Event()

        async def commit() -> None:
            entered.set()
            await asyncio.Event().wait()

        state = committing(commit)
        task = asyncio.ensure_future(client._deliver(MESSAGE, state))
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert state.outcome is Outcome.NOT_SENT
        assert state.waiting
        assert await in_flight(client) == 0
        assert len(simulator.arrivals) == 0


async def test_each_attempt_commits_and_one_that_did_nothing_is_withdrawn() -> None:
    """A refused attempt is withdrawn before the next one commits."""
    log: list[str] = []

    async def commit() -> None:
        log.append("commit")

    config = ClientConfig(retry=RetryPolicy(base=0.0))
    limits = LimiterRegistry.unlimited()
    async with (
        Simulator(limits=FREE, faults=[Fault.too_many(0.01, on=1)]) as simulator,
        client_of(simulator.base_url, config=config, limits=limits) as client,
    ):
        state = SendState(commit=commit, withdraw=lambda: log.append("withdraw"))
        await client._deliver(MESSAGE, state)
    assert log == ["commit", "withdraw", "commit"]


async def test_a_commit_that_outlasts_the_deadline_sends_nothing() -> None:
    """The deadline is looked at again after the commit, as no time-out could hold any more."""

    async def commit() -> None:
        await spend(0.02)

    async with (
        Simulator(limits=FREE, faults=[Fault.hang()]) as simulator,
        client_of(simulator.base_url) as client,
    ):
        state = committing(commit)
        with pytest.raises(DeadlineExceededError):
            await client._deliver(MESSAGE, state, deadline=0.01)
        assert len(simulator.arrivals) == 0


async def test_a_commit_is_no_wait_for_limits() -> None:
    """The receipt's ``waited`` tells of limits alone."""

    async def commit() -> None:
        await spend(0.05)

    async with Simulator(limits=FREE) as simulator, client_of(simulator.base_url) as client:
        reply = await client._deliver(MESSAGE, committing(commit))
    assert reply.receipt.waited < 0.05
