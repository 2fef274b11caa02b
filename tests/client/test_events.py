"""What callbacks are told, in which order, and that they can do no harm."""

from __future__ import annotations

import asyncio
import logging

import pytest

from cleverapp_async import (
    ClientConfig,
    LimiterRegistry,
    NotSentError,
    Outcome,
    Quota,
    RetryPolicy,
    Route,
)
from cleverapp_async.events import (
    AttemptAnswered,
    AttemptFailed,
    AttemptStarted,
    Event,
    RetryScheduled,
    WaitingForLimit,
)
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.transport.rig import client_of

FREE = SimulatorLimits.none()
QUICK = RetryPolicy(attempts=2, base=0.001)


async def test_the_events_of_a_refused_message() -> None:
    """Started, answered, scheduled again, and once more after the pause, all with one id."""
    events: list[Event] = []
    config = ClientConfig(on_event=(events.append,), retry=QUICK)
    fault = Fault.too_many(0.5, times=1)
    async with (
        Simulator(limits=FREE, faults=[fault]) as simulator,
        client_of(simulator.base_url, config=config) as client,
    ):
        receipt = await client.send_message(contact_id=1, text="Hi")
    attempt = [AttemptStarted, AttemptAnswered]
    kinds = [*attempt, RetryScheduled, WaitingForLimit, *attempt]
    assert [type(event) for event in events] == kinds
    assert {event.send_id for event in events} == {receipt.send_id}
    assert {event.endpoint for event in events} == {"sendMessage"}
    assert [event.attempt for event in events] == [1, 1, 1, 2, 2, 2]
    assert [event.status for event in events if isinstance(event, AttemptAnswered)] == [429, 200]
    scheduled = events[2]
    assert isinstance(scheduled, RetryScheduled)
    assert scheduled.delay == 0
    assert "Too Many Attempts" in scheduled.reason


async def test_the_events_of_an_attempt_without_an_answer() -> None:
    """A failed attempt tells what is certain of it, and why."""
    events: list[Event] = []
    config = ClientConfig(on_event=(events.append,), retry=QUICK)
    async with (
        Simulator(limits=FREE) as simulator,
        simulator.refusing(),
        client_of(simulator.base_url, config=config) as client,
    ):
        with pytest.raises(NotSentError):
            await client.send_message(contact_id=1, text="Hi")
    kinds = [AttemptStarted, AttemptFailed, RetryScheduled, AttemptStarted, AttemptFailed]
    assert [type(event) for event in events] == kinds
    failed = events[-1]
    assert isinstance(failed, AttemptFailed)
    assert failed.outcome is Outcome.NOT_SENT
    assert "Connection refused" in failed.reason


async def test_each_send_has_an_id_of_its_own() -> None:
    """Events of messages on their way together can be told apart."""
    events: list[Event] = []
    config = ClientConfig(on_event=(events.append,))
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, config=config) as client,
    ):
        receipts = await asyncio.gather(
            *(client.send_message(contact_id=1, text=str(i)) for i in range(5))
        )
    assert len({receipt.send_id for receipt in receipts}) == 5
    assert {event.send_id for event in events} == {receipt.send_id for receipt in receipts}


@pytest.mark.parametrize("known", [True, False])
async def test_waiting_for_a_limit_is_told(*, known: bool) -> None:
    """Who has to wait is told by what and for how long at least."""
    events: list[Event] = []
    config = ClientConfig(on_event=(events.append,))
    slow = Quota(1, 0.05)
    limits = LimiterRegistry(
        messengers={"viber": slow if known else None}, account=None if known else slow
    )
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, config=config, limits=limits) as client,
    ):
        if known:
            client.learn_route(1, Route(7, "viber"))
        await client.send_message(contact_id=1, text="Hi")
        receipt = await client.send_message(contact_id=1, text="Hi")
    (waiting,) = [event for event in events if isinstance(event, WaitingForLimit)]
    assert waiting.key == ("viber of bot 7" if known else "account")
    assert 0 < waiting.estimated_wait <= 0.05
    assert receipt.waited > 0


@pytest.mark.parametrize("raised", [LookupError, asyncio.CancelledError])
async def test_a_callback_that_fails_is_logged_and_harmless(
    raised: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """The request goes on, the other callbacks are called, and the log holds the traceback."""
    events: list[Event] = []

    def broken(_: Event) -> None:
        raise raised("a slip")

    config = ClientConfig(on_event=(broken, events.append))
    with caplog.at_level(logging.WARNING, logger="cleverapp_async"):
        async with (
            Simulator(limits=FREE) as simulator,
            client_of(simulator.base_url, config=config) as client,
        ):
            assert (await client.send_message(contact_id=1, text="Hi")).attempts == 1
            assert client.limits.snapshot()[client.account].in_flight == 0
    assert len(events) == 2
    assert [record.name for record in caplog.records] == ["cleverapp_async"] * 2
    assert f"{raised.__name__}: a slip" in caplog.text


async def test_the_log_tells_the_same_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    """Without any callback the log of the package tells each event."""
    with caplog.at_level(logging.DEBUG, logger="cleverapp_async"):
        async with Simulator(limits=FREE) as simulator, client_of(simulator.base_url) as client:
            await client.send_message(contact_id=1, text="Hi")
    told = [record.getMessage() for record in caplog.records if record.name == "cleverapp_async"]
    assert [line.partition("(")[0] for line in told] == ["AttemptStarted", "AttemptAnswered"]


def test_the_library_is_silent_by_itself() -> None:
    """A program that sets up no logging gets no output of ours."""
    handlers = logging.getLogger("cleverapp_async").handlers
    assert any(isinstance(handler, logging.NullHandler) for handler in handlers)
