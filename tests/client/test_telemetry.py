"""What telemetry of a user's own is told by a client, and that it can do no harm."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field

from cleverapp_async import (
    CleverAppClient,
    CleverAppError,
    ConfigurationError,
    LimiterRegistry,
    LimitKey,
    Outcome,
    Quota,
    RetryPolicy,
    Route,
    SendMessage,
)
from cleverapp_async._call import SendState
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from cleverapp_async.telemetry import AttemptRecord, CallRecord
from tests.raising import raises
from tests.transport.rig import TOKEN, one_attempt

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager

    from cleverapp_async.telemetry import Telemetry

FREE = SimulatorLimits.none()
ROUTE = Route(7, "viber")
WIRE = (">>> wire", "<<< wire")


@define
class Notes:
    """Telemetry that writes down what it is told."""

    told: list[str] = field(factory=list[str])
    calls: list[CallRecord] = field(factory=list[CallRecord])
    attempts: list[AttemptRecord] = field(factory=list[AttemptRecord])
    watched: list[LimiterRegistry] = field(factory=list[LimiterRegistry])

    def watch(self, limits: LimiterRegistry) -> None:
        """Note it."""
        self.watched.append(limits)

    @contextmanager
    def call(self, call: CallRecord) -> Generator[None, None, None]:
        """Note it."""
        self.told.append(f"> {call.endpoint}")
        yield
        self.told.append(f"< {call.endpoint}")
        self.calls.append(call)

    @contextmanager
    def attempt(self, call: CallRecord, attempt: AttemptRecord) -> Generator[None, None, None]:
        """Note it."""
        self.told.append(f">> {call.endpoint} {attempt.number}")
        yield
        self.told.append(f"<< {call.endpoint} {attempt.number}")
        self.attempts.append(attempt)

    @contextmanager
    def on_wire(self) -> Generator[None, None, None]:
        """Note it."""
        self.told.append(">>> wire")
        yield
        self.told.append("<<< wire")


def client_with(telemetry: Telemetry, base_url: str, **more: Any) -> CleverAppClient:  # noqa: ANN401 - as for the client
    """A client that is observed, without limits unless told otherwise, and that tries once."""
    given = {"config": one_attempt(), "limits": LimiterRegistry.unlimited(), **more}
    return CleverAppClient(TOKEN, base_url=base_url, telemetry=telemetry, **given)


async def test_a_call_is_around_its_attempts() -> None:
    """A call is entered, then each attempt entered and left, and the call is left at the end."""
    notes = Notes()
    config = one_attempt(retry=RetryPolicy(attempts=2, base=0.001))
    async with (
        Simulator(limits=FREE, faults=[Fault.too_many(0.001, times=1)]) as simulator,
        client_with(notes, simulator.base_url, config=config) as client,
    ):
        receipt = await client.send_message(contact_id=1, text="Hi", route=ROUTE)
        await client.get_me()
        assert notes.watched == [client.limits]
    assert notes.told == [
        "> sendMessage",
        ">> sendMessage 1",
        *WIRE,
        "<< sendMessage 1",
        ">> sendMessage 2",
        *WIRE,
        "<< sendMessage 2",
        "< sendMessage",
        "> getMe",
        ">> getMe 1",
        *WIRE,
        "<< getMe 1",
        "< getMe",
    ]
    call, other = notes.calls
    assert (call.sends_message, other.sends_message) == (True, False)
    assert call.send_id == receipt.send_id
    assert call.key == LimitKey(7, "viber")
    assert (call.outcome, call.error, call.attempts) == (Outcome.ACCEPTED, None, 2)
    assert (call.waited, call.on_wire) == (receipt.waited, receipt.on_wire)
    told = [(one.status, one.outcome, one.error) for one in notes.attempts[:2]]
    assert told == [(429, Outcome.REJECTED, "rate_limited"), (200, Outcome.ACCEPTED, None)]


async def test_a_derived_client_is_observed_too() -> None:
    """Clients of with_options tell the same telemetry, which watches their limiters once."""
    notes = Notes()
    async with (
        Simulator(limits=FREE) as simulator,
        client_with(notes, simulator.base_url) as client,
    ):
        await client.with_options(deadline=5).get_me()
        await client.get_me()
    assert len(notes.calls) == 2
    assert len(notes.watched) == 1


class _BrokenError(Exception):
    """What broken telemetry raises."""


@define
class Breaking:
    """Telemetry that raises at one place, and would hide what ends a block."""

    where: str
    part: str
    raised: type[BaseException] = _BrokenError

    def watch(self, limits: LimiterRegistry) -> None:
        """Raise, if it is the place."""
        del limits
        self.reach("watch")

    def call(self, call: CallRecord) -> AbstractContextManager[bool]:
        """Raise, if it is the place."""
        del call
        return self.make("call")

    def attempt(self, call: CallRecord, attempt: AttemptRecord) -> AbstractContextManager[bool]:
        """Raise, if it is the place."""
        del call, attempt
        return self.make("attempt")

    def on_wire(self) -> AbstractContextManager[bool]:
        """Raise, if it is the place."""
        return self.make("on_wire")

    def make(self, part: str) -> AbstractContextManager[bool]:
        """What is entered there."""
        if part != self.part:
            return _BreakingPart(Breaking("nowhere", ""))
        self.reach("call")
        return _BreakingPart(self)

    def reach(self, where: str) -> None:
        """Raise, if it is the place."""
        if where == self.where:
            raise self.raised


@define
class _BreakingPart:
    _owner: Breaking

    def __enter__(self) -> bool:
        self._owner.reach("enter")
        return True

    def __exit__(self, *_: object) -> bool:
        self._owner.reach("leave")
        return True


@pytest.mark.parametrize("where", ["watch", "call", "enter", "leave"])
@pytest.mark.parametrize("part", ["call", "attempt", "on_wire"])
@pytest.mark.parametrize("raised", [_BrokenError, asyncio.CancelledError])
async def test_telemetry_that_raises_breaks_nothing(
    where: str, part: str, raised: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it raises and wherever, the message is sent and the failure is in the log."""
    async with (
        Simulator(limits=FREE, faults=[Fault.answer(422, {"message": "no"}, times=1)]) as simulator,
        client_with(Breaking(where, part, raised), simulator.base_url) as client,
    ):
        # What it returns at the end hides no error, either.
        with pytest.raises(CleverAppError):
            await client.send_message(contact_id=1, text="Hi", route=ROUTE)
        await client.send_message(contact_id=1, text="Hi", route=ROUTE)
        assert len(simulator.arrivals) == 2
    failures = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(failures) == (1 if where == "watch" else 2)
    assert all(record.exc_info and record.exc_info[0] is raised for record in failures)


async def test_an_exception_of_the_callers_own_ends_a_call() -> None:
    """What a commit raises that is no error of ours is told by its name."""
    notes = Notes()

    async def commit() -> None:
        raise KeyError("a journal")

    async with (
        Simulator(limits=FREE) as simulator,
        client_with(notes, simulator.base_url) as client,
    ):
        with suppress(KeyError):
            await client._deliver(SendMessage(contact_id=1, text="Hi"), SendState(commit=commit))
    (call,) = notes.calls
    assert (call.outcome, call.error, call.cancelled) == (Outcome.NOT_SENT, "KeyError", False)
    assert notes.attempts == []


async def test_a_wait_that_is_cancelled_is_told() -> None:
    """A message given up at its limits was not sent, and its wait counts."""
    notes = Notes()
    limits = LimiterRegistry(account=Quota(1, 60.0))
    async with (
        Simulator(limits=FREE) as simulator,
        client_with(notes, simulator.base_url, limits=limits) as client,
    ):
        await client.get_me()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                await client.get_me()
    call = notes.calls[-1]
    assert (call.outcome, call.error, call.cancelled) == (Outcome.NOT_SENT, None, True)
    assert call.waited > 0.0
    assert len(notes.attempts) == 1


async def test_what_a_run_takes_back_has_no_outcome() -> None:
    """A message that waits for a seat on the wire comes again, as another call of the same run."""
    notes = Notes()
    sent = [SendMessage(contact_id=number, text="Hi") for number in range(1, 41)]
    async with (
        Simulator(limits=FREE) as simulator,
        client_with(notes, simulator.base_url) as client,
    ):
        async for outcome in client.send_many(sent, pause_after=1):
            assert outcome.accepted
    ended = [call for call in notes.calls if call.outcome is not None]
    taken_back = [call for call in notes.calls if call.outcome is None]
    assert len(ended) == len(notes.attempts) == 40
    assert taken_back
    assert all(call.in_run for call in notes.calls)


async def test_what_waits_when_a_schedule_closes_has_no_outcome() -> None:
    """A message that is held until the schedule opens again is told of once it has ended."""
    notes = Notes()
    limits = LimiterRegistry(account=Quota(1, 0.02))
    sent = [SendMessage(contact_id=number, text="Hi") for number in (1, 2, 3)]
    async with (
        Simulator(limits=FREE) as simulator,
        client_with(notes, simulator.base_url, limits=limits) as client,
    ):
        run = client.send_many(sent)
        async for outcome in run:
            assert outcome.accepted
            if len(notes.calls) == 1:
                run._dispatcher.hold()
                while len(notes.calls) < 3:  # noqa: ASYNC110 - until the others are taken back
                    await asyncio.sleep(0)
                assert [call.outcome for call in notes.calls] == [Outcome.ACCEPTED, None, None]
                run._dispatcher.release()
    assert [call.outcome for call in notes.calls[3:]] == [Outcome.ACCEPTED] * 2
    assert len(notes.attempts) == 3


async def test_a_run_that_is_stopped_has_outcomes() -> None:
    """A message that waits when its run is drained was not sent, and nobody brings it again."""
    notes = Notes()
    limits = LimiterRegistry(account=Quota(1, 60.0))
    sent = [SendMessage(contact_id=number, text="Hi") for number in (1, 2, 3)]
    async with (
        Simulator(limits=FREE) as simulator,
        client_with(notes, simulator.base_url, limits=limits) as client,
    ):
        run = client.send_many(sent)
        async for _ in run:
            run.drain()
    told = [(call.outcome, call.cancelled) for call in notes.calls]
    assert told == [(Outcome.ACCEPTED, False), *[(Outcome.NOT_SENT, True)] * 2]


@pytest.mark.parametrize(
    "wrong",
    ["otel", 1, object(), Notes, {"call": 1}, nullcontext()],
    ids=["a text", "a number", "an object", "a class", "a dict", "another context"],
)
def test_what_is_no_telemetry_is_refused(wrong: Any) -> None:  # noqa: ANN401 - wrong on purpose
    """Something without the four methods, or a class in place of its object, is named."""
    with raises(ConfigurationError, "telemetry"):
        CleverAppClient(TOKEN, telemetry=wrong)
