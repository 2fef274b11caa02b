"""The life of a client: who closes what, which loop it serves, what happens after its end."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from cleverapp_async import (
    AccountKey,
    ClientStateError,
    LimiterRegistry,
    Outcome,
    SendMessage,
)
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
