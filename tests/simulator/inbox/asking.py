"""How the tests ask an inbox."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
from attrs import frozen

from cleverapp_async.simulator import Inbox, Simulator
from tests.simulator.wire import Answer, Caller

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping


@frozen
class InboxClient:
    """An inbox, what asks it, and what sends to its simulator."""

    session: aiohttp.ClientSession
    inbox: Inbox
    call: Caller

    @property
    def simulator(self) -> Simulator:
        """The simulator."""
        return self.inbox.simulator

    async def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        json: object = None,
        data: bytes | None = None,
    ) -> Answer:
        """Make one request to the API of the inbox, or for a path that begins with a slash."""
        url = self.inbox.url + (path[1:] if path.startswith("/") else f"api/{path}")
        async with self.session.request(
            method, url, headers=headers, json=json, data=data, allow_redirects=False
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def get(self, path: str) -> Any:  # noqa: ANN401 - a test compares it
        """The JSON of a path that is answered with 200."""
        answer = await self.ask(path)
        assert answer.status == 200, answer.body
        return answer.json

    async def put(self, path: str, body: object) -> Any:  # noqa: ANN401 - a test compares it
        """The JSON after something was set."""
        answer = await self.ask(path, method="PUT", json=body)
        assert answer.status == 200, answer.body
        return answer.json

    async def refused(self, path: str, body: object, method: str = "PUT") -> tuple[int, str]:
        """The status of a refusal, and the place that it names."""
        answer = await self.ask(path, method=method, json=body)
        return answer.status, answer.json["place"]

    @asynccontextmanager
    async def stream(
        self, query: str = "", headers: Mapping[str, str] | None = None
    ) -> AsyncGenerator[Stream]:
        """Listen to the stream of events."""
        url = f"{self.inbox.url}api/events{query}"
        async with self.session.get(url, headers=headers) as answer:
            assert answer.status == 200
            assert answer.content_type == "text/event-stream"
            yield Stream(answer.content)


@frozen
class Stream:
    """Server-sent events, read one by one."""

    content: aiohttp.StreamReader

    async def event(self) -> tuple[str, Any]:
        """The next event: its name, and its data."""
        name = ""
        async with asyncio.timeout(20):
            while True:
                line = (await self.content.readline()).decode().rstrip("\n")
                key, _, value = line.partition(": ")
                if key == "event":
                    name = value
                elif key == "data":
                    return name, json.loads(value)
                assert line or not self.content.at_eof(), "the stream has ended"
