"""The token is nowhere: run every kind of failure and look everywhere it could have got to."""

from __future__ import annotations

import asyncio
import html
import pickle
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import aiohttp
import pytest

from cleverapp_async import (
    ApiError,
    CleverAppClient,
    CleverAppError,
    ClientConfig,
    LimiterRegistry,
    RetryPolicy,
    SendMessage,
    raw_answers,
)
from cleverapp_async._call import Call
from cleverapp_async.endpoints import ENDPOINTS
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.error_reports import everything_logged, everything_of
from tests.transport.rig import SUCCESS, http, raw_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleverapp_async.events import Event
    from tests.transport.rig import Script

TOKEN = "tok+en/=secret"
FORMS = {
    form.lower()
    for token in (TOKEN, "tok+en\\/=secret")
    for form in (token, quote(token), quote(token, safe=""), quote_plus(token))
}
ECHO = quote(TOKEN, safe="")


@pytest.fixture
def log() -> Iterator[list[str]]:
    """All that any logger of the program says while the test runs, at DEBUG."""
    with everything_logged() as lines:
        yield lines


def clean(what: str) -> bool:
    """Whether a text holds the token in none of its spellings."""
    lowered = what.lower()
    return not any(form in lowered for form in FORMS)


async def fail(
    base_url: str,
    events: list[Event],
    *,
    session: aiohttp.ClientSession | None = None,
    attempt_timeout: float = 5.0,
) -> list[str]:
    """Send in all the ways there are, and give back all that can be seen of it."""
    config = ClientConfig(
        retry=RetryPolicy(attempts=2, refusals=1, base=0.001),
        on_event=(events.append,),
        longest_pause=0.01,
        attempt_timeout=attempt_timeout,
        max_body=65_536,
    )
    client = CleverAppClient(
        TOKEN,
        base_url=base_url,
        config=config,
        limits=LimiterRegistry.unlimited(),
        session=session,
    )
    seen: list[str] = []
    async with client:
        for text in ("Hi", "Й" * 2000):
            try:
                seen.append(repr(await client.send_message(contact_id=1, text=text)))
            except CleverAppError as error:
                seen.extend(everything_of(error))
        try:
            contact = await client.send_message_to_whatsapp(bot_id=1, phone="79991234567", text="x")
            seen.append(repr(contact))
        except CleverAppError as error:
            seen.extend(everything_of(error))
        async for outcome in client.send_many([SendMessage(contact_id=1, text="Hi")]):
            seen += [repr(outcome), repr(pickle.dumps(outcome))]
        inside = [client, config, client.limits, client.limits.snapshot(), client.account]
        seen += [repr(one) for one in inside]
        seen += [repr(client._pipeline), repr(client._transport), repr(vars(client))]
        seen.append(repr(Call(endpoint=ENDPOINTS["sendMessage"], parameters={})))
    return [*seen, *map(repr, events), repr(pickle.dumps(events))]


FAULTS = {
    "none": None,
    "reset before": Fault.reset_before("bytes"),
    "reset at accepting": Fault.reset_before("accept"),
    "reset after": Fault.reset_after(),
    "hang": Fault.hang(),
    "truncated": Fault.truncated_body(),
    "malformed": Fault.malformed(),
    "echo in a status line": Fault.malformed(f"HTTP/1.1 x {TOKEN} {ECHO}\r\n\r\n".encode()),
    "echo in a header line": Fault.malformed(f"HTTP/1.1 200 OK\r\n{TOKEN}\r\n\r\n".encode()),
    "oversized header": Fault.oversized_header(),
    "oversized body": Fault.oversized_body(1),
    "html": Fault.html(502),
    "500": Fault.server_error(),
    "429": Fault.too_many(0.01),
    "redirect": Fault.redirect(f"https://elsewhere.example/?api_token={ECHO}"),
    "echo in JSON": Fault.answer(400, {"message": f"bad: {TOKEN} {ECHO}"}),
    "echo in a refusal": Fault.answer(422, {"errors": {TOKEN: [f"no {TOKEN}", ECHO]}}),
    "echo in a page": Fault.answer(500, f"<a href='?api_token={ECHO}'>{TOKEN}</a>"),
    "echo in a success": Fault.answer(200, {"success": True, "url": f"?api_token={ECHO}"}),
    "echo as a contact": Fault.answer(200, {"data": {"id": 1, "name": TOKEN, "url": ECHO}}),
    "echo as a messenger": Fault.answer(
        200, {"error": f"Достигнут лимит отправки сообщений для {TOKEN}"}, {"Retry-After": "0.01"}
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_no_failure_shows_the_token(fault: Fault | None, log: list[str]) -> None:
    """Errors, events, logs, outcomes, snapshots and reprs hold no spelling of the token."""
    events: list[Event] = []
    patience = 0.05 if fault and fault.kind == "hang" else 5.0
    faults = [fault] if fault else []
    async with Simulator(
        api_token=TOKEN, limits=SimulatorLimits.none(), faults=faults
    ) as simulator:
        seen = await fail(simulator.base_url, events, attempt_timeout=patience)
        assert simulator.arrivals or fault is not None
    assert len(events) >= 8
    assert [what for what in (*seen, *log) if not clean(what)] == []


@pytest.mark.parametrize(
    "answer",
    [
        SUCCESS,
        http(b"gone", 302, {"Location": f"/login?from=%2F%3Fapi_token%3D{quote(ECHO)}"}),
        http(f"<p>{ECHO}".encode(), 404),
        http(f'"{TOKEN}"'.replace("/", "\\/").encode()),
        http(b"{}", 400, {"Retry-After": TOKEN, "Date": TOKEN}),
    ],
)
async def test_no_echo_shows_the_token(answer: bytes, log: list[str]) -> None:
    """A server that sends the URL back, in any spelling, puts it into nothing that is seen."""
    events: list[Event] = []
    async with raw_server(answer) as raw:
        seen = await fail(raw.base_url, events)
    assert [what for what in (*seen, *log) if not clean(what)] == []


IN_JSON = "".join(f"\\u{ord(letter):04x}" for letter in TOKEN)
IN_HTML = "".join(f"&#{ord(letter)};" for letter in TOKEN)
IN_URL = "".join(f"%{ord(letter):02x}" for letter in TOKEN)


@pytest.mark.parametrize("spelled", [IN_JSON, IN_HTML, IN_URL, TOKEN[:4] + IN_JSON[24:]])
async def test_no_echo_with_escaped_letters_shows_the_token(spelled: str, log: list[str]) -> None:
    """Letters and digits that a server escapes, wherever it does, are read as nobody's token."""
    answers = [
        http(f'{{"message":"bad {spelled}"}}'.encode(), 400),
        http(f'{{"message":"x","errors":{{"text":["bad {spelled}"]}}}}'.encode(), 422),
        http(f'{{"message":"x","errors":{{"{spelled}":["bad"]}}}}'.encode(), 422),
        http(f'{{"data":"{spelled}","{spelled}":1}}'.encode()),
        http(f"<html><title>{spelled}</title></html>".encode(), 500),
        http(f"<html><title>{spelled}</title></html>".encode("utf-16"), 500),
        http(b"gone", 302, {"Location": f"/?a={spelled}"}),
    ]
    for answer in answers:
        events: list[Event] = []
        async with raw_server(answer) as raw:
            seen = await fail(raw.base_url, events)
        assert [what for what in (*seen, *log) if not clean(html.unescape(what))] == []


@pytest.mark.parametrize("spelled", [TOKEN, ECHO, TOKEN.upper(), ECHO.lower()])
@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("by", ["the client", "the server"])
async def test_an_answer_cut_inside_the_token_shows_none_of_it(
    spelled: str, status: int, by: str
) -> None:
    """At ``max_body``, or where the connection broke, no beginning of the token is left."""
    page = f"<p>bad: ?api_token={spelled}".encode()
    for letters in range(4, len(spelled)):
        size = len(page) - len(spelled) + letters
        config = ClientConfig(retry=RetryPolicy(attempts=1, refusals=0), max_body=size)
        answer = http(page, status)
        if by == "the server":
            answer = answer[: letters - len(spelled)]
        async with (
            raw_server(answer) as raw,
            CleverAppClient(TOKEN, base_url=raw.base_url, config=config) as client,
        ):
            with raw_answers() as answers, pytest.raises(ApiError) as caught:
                await client.send_message(contact_id=1, text="Hi")
        (kept,) = answers
        assert kept.problem is not None
        shown = (kept.body.decode(), str(caught.value), str(caught.value.body))
        assert [one for one in shown if spelled[:3] in one.replace("api_token", "")] == []
        assert kept.body.startswith(b"<p>bad: ?api_token=***")


async def test_a_page_that_cuts_the_token_itself_shows_none_of_it() -> None:
    """A server's own excerpt of the URL ends inside the token: the rest of the page is kept."""
    for part in (TOKEN[:-1], TOKEN.upper()[:-1], ECHO[:-1]):
        page = f"<p>GET /?api_token={part}...</p>".encode()
        config = ClientConfig(retry=RetryPolicy(attempts=1, refusals=0))
        async with (
            raw_server(http(page, 500)) as raw,
            CleverAppClient(TOKEN, base_url=raw.base_url, config=config) as client,
        ):
            with pytest.raises(ApiError) as caught:
                await client.send_message(contact_id=1, text="Hi")
        assert caught.value.body == "<p>GET /?api_token=***...</p>"


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:9/api/v1", "https://127.0.0.1:9/api/v1"])
async def test_no_failure_to_connect_shows_the_token(base_url: str, log: list[str]) -> None:
    """The texts of aiohttp hold the URL: none of them gets through."""
    seen = await fail(base_url, [])
    assert [what for what in (*seen, *log) if not clean(what)] == []


async def test_a_closed_session_does_not_show_the_token(log: list[str]) -> None:
    """The same with a session that its owner closed."""
    session = aiohttp.ClientSession()
    await session.close()
    seen = await fail("http://127.0.0.1:9/api/v1", [], session=session)
    assert [what for what in (*seen, *log) if not clean(what)] == []


async def test_a_cancellation_does_not_show_the_token(log: list[str]) -> None:
    """A time-out of the user's own shows a traceback without the frames that knew the URL."""

    async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await raw.read_request(reader)
        await asyncio.Event().wait()

    script: Script = hang
    async with raw_server(script) as raw, CleverAppClient(TOKEN, base_url=raw.base_url) as client:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.05):
                await client.send_message(contact_id=1, text="Hi")
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


async def test_a_callback_that_fails_does_not_show_the_token(log: list[str]) -> None:
    """The traceback of a user's callback, in the log, holds no token."""

    def broken(event: Event) -> None:
        raise LookupError(event.send_id)

    async with Simulator(api_token=TOKEN) as simulator:
        config = ClientConfig(on_event=(broken,))
        client = CleverAppClient(TOKEN, base_url=simulator.base_url, config=config)
        async with client:
            await client.send_message(contact_id=1, text="Hi")
    assert any("callback failed" in line for line in log)
    assert [line for line in log if not clean(line)] == []


async def test_the_client_cannot_be_pickled() -> None:
    """A pickle of a client would be a file with a token in it."""
    client = CleverAppClient(TOKEN)
    with pytest.raises(TypeError):
        pickle.dumps(client)
    with suppress(TypeError):
        assert clean(repr(pickle.dumps(client._transport)))
    await client.close()
