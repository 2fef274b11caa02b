"""An answer belongs to a request only if it starts after the request began to leave.

ACCEPTED means exactly one arrival, NOT_SENT none, UNKNOWN at most one.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import aiohttp
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import (
    CleverAppError,
    ClientConfig,
    NotProcessedError,
    NotSentError,
    Outcome,
    RequestTimeoutError,
    RetryPolicy,
)
from tests.laws import examples
from tests.transport.keeping import OK, STRAY, TIMED_OUT, keeping_server, settle
from tests.transport.rig import Notebook, client_of, http, one_attempt, raw_server

if TYPE_CHECKING:
    from cleverapp_async import CleverAppClient
    from tests.transport.keeping import KeepingServer

AUTHORITY = trustme.CA()
READABLE = {Outcome.ACCEPTED, Outcome.UNKNOWN}
"""What an answer may be with bytes right behind it: aiohttp reads neither if these are no HTTP."""
QUICK = ClientConfig(retry=RetryPolicy(attempts=3, base=0.0))


async def lent_session(
    stack: AsyncExitStack, kind: str, *, trusted: ssl.SSLContext | None = None
) -> aiohttp.ClientSession | None:
    """None for a session of the client's own, else one as a user may have it."""
    if kind == "own" and trusted is None:
        return None
    connector = aiohttp.TCPConnector(limit_per_host=4, keepalive_timeout=60, ssl=trusted or True)
    return await stack.enter_async_context(
        aiohttp.ClientSession(connector=connector if kind == "connector" or trusted else None)
    )


async def send(client: CleverAppClient, text: str, method: str = "POST") -> Outcome:
    """Send a message, or read something; how it ended."""
    try:
        if method == "POST":
            await client.send_message(contact_id=1, text=text)
        else:
            await client.call("getSomething", params={"text": text}, http_method="GET")
    except CleverAppError as error:
        return error.outcome
    return Outcome.ACCEPTED


def arrivals(server: KeepingServer, text: str) -> int:
    """How often a text arrived."""
    return sum(f"text={text}".encode() in request for request in server.taken)


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("kind", ["own", "connector"])
@pytest.mark.parametrize("when", ["behind the answer", "later", "unread"])
@pytest.mark.parametrize("stray", STRAY.values(), ids=STRAY)
async def test_a_connection_with_stray_bytes_is_not_used_again(
    stray: bytes, when: str, kind: str, method: str
) -> None:
    """Whatever came, the next request goes out on a new connection, once."""
    behind = stray if when == "behind the answer" else b""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(keeping_server(behind=behind))
        session = await lent_session(stack, kind)
        client = await stack.enter_async_context(client_of(server.base_url, session=session))
        assert await send(client, "first", method) in READABLE
        if when != "behind the answer":
            server.put(stray)
        if when == "later":
            await settle()
        assert await send(client, "second", method) is Outcome.ACCEPTED
        assert (arrivals(server, "first"), arrivals(server, "second")) == (1, 1)
        assert len(server.connections) == 2


@pytest.mark.parametrize("kind", ["own", "lent"])
async def test_a_connection_that_the_server_has_just_closed_is_not_used(kind: str) -> None:
    """An end that waits unread is seen before anything is written."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(keeping_server())
        session = await lent_session(stack, kind)
        client = await stack.enter_async_context(client_of(server.base_url, session=session))
        assert await send(client, "first") is Outcome.ACCEPTED
        server.connections[0].write_eof()
        assert await send(client, "second") is Outcome.ACCEPTED
        assert arrivals(server, "second") == 1


async def test_many_connections_with_stray_bytes_cost_no_attempt() -> None:
    """Each is closed, and the request goes out on a new one, within its only attempt."""
    notebook, many = Notebook(), 20
    async with (
        keeping_server(deaf=False) as server,
        client_of(server.base_url, limits=notebook.registry()) as client,
    ):
        await asyncio.gather(*(send(client, f"m{number}") for number in range(many)))
        kept = len(server.connections)
        for connection in server.connections:
            connection.write(TIMED_OUT)
        await settle()
        receipt = await client.send_message(contact_id=1, text="last")
    assert receipt.attempts == 1
    assert arrivals(server, "last") == 1
    assert len(server.connections) == kept + 1
    assert notebook.of_account()[-3:] == ["acquire interactive", "sent", "settle"]


@pytest.mark.parametrize("kind", ["own", "lent", "connector"])
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_quiet_connection_is_used_again(kind: str, method: str) -> None:
    """Where nothing came, requests in a row share one connection."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(keeping_server(deaf=False))
        session = await lent_session(stack, kind)
        client = await stack.enter_async_context(client_of(server.base_url, session=session))
        for number in range(5):
            assert await send(client, f"m{number}", method) is Outcome.ACCEPTED
        assert len(server.connections) == 1


async def test_a_connection_handed_over_at_once_stays_quiet() -> None:
    """Two clients that fight over a session's only connection keep it between them."""
    connector = aiohttp.TCPConnector(limit=1)
    async with (
        keeping_server(deaf=False) as server,
        aiohttp.ClientSession(connector=connector) as session,
        client_of(server.base_url, session=session) as one,
        client_of(server.base_url, session=session) as two,
    ):
        calls = (send(client, f"m{number}") for number in range(10) for client in (one, two))
        assert set(await asyncio.gather(*calls)) == {Outcome.ACCEPTED}
        assert len(server.connections) == 1
        assert len(server.taken) == 20


def tls(of_server: bool) -> ssl.SSLContext:
    """A context that trusts, or has, a certificate of our own authority."""
    context = ssl.create_default_context(
        ssl.Purpose.CLIENT_AUTH if of_server else ssl.Purpose.SERVER_AUTH
    )
    if of_server:
        AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    else:
        AUTHORITY.configure_trust(context)
    return context


async def test_tls_connections_are_used_again_until_something_comes() -> None:
    """The tickets of a TLS session are no stray bytes; a stray answer inside of it is."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(keeping_server(deaf=False, ssl=tls(True)))
        session = await lent_session(stack, "connector", trusted=tls(False))
        client = await stack.enter_async_context(client_of(server.base_url, session=session))
        for number in range(3):
            assert await send(client, f"m{number}") is Outcome.ACCEPTED
        assert len(server.connections) == 1
        server.put(OK)
        assert await send(client, "last") is Outcome.ACCEPTED
        assert len(server.connections) == 2
        assert arrivals(server, "last") == 1


@pytest.mark.parametrize("stray", [OK, TIMED_OUT, b"SSH-2.0-OpenSSH_9.6\r\n"])
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_server_that_speaks_first_is_not_written_to(stray: bytes, method: str) -> None:
    """What came before the first request is no answer: not sent, and not tried over and over."""
    made: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(stray)
        made.append(await reader.read())

    connector = Patient()
    async with (
        raw_server(script) as raw,
        aiohttp.ClientSession(connector=connector) as session,
        client_of(raw.base_url, session=session) as client,
    ):
        assert await send(client, "first", method) is Outcome.NOT_SENT
        with pytest.raises(NotSentError):
            await client.send_message(contact_id=1, text="second")
        await settle()
    # aiohttp itself makes one more connection for a GET.
    assert made in ([b""] * 2, [b""] * 3)


class Patient(aiohttp.TCPConnector):
    """Gives a new connection only when what the server says by itself has come."""

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[aiohttp.tracing.Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own signature
    ) -> aiohttp.connector.Connection:
        """Connect, and wait a little."""
        connection = await super().connect(req, traces, timeout)
        await settle()
        return connection


async def test_a_connection_that_others_used_is_looked_at_too() -> None:
    """In a lent session a stray answer to somebody else's request is not taken either."""
    async with (
        keeping_server() as server,
        aiohttp.ClientSession() as session,
        client_of(server.base_url, config=QUICK, session=session) as client,
    ):
        async with session.post(server.base_url + "?text=others") as answer:
            await answer.read()
        server.put(OK)
        await settle()
        assert await send(client, "ours") is Outcome.ACCEPTED
        assert (arrivals(server, "others"), arrivals(server, "ours")) == (1, 1)


class Slow(aiohttp.TCPConnector):
    """Takes its time over each connection once it is told to."""

    delay = 0.0

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[aiohttp.tracing.Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own signature
    ) -> aiohttp.connector.Connection:
        """Wait, and connect."""
        await asyncio.sleep(self.delay)
        return await super().connect(req, traces, timeout)


async def test_all_connections_that_are_tried_share_one_time_limit() -> None:
    """A connection that is not fit takes of the time of the attempt; the next has what is left."""
    connector = Slow()
    config = ClientConfig(attempt_timeout=1.5, retry=RetryPolicy(attempts=1))
    async with (
        keeping_server() as server,
        aiohttp.ClientSession(connector=connector) as session,
        client_of(server.base_url, config=config, session=session) as client,
    ):
        assert await send(client, "first") is Outcome.ACCEPTED
        server.put(OK)
        await settle()
        connector.delay = 0.9
        assert await send(client, "second") is Outcome.NOT_SENT
        assert arrivals(server, "second") == 0


async def test_others_may_use_our_connections() -> None:
    """Requests of the session's owner go over connections that we listen on as over any other."""
    long = http(b"x" * 300_000).replace(b"Connection: close\r\n", b"")
    async with (
        keeping_server(deaf=False, answer=long) as server,
        aiohttp.ClientSession() as session,
        client_of(server.base_url, session=session) as client,
    ):
        assert await send(client, "ours") is Outcome.UNKNOWN
        for _ in range(2):
            async with session.get(server.base_url) as answer:
                assert len(await answer.read()) == 300_000
        assert len(server.connections) == 1


@examples(60)
@given(
    stray=st.sampled_from([*STRAY.values(), b""]),
    data=st.data(),
    then=st.sampled_from([b"", OK, b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"]),
)
def test_stray_bytes_anywhere_make_no_liar(stray: bytes, data: st.DataObject, then: bytes) -> None:
    """Cut anywhere into what comes behind the answer, before the next request, and after it."""
    one = data.draw(st.integers(0, len(stray)))
    two = data.draw(st.integers(one, len(stray)))
    parts = stray[:one], stray[one:two], stray[two:] + then
    outcome, arrived, connections = asyncio.run(_in_three_parts(*parts))
    assert arrived <= 1
    assert outcome is not Outcome.ACCEPTED or arrived == 1
    assert outcome is not Outcome.NOT_SENT or arrived == 0
    if parts[0] or parts[1]:
        assert (outcome, arrived, connections) == (Outcome.ACCEPTED, 1, 2)


async def _in_three_parts(behind: bytes, before: bytes, after: bytes) -> tuple[Outcome, int, int]:
    """One message after another, of which the second is read before the last bytes come."""
    texts: list[bytes] = []
    writers: list[asyncio.StreamWriter] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        first = writer is writers[0]
        texts.append(await raw.read_request(reader))
        writer.write(OK + (behind if first else b""))
        texts.append(await raw.read_request(reader))
        writer.write(after)
        await writer.drain()

    async with raw_server(script) as raw, client_of(raw.base_url) as client:
        assert await send(client, "first") in READABLE
        writers[0].write(before)
        await settle()
        outcome = await send(client, "second")
    return outcome, sum(b"text=second" in text for text in texts), len(writers)


@pytest.mark.parametrize("status", [421, 425])
async def test_what_the_server_did_not_take_up_goes_over_another_connection(status: int) -> None:
    """421 and 425 say that nothing was done: a message is sent again, on a new connection."""
    unwilling = b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status
    used: list[asyncio.StreamWriter] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await raw.read_request(reader)
            used.append(writer)
            writer.write(unwilling if writer is used[0] else OK)
            await writer.drain()

    notebook = Notebook()
    async with raw_server(script) as raw:
        async with client_of(raw.base_url, config=QUICK, limits=notebook.registry()) as client:
            receipt = await client.send_message(contact_id=1, text="Hi")
        assert receipt.attempts == 2
        assert len(set(used)) == 2
    assert notebook.of_account() == ["acquire interactive", "sent", "settle"] * 2


@pytest.mark.parametrize("status", [421, 425])
async def test_a_server_that_takes_up_nothing_is_given_up(status: int) -> None:
    """After the policy's attempts it is not sent, and the error has the server's answer."""
    async with raw_server(http(b"", status)) as raw:
        async with client_of(raw.base_url, config=QUICK) as client:
            with pytest.raises(NotProcessedError) as caught:
                await client.send_message(contact_id=1, text="Hi")
        assert len(raw.requests) == 3
    assert caught.value.outcome is Outcome.NOT_SENT
    assert (caught.value.status, caught.value.attempts) == (status, 3)


@pytest.mark.parametrize(("method", "attempts"), [("sendMessage", 1), ("getMe", 3)])
async def test_a_408_after_the_request_left_proves_nothing(method: str, attempts: int) -> None:
    """A message that may have been read is unknown; a reading is tried again."""
    async with raw_server(http(b"", 408)) as raw:
        async with client_of(raw.base_url, config=QUICK) as client:
            with pytest.raises(RequestTimeoutError) as caught:
                await client.call(method)
        assert len(raw.requests) == attempts
    assert caught.value.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("kind", ["own", "lent", "connector"])
@pytest.mark.parametrize(("keepalive", "connections"), [(0.0, 4), (1e-9, 4), (60.0, 1)])
async def test_a_connection_that_was_idle_for_too_long_is_not_used_again(
    keepalive: float, connections: int, kind: str
) -> None:
    """The client's bound holds in its own session and in a lent one alike."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(keeping_server(deaf=False))
        session = await lent_session(stack, kind)
        config = one_attempt(keepalive_timeout=keepalive)
        client = await stack.enter_async_context(
            client_of(server.base_url, config=config, session=session)
        )
        for number in range(4):
            assert await send(client, f"m{number}") is Outcome.ACCEPTED
        assert len(server.connections) == connections
        assert len(server.taken) == 4


@pytest.mark.parametrize("answer", [100, 200, 417, None], ids=str)
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_lent_session_that_waits_for_leave_does_not_let_a_head_go_alone(
    method: str, answer: int | None
) -> None:
    """A head holds the whole message: to send it and wait for 100 Continue would prove nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await raw.read_request(reader)
        if answer is None:
            return
        interim = b"HTTP/1.1 100 Continue\r\n\r\n" if answer == 100 else b""
        writer.write(interim + http(b'{"success":true}', 417 if answer == 417 else 200))

    session = aiohttp.ClientSession(headers={"expect": "100-Continue"})
    async with (
        raw_server(serve) as raw,
        session,
        client_of(raw.base_url, config=QUICK, session=session) as client,
    ):
        outcome = await send(client, "only", method)
        assert all(b"xpect:" not in request for request in raw.requests)
    expected = {None: Outcome.UNKNOWN, 417: Outcome.REJECTED}.get(answer, Outcome.ACCEPTED)
    assert outcome is expected
    if method == "POST":
        assert len(raw.requests) == 1
