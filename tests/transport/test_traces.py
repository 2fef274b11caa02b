"""Only the server sees a request's URL: neither tracers, nor hooks, nor warnings of aiohttp do."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
import traceback
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import aiohttp
import aiohttp.web
import pytest
import sentry_sdk
from opentelemetry.instrumentation.aiohttp_client import create_trace_config
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.integrations.aiohttp import AioHttpIntegration
from sentry_sdk.transport import Transport

from cleverapp_async import CleverAppClient, CleverAppError, ClientConfig, LimiterRegistry
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.transport.hooks import Seen, everything_of
from tests.transport.rig import SUCCESS, http, one_attempt, raw_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sentry_sdk.envelope import Envelope
    from yarl import URL


TOKEN = "secret-of-the-account"
TEXT = "Личный ответ"
PHONE = "79991234567"
HIDDEN = (TOKEN, TEXT, quote(TEXT), PHONE)

FREE = SimulatorLimits.none()


def shown(what: str) -> list[str]:
    """What of the request stands in a text."""
    decoded = what.encode().decode("unicode_escape", "replace") if "\\u" in what else what
    return [one for one in HIDDEN if one.lower() in (what + decoded).lower()]


async def send(client: CleverAppClient) -> None:
    """A POST and a GET, whatever becomes of them."""
    with suppress(CleverAppError):
        await client.send_message(bot_id=1, messenger="viber", contact_external_id=PHONE, text=TEXT)
    with suppress(CleverAppError):
        await client.call("getContacts", params={"phone": PHONE, "name": TEXT})


def make(
    base_url: str,
    session: aiohttp.ClientSession | None = None,
    **settings: Any,  # noqa: ANN401 - settings of ClientConfig
) -> CleverAppClient:
    """A client that tries once."""
    return CleverAppClient(
        TOKEN,
        base_url=base_url,
        config=one_attempt(**settings),
        limits=LimiterRegistry.unlimited(),
        session=session,
    )


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read, and never answer."""
    del writer
    with suppress(ConnectionError):
        while await reader.read(65536):
            pass


async def moved(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Redirect to the same URL elsewhere, as a server does that wants another scheme or host."""
    head = await reader.readuntil(b"\r\n\r\n")
    path = head.split(b" ")[1].decode()
    writer.write(http(b"", 301, {"Location": f"https://elsewhere.example{path}"}))
    await writer.drain()


SERVERS = {
    "a success": SUCCESS,
    "a redirect": http(b"", 302, {"Location": "/login"}),
    "a redirect with the whole URL": moved,
    "a page": http(b"<html>", 502),
    "no HTTP": f"HTTP/1.1 what {TOKEN} {TEXT}\r\n\r\n".encode(),
    "a reason that echoes": (
        f"HTTP/1.1 400 Bad {TOKEN.upper()}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}"
    ).encode(),
    "a broken connection": b"",
    "silence": silent,
}
PLACES: tuple[Literal["query", "body"], ...] = ("query", "body")


@pytest.fixture
def spans() -> Iterator[tuple[InMemorySpanExporter, aiohttp.TraceConfig]]:
    """Where OpenTelemetry writes spans, and the hooks of its instrumentation for aiohttp."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter, create_trace_config(tracer_provider=provider)
    provider.shutdown()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("lent", [True, False], ids=["lent session", "own session"])
@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
async def test_no_hook_and_no_span_shows_the_request(
    server: Any,  # noqa: ANN401 - bytes, or a script
    spans: tuple[InMemorySpanExporter, aiohttp.TraceConfig],
    monkeypatch: pytest.MonkeyPatch,
    *,
    lent: bool,
    place: Literal["query", "body"],
) -> None:
    """Whatever the server does, trace hooks and OpenTelemetry see the method's bare URL alone."""
    exporter, tracing = spans
    seen = Seen()
    patience = 0.05 if server is silent else 5.0
    configs = [tracing, seen.config()]
    plain = aiohttp.ClientSession.__init__

    def instrumented(self: aiohttp.ClientSession, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        plain(
            self, *args, **{**kwargs, "trace_configs": [*kwargs.get("trace_configs", []), *configs]}
        )

    # What an instrumentation of all sessions does, those of the client too.
    monkeypatch.setattr(aiohttp.ClientSession, "__init__", instrumented)
    async with raw_server(server) as raw:
        session = aiohttp.ClientSession() if lent else None
        async with make(
            raw.base_url, session, attempt_timeout=patience, token_place=place
        ) as client:
            await send(client)
        if session is not None:
            await session.close()
        if isinstance(server, bytes):
            assert any(TOKEN.encode() in one for one in raw.requests)
            assert any(PHONE.encode() in one for one in raw.requests)
    bare = [f"{raw.base_url}/sendMessage", f"{raw.base_url}/getContacts"]
    assert set(seen.urls) == set(bare)
    assert [what for what in seen.told if TOKEN.lower() in what.lower() or PHONE in what] == []
    finished = exporter.get_finished_spans()
    assert [str((span.attributes or {})["http.url"]) for span in finished] == bare
    assert [shown(span.to_json()) for span in finished if TOKEN in span.to_json().lower()] == []
    assert [span for span in finished if PHONE in span.to_json()] == []


async def test_no_failure_to_connect_shows_the_request(
    spans: tuple[InMemorySpanExporter, aiohttp.TraceConfig],
) -> None:
    """A refused connection and one that is not made in time name the bare URL in spans."""
    exporter, tracing = spans
    seen = Seen()

    class Stuck(aiohttp.TCPConnector):
        async def connect(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - never returns
            raise TimeoutError

    for connector in (aiohttp.TCPConnector(), Stuck()):
        async with (
            aiohttp.ClientSession(
                connector=connector, trace_configs=[tracing, seen.config()]
            ) as session,
            make("http://127.0.0.1:9/api/v1", session) as client,
        ):
            await send(client)
    assert seen.kinds.count("on_request_exception") == 4
    assert [what for what in seen.told if shown(what)] == []
    told = [span.to_json() for span in exporter.get_finished_spans()]
    assert len(told) == 4
    assert "Connection timeout to host http://127.0.0.1:9/api/v1/getContacts" in told[-1]
    assert [what for what in told if shown(what)] == []


async def test_a_cancelled_request_shows_nothing_to_hooks() -> None:
    """The error of a cancellation, and those it is chained to, hold no URL in any frame."""
    seen = Seen()
    async with (
        raw_server(silent) as raw,
        aiohttp.ClientSession(trace_configs=[seen.config()]) as session,
        make(raw.base_url, session) as client,
    ):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await send(client)
    assert "on_request_exception" in seen.kinds
    assert [what for what in seen.told if shown(what)] == []


async def test_a_hook_that_fails_while_the_request_leaves_shows_nothing() -> None:
    """The frames of aiohttp hold the request line then: no report of the error shows them."""
    seen = Seen()
    broken = aiohttp.TraceConfig()

    async def fail(_: object, __: object, params: aiohttp.TraceRequestHeadersSentParams) -> None:
        raise LookupError(f"no {params.url}")

    broken.on_request_headers_sent.append(fail)
    async with (
        raw_server(SUCCESS) as raw,
        aiohttp.ClientSession(trace_configs=[broken, seen.config()]) as session,
        make(raw.base_url, session) as client,
    ):
        await send(client)
    assert seen.kinds.count("on_request_exception") == 2
    assert [what for what in seen.told if shown(what)] == []


class _UrlError(Exception):
    """Keeps the URL in every way an error of somebody's own may."""

    def __init__(self, url: URL) -> None:
        super().__init__(url, [url], f"path {url.raw_path_qs}")
        self.url = url
        self.places = [str(url), (url,)]
        self.inner = OSError(f"cannot reach {url}")
        self.add_note(f"while asking {url}")

    def chained(self) -> BaseException:
        """An error with others behind it, of which one is neither its cause nor shown."""
        shell = OSError("fine")
        shell.__cause__ = LookupError("fine")
        shell.__context__ = self
        return shell


@pytest.mark.parametrize(
    "failure",
    [
        _UrlError,
        lambda url: ExceptionGroup("all failed", [_UrlError(url), OSError(f"to {url}")]),
        lambda url: _UrlError(url).chained(),
    ],
    ids=["own attributes", "a group", "a chain"],
)
async def test_errors_of_a_connector_of_ones_own_show_nothing(
    failure: Callable[[URL], BaseException],
) -> None:
    """Wherever an error keeps the URL, hooks are told it without the query."""
    seen, met = Seen(), list[BaseException]()

    class Own(aiohttp.TCPConnector):
        async def connect(self, req: aiohttp.ClientRequest, *_: object, **__: object) -> Any:  # noqa: ANN401
            met.append(failure(req.url))
            raise met[-1]

    async with (
        aiohttp.ClientSession(connector=Own(), trace_configs=[seen.config()]) as session,
        make("http://127.0.0.1:9/api/v1", session) as client,
    ):
        await send(client)
    assert seen.kinds.count("on_request_exception") == 2
    assert [what for what in seen.told if shown(what)] == []
    deep = list(met)
    for error in deep:
        deep += [
            one
            for one in (
                error.__context__,
                error.__cause__,
                getattr(error, "inner", None),
                *getattr(error, "exceptions", ()),
            )
            if one is not None and one not in deep
        ]
    assert len(deep) > len(met)
    assert [
        one
        for error in deep
        for one in (repr(error), *map(repr, vars(error).values()))
        if shown(one)
    ] == []


async def test_a_response_class_that_asked_early_shows_nothing() -> None:
    """What a class of the user's made aiohttp remember of the request is made anew."""
    seen = Seen()

    class Early(aiohttp.ClientResponse):
        async def start(self, connection: Any) -> aiohttp.ClientResponse:  # noqa: ANN401
            assert self.request_info.url.query
            return await super().start(connection)

    async with (
        raw_server(SUCCESS) as raw,
        aiohttp.ClientSession(response_class=Early, trace_configs=[seen.config()]) as session,
        make(raw.base_url, session) as client,
    ):
        await send(client)
    assert seen.kinds.count("on_request_end") == 2
    assert [what for what in seen.told if shown(what)] == []


@pytest.mark.parametrize("ending", [SystemExit(3), KeyboardInterrupt()], ids=repr)
async def test_the_end_of_the_program_shows_nothing_in_frames(ending: BaseException) -> None:
    """What ends the program in the midst of a request passes through no frame with its query."""

    class Ending(aiohttp.TCPConnector):
        async def connect(self, *_: object, **__: object) -> Any:  # noqa: ANN401
            raise ending

    async with (
        aiohttp.ClientSession(connector=Ending()) as session,
        make("http://127.0.0.1:9/api/v1", session) as client,
    ):
        try:
            await client.call("getContacts", params={"phone": "1"})
        except BaseException as error:  # noqa: BLE001 - the end of the program is tested
            caught: BaseException | None = error
        else:
            caught = None
    assert caught is ending
    assert [what for what in everything_of(ending) if TOKEN in what] == []


async def test_no_frame_that_awaits_holds_the_query() -> None:
    """Reports show the variables of the running frames, too: a middleware finds none there."""
    held: list[str] = []

    async def look(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        frames = traceback.StackSummary.extract(
            traceback.walk_stack(sys._getframe()),
            capture_locals=True,
        )
        held.extend(repr(frame.locals) for frame in frames if "/tests/" not in frame.filename)
        return await handler(request)

    async with (
        raw_server(SUCCESS) as raw,
        aiohttp.ClientSession(middlewares=[look]) as session,
        make(raw.base_url, session) as client,
    ):
        await send(client)
    assert any("_with_token" in one or "address" in one for one in held)
    assert [one for one in held if TOKEN in one] == []


class _Kept(Transport):
    """Keeps what would be sent to Sentry."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[str] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        """Keep one envelope."""
        for item in envelope.items:
            payload: object = json.loads(item.payload.get_bytes())
            self.items.append(json.dumps(payload, ensure_ascii=False))


@pytest.fixture(scope="module")
def _sentry_unpatched() -> Iterator[None]:
    """Take back afterwards what Sentry patches once in a process."""
    with pytest.MonkeyPatch.context() as patch:
        for kind, name in (
            (aiohttp.ClientSession, "__init__"),
            (aiohttp.web.Application, "_handle"),
            (aiohttp.web.UrlDispatcher, "resolve"),
        ):
            patch.setattr(kind, name, getattr(kind, name))
        yield


@pytest.mark.usefixtures("_sentry_unpatched")
@pytest.mark.parametrize("lent", [True, False], ids=["lent session", "own session"])
@pytest.mark.parametrize("personal", [True, False])
@pytest.mark.filterwarnings("ignore:The send_default_pii option:DeprecationWarning")
async def test_sentry_is_not_told_the_request(*, lent: bool, personal: bool) -> None:
    """Breadcrumbs, spans and events of Sentry hold the bare URL, personal data allowed or not."""
    kept = _Kept()
    options: dict[str, Any] = {
        "dsn": "http://key@127.0.0.1:9/1",
        "transport": kept,
        "traces_sample_rate": 1.0,
        "send_default_pii": personal,
        "integrations": [AioHttpIntegration()],
        "default_integrations": False,
        # The frames of this test hold what it looks for.
        "include_local_variables": False,
        "include_source_context": False,
    }
    try:
        sentry_sdk.init(**options)
        faults = [Fault.answer(400, {"message": "no"}, on=2), Fault.redirect("/login", on=3)]
        async with Simulator(api_token=TOKEN, limits=FREE, faults=faults) as simulator:
            session = aiohttp.ClientSession() if lent else None
            async with make(simulator.base_url, session) as client:
                with sentry_sdk.start_transaction(name="sends"):
                    for _ in range(2):
                        await send(client)
                    try:
                        await client.send_message(contact_id=1, text="", image=PHONE)
                    except CleverAppError as error:
                        sentry_sdk.capture_exception(error)
            if session is not None:
                await session.close()
        sentry_sdk.flush()
    finally:
        sentry_sdk.get_global_scope().set_client(None)
    assert sum("sendMessage" in item for item in kept.items) == 2
    assert [item for item in kept.items if shown(item)] == []


async def test_middlewares_of_a_lent_session_keep_working() -> None:
    """They run outside, see and may change the bare URL, and may send a request twice."""
    seen: list[str] = []

    async def twice(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        request.headers["X-Own"] = "yes"
        request.url = request.url.update_query({"via": "gateway"})
        with suppress(aiohttp.ClientError):
            seen.append(repr((await handler(request)).request_info))
        response = await handler(request)
        told = (request.url, request.original_url, response, response.request_info, response.url)
        seen.append(repr(told))
        return response

    async def note(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        seen.append(repr(request.request_info))
        return await handler(request)

    async with (
        raw_server(SUCCESS) as raw,
        aiohttp.ClientSession(middlewares=[twice, note]) as session,
        make(raw.base_url, session) as client,
    ):
        with suppress(CleverAppError):
            await client.send_message(
                bot_id=1, messenger="viber", contact_external_id=PHONE, text=TEXT
            )
        async with session.get(f"{raw.base_url}/own") as answer:
            assert answer.status == 200
    assert [one for one in seen if shown(one)] == []
    lines = [one.partition(b" HTTP/")[0].decode() for one in raw.requests]
    path = "/api/v1/sendMessage?via=gateway&api_token="
    assert [
        line.startswith(f"POST {path}{TOKEN}&bot_id=1&messenger=viber&contact_external_id={PHONE}")
        for line in lines[:2]
    ] == [
        True,
        True,
    ]
    assert lines[2:] == ["GET /api/v1/own?via=gateway"] * 2
    assert all(b"X-Own: yes" in one for one in raw.requests)


@contextmanager
def left_open(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """What aiohttp and asyncio say of what was left open: warnings, contexts, log lines."""
    contexts: list[str] = []

    def tell() -> list[str]:
        for _ in range(3):
            gc.collect()
        return [*contexts, *(str(one.message) for one in warned), *caplog.messages]

    caplog.set_level(logging.DEBUG)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: contexts.append(repr(context)))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        yield tell


async def test_an_unclosed_response_does_not_show_the_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What asyncio's debug mode is told of a response that was lost holds the bare URL."""

    async def lose(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        await handler(request)
        raise LookupError

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await raw.read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
        await writer.drain()
        await reader.read()

    with left_open(caplog) as tell:
        async with (
            raw_server(begin) as raw,
            aiohttp.ClientSession(middlewares=[lose]) as session,
            make(raw.base_url, session) as client,
        ):
            await send(client)
        told = tell()
    for method in ("sendMessage", "getContacts"):
        bare = f"{raw.base_url}/{method}"
        assert [one for one in told if "Unclosed response" in one and bare in one]
    assert any("Unclosed connection" in one for one in told)
    assert [one for one in told if shown(one)] == []


async def test_a_client_that_nobody_closed_does_not_show_the_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The warnings of its sessions and connections hold no URL."""
    with left_open(caplog) as tell:
        async with raw_server(http(b'{"success":true}')) as raw:
            client = make(raw.base_url)
            await send(client)
            del client
        told = tell()
    assert any("Unclosed client session" in one for one in told)
    assert [one for one in told if shown(one)] == []


async def test_a_body_is_shown_to_the_hook_that_the_security_page_names() -> None:
    """``on_request_chunk_sent`` gets what is written: the reason why SECURITY.md names it."""
    told: list[aiohttp.TraceRequestChunkSentParams] = []
    config = aiohttp.TraceConfig()

    async def note(_: object, __: object, params: aiohttp.TraceRequestChunkSentParams) -> None:
        told.append(params)

    config.on_request_chunk_sent.append(note)
    async with (
        raw_server(SUCCESS) as raw,
        aiohttp.ClientSession(trace_configs=[config]) as session,
        make(raw.base_url, session, token_place="body") as client,
    ):
        await send(client)
    assert any(TOKEN in one.chunk.decode() for one in told)
    assert [one.url for one in told if one.url.query] == []


def test_the_configuration_is_what_the_tests_take_it_for() -> None:
    """By default the token and the parameters of a message travel in the query."""
    assert ClientConfig().token_place == "query"
