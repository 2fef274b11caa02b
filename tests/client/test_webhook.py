"""Incoming webhooks: what is sent, what became of it, and what is never sent twice."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from cleverapp_async import (
    ApiError,
    AuthenticationError,
    CleverAppError,
    ClientConfig,
    ClientStateError,
    ConfigurationError,
    ConnectError,
    DeadlineExceededError,
    ForbiddenError,
    IncomingWebhook,
    InvalidRequestError,
    Lane,
    LimiterRegistry,
    MethodNotFoundError,
    NotFoundError,
    NotProcessedError,
    Outcome,
    OutcomeUnknownError,
    Quota,
    RateLimitError,
    RequestTimeoutError,
    RetryPolicy,
    ServerError,
    UnexpectedResponseError,
    ValidationError,
    raw_answers,
)
from cleverapp_async.simulator import Fault, Latency, Simulator
from cleverapp_async.testing import run_virtual
from tests.oracle import KINDS
from tests.raising import raises
from tests.transport.rig import http, one_attempt, raw_server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cleverapp_async.events import Event
    from tests.transport.rig import RawServer

PATH = "/inner_webhook/5f0d1c62-9f4b-4d0e-8a51-3a0c6a5d7e11"
QUICK = ClientConfig(retry=RetryPolicy(attempts=3, refusals=3, base=0.001))


class Someone(int, Enum):
    """Ids of a program, in an enumeration that is no IntEnum."""

    KNOWN = 123456789


def url_of(raw: RawServer, path: str = PATH) -> str:
    """The URL of a webhook of a raw server."""
    return raw.base_url.removesuffix("/api/v1") + path


def body_of(request: bytes) -> object:
    """The JSON of a request's body."""
    body: object = json.loads(request.partition(b"\r\n\r\n")[2])
    return body


async def trigger(
    answer: bytes, *, config: ClientConfig | None = None
) -> tuple[CleverAppError | None, list[bytes]]:
    """Trigger a webhook that gives this answer: the error, if any, and what arrived."""
    async with (
        raw_server(answer) as raw,
        IncomingWebhook(url_of(raw), config=config or one_attempt()) as webhook,
    ):
        try:
            await webhook.trigger({"order": 7})
        except CleverAppError as error:
            return error, raw.requests
        return None, raw.requests


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"contact_by": "telegram_id", "search": "1", "variables": {"имя": "Ирина", "n": 1}},
        {"deep": [{"a": [None, True, 1.5]}], "": "", "a.b": "c"},
        [],
        [1, {"a": "b"}],
        (1, 2),
    ],
    ids=repr,
)
async def test_a_payload_arrives_as_json(payload: Any) -> None:  # noqa: ANN401 - any JSON
    """An object or a list is posted to the whole URL as the JSON it is."""
    path = "/hook/4:abc%20d?key=%2B&x"
    async with raw_server(http(b"")) as raw, IncomingWebhook(url_of(raw, path)) as webhook:
        receipt = await webhook.trigger(payload)
    (request,) = raw.requests
    assert request.startswith(f"POST {path} HTTP/1.1\r\n".encode())
    assert b"Content-Type: application/json\r\n" in request
    assert body_of(request) == (list(payload) if isinstance(payload, tuple) else payload)
    assert receipt.attempts == 1


async def test_what_php_would_change_is_sent_as_it_reads_it() -> None:
    """As in the parameters of the API, long integers and decimals travel as strings."""
    async with raw_server(http(b"")) as raw, IncomingWebhook(url_of(raw)) as webhook:
        await webhook.trigger({"long": 2**70, "sum": Decimal("0.10")})
        await webhook.trigger([2**70])
    assert [body_of(one) for one in raw.requests] == [
        {"long": str(2**70), "sum": "0.10"},
        [str(2**70)],
    ]


@pytest.mark.parametrize("variables", [None, {}, {"order": "A-17", "paid": True}], ids=repr)
async def test_the_known_body_of_a_contact(variables: Mapping[str, object] | None) -> None:
    """``trigger_contact`` sends the body of public clients, the searched value as a string."""
    async with raw_server(http(b"")) as raw, IncomingWebhook(url_of(raw)) as webhook:
        for search in ("123456789", 123456789, Someone.KNOWN):
            await webhook.trigger_contact(
                contact_by="telegram_id", search=search, variables=variables
            )
    more: dict[str, object] = {} if variables is None else {"variables": variables}
    wanted = {"contact_by": "telegram_id", "search": "123456789", **more}
    assert [body_of(one) for one in raw.requests] == [wanted] * 3


@pytest.mark.parametrize(
    ("payload", "place"),
    [({"at": object()}, "at"), ({"name": "\ud800"}, "name"), (["\ud800"], "payload")],
    ids=["no JSON", "half a character", "half in a list"],
)
async def test_what_json_cannot_say_is_named(payload: Any, place: str) -> None:  # noqa: ANN401
    """A member that cannot be sent is refused by its name, and nothing leaves."""
    async with raw_server(http(b"")) as raw, IncomingWebhook(url_of(raw)) as webhook:
        with raises(InvalidRequestError, place) as caught:
            await webhook.trigger(payload)
    assert caught.value.fields == (place,)
    assert raw.requests == []


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize(
    "body",
    [b"", b"ok", b"<html>", b'{"error":"no"}', b'{"success":false}', b'{"errors":{"a":["b"]}}'],
)
async def test_every_2xx_is_accepted(status: int, body: bytes) -> None:
    """No page documents the answers, so that a body says nothing."""
    answer = http(b"" if status == 204 else body, status)
    error, requests = await trigger(answer)
    assert error is None
    assert len(requests) == 1


async def test_a_2xx_that_breaks_off_is_accepted() -> None:
    """The status has come, and nothing else was wanted; the raw answer tells of the rest."""
    async with (
        raw_server(http(b'{"success":true}')[:-4]) as raw,
        IncomingWebhook(url_of(raw), config=one_attempt()) as webhook,
    ):
        with raw_answers() as answers:
            await webhook.trigger({})
    assert [(one.status, one.problem is None) for one in answers] == [(200, False)]


ANSWERS: dict[str, tuple[bytes, type[CleverAppError], Outcome]] = {
    "400": (http(b"", 400), ApiError, Outcome.REJECTED),
    "400 with JSON": (http(b'{"message":"no"}', 400), ApiError, Outcome.REJECTED),
    "401": (http(b"", 401), AuthenticationError, Outcome.REJECTED),
    "403": (http(b"", 403), ForbiddenError, Outcome.REJECTED),
    "404 of a route": (http(b'{"message":""}', 404), MethodNotFoundError, Outcome.REJECTED),
    "404 page": (http(b"<html>", 404), MethodNotFoundError, Outcome.REJECTED),
    "404 with words": (http(b'{"message":"No contact."}', 404), NotFoundError, Outcome.REJECTED),
    "405": (http(b"", 405), MethodNotFoundError, Outcome.REJECTED),
    "408": (http(b"", 408), RequestTimeoutError, Outcome.UNKNOWN),
    "421": (http(b"", 421), NotProcessedError, Outcome.NOT_SENT),
    "422": (http(b"{}", 422), ValidationError, Outcome.REJECTED),
    "429": (http(b"", 429), RateLimitError, Outcome.REJECTED),
    "301": (http(b"", 301, {"Location": "/"}), UnexpectedResponseError, Outcome.REJECTED),
    "302": (http(b"", 302, {"Location": "/"}), UnexpectedResponseError, Outcome.UNKNOWN),
    "a login": (http(b"", 302, {"Location": "/login"}), AuthenticationError, Outcome.REJECTED),
    "500": (http(b'{"message":"Forbidden"}', 500), ServerError, Outcome.UNKNOWN),
    "503": (http(b"", 503), ServerError, Outcome.UNKNOWN),
    "no answer": (b"", OutcomeUnknownError, Outcome.UNKNOWN),
    "no HTTP": (b"what\r\n\r\n", OutcomeUnknownError, Outcome.UNKNOWN),
    "deep JSON": (http(b"[" * 100_000, 400), ApiError, Outcome.REJECTED),
}


@pytest.mark.parametrize(("answer", "kind", "outcome"), ANSWERS.values(), ids=ANSWERS)
async def test_an_answer_that_is_no_2xx(
    answer: bytes, kind: type[CleverAppError], outcome: Outcome
) -> None:
    """The status decides what is known, whatever the body says; one trigger arrived."""
    error, requests = await trigger(answer)
    assert type(error) is kind
    assert error.outcome is outcome
    assert len(requests) == 1
    if isinstance(error, ApiError):
        assert error.endpoint == "incomingWebhook"


async def test_the_fields_of_a_refusal_are_told() -> None:
    """Texts of a validation answer become FieldErrors, as from a method of the API."""
    body = {"errors": {"search": ["Поле search обязательно для заполнения."]}}
    error, _ = await trigger(http(json.dumps(body).encode(), 422))
    assert isinstance(error, ValidationError)
    assert [(one.field, one.rule) for one in error.errors] == [("search", "required")]


@pytest.mark.parametrize("status", [404, 405, 302])
async def test_an_answer_of_the_address_names_the_remedy(status: int) -> None:
    """It is the webhook's URL that has to be looked at, not a base URL or a token."""
    error, _ = await trigger(http(b"", status, {"Location": "/"}))
    assert "base URL" not in str(error)
    assert "URL" in str(error)


@pytest.mark.parametrize(
    "fault", [Fault.too_many(0.01, on=1), Fault.answer(421, {}, on=1)], ids=["429", "421"]
)
async def test_what_did_nothing_is_tried_again(fault: Fault) -> None:
    """A refusal for a limit, and what was not taken up, are repeated until one is taken."""
    config = ClientConfig(retry=RetryPolicy(base=0.001), longest_pause=0.01)
    async with (
        Simulator(faults=[fault]) as simulator,
        IncomingWebhook(simulator.webhook_url, config=config) as webhook,
    ):
        assert (await webhook.trigger({"order": 1})).attempts == 2
        assert [one.taken for one in simulator.arrivals] == [False, True]


@pytest.mark.parametrize(
    "fault",
    [Fault.reset_after(), Fault.server_error(503), Fault.html(), Fault.malformed()],
    ids=lambda fault: fault.kind,
)
async def test_what_may_have_arrived_is_not_repeated(fault: Fault) -> None:
    """One attempt, an unknown outcome, one arrival."""
    async with (
        Simulator(faults=[fault]) as simulator,
        IncomingWebhook(simulator.webhook_url, config=QUICK) as webhook,
    ):
        with pytest.raises(CleverAppError) as caught:
            await webhook.trigger({"order": 1})
        assert len(simulator.arrivals) == 1
    assert caught.value.outcome is Outcome.UNKNOWN
    assert caught.value.attempts == 1


async def test_a_closed_port_is_not_sent() -> None:
    """No connection: tried again as the policy says, then NOT_SENT."""
    async with IncomingWebhook(f"http://127.0.0.1:9{PATH}", config=QUICK) as webhook:
        with raises(ConnectError, "no connection") as caught:
            await webhook.trigger({})
    assert caught.value.outcome is Outcome.NOT_SENT
    assert caught.value.attempts == 3
    assert "http://127.0.0.1:9:" in str(caught.value)
    assert PATH not in str(caught.value)


REFUSING_WITH_2XX = ("success false", "error in 200")


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - set(REFUSING_WITH_2XX)))
async def test_no_fault_breaks_a_promise(kind: str) -> None:
    """ACCEPTED is one delivery, REJECTED and NOT_SENT are none, UNKNOWN is at most one."""
    config = ClientConfig(
        attempt_timeout=0.2, max_body=65_536, retry=RetryPolicy(attempts=3, base=0.002)
    )
    outcomes: dict[int, Outcome] = {}
    async with (
        Simulator(faults=KINDS[kind], latency=Latency.parse("1ms")) as simulator,
        IncomingWebhook(simulator.webhook_url, config=config) as webhook,
    ):

        async def one(number: int) -> None:
            try:
                await webhook.trigger_contact(contact_by="id", search=number)
            except CleverAppError as error:
                outcomes[number] = error.outcome
            else:
                outcomes[number] = Outcome.ACCEPTED

        await asyncio.gather(*map(one, range(1, 31)))
        delivered = Counter(int(str(each.parameters["search"])) for each in simulator.deliveries)
    allowed = {Outcome.ACCEPTED: {1}, Outcome.UNKNOWN: {0, 1}}
    assert len(outcomes) == 30
    assert [
        (number, outcome, delivered[number])
        for number, outcome in outcomes.items()
        if delivered[number] not in allowed.get(outcome, {0})
    ] == []


async def test_a_redirect_is_not_followed() -> None:
    """The secret and the payload go to the one server alone."""
    async with raw_server(http(b"")) as other:
        error, requests = await trigger(http(b"", 307, {"Location": url_of(other, "/elsewhere")}))
        assert isinstance(error, UnexpectedResponseError)
        assert len(requests) == 1
        assert other.requests == []


def test_a_deadline_counts_the_wait_for_limits() -> None:
    """Limits of one's own hold, and a deadline that ends before them fails at once."""

    async def scenario() -> tuple[float, CleverAppError | None, list[str]]:
        loop = asyncio.get_running_loop()
        limits = LimiterRegistry(account=Quota(1, 10))
        events: list[Event] = []
        config = one_attempt(on_event=(events.append,))
        async with (
            Simulator() as simulator,
            IncomingWebhook(simulator.webhook_url, config=config, limits=limits) as webhook,
        ):
            began = loop.time()
            await webhook.trigger({"n": 1})
            failed: CleverAppError | None = None
            try:
                await webhook.trigger({"n": 2}, deadline=5)
            except CleverAppError as error:
                failed = error
            await webhook.trigger({"n": 3}, deadline=15, lane=Lane.BULK)
            assert len(simulator.arrivals) == 2
            return loop.time() - began, failed, [type(one).__name__ for one in events]

    took, failed, events = run_virtual(scenario())
    assert isinstance(failed, DeadlineExceededError)
    assert failed.estimated_wait is not None
    assert 5 < failed.estimated_wait <= 10.1
    assert 10 <= took < 11
    assert events == [
        "AttemptStarted",
        "AttemptAnswered",
        "WaitingForLimit",
        "AttemptStarted",
        "AttemptAnswered",
    ]


async def test_nothing_is_limited_by_itself() -> None:
    """No limit of webhooks is documented, so that many triggers leave at once."""
    async with Simulator() as simulator, IncomingWebhook(simulator.webhook_url) as webhook:
        receipts = await asyncio.gather(*(webhook.trigger({"n": n}) for n in range(30)))
        assert len(simulator.deliveries) == 30
        assert simulator.referee().clean
    assert max(receipt.waited for receipt in receipts) < 0.5


URLS = {
    "nothing": "",
    "a blank": "  ",
    "no string": None,
    "no scheme": f"rb1.leadteh.ru{PATH}",
    "another scheme": f"ftp://rb1.leadteh.ru{PATH}",
    "clear text": f"http://rb1.leadteh.ru{PATH}",
    "clear text on a private network": f"http://10.0.0.1{PATH}",
    "no host": f"https://{PATH}",
    "a user": f"https://admin:hunter2@rb1.leadteh.ru{PATH}",
    "a fragment": f"https://rb1.leadteh.ru{PATH}#part",
    "no path": "https://rb1.leadteh.ru",
    "a slash": "https://rb1.leadteh.ru/",
    "a blank inside": f"https://rb1.leadteh.ru{PATH} more",
    "a new line": f"https://rb1.leadteh.ru\n{PATH}",
    "a bad port": f"https://rb1.leadteh.ru:port{PATH}",
    "a bad host": f"https://[::1{PATH}",
}


@pytest.mark.parametrize("url", URLS.values(), ids=URLS)
def test_a_url_that_cannot_work_is_refused_without_being_shown(url: Any) -> None:  # noqa: ANN401
    """The error names the argument and shows nothing of what may be a secret."""
    with raises(ConfigurationError, "url") as caught:
        IncomingWebhook(url)
    told = f"{caught.value!r} {caught.value.__context__!r}"
    assert not any(part in told for part in (PATH, "5f0d1c62", "leadteh", "admin", "hunter2"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://rb1.leadteh.ru{PATH}", "https://rb1.leadteh.ru"),
        (f" HTTPS://RB1.leadteh.ru:8443{PATH}/ ", "https://RB1.leadteh.ru:8443"),
        ("https://api.watbot.ru/hook/4302:" + "aB3" * 16, "https://api.watbot.ru"),
        ("https://gateway.example?key=abcdef", "https://gateway.example"),
        (f"http://localhost:1{PATH}", "http://localhost:1"),
        (f"http://[::1]:1{PATH}", "http://[::1]:1"),
    ],
)
async def test_a_url_is_shown_to_its_host_alone(url: str, shown: str) -> None:
    """Whatever comes behind the host is the secret."""
    async with IncomingWebhook(url) as webhook:
        assert repr(webhook) == f"<IncomingWebhook {shown}/***>"


async def test_the_environment_names_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """``from_env`` reads one variable, and says so where it is not set."""
    monkeypatch.delenv("CLEVERAPP_WEBHOOK_URL", raising=False)
    with raises(ConfigurationError, "CLEVERAPP_WEBHOOK_URL"):
        IncomingWebhook.from_env()
    monkeypatch.setenv("CLEVERAPP_WEBHOOK_URL", "http://example.com/hook/secret-part")
    with raises(ConfigurationError, "CLEVERAPP_WEBHOOK_URL is not https"):
        IncomingWebhook.from_env()
    async with Simulator() as simulator:
        monkeypatch.setenv("CLEVERAPP_WEBHOOK_URL", simulator.webhook_url)
        async with IncomingWebhook.from_env(config=QUICK) as webhook:
            await webhook.trigger({})
        assert len(simulator.deliveries) == 1


async def test_a_closed_webhook_refuses() -> None:
    """After closing, which may come twice, nothing leaves; a lent session stays open."""
    async with Simulator() as simulator, aiohttp.ClientSession() as session:
        webhook = IncomingWebhook(simulator.webhook_url, session=session)
        await webhook.trigger({})
        await webhook.close()
        await webhook.close()
        for refused in (webhook.trigger({}), webhook.__aenter__()):
            with raises(ClientStateError, "closed"):
                await refused
        assert not session.closed
        assert len(simulator.arrivals) == 1


async def test_one_that_nobody_closed_is_warned_of() -> None:
    """The warning names the class, at the line that made it, and not the URL."""
    async with Simulator() as simulator:
        webhook = IncomingWebhook(simulator.webhook_url)
        await webhook.trigger({})
        session = webhook._transport._own
        assert session is not None
        with pytest.warns(ResourceWarning, match="IncomingWebhook") as warned:
            del webhook
        await session.close()
    (ours,) = (one for one in warned if "IncomingWebhook" in str(one.message))
    assert ours.filename == __file__
    assert simulator.webhook_path not in str(ours.message)


async def test_a_cancelled_trigger_passes_the_cancellation_on() -> None:
    """A time-out of the caller's own ends it, and the webhook goes on."""
    async with (
        Simulator(faults=[Fault.hang(on=1)]) as simulator,
        IncomingWebhook(simulator.webhook_url) as webhook,
    ):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await webhook.trigger({"n": 1})
        await webhook.trigger({"n": 2})
        assert len(simulator.deliveries) == 2
