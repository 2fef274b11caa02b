"""The URL of a webhook is nowhere: run every kind of failure and look everywhere it could be."""

from __future__ import annotations

import asyncio
import html
import pickle
import traceback
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING
from urllib.parse import quote

import aiohttp
import pytest

from cleverapp_async import (
    ApiError,
    CleverAppError,
    ClientConfig,
    ConfigurationError,
    IncomingWebhook,
    RetryPolicy,
    raw_answers,
)
from cleverapp_async._secret import SecretUrl
from cleverapp_async.simulator import Fault, Simulator
from tests.error_reports import everything_logged, everything_of
from tests.transport.hooks import Seen
from tests.transport.rig import SUCCESS, http, one_attempt, raw_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleverapp_async.events import Event
    from cleverapp_async.limits import LimiterRegistry
    from cleverapp_async.telemetry import AttemptRecord, CallRecord
    from tests.transport.rig import RawServer, Script

UUID = "5f0d1c62-9f4b-4d0e-8a51-3a0c6a5d7e11"
KEY = "aB3dE6gH9jK2mN5pQ8sT1vW4"
PATHS = {
    "Leadteh": f"/inner_webhook/{UUID}",
    "WatBot": f"/hook/4302:{KEY}",
    "a query": f"/in?key={KEY}&from={UUID}",
    "a query alone": f"?key={KEY}",
}
SECRETS = (UUID, KEY, quote(f"4302:{KEY}", safe=""))


def clean(what: str) -> bool:
    """Whether a text holds no secret, however it is written, and no longer part of one."""
    lowered = html.unescape(what).lower()
    parts = [part for one in SECRETS for part in (one[:14], one[-14:])]
    return not any(part.lower() in lowered for part in parts)


@pytest.fixture
def log() -> Iterator[list[str]]:
    """All that any logger of the program says while the test runs, at DEBUG."""
    with everything_logged() as lines:
        yield lines


class Noting:
    """Telemetry of a user's own that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.records: list[CallRecord] = []

    def watch(self, limits: LimiterRegistry) -> None:
        """Note the limiters."""
        self.told.append(repr(limits.snapshot()))

    def call(self, call: CallRecord) -> AbstractContextManager[object]:
        """Note the call."""
        self.records.append(call)
        return nullcontext()

    def attempt(self, call: CallRecord, attempt: AttemptRecord) -> AbstractContextManager[object]:
        """Note the attempt."""
        self.told.append(f"{call!r} {attempt!r}")
        return nullcontext()

    def on_wire(self) -> AbstractContextManager[object]:
        """Note nothing."""
        return nullcontext()


async def fail(url: str, *, lent: bool, attempt_timeout: float = 5.0) -> list[str]:
    """Trigger in all the ways there are, and give back all that can be seen of it."""
    events: list[Event] = []
    hooks, telemetry = Seen(), Noting()
    config = ClientConfig(
        retry=RetryPolicy(attempts=2, refusals=1, base=0.001),
        on_event=(events.append,),
        longest_pause=0.01,
        attempt_timeout=attempt_timeout,
        max_body=65_536,
    )
    session = aiohttp.ClientSession(trace_configs=[hooks.config()]) if lent else None
    webhook = IncomingWebhook(url, config=config, session=session, telemetry=telemetry)
    seen: list[str] = []
    async with webhook:
        with raw_answers() as answers:
            for payload in ({"order": 1}, {"text": "Й" * 20_000}):
                try:
                    seen.append(repr(await webhook.trigger(payload)))
                except CleverAppError as error:
                    seen.extend(everything_of(error))
        inside = [webhook, vars(webhook), webhook._pipeline, vars(webhook._transport)]
        seen += [repr(one) for one in (*inside, answers, telemetry.records)]
        seen += [one.text for one in answers]
    if session is not None:
        await session.close()
        assert hooks.kinds
    assert len(telemetry.records) == 2
    assert len(events) >= 2
    return [*seen, *hooks.told, *hooks.urls, *telemetry.told, *map(repr, events)]


ECHO = f"{UUID} {KEY} 4302%3A{KEY}"
FAULTS = {
    "none": None,
    "reset before": Fault.reset_before("bytes"),
    "reset at accepting": Fault.reset_before("accept"),
    "reset after": Fault.reset_after(),
    "hang": Fault.hang(),
    "truncated": Fault.truncated_body(),
    "malformed": Fault.malformed(f"HTTP/1.1 x {ECHO}\r\n\r\n".encode()),
    "oversized header": Fault.oversized_header(),
    "html": Fault.html(502),
    "500": Fault.server_error(),
    "429": Fault.too_many(0.01),
    "redirect": Fault.redirect(f"https://elsewhere.example/{UUID}?{KEY}"),
    "echo in JSON": Fault.answer(400, {"message": f"bad: {ECHO}"}),
    "echo in capitals": Fault.answer(400, {"message": ECHO.upper()}),
    "echo in a refusal": Fault.answer(422, {"errors": {UUID: [f"no {KEY}"]}}),
    "echo in a page": Fault.answer(500, f"<title>{ECHO}</title><a href='/in?key={KEY}'>"),
    "echo in a success": Fault.answer(200, {"url": ECHO}),
}


@pytest.mark.parametrize("lent", [True, False], ids=["lent session", "own session"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_no_failure_shows_the_url(fault: Fault | None, log: list[str], *, lent: bool) -> None:
    """Errors, events, logs, telemetry, hooks, answers and reprs hold no part of the secret."""
    patience = 0.05 if fault and fault.kind == "hang" else 5.0
    faults = [fault] if fault else []
    async with Simulator(webhook_path=f"/in/{UUID}/4302:{KEY}", faults=faults) as simulator:
        seen = await fail(simulator.webhook_url, lent=lent, attempt_timeout=patience)
        assert simulator.arrivals or fault is not None
        seen.append(repr(simulator.arrivals[:]))
    assert [one for one in (*seen, *log) if not clean(one)] == []


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("lent", [True, False], ids=["lent session", "own session"])
async def test_no_echo_of_any_form_shows_the_url(path: str, log: list[str], *, lent: bool) -> None:
    """A server that sends the request line back, in any spelling, puts it into nothing seen."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await raw.read_request(reader)).partition(b" HTTP/")[0].decode()
        target = head.partition(" ")[2]
        answers = [
            http(f"<p>{target}</p>".encode(), 404),
            http(target.replace("/", "\\/").encode(), 500),
            http("".join(f"&#{ord(letter)};" for letter in target).encode(), 400),
            http(quote(target, safe="").encode(), 400, {"X-Url": target, "Location": target}),
        ]
        writer.write(answers[len(raw.requests) % len(answers)])
        await writer.drain()

    script: Script = echo
    async with raw_server(script) as raw:
        for _ in range(2):
            seen = await fail(_origin(raw) + path, lent=lent)
            assert [one for one in (*seen, *log) if not clean(one)] == []
    targets = {one.split(b" ")[1].decode() for one in raw.requests}
    assert targets == {path if path.startswith("/") else f"/{path}"}


def _origin(raw: RawServer) -> str:
    return raw.base_url.removesuffix("/api/v1")


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_failure_to_connect_shows_the_url(scheme: str, log: list[str]) -> None:
    """The texts of aiohttp hold the URL: none of them gets through, not to hooks either."""
    for path in PATHS.values():
        seen = await fail(f"{scheme}://127.0.0.1:9{path}", lent=True)
        assert [one for one in (*seen, *log) if not clean(one)] == []


@pytest.mark.parametrize("letters", range(3, 20, 4))
async def test_an_answer_cut_inside_the_secret_shows_none_of_it(letters: int) -> None:
    """At ``max_body`` no beginning of the secret is left."""
    page = f"<p>bad: /inner_webhook/{UUID}".encode()
    size = len(page) - len(UUID) + letters
    async with raw_server(http(page, 500)) as raw:
        url = f"{_origin(raw)}/inner_webhook/{UUID}"
        async with IncomingWebhook(url, config=one_attempt(max_body=size)) as webhook:
            with raw_answers() as answers, pytest.raises(ApiError) as caught:
                await webhook.trigger({})
    assert answers[0].body == b"<p>bad: ***"
    assert UUID[:3] not in str(caught.value)


async def test_a_cancellation_does_not_show_the_url(log: list[str]) -> None:
    """A time-out of the user's own shows a traceback without the frames that knew the URL."""

    async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await raw.read_request(reader)
        await asyncio.Event().wait()

    script: Script = hang
    async with (
        raw_server(script) as raw,
        IncomingWebhook(f"{_origin(raw)}/inner_webhook/{UUID}") as webhook,
    ):
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.05):
                await webhook.trigger({})
    error: BaseException | None = caught.value
    shown = ""
    while error is not None:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        for frame in report.stack:
            if "/tests/" in frame.filename:
                frame.locals = None
        shown += "".join(report.format(chain=False))
        error = error.__cause__ or error.__context__
    assert "CancelledError" in shown
    assert [what for what in (shown, *log) if not clean(what)] == []


@pytest.mark.parametrize(
    "url", [f"http://rb1.leadteh.ru/{UUID}", f"rb1.leadteh.ru/{UUID}", f"https://[/{UUID}"]
)
def test_a_refused_url_is_in_no_frame(url: str) -> None:
    """A report with the variables of all frames of ours does not hold the URL."""
    with pytest.raises(ConfigurationError) as caught:
        IncomingWebhook(url)
    assert [what for what in everything_of(caught.value) if not clean(what)] == []


async def test_it_cannot_be_pickled() -> None:
    """A pickle of it would be a file with the URL in it."""
    async with IncomingWebhook(f"https://rb1.leadteh.ru/{UUID}") as webhook:
        with pytest.raises(TypeError):
            pickle.dumps(webhook)
        with pytest.raises(TypeError):
            pickle.dumps(SecretUrl("https://rb1.leadteh.ru", f"/{UUID}"))


async def test_middlewares_of_a_lent_session_see_the_host_alone() -> None:
    """They may change the bare URL, and what they add is kept in the whole one."""
    seen: list[str] = []

    async def via(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        request.url = request.url.with_path("/gateway/").update_query({"via": "1"})
        response = await handler(request)
        seen.extend(map(repr, (request.url, request.original_url, response, response.url)))
        return response

    async with raw_server(SUCCESS) as raw, aiohttp.ClientSession(middlewares=[via]) as session:
        for path in PATHS.values():
            async with IncomingWebhook(_origin(raw) + path, session=session) as webhook:
                await webhook.trigger({})
    assert [one.split(b" ")[1].decode() for one in raw.requests] == [
        f"/gateway/inner_webhook/{UUID}?via=1",
        f"/gateway/hook/4302:{KEY}?via=1",
        f"/gateway/in?via=1&key={KEY}&from={UUID}",
        f"/gateway/?via=1&key={KEY}",
    ]
    assert seen
    assert [one for one in seen if not clean(one)] == []
