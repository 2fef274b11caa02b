"""A web service whose workers keep the limits of CleverApp together, with no server for it.

``CLEVERAPP_API_TOKEN=… uvicorn app:app --workers 4`` (or gunicorn with uvicorn's workers): POST the
parameters of sendMessage as JSON, and get the outcome. Each worker makes its own client, after it
was started; the file on this machine's disk is what they share, with ``cleverapp send`` and all
other programs of the same user.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from cleverapp_async import CleverAppClient, CleverAppError, LimiterRegistry, SendMessage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]


class Service:
    """An application of ASGI; any framework's start and end of the application do as well."""

    client: CleverAppClient

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve the worker's life, or one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """From the worker's start to its end."""
        await receive()
        async with (
            LimiterRegistry.on_disk() as limits,
            CleverAppClient.from_env(limits=limits) as self.client,
        ):
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, receive: Receive, send: Send) -> None:
        """Send one message."""
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        told: dict[str, object]
        try:
            message = SendMessage(**json.loads(body))
            receipt = await self.client.send(message)
        except CleverAppError as error:
            status, told = 502, {"error": error.code}
        else:
            status, told = 200, {"waited": receipt.waited, "worker": os.getpid()}
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})


app = Service()
