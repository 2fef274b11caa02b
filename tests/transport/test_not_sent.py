"""What provably never left: no connection, no slot, no byte; the limiters get their slots back."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from cleverapp_async import ApiError, CleverAppError, ConnectError, NotSentError, Outcome
from tests.redis_server import free_port
from tests.transport.rig import SUCCESS, Notebook, client_of, http, one_attempt, raw_server

if TYPE_CHECKING:
    from aiohttp.tracing import Trace

REFUNDED = ["acquire interactive", "refund"]


async def failed(
    base_url: str,
    notebook: Notebook,
    session: aiohttp.ClientSession | None = None,
    **settings: float,
) -> CleverAppError:
    """The error of one attempt."""
    client = client_of(
        base_url, config=one_attempt(**settings), limits=notebook.registry(), session=session
    )
    async with client:
        with pytest.raises(CleverAppError) as caught:
            await client.send_message(
                bot_id=1, messenger="telegram", contact_external_id="7", text="Hi"
            )
    assert caught.value.outcome is Outcome.NOT_SENT
    assert notebook.of_account() == notebook.of_key()
    return caught.value


async def test_a_refused_connection() -> None:
    """Nobody listens: the error tells where, and why in the system's words."""
    notebook, port = Notebook(), free_port()
    error = await failed(f"http://127.0.0.1:{port}/api/v1", notebook)
    assert isinstance(error, ConnectError)
    assert f"http://127.0.0.1:{port}/api/v1:" in str(error)
    assert "Connection refused" in str(error)
    assert notebook.of_key() == REFUNDED


@pytest.mark.parametrize("status", [302, 308, 404, 405])
async def test_an_error_of_the_address_names_it(status: int) -> None:
    """No such route, or a redirect: where was asked says which setting is wrong."""
    elsewhere = {"Location": "/elsewhere"}
    async with (
        raw_server(http(b"", status, elsewhere)) as raw,
        client_of(raw.base_url) as client,
    ):
        with pytest.raises(ApiError) as caught:
            await client.get_me()
    assert str(caught.value).endswith(f"(HTTP {status}); asked at {raw.base_url}")


class NoSuchHost(AbstractResolver):
    """Knows no name."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Fail as the system's resolver does."""
        raise OSError(None, f"no address for {host}:{port} in {family}")

    async def close(self) -> None:
        """Nothing to close."""


async def test_a_name_that_does_not_resolve() -> None:
    """A host name without an address is told as such, and nothing left."""
    connector = aiohttp.TCPConnector(resolver=NoSuchHost())
    async with aiohttp.ClientSession(connector=connector) as session:
        error = await failed("https://cleverapp.invalid/api/v1", Notebook(), session)
    assert isinstance(error, ConnectError)
    assert "ClientConnectorDNSError" in str(error)


async def test_a_server_that_speaks_no_tls() -> None:
    """A handshake that fails comes before the request: nothing left."""

    async def speak_http(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    notebook = Notebook()
    async with raw_server(speak_http) as raw:
        error = await failed(raw.base_url.replace("http:", "https:"), notebook)
    assert isinstance(error, ConnectError)
    assert "TLS" in str(error)
    assert notebook.of_key() == REFUNDED


async def test_a_server_whose_certificate_is_wrong() -> None:
    """A server that can offer no cipher or certificate fails the handshake as well."""
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    async with raw_server(SUCCESS, ssl=bare) as raw:
        error = await failed(raw.base_url, Notebook())
    assert isinstance(error, ConnectError)


class Unreachable(aiohttp.TCPConnector):
    """Never gets a connection."""

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own signature
    ) -> Any:  # noqa: ANN401 - it gives nothing
        del req, traces
        try:
            async with asyncio.timeout(timeout.sock_connect):
                await asyncio.Event().wait()
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError("http://secret.invalid") from error


async def test_a_connection_that_takes_too_long() -> None:
    """The connect time-out ends it, and nothing left."""
    async with aiohttp.ClientSession(connector=Unreachable()) as session:
        error = await failed("http://127.0.0.1:9/api/v1", Notebook(), session, connect_timeout=0.05)
    assert isinstance(error, ConnectError)
    assert "ConnectionTimeoutError" in str(error)


async def test_an_attempt_that_ends_before_it_has_a_connection() -> None:
    """A bare TimeoutError proves nothing by its type; the witness, not fired, does."""
    notebook = Notebook()
    async with aiohttp.ClientSession(connector=Unreachable()) as session:
        error = await failed("http://127.0.0.1:9/api/v1", notebook, session, attempt_timeout=0.05)
    assert type(error) is NotSentError
    assert "TimeoutError" in str(error)
    assert notebook.of_key() == REFUNDED


async def test_a_pool_that_is_used_up() -> None:
    """In a session shared with others, waiting for one of its connections sends nothing."""

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await raw.read_request(reader)
        held.set()
        await let_go.wait()
        writer.write(SUCCESS)

    held, let_go = asyncio.Event(), asyncio.Event()
    connector = aiohttp.TCPConnector(limit=1)
    async with raw_server(hold) as raw, aiohttp.ClientSession(connector=connector) as session:
        other = asyncio.create_task(session.post(raw.base_url))
        await held.wait()
        error = await failed(raw.base_url, Notebook(), session, attempt_timeout=0.05)
        assert type(error) is NotSentError
        let_go.set()
        async with await other:
            assert len(raw.requests) == 1


async def test_a_session_that_its_owner_closed() -> None:
    """A lent session that was closed sends nothing, and the error asks about it."""
    session = aiohttp.ClientSession()
    await session.close()
    error = await failed("http://127.0.0.1:9/api/v1", Notebook(), session)
    assert "session" in str(error)


class Closing(aiohttp.TCPConnector):
    """Gives connections that are closing, as when the server hung up a moment ago."""

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own signature
    ) -> aiohttp.connector.Connection:
        """Connect, and close at once."""
        connection = await super().connect(req, traces, timeout)
        assert connection.transport is not None
        connection.transport.close()
        return connection


@pytest.mark.parametrize("lent", [True, False], ids=["lent session", "own session"])
@pytest.mark.parametrize("text", ["Hi", "Й" * 5000], ids=["in the query", "in a body"])
async def test_a_transport_that_refuses_the_first_write(
    text: str, lent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The headers were announced, and not one byte was accepted: proven not sent."""
    monkeypatch.setattr(aiohttp, "TCPConnector", Closing)
    notebook = Notebook()
    async with (
        raw_server(SUCCESS) as raw,
        aiohttp.ClientSession(connector=Closing()) as session,
        client_of(
            raw.base_url, limits=notebook.registry(), session=session if lent else None
        ) as client,
    ):
        with pytest.raises(NotSentError) as caught:
            await client.send_message(
                bot_id=1, messenger="telegram", contact_external_id="7", text=text
            )
        assert raw.requests == []
    assert caught.value.outcome is Outcome.NOT_SENT
    assert notebook.of_key() == ["acquire interactive", "sent", "refund"]


async def test_a_large_body_proves_nothing() -> None:
    """Where aiohttp may have written before the error came, the outcome stays unknown."""
    async with (
        raw_server(SUCCESS) as raw,
        aiohttp.ClientSession(connector=Closing()) as session,
        client_of(raw.base_url, session=session) as client,
    ):
        with pytest.raises(CleverAppError) as caught:
            await client.send_message(contact_id=1, text="Й" * 20_000)
    assert caught.value.outcome is Outcome.UNKNOWN


async def test_a_cancel_before_the_request_left() -> None:
    """Cancelled while it connects, the slots come back."""
    notebook = Notebook()
    async with aiohttp.ClientSession(connector=Unreachable()) as session:
        client = client_of("http://127.0.0.1:9/api/v1", limits=notebook.registry(), session=session)
        async with client:
            task = asyncio.create_task(
                client.send_message(
                    bot_id=1, messenger="telegram", contact_external_id="7", text="Hi"
                )
            )
            for _ in range(10):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    assert notebook.of_account() == notebook.of_key() == REFUNDED
