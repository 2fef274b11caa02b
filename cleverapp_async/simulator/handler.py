"""The way of one request through the server, from its last byte to its answer."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from aiohttp import web
from attrs import define, field

from .context import NO_CHANNEL
from .faults.actions import Exchange, ServerConnection, WireDone
from .faults.faults import FaultSchedule
from .faults.latency import Latency
from .laravel.parameters import read_parameters
from .laravel.replies import Reply, encode, html_reply, wants_json
from .observation import Observation, Observer, observe, observe_unread
from .request_log import Arrival, ArrivalVerdict, RequestLog
from .router import MAX_BODY, ParsedRequest, Router

if TYPE_CHECKING:
    from collections.abc import Collection

    from .faults.latency import Delay

OPENAPI_PATH: Final = "/api/openapi.json"

OPENAPI_FILE: Final = Path(__file__).with_name("openapi.json")
"""The API's description, which ``python -m cleverapp_async.openapi`` prints."""

_NOT_TAKEN: Final = html_reply(503)
"""What a fault works with when the application never saw the request: a proxy's page."""


@define(eq=False)
class RequestHandler:
    """Serves requests, and knows every open connection and running request."""

    _router: Router
    latency: Latency
    _schedule: FaultSchedule
    _request_log: RequestLog
    _rng: random.Random
    connections: set[ServerConnection] = field(init=False, factory=set[ServerConnection])
    _running: set[asyncio.Task[object]] = field(init=False, factory=set[asyncio.Task[object]])
    refusing: bool = field(init=False, default=False)
    observers: list[Observer] = field(init=False, factory=list["Observer"])

    def opened(self, connection: ServerConnection) -> None:
        """Take note of a new connection; reset it when a fault says so."""
        # The connection exists by now, so that a reset reaches a client that believes to be
        # connected.
        self.connections.add(connection)
        if self._schedule.pick_unread("accept") is not None:
            connection.reset()

    def closed(self, connection: ServerConnection) -> None:
        """Take note of a connection that is gone."""
        self.connections.discard(connection)

    def resets_on_first_bytes(self) -> bool:
        """Decide whether a request's first bytes are answered by a reset; log it if so."""
        fault = self._schedule.pick_unread("bytes")
        if fault is None:
            return False
        self._log_unread("fault", None, fault.kind)
        return True

    def unreadable(self, status: int) -> None:
        """Log bytes that are not an HTTP request."""
        self._log_unread("malformed", status, None)

    async def drop_idle(self) -> None:
        """Close the connections which carry no request."""
        # Those between two requests. One whose request is being read or answered is left to end it.
        idle = [connection for connection in self.connections if connection.between_requests]
        await _drop(idle)

    async def cancel_running(self) -> None:
        """Cancel all the requests that are served, and wait for them."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def disconnect(self) -> None:
        """Close every connection, and wait for that."""
        await _drop(list(self.connections))

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve one request."""
        connection = cast("ServerConnection", request.protocol)
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._running.add(task)
        try:
            response = await self._serve(request, connection)
        finally:
            self._running.discard(task)
            connection.between_requests = True
        # The port is closed for new connections: this one must not be kept alive past it.
        if self.refusing:
            response.force_close()
        return response

    async def _serve(
        self, request: web.BaseRequest, connection: ServerConnection
    ) -> web.StreamResponse:
        try:
            # Read whole before anything else: a client that leaves in the middle has sent no
            # request.
            body = await request.read()
        except (ConnectionError, web.RequestPayloadError):
            self._log_unread("incomplete", None, None)
            return WireDone()
        # No part of the API, so that it is not logged, delayed or struck by a fault.
        if request.method == "GET" and request.path == OPENAPI_PATH:
            return openapi_reply().response()
        router = self._router
        parsed = _parse(request, router.name_of(request.path), body)
        await self._delay(self.latency.out)
        # The one moment that counts, after the way out: limits, log and referee all use it.
        now = asyncio.get_running_loop().time()
        known = router.authenticates(parsed)
        channel = router.channel(parsed) if known else NO_CHANNEL
        # Picked before the decision, as a fault says whether the request reaches the application at
        # all; played after it, as it may spoil the answer of one that did.
        fault = self._schedule.pick(parsed.endpoint, parsed.parameters)
        verdict: ArrivalVerdict = "fault"
        reply = _NOT_TAKEN
        taken = False
        if fault is None or fault.taken:
            decision = router.decide(parsed, channel, now)
            verdict, reply, taken = decision.verdict, decision.reply, decision.taken
        arrival = Arrival(
            now,
            parsed.endpoint,
            *channel,
            parsed.parameters,
            verdict,
            reply.status if fault is None else fault.action.status(reply),
            taken,
            None if fault is None else fault.kind,
        )
        # Between the decision and the log nothing is awaited: the log has the order in which limits
        # counted.
        self._request_log.add(arrival)
        if self.observers:
            # Told in the same turn of the loop, so that an observer sees the windows as they are at
            # this request.
            answer = reply if fault is None else None
            self._tell(observe(arrival, request, body, router.secrets(parsed), answer))
        # After the log: a client that gives up during the way back has been counted.
        await self._delay(self.latency.back)
        if fault is None:
            return reply.response()
        return await fault.action.play(Exchange(reply, connection, request))

    async def _delay(self, delay: Delay) -> None:
        seconds = delay.draw(self._rng)
        if seconds > 0:
            await asyncio.sleep(seconds)

    def _log_unread(self, verdict: ArrivalVerdict, status: int | None, fault: str | None) -> None:
        now = asyncio.get_running_loop().time()
        arrival = Arrival(now, "", *NO_CHANNEL, {}, verdict, status, taken=False, fault=fault)
        self._request_log.add(arrival)
        self._tell(observe_unread(arrival))

    def _tell(self, observation: Observation) -> None:
        for observer in tuple(self.observers):
            observer(observation)


def _parse(request: web.BaseRequest, endpoint: str, body: bytes) -> ParsedRequest:
    headers = request.headers
    readable = body if len(body) <= MAX_BODY else b""
    parameters = read_parameters(
        request.rel_url.raw_query_string, readable, headers.get("Content-Type", "")
    )
    token = parameters.pop("api_token", None)
    return ParsedRequest(
        request.method, request.path, endpoint, token, parameters, wants_json(headers), len(body)
    )


async def _drop(connections: Collection[ServerConnection]) -> None:
    for connection in connections:
        connection.abort()
    await asyncio.gather(*(connection.gone.wait() for connection in connections))


def openapi_reply(file: Path = OPENAPI_FILE) -> Reply:
    """Answer with the OpenAPI document from its file, or with 404 if there is no file."""
    try:
        return Reply(200, file.read_bytes())
    except FileNotFoundError:
        return Reply(404, encode({"message": "No description of the API is here."}))
