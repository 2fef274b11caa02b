"""The life of a client: who closes what, which loop it serves, what happens after its end."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from cleverapp_async import (
    AccountKey,
    CleverAppError,
    ClientConfig,
    ClientStateError,
    LimiterRegistry,
    LimitKey,
    Outcome,
    OutcomeUnknownError,
    RetryPolicy,
    SendMessage,
    SendOutcome,
    ServerError,
)
from cleverapp_async.events import RetryScheduled
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.raising import raises
from tests.transport.rig import SUCCESS, client_of, one_attempt, raw_server


async def test_outside_async_with() -> None:
    """A client made plainly works, and ``close`` may be called twice."""
    async with Simulator() as simulator:
        client = client_of(simulator.base_url)
        assert (await client.send_message(contact_id=1, text="Hi")).attempts == 1
        await client.close()
        await client.close()


async def test_a_client_never_used_has_nothing_to_close() -> None:
    """Closing before the first request opens no session."""
    client = client_of("http://127.0.0.1:9/api/v1")
    await client.close()
    with pytest.raises(ClientStateError):
        await client.__aenter__()


async def test_a_closed_client_refuses() -> None:
    """After closing every call says that the client is closed, before any I/O."""
    async with Simulator() as simulator:
        async with client_of(simulator.base_url) as client:
            pass
        with pytest.raises(ClientStateError, match="closed") as caught:
            await client.send_message(contact_id=1, text="Hi")
        with pytest.raises(ClientStateError, match="closed"):
            client.send_many([])
        assert len(simulator.arrivals) == 0
    assert caught.value.outcome is Outcome.NOT_SENT


async def test_a_request_that_waited_while_the_client_closed_is_not_sent() -> None:
    """Closing while a request waits for its limit ends it as not sent: no session is left open."""
    limits = LimiterRegistry.unlimited()
    async with Simulator() as simulator:
        client = client_of(simulator.base_url, limits=limits)
        limits.pause(client.account, 0.05)
        waiting = asyncio.create_task(client.send_message(contact_id=1, text="Hi"))
        await asyncio.sleep(0)
        await client.close()
        with raises(ClientStateError, "closed"):
            await waiting
        assert len(simulator.arrivals) == 0
    (account,) = (key for key in limits.snapshot() if isinstance(key, AccountKey))
    assert limits.snapshot()[account].in_flight == 0


@pytest.mark.parametrize("what", ["key", "account", "slot", "hold"])
async def test_closing_ends_what_waits_at_once(what: str) -> None:
    """Whatever a call waits for, closing the client ends it as not sent; no slot stays taken."""
    limits = LimiterRegistry.unlimited()
    key = LimitKey(7, "viber")
    fault = (
        Fault.hang(on=1)
        if what == "slot"
        else Fault.answer(503, {}, headers={"Retry-After": "90"}, on=1)
    )
    faults = [fault] if what in {"slot", "hold"} else []
    async with Simulator(limits=SimulatorLimits.none(), faults=faults) as simulator:
        client = client_of(simulator.base_url, limits=limits, config=one_attempt(max_in_flight=1))
        if what in {"key", "account"}:
            limits.pause(key if what == "key" else client.account, 60.0)
        first = asyncio.create_task(client.get_me())
        if what == "hold":
            await asyncio.gather(first, return_exceptions=True)
        elif what == "slot":
            while not simulator.arrivals:  # noqa: ASYNC110 - no event tells of an arrival
                await asyncio.sleep(0)
        fields: Any = {"bot_id": 7, "messenger": "viber", "contact_external_id": "1", "text": "Hi"}
        message = SendMessage(**fields)
        waiting: list[asyncio.Future[Any]] = [
            asyncio.create_task(client.send_message(**fields)),
            asyncio.create_task(client.send_message(**fields, deadline=300)),
            asyncio.ensure_future(anext(aiter(client.send_many([message])))),
        ]
        for _ in range(20):
            await asyncio.sleep(0)
        before = len(simulator.arrivals)
        async with asyncio.timeout(20):
            await client.close()
            await client.close()
            for task in waiting[:2]:
                with raises(ClientStateError, "closed") as caught:
                    await task
                assert caught.value.outcome is Outcome.NOT_SENT
            outcome = await waiting[2]
            await asyncio.gather(first, return_exceptions=True)
        assert isinstance(outcome, SendOutcome)
        assert isinstance(outcome.error, ClientStateError)
        assert outcome.outcome is Outcome.NOT_SENT
        assert len(simulator.arrivals) == before
    for limiter in limits.snapshot().values():
        assert (limiter.queued, limiter.in_flight) == (0, 0)


@pytest.mark.parametrize("arrived", [False, True])
async def test_closing_ends_a_back_off_with_what_is_known(*, arrived: bool) -> None:
    """An attempt that may have arrived is what is told; otherwise nothing was sent."""
    retry = RetryPolicy(attempts=3, base=200.0, cap=200.0)
    fault = Fault.server_error(500, taken=True)
    events: list[object] = []
    async with Simulator(limits=SimulatorLimits.none(), faults=[fault]) as simulator:
        config = ClientConfig(retry=retry, on_event=(events.append,))
        base_url = simulator.base_url if arrived else "http://127.0.0.1:9/api/v1"
        client = client_of(base_url, config=config)
        call = asyncio.create_task(client.attach_tag_to_contact(contact_id=1, name="VIP"))
        while not any(isinstance(event, RetryScheduled) for event in events):  # noqa: ASYNC110 - an event of ours, not of asyncio
            await asyncio.sleep(0)
        async with asyncio.timeout(20):
            await client.close()
            with pytest.raises(CleverAppError) as caught:
                await call
    error = caught.value
    assert isinstance(error, ServerError if arrived else ClientStateError)
    assert error.outcome is (Outcome.UNKNOWN if arrived else Outcome.NOT_SENT)
    assert error.attempts == 1
    assert "closed" in "".join([str(error), *getattr(error, "__notes__", [])])


async def test_who_is_cancelled_while_the_client_closes_is_cancelled() -> None:
    """A cancellation by somebody else in the same moment is not taken for the client's."""
    limits = LimiterRegistry.unlimited()
    client = client_of("http://127.0.0.1:9/api/v1", limits=limits)
    limits.pause(client.account, 60.0)
    waiting = asyncio.create_task(client.get_me())
    await asyncio.sleep(0)
    await client.close()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize("lent", [False, True])
async def test_closing_ends_what_is_on_the_wire(*, lent: bool) -> None:
    """It may have arrived, over the client's own session and over a lent one, which stays open."""
    async with (
        Simulator(limits=SimulatorLimits.none(), faults=[Fault.hang()]) as simulator,
        aiohttp.ClientSession() as session,
    ):
        client = client_of(simulator.base_url, session=session if lent else None)
        call = asyncio.create_task(client.send_message(contact_id=1, text="Hi"))
        while not simulator.arrivals:  # noqa: ASYNC110 - no event tells of an arrival
            await asyncio.sleep(0)
        async with asyncio.timeout(20):
            # Twice, as who closes inside a block does: what the first ended is not ended again.
            await client.close()
            await client.close()
            with pytest.raises(OutcomeUnknownError):
                await call
        assert not session.closed
        assert call.cancelling() == 0


async def test_a_lent_session_is_not_closed() -> None:
    """The owner's session goes on after the client, and is left as it was."""
    async with Simulator() as simulator, aiohttp.ClientSession() as session:
        before = list(session.trace_configs)
        async with client_of(simulator.base_url, session=session) as client:
            await client.send_message(contact_id=1, text="Hi")
            assert session.trace_configs == before
            async with session.get(simulator.base_url) as answer:
                assert answer.status == 404
        assert session.trace_configs == before
        assert not session.closed
        async with session.get(simulator.base_url) as answer:
            assert answer.status == 404


@pytest.mark.parametrize("turns", range(1, 8))
async def test_a_client_that_is_closed_makes_no_session_of_its_own(turns: int) -> None:
    """At whatever moment: also while a connection that is too old is replaced by another one."""
    begun: list[object] = []

    async def note(*about: object) -> None:
        begun.append(about)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(note)
    async with (
        Simulator(limits=SimulatorLimits.none()) as simulator,
        aiohttp.ClientSession(trace_configs=[trace]) as session,
    ):
        config = one_attempt(keepalive_timeout=0.0)
        client = client_of(simulator.base_url, session=session, config=config)
        await client.send_message(contact_id=1, text="Hi")
        sending = asyncio.create_task(client.send_message(contact_id=2, text="Hi"))
        for _ in range(turns):
            await asyncio.sleep(0)
        await client.close()
        await asyncio.gather(sending, return_exceptions=True)
        assert len(simulator.arrivals) <= len(begun)


async def test_two_clients_share_a_session() -> None:
    """Each watches its own requests; closing one leaves the other working."""
    fault = Fault.reset_after(on=2)
    async with (
        Simulator(limits=SimulatorLimits.none(), faults=[fault]) as simulator,
        aiohttp.ClientSession() as session,
        client_of(simulator.base_url, session=session) as second,
    ):
        async with client_of(simulator.base_url, session=session) as first:
            await first.send_message(contact_id=1, text="Hi")
        outcomes = [
            outcome async for outcome in second.send_many([SendMessage(contact_id=1, text="Hi")])
        ]
        assert [outcome.outcome for outcome in outcomes] == [Outcome.UNKNOWN]


async def test_a_lent_session_bounds_what_is_in_flight() -> None:
    """Requests wait for their slot here, where a deadline sees them, and not in the pool."""
    connector = aiohttp.TCPConnector(limit=7, limit_per_host=2)
    busiest = now = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal busiest, now
        now += 1
        busiest = max(busiest, now)
        await raw.read_request(reader)
        now -= 1
        writer.write(SUCCESS)

    async with (
        raw_server(answer) as raw,
        aiohttp.ClientSession(connector=connector) as session,
        client_of(raw.base_url, session=session, config=one_attempt(max_in_flight=5)) as client,
    ):
        await asyncio.gather(*(client.send_message(contact_id=1, text="Hi") for _ in range(20)))
    assert busiest <= 2
    assert len(raw.requests) == 20


async def test_a_second_event_loop_is_refused() -> None:
    """A client that is used from another loop says so, instead of hanging."""

    async def use() -> None:
        with pytest.raises(ClientStateError, match="another event loop"):
            await client.send_message(contact_id=1, text="Hi")

    async with client_of("http://127.0.0.1:9/api/v1") as client:
        await asyncio.to_thread(asyncio.run, use())


async def test_a_registry_of_another_loop_is_refused() -> None:
    """Limiters serve one loop: a client that shares them from another gets a clear error."""
    limits = LimiterRegistry(keys={})

    def elsewhere() -> None:
        async def use() -> None:
            client = client_of("http://127.0.0.1:9/api/v1", limits=limits)
            limits.pause(client.account, 0.01)
            await client.close()

        asyncio.run(use())

    await asyncio.to_thread(elsewhere)
    async with client_of("http://127.0.0.1:9/api/v1", limits=limits) as client:
        with pytest.raises(ClientStateError, match="another event loop"):
            await client.send_message(contact_id=1, text="Hi")


async def test_the_repr_shows_address_and_account() -> None:
    """Enough to tell clients apart, and no token."""
    client = client_of("http://127.0.0.1:9/api/v1", token="tok+en/=secret")
    assert repr(client).startswith("<CleverAppClient http://127.0.0.1:9/api/v1 account ")
    assert "secret" not in repr(client)
