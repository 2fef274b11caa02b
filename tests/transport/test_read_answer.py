"""What an answer means: by the body's shape first, by the status second."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from attrs import evolve

from cleverapp_async import (
    ApiError,
    AuthenticationError,
    Contact,
    ForbiddenError,
    MessengerLimitError,
    MethodNotFoundError,
    NotFoundError,
    NotProcessedError,
    Outcome,
    RateLimitError,
    RawResponse,
    RequestTimeoutError,
    ServerError,
    UnexpectedResponseError,
    UnsupportedMessengerError,
    ValidationError,
)
from cleverapp_async._response import read_answer, read_status
from cleverapp_async.endpoints import ENDPOINTS
from tests.paths import SAMPLES
from tests.raising import raises

SEND = ENDPOINTS["sendMessage"]
WHATSAPP = ENDPOINTS["sendMessageToWhatsApp"]


def sample(name: str) -> bytes:
    """A documented answer."""
    return (SAMPLES / f"{name}.json").read_bytes()


def refusal(status: int, body: object, **headers: str) -> ApiError:
    """The error of an answer to sendMessage."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with pytest.raises(ApiError) as caught:
        read_answer(RawResponse(status, named, data), SEND)
    assert caught.value.status == status
    assert caught.value.endpoint == "sendMessage"
    return caught.value


def test_the_documented_success_of_send_message() -> None:
    """``{"success": true}`` is a success."""
    raw = RawResponse(200, body=sample("sendMessage/accepted"))
    assert read_answer(raw, SEND) == {"success": True}


def test_the_documented_contact_of_send_message_to_whatsapp() -> None:
    """The contact inside ``data`` becomes a model."""
    raw = RawResponse(200, body=sample("sendMessageToWhatsApp/accepted"))
    assert read_answer(raw, WHATSAPP) == Contact(
        id=1,
        phone="79991234567",
        name="Иван Иванов",
        messenger="whatsapp",
        created_at=datetime(2019, 5, 10, 10, 38, 28, tzinfo=UTC),
    )


def test_what_a_contact_holds_beside_is_kept() -> None:
    """Fields nobody documented are in ``extra``, by the server's names."""
    body = json.dumps({"data": {"id": "3000000000", "mood": "fine"}}).encode()
    contact = read_answer(RawResponse(201, body=body), WHATSAPP)
    assert contact == Contact(id=3_000_000_000, extra={"mood": "fine"})


@pytest.mark.parametrize("status", [200, 400, 422, 500])
def test_the_documented_shapes_need_no_status(status: int) -> None:
    """Of the documented refusals only the texts are known: they count whatever the status."""
    limit = refusal(status, sample("sendMessage/messenger_limit"))
    assert type(limit) is MessengerLimitError
    assert limit.messenger == "whatsapp"
    unsupported = refusal(status, sample("sendMessage/messenger_unsupported"))
    assert type(unsupported) is UnsupportedMessengerError
    assert unsupported.messenger == "icq"
    forbidden = refusal(status, sample("sendMessage/forbidden"))
    assert type(forbidden) is ForbiddenError
    assert limit.outcome is unsupported.outcome is forbidden.outcome is Outcome.REJECTED


@pytest.mark.parametrize("status", [200, 422])
def test_the_documented_validation_answer(status: int) -> None:
    """Each text becomes an error of its field, in the body's order."""
    error = refusal(status, sample("sendMessage/validation"))
    assert isinstance(error, ValidationError)
    assert [one.field for one in error.errors] == [
        "contact_id",
        "text",
        "image",
        "file",
        "messenger",
        "bot_id",
        "contact_external_id",
    ]
    (text,) = error.by_field["text"]
    assert (text.rule, text.related) == ("required_without_all", ("image", "file"))
    (contact,) = error.by_field["contact_id"]
    assert contact.rule == "required_without"
    assert contact.related == ("messenger", "bot_id", "contact_external_id")


def test_a_messenger_is_named_as_the_api_spells_it() -> None:
    """The name in a refusal is read without quotes, full stops and capitals."""
    error = refusal(200, {"error": "Достигнут лимит отправки сообщений для «WhatsApp»."})
    assert isinstance(error, MessengerLimitError)
    assert error.messenger == "whatsapp"


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (400, ApiError, Outcome.REJECTED),
        (401, AuthenticationError, Outcome.REJECTED),
        (403, ForbiddenError, Outcome.REJECTED),
        (405, MethodNotFoundError, Outcome.REJECTED),
        (419, MethodNotFoundError, Outcome.REJECTED),
        (413, ApiError, Outcome.REJECTED),
        (422, ValidationError, Outcome.REJECTED),
        (429, RateLimitError, Outcome.REJECTED),
        (500, ServerError, Outcome.UNKNOWN),
        (503, ServerError, Outcome.UNKNOWN),
        (301, UnexpectedResponseError, Outcome.REJECTED),
        (302, UnexpectedResponseError, Outcome.UNKNOWN),
        (303, UnexpectedResponseError, Outcome.UNKNOWN),
        (307, UnexpectedResponseError, Outcome.REJECTED),
        (308, UnexpectedResponseError, Outcome.REJECTED),
        (304, UnexpectedResponseError, Outcome.UNKNOWN),
        (204, UnexpectedResponseError, Outcome.UNKNOWN),
        (199, UnexpectedResponseError, Outcome.UNKNOWN),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>Sorry</html>", b'{"message":"Oops"}', b"null"])
def test_a_status_decides_where_the_body_says_nothing(
    status: int, kind: type[ApiError], outcome: Outcome, body: bytes
) -> None:
    """Pages, empty bodies and unknown messages are classified by their status."""
    error = refusal(status, body)
    assert type(error) is kind
    assert error.outcome is outcome


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<h1>nginx</h1>",
        b"null",
        b"[]",
        b"{}",
        b'{"message":""}',
        b'{"message":"Not Found"}',
        b'{"error":"Not found."}',
        b'{"detail":"Not Found"}',
        b'{"message":"The route api/v2/sendMessage could not be found."}',
    ],
)
def test_a_404_without_words_of_its_own_is_about_the_address(body: bytes) -> None:
    """The framework and the servers before it say so where they know no such route."""
    error = refusal(404, body)
    assert type(error) is MethodNotFoundError
    assert error.outcome is Outcome.REJECTED
    assert "URL" in str(error)


@pytest.mark.parametrize(
    "body",
    [
        {"error": "Контакт не найден"},
        {"message": "No query results for model [App\\Contact] 5"},
        {"message": "Oops"},
    ],
)
def test_a_404_with_words_is_about_what_was_asked_for(body: object) -> None:
    """An object that is not there is a verdict on the request that named it."""
    assert type(refusal(404, body)) is NotFoundError


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("no_such_method", MethodNotFoundError),
        ("no_such_method_without_accept", MethodNotFoundError),
        ("method_not_allowed", MethodNotFoundError),
        ("csrf_419", MethodNotFoundError),
        ("unauthenticated_json", AuthenticationError),
        ("unauthenticated_without_accept", AuthenticationError),
        ("server_error", ServerError),
    ],
)
def test_the_framework_own_refusals(name: str, kind: type[ApiError]) -> None:
    """What Laravel answers before any method of the API is reached."""
    answer = json.loads(sample(f"laravel/{name}"))
    body = answer["body"]
    headers = {key.lower(): value for key, value in answer["headers"]}
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    with pytest.raises(ApiError) as caught:
        read_answer(RawResponse(answer["status"], headers, data), SEND)
    assert type(caught.value) is kind


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location", ["/login", "https://app.example/login", "https://x.example/a/Login/?next=%2F#top"]
)
def test_a_redirect_to_a_login_refuses_the_token(status: int, location: str) -> None:
    """How the framework refuses a token where it does not see that JSON is wanted."""
    error = refusal(status, b"", location=location)
    assert type(error) is AuthenticationError
    assert error.outcome is Outcome.REJECTED


@pytest.mark.parametrize(
    "location", ["", "/", "/login/done", "/relogin", "https://x.example/?login"]
)
def test_any_other_redirect_is_no_refusal_of_the_token(location: str) -> None:
    """A 302 elsewhere may come after the message was sent."""
    error = refusal(302, b"", location=location)
    assert type(error) is UnexpectedResponseError
    assert error.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "page",
    [
        "<center>The plain HTTP request was sent to HTTPS port</center>",
        "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
        "Client sent an HTTP request to an HTTPS server.\n",
    ],
)
def test_a_port_that_wants_tls_is_told(page: str) -> None:
    """The words of nginx, Apache and Go where https was left out of the base URL."""
    error = refusal(400, page.encode())
    assert type(error) is MethodNotFoundError
    assert "https" in str(error)


@pytest.mark.parametrize(("given", "seconds"), [("60", 60.0), ("0", None), ("soon", None)])
@pytest.mark.parametrize("status", [500, 503])
def test_a_server_that_is_down_may_say_for_how_long(
    status: int, given: str, seconds: float | None
) -> None:
    """``Retry-After`` of a 5xx is kept."""
    error = refusal(status, {"message": "Service Unavailable"}, retry_after=given)
    assert isinstance(error, ServerError)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (408, RequestTimeoutError, Outcome.UNKNOWN),
        (421, NotProcessedError, Outcome.NOT_SENT),
        (425, NotProcessedError, Outcome.NOT_SENT),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Sorry</html>",
        b'{"success": true}',
        b'{"error": "no"}',
        b'{"message": "Unauthenticated."}',
        b'{"message": "x", "errors": {"text": ["x"]}}',
    ],
)
def test_a_status_of_the_connection_is_no_refusal(
    status: int, kind: type[ApiError], outcome: Outcome, body: bytes
) -> None:
    """What tells of the connection says nothing of the message, whatever stands in the body."""
    error = refusal(status, body)
    assert type(error) is kind
    assert error.outcome is outcome


@pytest.mark.parametrize("message", ["Unauthenticated.", "Unauthorized", "unauthenticated"])
def test_a_message_about_the_token_needs_no_status(message: str) -> None:
    """Laravel's message tells what a proxy's status hides."""
    assert type(refusal(200, {"message": message})) is AuthenticationError


@pytest.mark.parametrize("message", ["Too Many Attempts.", "Too many requests"])
@pytest.mark.parametrize("status", [200, 429, 503])
def test_a_refusal_for_the_account_is_told_by_its_message(message: str, status: int) -> None:
    """The throttle's own words are a refusal, and ``Retry-After`` counts."""
    error = refusal(status, {"message": message}, retry_after="7")
    assert type(error) is RateLimitError
    assert error.retry_after == 7.0


def test_too_many_of_something_else_is_no_refusal() -> None:
    """A crash whose message starts alike may have come after the message was sent."""
    error = refusal(500, {"message": "Too many connections"})
    assert type(error) is ServerError
    assert error.outcome is Outcome.UNKNOWN


def test_errors_of_a_gateway_are_no_validation() -> None:
    """A 5xx with an ``errors`` key of somebody else's is unknown, not refused."""
    error = refusal(504, {"errors": [{"message": "upstream timed out"}]})
    assert type(error) is ServerError
    assert error.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("told", ["Нет такого бота", {"code": 7}, 1, ["x"]])
def test_an_error_key_inside_a_200_is_an_error(told: object) -> None:
    """Whatever stands under ``error``, it was not accepted."""
    error = refusal(200, {"success": True, "error": told})
    assert type(error) is ApiError
    assert error.outcome is Outcome.REJECTED


@pytest.mark.parametrize("nothing", [None, "", False, 0, [], {}])
def test_an_empty_error_key_is_none(nothing: object) -> None:
    """A success that also says that there is no error is a success."""
    body = {"success": True, "error": nothing, "errors": nothing}
    raw = RawResponse(200, body=json.dumps(body).encode())
    assert read_answer(raw, SEND) == body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"OK",
        b"true",
        b"[]",
        b"{}",
        b"\xff\xfe\x00",
        b'{"success":false}',
        b'{"success":1}',
        b'{"success":"true"}',
        b'{"data":{"id":1}}',
        b'{"message":"Thank you"}',
        b'{"success":true',
        b"[" * 100_000,
        b"9" * 10_000,
    ],
)
def test_a_200_nobody_documents_is_unknown(body: bytes) -> None:
    """The server took it most likely, and nobody can be sure: never "not delivered"."""
    error = refusal(200, body)
    assert type(error) is UnexpectedResponseError
    assert error.outcome is Outcome.UNKNOWN
    assert error.complete
    assert len(str(error)) < 500


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "x",
        {},
        {"id": "x"},
        {"id": 1, "created_at": "yesterday"},
        {"id": 1, "created_at": 5},
        {"id": 1, "name": []},
        {"id": True},
    ],
)
def test_a_contact_of_another_shape_is_told_by_its_place(data: object) -> None:
    """The text names the place inside the answer where it stops being a contact."""
    with pytest.raises(UnexpectedResponseError, match=r"\$\.data") as caught:
        read_answer(RawResponse(200, body=json.dumps({"data": data}).encode()), WHATSAPP)
    assert caught.value.outcome is Outcome.UNKNOWN


def test_a_success_without_the_contact_is_unexpected() -> None:
    """Where a contact is documented, ``{"success": true}`` alone is not that."""
    with raises(UnexpectedResponseError, "success"):
        read_answer(RawResponse(200, body=b'{"success":true}'), WHATSAPP)


@pytest.mark.parametrize("status", [200, 201])
def test_a_body_that_broke_off_says_so(status: int) -> None:
    """A success whose body is not whole was taken: the error says so, and that it was cut."""
    raw = RawResponse(status, body=b'{"success":true}', problem="the line went dead")
    with raises(UnexpectedResponseError, "the line went dead") as caught:
        read_answer(raw, SEND)
    assert not caught.value.complete


def test_half_a_refusal_is_classified_by_its_status() -> None:
    """What stands in a cut body is not believed; its status is."""
    raw = RawResponse(422, body=b'{"error":"x"}', problem="the line went dead")
    with pytest.raises(ValidationError) as caught:
        read_answer(raw, SEND)
    assert caught.value.errors == ()
    with pytest.raises(ValidationError) as caught:
        read_status(evolve(raw, body=b'{"errors":{"text":["x"]}}'), SEND)
    assert caught.value.errors == ()


def test_an_error_shows_a_part_of_a_long_body() -> None:
    """The text of an error stays readable; the body is kept beside it."""
    error = refusal(400, {"detail": "x" * 10_000})
    assert len(str(error)) < 300
    assert error.body == {"detail": "x" * 10_000}
    keys = refusal(200, {f"key{number}": number for number in range(10_000)})
    assert len(str(keys)) < 500


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"errors":[', b'{"data":[', b'{"error":['])
def test_no_depth_of_nesting_breaks_the_reading(opening: bytes) -> None:
    """However deep a body is nested, an error of ours comes of it."""
    closing = {b"[": b"]"}.get(opening[-1:], b"1")
    for depth in (*range(300, 1000, 13), 5000):
        inner = opening * depth if opening[-1:] != b"[" else opening + b"[" * depth
        closed = b"]" * (depth + 1) + b"}" * opening.count(b"{")
        body = inner + (b"1" + b"}" * depth if closing == b"1" else closed)
        for status in (200, 400, 500):
            for endpoint in (SEND, WHATSAPP):
                with pytest.raises(ApiError):
                    read_answer(RawResponse(status, body=body), endpoint)
        for status in (400, 500):
            with pytest.raises(ApiError):
                read_status(RawResponse(status, body=body), SEND)


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        (b"<html><title>Sign in</title>79991234567", "Sign in"),
        (b"<br /><b>Warning</b>: x in y\n{'phone': '79991234567'}", "page"),
    ],
)
def test_a_page_in_place_of_a_success_is_told_by_its_title_alone(page: bytes, shown: str) -> None:
    """A page that came with a 2xx may hold data of a contact, so that nothing else is shown."""
    with pytest.raises(UnexpectedResponseError) as caught:
        read_answer(RawResponse(200, {"content-type": "text/html"}, page), SEND)
    assert shown in str(caught.value)
    assert "7999" not in str(caught.value)
