"""A proxy of a lent session: what it sees, and what it means when it does not connect."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress

import aiohttp
import pytest
import trustme

from cleverapp_async import ConnectError, Outcome, UnexpectedResponseError
from tests.transport.rig import TOKEN, RawServer, client_of, http, raw_server

ACCEPTED = http(b'{"success":true}')
PAGE = http(b"<html><title>Log in first</title></html>", headers={"Content-Type": "text/html"})


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Passes on what comes until it ends."""
    with suppress(ConnectionError):
        while part := await reader.read(4096):
            writer.write(part)
            await writer.drain()
    writer.close()


class Proxy:
    """Connects to whoever is named, and notes what it was asked and what went through it."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head)
        host, _, port = head.split()[1].partition(b":")
        there, thither = await asyncio.open_connection(host.decode(), int(port))
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        try:
            await asyncio.gather(pipe(reader, thither), pipe(there, writer))
        finally:
            thither.close()
            with suppress(ConnectionError):
                await thither.wait_closed()


def server_and_trust() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's certificate for this machine, and a client that trusts it."""
    authority = trustme.CA()
    server, trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(trust)
    return server, trust


async def send_through(proxy: RawServer, base_url: str, trust: ssl.SSLContext) -> int:
    """Sends one message through a proxy; how many attempts it took."""
    async with (
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trust),
            proxy=proxy.base_url.removesuffix("/api/v1"),
        ) as session,
        client_of(base_url, session=session) as client,
    ):
        return (await client.send_message(contact_id=1, text="Hi")).attempts


async def test_a_proxy_that_passes_tls_on_sees_the_host_alone() -> None:
    """The message arrives once, and of the URL the proxy has host and port, never the token."""
    server, trust = server_and_trust()
    proxy = Proxy()
    async with raw_server(ACCEPTED, ssl=server) as raw, raw_server(proxy) as between:
        assert await send_through(between, raw.base_url, trust) == 1
    assert len(raw.requests) == 1
    assert TOKEN.encode() in raw.requests[0]
    (asked,) = proxy.asked
    assert asked.startswith(b"CONNECT 127.0.0.1:")
    assert TOKEN.encode() not in asked
    assert b"sendMessage" not in asked


async def test_a_proxy_that_refuses_means_that_nothing_was_sent() -> None:
    """Whatever it answers to CONNECT, no byte of the message has left."""
    server, trust = server_and_trust()
    async with (
        raw_server(ACCEPTED, ssl=server) as raw,
        raw_server(http(b"", status=407)) as between,
    ):
        with pytest.raises(ConnectError) as caught:
            await send_through(between, raw.base_url, trust)
    assert caught.value.outcome is Outcome.NOT_SENT
    assert raw.requests == []


async def test_a_proxy_that_is_not_there_means_that_nothing_was_sent() -> None:
    """A proxy that takes no connections is told as one."""
    server, trust = server_and_trust()
    async with raw_server(b"") as gone:
        pass
    async with raw_server(ACCEPTED, ssl=server) as raw:
        with pytest.raises(ConnectError) as caught:
            await send_through(gone, raw.base_url, trust)
    assert caught.value.outcome is Outcome.NOT_SENT
    assert raw.requests == []


async def test_a_page_of_a_proxy_is_no_answer_of_the_api() -> None:
    """A proxy that answers by itself, with a page, leaves no message accepted."""
    async with raw_server(PAGE) as between:
        with pytest.raises(UnexpectedResponseError):
            await send_through(between, "http://127.0.0.1:9/api/v1", ssl.create_default_context())
