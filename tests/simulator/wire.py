"""How these tests speak to a simulator: through aiohttp's client, or byte by byte."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
from attrs import frozen

from cleverapp_async.simulator import Simulator

API_HEADERS = {"X-Requested-With": "XMLHttpRequest", "Accept": "application/json"}


@frozen
class Answer:
    """What came back, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - a test compares it with what it expects
        """The body as JSON."""
        return json.loads(self.body)


@frozen
class Caller:
    """Calls methods of one simulator, the token in the query."""

    session: aiohttp.ClientSession
    simulator: Simulator

    async def __call__(
        self,
        endpoint: str = "sendMessage",
        query: Mapping[str, str] | None = None,
        *,
        method: str = "POST",
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        data: object = None,
    ) -> Answer:
        """Make one request."""
        url = f"{self.simulator.base_url}/{endpoint}"
        shown = self.simulator.api_token if token is None else token
        params = {"api_token": shown, **(query or {})} if shown else query
        async with self.session.request(
            method,
            url,
            params=params,
            headers=API_HEADERS if headers is None else headers,
            json=json,
            data=data,
            allow_redirects=False,
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def send(self, contact_id: int = 1, **more: str) -> Answer:
        """Send a message to a contact."""
        return await self("sendMessage", {"contact_id": str(contact_id), "text": "Hi", **more})


def request_bytes(query: str, headers: Mapping[str, str] = API_HEADERS, body: bytes = b"") -> bytes:
    """Spell a POST of sendMessage."""
    lines = [f"POST /api/v1/sendMessage?{query} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


async def connect(simulator: Simulator) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection."""
    host, port = simulator.base_url.removeprefix("http://").split("/")[0].rsplit(":", 1)
    return await asyncio.open_connection(host.strip("[]"), int(port), limit=2**22)


async def exchange(simulator: Simulator, data: bytes) -> bytes:
    """Send bytes on a connection of their own and read until the server closes it."""
    reader, writer = await connect(simulator)
    try:
        writer.write(data)
        return await reader.read()
    finally:
        await leave(writer)


async def leave(writer: asyncio.StreamWriter) -> None:
    """Close a connection, whether or not the server has already."""
    writer.close()
    try:
        await writer.wait_closed()
    except ConnectionError:
        return


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until something holds."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - it waits for what no event tells
            await asyncio.sleep(0)
