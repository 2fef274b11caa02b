"""The routes that read messages: lists, searches, the newest one, the stream, the strips."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from itertools import islice
from typing import Final

from aiohttp import web

from ..server import Simulator
from .entries import SPAN, Entry, EntryStore, Json
from .query import MOST, InputError, Query, parse_query
from .routes import Call, Parameter, Route
from .state import LOST, Event, Listener

PAGE: Final = 1000
"""Rows that are answered at once, at most."""

_WAIT: Final = Parameter("wait", "number", "Seconds to wait for it, at most.", 0, 60, 0)
_QUERY: Final = Parameter(
    "query",
    "string",
    "Which messages; empty for all. Words, and bot: messenger: to: text: verdict: before: after: "
    "method: fault: kind:, such as `to:42 verdict:refused after:10m`.",
    most=MOST,
)
_LIMIT: Final = Parameter("limit", "integer", "How many, at most.", 1, PAGE, 100)
_BEFORE: Final = Parameter("before_id", "integer", "Only those with a smaller id.", 1)
_AFTER: Final = Parameter("after_id", "integer", "Only those with a greater id.", 0, default=0)

_CALM: Final = 0.05
"""Seconds in which what happens is told together."""

_ALIVE: Final = 15.0
"""Seconds after which a silent stream says that it is alive."""

_SLOW: Final = 10.0
"""Seconds after which a stream that nobody reads is closed."""

_RECHECK: Final = 0.05


async def _ready(call: Call) -> Json:
    simulator = call.state.simulator
    if call.values["wait"]:
        with call.state.listen() as listener:
            await _wait_until_ready(simulator, listener, call.number("wait"))
    if not simulator.accepting:
        raise InputError("simulator", "it does not accept requests", 503)
    return {"ready": True, "base_url": simulator.base_url, "kept": len(call.state.store)}


async def _wait_until_ready(simulator: Simulator, listener: Listener, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    # Nothing tells when a port is open again, and a wait is short.
    while not (  # noqa: ASYNC110
        simulator.accepting or listener.closed or time.monotonic() >= deadline
    ):
        await asyncio.sleep(_RECHECK)


async def _messages(call: Call) -> Json:
    return _page(call, parse_query("", time.time()))


async def _search(call: Call) -> Json:
    return _page(call, _query_of(call))


def _query_of(call: Call) -> Query:
    return parse_query(call.text("query"), time.time())


def _page(call: Call, query: Query) -> Json:
    before, limit = call.values["before_id"], call.whole("limit")
    found = (
        entry
        for entry in call.state.store.newest_first()
        if (before is None or entry.id < int(before)) and query.matches(entry)
    )
    rows = list(islice(found, limit))
    more = len(rows) == limit and next(found, None) is not None
    return {"messages": [entry.row() for entry in rows], "more": more}


async def _message(call: Call) -> Json:
    entry = call.state.store.get(call.path_id)
    if entry is None:
        raise InputError("id", f"there is no message {call.path_id}, or no longer", 404)
    return entry.whole()


async def _latest(call: Call) -> Json:
    query, after_id = _query_of(call), call.whole("after_id")
    store, wait = call.state.store, call.number("wait")
    found = _newest(store, query, after_id)
    if found is None and wait:
        with call.state.listen() as listener:
            found = await _wait_for(listener, store, query, after_id, wait)
    if found is None:
        raise InputError("query", "no such message has come", 404)
    return found.whole()


async def _wait_for(
    listener: Listener, store: EntryStore, query: Query, after_id: int, seconds: float
) -> Entry | None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not listener.closed and (left := deadline - loop.time()) > 0:
        events = await listener.wait(left)
        # Events were dropped as this was too slow for them: the store has what they told.
        if LOST in events:
            found = _newest(store, query, after_id)
            if found is not None:
                return found
        for event in reversed(events):
            if isinstance(event, Entry) and event.id > after_id and query.matches(event):
                return event
    return None


def _newest(store: EntryStore, query: Query, after_id: int) -> Entry | None:
    for entry in store.newest_first():
        if entry.id <= after_id:
            return None
        if query.matches(entry):
            return entry
    return None


async def _clear(call: Call) -> Json:
    call.state.clear()
    return {}


async def _events(call: Call) -> web.StreamResponse:
    state, query = call.state, _query_of(call)
    seen = call.request.headers.get("Last-Event-ID", "")
    with state.listen() as listener:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(call.request)
        await _write(response, b"retry: 1000\n\n")
        # A browser that lost the stream says what it has seen last, and gets what came since.
        if seen.isascii() and seen.isdigit():
            await _write(response, _told(list(state.store.since(int(seen[:18]))), query))
        # A client that left, or that reads nothing, is not waited for.
        with suppress(ConnectionError, TimeoutError):
            while not listener.closed:
                events = await listener.wait(_ALIVE)
                await _write(response, _told(events, query) if events else b": alive\n\n")
                # Of a bulk send the page gets twenty pieces a second, whatever the number of
                # messages.
                await asyncio.sleep(_CALM)
    response.force_close()
    return response


async def _write(response: web.StreamResponse, data: bytes) -> None:
    if data:
        async with asyncio.timeout(_SLOW):
            await response.write(data)


def _told(events: list[Event] | list[Entry], query: Query) -> bytes:
    """Events as a browser's ``EventSource`` reads them, messages that follow each other as one."""
    told: list[str] = []
    rows: list[Json] = []
    last = 0

    def flush() -> None:
        if rows:
            told.append(f"id: {last}\nevent: messages\ndata: {json.dumps(rows)}\n\n")
            rows.clear()

    for event in events:
        if isinstance(event, Entry):
            last = event.id
            if query.matches(event):
                rows.append(event.row())
        else:
            flush()
            told.append(f"event: {event}\ndata: {{}}\n\n")
    flush()
    return "".join(told).encode()


async def _keys(call: Call) -> Json:
    now = asyncio.get_running_loop().time()
    return call.state.keys.told(call.state.simulator, now, call.number("seconds"))


_BUSY: Final = {503: "Too many streams and waiting requests are open."}

ROUTES: Final = (
    Route(
        "GET",
        "/api/readyz",
        "ready",
        "Whether the simulator accepts requests.",
        _ready,
        "Ready",
        (_WAIT,),
        errors={503: "It does not, and did not in the time that was waited."},
    ),
    Route(
        "GET",
        "/api/messages",
        "listMessages",
        "The messages that are kept, the newest first.",
        _messages,
        "Messages",
        (_LIMIT, _BEFORE),
    ),
    Route(
        "DELETE",
        "/api/messages",
        "clearMessages",
        "Forget all messages; limits, contacts and the referee's log stay as they are.",
        _clear,
        "Nothing",
    ),
    Route(
        "GET",
        "/api/messages/{id}",
        "getMessage",
        "A message with its request, its answer, why it was refused and the windows it met.",
        _message,
        "Message",
        errors={404: "There is no such message, or no longer."},
    ),
    Route(
        "GET",
        "/api/search",
        "searchMessages",
        "The messages that a query means, the newest first.",
        _search,
        "Messages",
        (_QUERY, _LIMIT, _BEFORE),
    ),
    Route(
        "GET",
        "/api/latest",
        "latestMessage",
        "The newest message that a query means; where there is none, the next one that comes.",
        _latest,
        "Message",
        (_QUERY, _AFTER, _WAIT),
        errors={404: "There is none, and none came in the time that was waited.", **_BUSY},
    ),
    Route(
        "GET",
        "/api/events",
        "streamEvents",
        "What happens, as server-sent events: `messages` (rows of new messages that the query "
        "means), `cleared`, `faults`, `latency`, `limits`, `contacts`, and `lost` in place of "
        "events that were not read in time.",
        _events,
        "Events",
        (_QUERY,),
        errors=_BUSY,
    ),
    Route(
        "GET",
        "/api/keys",
        "listKeys",
        "When requests arrived for each bot and messenger and for the account, and how full "
        "their windows are.",
        _keys,
        "Keys",
        (Parameter("seconds", "number", "How far it goes back.", 1, int(SPAN), 60),),
    ),
)
