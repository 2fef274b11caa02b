from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest

from cleverapp_async.simulator import (
    Inbox,
    SimulatedContact,
    Simulator,
)

if TYPE_CHECKING:
    from tests.simulator.inbox.asking import InboxClient
    from tests.simulator.inbox.conftest import Open


async def test_the_latest_message_is_waited_for(open_inbox: Open) -> None:
    """A test in any language asks for a message before it is sent, and gets it once it comes."""
    client = await open_inbox()
    await client.call.send(5, text="before")
    asking = asyncio.create_task(client.get("latest?query=to:6&wait=5"))
    newer = asyncio.create_task(client.get("latest?after_id=1&wait=5"))
    async with asyncio.timeout(20):
        while not _listeners(client, 2):  # noqa: ASYNC110 - it waits for what no event tells
            await asyncio.sleep(0)
    await client.call.send(5, text="another")
    await client.call.send(6, text="this one")
    assert (await asking)["text"] == "this one"
    assert (await newer)["text"] == "another"
    assert (await client.get("latest"))["text"] == "this one"


def _listeners(client: InboxClient, number: int) -> bool:
    return len(client.inbox._state.feed._listeners) == number


async def test_whoever_waits_misses_nothing_in_a_flood(open_inbox: Open) -> None:
    """A message is found even where events were dropped before they were read."""
    client = await open_inbox()
    asking = asyncio.create_task(client.get("latest?query=to:6&wait=5"))
    async with asyncio.timeout(20):
        while not _listeners(client, 1):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0)
    state = client.inbox._state
    for _ in range(2001):
        state.feed.publish("faults")
    await asyncio.sleep(0)
    state.receive(SimulatedContact(6, 1, "viber", "v"), "this one")
    for _ in range(2001):
        state.feed.publish("faults")
    assert (await asking)["text"] == "this one"


async def test_a_message_that_does_not_come_is_missing(open_inbox: Open) -> None:
    """Whoever waits in vain is told so with 404."""
    client = await open_inbox()
    for path in ("latest", "latest?wait=0.01"):
        answer = await client.ask(path)
        assert (answer.status, answer.json["place"]) == (404, "query")


async def test_readiness_is_waited_for(open_inbox: Open) -> None:
    """The simulator is ready while it accepts requests, and is waited for until it does."""
    client = await open_inbox()
    assert (await client.get("readyz"))["base_url"] == client.simulator.base_url
    async with client.simulator.refusing():
        assert (await client.ask("readyz")).status == 503
        assert (await client.ask("readyz?wait=0.01")).status == 503
        waiting = asyncio.create_task(client.get("readyz?wait=5"))
        async with asyncio.timeout(20):
            while not _listeners(client, 1):  # noqa: ASYNC110 - see above
                await asyncio.sleep(0)
    assert (await waiting)["ready"]


async def test_a_stream_tells_of_messages_as_they_come(open_inbox: Open) -> None:
    """Everybody who listens is told of each message that the query means, and of clearing."""
    client = await open_inbox()
    async with client.stream() as every, client.stream("?query=to:6") as some:
        await client.call.send(5, text="one")
        name, rows = await every.event()
        assert (name, [row["text"] for row in rows]) == ("messages", ["one"])
        await client.call.send(6, text="two")
        name, rows = await some.event()
        assert (name, [row["text"] for row in rows]) == ("messages", ["two"])
        assert (await client.ask("messages", method="DELETE")).status == 200
        assert await some.event() == ("cleared", {})
    assert (await client.get("messages"))["messages"] == []


async def test_a_stream_goes_on_where_it_broke_off(open_inbox: Open) -> None:
    """A browser that connects again is told of what came in between."""
    client = await open_inbox()
    for text in ("one", "two", "three"):
        await client.call.send(5, text=text)
    async with client.stream(headers={"Last-Event-ID": "1"}) as stream:
        name, rows = await stream.event()
    assert (name, [row["text"] for row in rows]) == ("messages", ["two", "three"])


async def test_a_listener_that_is_too_slow_is_told_to_read_anew(open_inbox: Open) -> None:
    """Events that pile up are dropped, and ``lost`` says so."""
    client = await open_inbox(keep=10)
    async with client.stream() as stream:
        await client.call.send(5)
        await stream.event()
        for _ in range(2001):
            client.inbox._state.feed.publish("faults")
        names = [(await stream.event())[0]]
        assert names == ["lost"]


async def test_streams_are_few(open_inbox: Open) -> None:
    """Beyond 64 streams one more is refused with 503, until another one ends."""
    client = await open_inbox()
    answers = [await client.session.get(f"{client.inbox.url}api/events") for _ in range(64)]
    for path in ("events", "latest?wait=1", "readyz?wait=1"):
        assert (await client.ask(path)).status == 503
    answers.pop().close()
    async with asyncio.timeout(20):
        while _listeners(client, 64):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0)
    async with client.stream():
        pass
    for answer in answers:
        answer.close()


async def test_closing_ends_streams_and_waiting(open_inbox: Open) -> None:
    """A stream and a request that waits end when the inbox closes, at once."""
    client = await open_inbox()
    waiting = asyncio.create_task(client.ask("latest?wait=60"))
    async with client.stream() as stream:
        async with asyncio.timeout(20):
            while not _listeners(client, 2):  # noqa: ASYNC110 - see above
                await asyncio.sleep(0)
            await client.inbox.close()
            await client.inbox.close()
            await stream.content.read()
            assert (await waiting).status == 404
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.ask("messages")
    await client.call.send(5)
    await client.inbox.start()
    assert (await client.get("messages"))["messages"] == []


async def test_an_inbox_must_run_and_keep_something() -> None:
    """What cannot be is refused: keeping nothing, an address before the start, starting twice."""
    simulator = Simulator()
    with pytest.raises(ValueError, match="keep"):
        Inbox(simulator, keep=0)
    inbox = Inbox(simulator)
    with pytest.raises(RuntimeError):
        _ = inbox.url
    async with inbox:
        with pytest.raises(RuntimeError):
            await inbox.start()
        taken = int(inbox.url.rstrip("/").rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            await Inbox(simulator, port=taken).start()


async def test_an_inbox_may_start_before_its_simulator() -> None:
    """Whoever starts first waits for the other by ``readyz``."""
    simulator = Simulator()
    async with Inbox(simulator) as inbox, aiohttp.ClientSession() as session:
        async with session.get(f"{inbox.url}api/readyz") as answer:
            assert answer.status == 503
        async with simulator, session.get(f"{inbox.url}api/readyz") as answer:
            assert answer.status == 200
