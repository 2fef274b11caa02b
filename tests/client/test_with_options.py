"""A client derived by ``with_options`` shares everything but its options with its parent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cleverapp_async import (
    CleverAppClient,
    ClientStateError,
    ConfigurationError,
    DeadlineExceededError,
    InvalidRequestError,
    Lane,
    LimiterRegistry,
    LimitKey,
    Outcome,
    Quota,
    RetryPolicy,
    Route,
    SendMessage,
    ServerError,
    UnexpectedResponseError,
)
from cleverapp_async.limits import SlidingWindowLimiter
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.bulk.memory_journal import MemoryJournal
from tests.raising import raises
from tests.transport.rig import client_of, one_attempt

if TYPE_CHECKING:
    from cleverapp_async.events import Event
    from cleverapp_async.limits import SlidingWindowPermit

FREE = SimulatorLimits.none()
TELEGRAM = Route(7, "telegram")


class Lanes(SlidingWindowLimiter):
    """Remembers the lanes of those who asked."""

    asked: list[Lane]

    async def acquire(
        self, *, lane: Lane = Lane.INTERACTIVE, spacing: float = 0.0, returned: bool = False
    ) -> SlidingWindowPermit:
        """Note the lane, and grant."""
        self.asked.append(lane)
        return await super().acquire(lane=lane, spacing=spacing, returned=returned)


def noting_lanes() -> tuple[LimiterRegistry, list[Lane]]:
    """Limiters without limits, and the lanes that were asked for."""
    asked: list[Lane] = []

    def make(_: object, quotas: tuple[Quota, ...]) -> Lanes:
        limiter = Lanes(*quotas)
        limiter.asked = asked
        return limiter

    return LimiterRegistry(account=None, factory=make), asked


async def test_an_option_of_the_client_holds_for_every_call_and_a_call_s_own_before_it() -> None:
    """The deadline of a derived client ends its calls; one given to a call goes first."""
    limits = LimiterRegistry(account=Quota(1, 60.0))
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, limits=limits) as client,
    ):
        quick = client.with_options(deadline=1.0)
        await quick.get_me()
        for call in (
            quick.get_me(),
            quick.call("getMe"),
            quick.send_message(contact_id=1, text="Hi"),
            quick.send(SendMessage(contact_id=1, text="Hi")),
            anext(quick.iter_contacts()),
            client.get_me(deadline=1.0),
        ):
            with pytest.raises(DeadlineExceededError):
                await call
        with pytest.raises(DeadlineExceededError) as caught:
            await quick.get_me(deadline=2.0)
        assert (caught.value.estimated_wait or 0) > 2
        limits.limiter(client.account)  # one limiter, used by both
        assert set(limits.snapshot()) == {client.account}


async def test_an_explicit_none_takes_the_deadline_away() -> None:
    """``deadline=None`` in a call means no bound, whatever the client has."""
    async with Simulator(limits=FREE) as simulator, client_of(simulator.base_url) as client:
        none = client.with_options(deadline=0.0)
        with pytest.raises(DeadlineExceededError):
            await none.get_me()
        await none.get_me(deadline=None)
        await none.with_options(deadline=None).get_me()


async def test_nested_options_add_up_and_the_nearest_goes_first() -> None:
    """What a derived client does not set anew is its parent's; the parent stays as it was."""
    limits, asked = noting_lanes()
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, limits=limits) as client,
    ):
        calm = client.with_options(lane=Lane.BULK)
        calm_and_quick = calm.with_options(deadline=30.0)
        urgent = calm_and_quick.with_options(lane=Lane.INTERACTIVE)
        for one, lane in (
            (client, Lane.INTERACTIVE),
            (calm, Lane.BULK),
            (calm_and_quick, Lane.BULK),
            (urgent, Lane.INTERACTIVE),
        ):
            asked.clear()
            await one.get_me()
            assert asked == [lane]
        asked.clear()
        await calm.get_me(lane=Lane.INTERACTIVE)
        assert asked == [Lane.INTERACTIVE]


async def test_the_lane_of_a_client_is_that_of_its_runs() -> None:
    """A run goes by the lane that it is given, then by its client's, then by that for bulk."""
    limits, asked = noting_lanes()
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, limits=limits) as client,
    ):
        messages = [SendMessage(contact_id=1, text="Hi")]
        urgent = client.with_options(lane=Lane.INTERACTIVE)
        for run, lane in (
            (client.send_many(messages), Lane.BULK),
            (urgent.send_many(messages), Lane.INTERACTIVE),
            (urgent.send_many(messages, lane=Lane.BULK), Lane.BULK),
            (urgent.run_campaign(MemoryJournal(), messages), Lane.INTERACTIVE),
        ):
            asked.clear()
            assert [outcome.accepted async for outcome in run] == [True]
            assert set(asked) == {lane}


async def test_a_run_of_a_client_with_a_deadline_is_refused_at_once() -> None:
    """No message of a run has a deadline: a client that has one is told so, with the remedy."""
    async with Simulator(limits=FREE) as simulator, client_of(simulator.base_url) as client:
        quick = client.with_options(deadline=5)
        with pytest.raises(InvalidRequestError) as caught:
            quick.send_many([])
        assert caught.value.fields == ("deadline",)
        with pytest.raises(InvalidRequestError) as caught:
            quick.run_campaign(MemoryJournal(), [])
        assert caught.value.fields == ("deadline",)
        run = quick.with_options(deadline=None).send_many([SendMessage(contact_id=1, text="Hi")])
        assert [outcome.outcome async for outcome in run] == [Outcome.ACCEPTED]


async def test_settings_are_set_anew() -> None:
    """Retries, callbacks, time-outs and the placement of parameters are a client's own."""
    seen: list[Event] = []
    busy = Fault.answer(503, {"message": "busy"}, times=3)
    async with (
        Simulator(limits=FREE, faults=[busy]) as simulator,
        client_of(simulator.base_url, config=one_attempt()) as client,
    ):
        with pytest.raises(ServerError):
            await client.get_me()
        patient = client.with_options(
            retry=RetryPolicy(attempts=3, base=0.0), on_event=(seen.append,), attempt_timeout=9.0
        )
        await patient.get_me()
        assert {event.attempt for event in seen} == {1, 2, 3}
        seen.clear()
        await client.get_me()
        assert seen == []
        await client.with_options(post_parameters="form").send_message(contact_id=1, text="Hi")
        assert simulator.arrivals[-1].parameters["text"] == "Hi"


async def test_leniency_is_a_client_s_own() -> None:
    """A strict client refuses an answer that the lenient one derived from it keeps."""
    odd = Fault.answer(200, {"data": {"id": "no number"}})
    async with (
        Simulator(limits=FREE, faults=[odd, odd]) as simulator,
        client_of(simulator.base_url) as client,
    ):
        address = {"bot_id": 1, "phone": "79991234567"}
        with pytest.raises(UnexpectedResponseError):
            await client.send_message_to_whatsapp(**address, text="Hi")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        lenient = client.with_options(lenient=True)
        contact = await lenient.send_message_to_whatsapp(**address, text="Hi")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        assert str(contact.id) == "no number"


async def test_routes_and_the_account_are_shared() -> None:
    """What one of them learns of a contact, the other one knows, too."""
    async with client_of("http://127.0.0.1:9/api/v1") as client:
        derived = client.with_options(lane=Lane.BULK)
        derived.learn_route(1, TELEGRAM)
        message = SendMessage(contact_id=1, text="Hi")
        assert client.limit_key(message) == LimitKey(7, "telegram")
        assert derived.account == client.account
        assert derived.limits is client.limits
        assert derived.base_url == client.base_url
        assert type(derived) is CleverAppClient


async def test_closing_the_parent_closes_what_was_derived() -> None:
    """A derived client, and one derived from that, live no longer than the first."""
    async with Simulator(limits=FREE) as simulator:
        client = client_of(simulator.base_url)
        derived = client.with_options(deadline=5)
        nested = derived.with_options(lane=Lane.BULK)
        await nested.get_me()
        await client.close()
        for one in (client, derived, nested):
            with pytest.raises(ClientStateError):
                await one.get_me()
            with pytest.raises(ClientStateError):
                one.with_options(deadline=1)


async def test_closing_a_derived_client_leaves_its_parent_open() -> None:
    """It has nothing of its own to close: only it and those derived from it take no more calls."""
    async with Simulator(limits=FREE) as simulator, client_of(simulator.base_url) as client:
        async with client.with_options(deadline=5) as derived:
            nested = derived.with_options(lane=Lane.BULK)
            await nested.get_me()
        for one in (derived, nested):
            with pytest.raises(ClientStateError):
                await one.get_me()
        await client.get_me()


@pytest.mark.parametrize(
    "name", ["max_in_flight", "connect_timeout", "keepalive_timeout", "token_place", "session"]
)
async def test_what_needs_connections_of_its_own_is_refused(name: str) -> None:
    """A setting of the connections, or one that nobody knows, is told to need another client."""
    async with client_of("http://127.0.0.1:9/api/v1") as client:
        with pytest.raises(ConfigurationError, match=name):
            client.with_options(**{name: 1})  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("slip", "meant"), [("deadlin", "deadline"), ("atempt_timeout", "attempt")]
)
async def test_a_slip_of_an_option_is_told_with_what_was_meant(slip: str, meant: str) -> None:
    """A name that no client knows is no setting that clients share."""
    client = CleverAppClient("token")
    with raises(ConfigurationError, slip, f"did you mean {meant}") as caught:
        client.with_options(**{slip: 3})  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    assert "connections" not in str(caught.value)
    with raises(ConfigurationError, "max_in_flight", "connections"):
        client.with_options(max_in_flight=3)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await client.close()
