"""What is tried again over the wire: refusals and what never left, never an unknown message."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from attrs import frozen

from cleverapp_async import (
    CleverAppError,
    ClientConfig,
    MessengerLimitError,
    NotSentError,
    Outcome,
    OutcomeUnknownError,
    RateLimitError,
    RetryPolicy,
    ServerError,
    ValidationError,
)
from cleverapp_async.events import RetryScheduled
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.transport.rig import Notebook, client_of, raw_server

if TYPE_CHECKING:
    from cleverapp_async import SendReceipt
    from cleverapp_async.endpoints import Repeat
    from cleverapp_async.events import Event

LIMIT = {"error": "Достигнут лимит отправки сообщений для telegram"}
QUICK = RetryPolicy(base=0.001)


@frozen
class Stubborn:
    """A policy of a user's own: it repeats everything, twice at most."""

    def delay(
        self, error: CleverAppError, repeat: Repeat, *, faults: int, refusals: int, jitter: float
    ) -> float | None:
        """Try again whatever it was."""
        del error, repeat, jitter
        return None if faults + refusals >= 2 else 0.0


async def send(
    simulator: Simulator, notebook: Notebook, config: ClientConfig | None = None
) -> SendReceipt:
    """Send one message through Telegram, with retries."""
    config = config or ClientConfig(retry=QUICK, attempt_timeout=5)
    limits = notebook.registry()
    async with client_of(simulator.base_url, config=config, limits=limits) as client:
        return await client.send_message(
            bot_id=1, messenger="telegram", contact_external_id="7", text="Hi"
        )


@pytest.mark.parametrize(
    "fault",
    [
        Fault.reset_after(taken=True, times=1),
        Fault.hang(taken=True, times=1),
        Fault.server_error(taken=True, times=1),
        Fault.truncated_body(times=1),
        Fault.malformed(times=1),
        Fault.html(200, taken=True, times=1),
        Fault.redirect("/somewhere", times=1),
    ],
    ids=lambda fault: fault.kind,
)
async def test_an_unknown_message_is_never_repeated(fault: Fault) -> None:
    """The server that would take the second try never sees it."""
    config = ClientConfig(retry=QUICK, attempt_timeout=0.1 if fault.kind == "hang" else 5)
    async with Simulator(limits=SimulatorLimits.none(), faults=[fault]) as simulator:
        with pytest.raises(CleverAppError) as caught:
            await send(simulator, Notebook(), config)
        assert caught.value.outcome is Outcome.UNKNOWN
        assert len(simulator.arrivals) == 1


async def test_a_refused_message_is_repeated_at_the_head() -> None:
    """A message its key refused twice comes back to the head of the line, and is sent once."""
    notebook = Notebook()
    fault = Fault.answer(422, LIMIT, {"Retry-After": "2.5"}, times=2)
    async with Simulator(limits=SimulatorLimits.none(), faults=[fault]) as simulator:
        receipt = await send(simulator, notebook)
        assert len(simulator.arrivals) == 3
        assert len(simulator.deliveries) == 1
    assert receipt.attempts == 3
    back = ["acquire interactive returned", "sent"]
    first = ["acquire interactive", "sent", "refuse", "settle"]
    assert notebook.of_key() == [*first, *back, "refuse", "settle", *back, "settle"]
    refusals = [seconds for _, what, seconds in notebook.notes if what == "refuse"]
    assert refusals == [2.5, 2.5]
    assert "refuse" not in notebook.of_account()


async def test_a_refusal_for_the_account_pauses_the_account() -> None:
    """A 429 is told to the account's limiter; the key's slot was used."""
    notebook = Notebook()
    fault = Fault.too_many(1, times=1)
    async with Simulator(limits=SimulatorLimits.none(), faults=[fault]) as simulator:
        await send(simulator, notebook)
    assert notebook.of_account()[:4] == ["acquire interactive", "sent", "refuse", "settle"]
    assert notebook.of_key()[:3] == ["acquire interactive", "sent", "settle"]


async def test_a_pause_is_never_longer_than_configured() -> None:
    """However long a server asks to wait, the limits are tried again after ``longest_pause``."""
    notebook = Notebook()
    config = ClientConfig(retry=QUICK, longest_pause=7.0)
    faults = [Fault.too_many(9000)]
    async with Simulator(limits=SimulatorLimits.none(), faults=faults) as simulator:
        with pytest.raises(RateLimitError) as caught:
            await send(simulator, notebook, config)
        assert len(simulator.arrivals) == 1
    assert caught.value.retry_after == 9000.0
    assert "asked to wait 9000 s" in str(caught.value)
    assert "no further attempt" in str(caught.value)
    assert [seconds for _, what, seconds in notebook.notes if what == "refuse"] == [7.0]


async def test_a_server_that_says_zero_is_not_come_back_to_at_once() -> None:
    """``Retry-After: 0`` tells the limits that the server did not say how long, each time."""
    notebook = Notebook()
    faults = [Fault.too_many(0, times=2)]
    async with Simulator(limits=SimulatorLimits.none(), faults=faults) as simulator:
        assert (await send(simulator, notebook)).attempts == 3
    assert [seconds for _, what, seconds in notebook.notes if what == "refuse"] == [None, None]


async def test_refusals_end_after_their_number() -> None:
    """A server that refuses for ever is given up, and the refusal is the error."""
    config = ClientConfig(retry=RetryPolicy(refusals=3))
    faults = [Fault.answer(200, LIMIT)]
    async with Simulator(limits=SimulatorLimits.none(), faults=faults) as simulator:
        with pytest.raises(MessengerLimitError) as caught:
            await send(simulator, Notebook(), config)
        assert len(simulator.arrivals) == 4
    assert caught.value.attempts == 4
    assert caught.value.outcome is Outcome.REJECTED


async def test_what_never_left_is_tried_again() -> None:
    """A refused connection is tried as often as the policy says, then told with the count."""
    config = ClientConfig(retry=RetryPolicy(attempts=3, base=0.001))
    async with Simulator(limits=SimulatorLimits.none()) as simulator, simulator.refusing():
        with pytest.raises(NotSentError) as caught:
            await send(simulator, Notebook(), config)
    assert caught.value.attempts == 3


async def test_a_user_may_repeat_the_unknown() -> None:
    """A policy of the user's own decides; the wire does what it says."""
    config = ClientConfig(retry=Stubborn())
    fault = Fault.reset_after(taken=True, times=1)
    async with Simulator(limits=SimulatorLimits.none(), faults=[fault]) as simulator:
        assert (await send(simulator, Notebook(), config)).attempts == 2
        assert len(simulator.deliveries) == 2


@pytest.mark.parametrize(
    ("second", "kind"),
    [
        (Fault.answer(422, {"errors": {"text": ["x"]}}, on=2), ValidationError),
        (Fault.too_many(0, on=2), RateLimitError),
        (Fault.server_error(on=2), ServerError),
    ],
    ids=["refused", "limited", "failed"],
)
async def test_an_unknown_attempt_outweighs_a_later_refusal(
    second: Fault, kind: type[CleverAppError]
) -> None:
    """Where an earlier attempt may have arrived, a later refusal does not make it undone."""
    config = ClientConfig(retry=Stubborn())
    faults = [Fault.reset_after(taken=True, on=1), second]
    async with Simulator(limits=SimulatorLimits.none(), faults=faults) as simulator:
        with pytest.raises(kind) as caught:
            await send(simulator, Notebook(), config)
        assert len(simulator.deliveries) == 1
    assert caught.value.outcome is Outcome.UNKNOWN


async def test_several_failures_to_connect_leave_one_note() -> None:
    """After an attempt that may have arrived, the last that did not leave is told once."""
    events: list[Event] = []

    async def take_and_leave(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await raw.read_request(reader)
        gone.set()
        await asyncio.Event().wait()

    gone = asyncio.Event()
    async with raw_server(take_and_leave) as raw:
        policy = RetryPolicy(attempts=4, base=0.001)
        client = client_of(
            raw.base_url, config=ClientConfig(retry=policy, on_event=(events.append,))
        )
        task = asyncio.create_task(client.attach_tag_to_contact(contact_id=1, name="vip"))
        await gone.wait()
    with pytest.raises(OutcomeUnknownError) as caught:
        await task
    await client.close()
    assert caught.value.attempts == 4
    (note,) = caught.value.__notes__
    assert "Connection refused" in note
    reasons = [event.reason for event in events if isinstance(event, RetryScheduled)]
    assert ["Connection refused" in reason for reason in reasons] == [False, True, True]


async def test_an_unknown_attempt_outweighs_a_later_failure_to_connect() -> None:
    """What may have arrived before is not NOT_SENT because the last attempt was."""

    async def take_and_leave(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await raw.read_request(reader)
        gone.set()
        await asyncio.Event().wait()

    gone = asyncio.Event()
    async with raw_server(take_and_leave) as raw:
        client = client_of(raw.base_url, config=ClientConfig(retry=Stubborn()))
        task = asyncio.create_task(client.send_message(contact_id=1, text="Hi"))
        await gone.wait()
    with pytest.raises(OutcomeUnknownError) as caught:
        await task
    await client.close()
    assert caught.value.attempts == 2
    assert "Connection refused" in caught.value.__notes__[0]
