"""The errors as objects: the tree, the outcomes, and that they survive pickling and copying."""

from __future__ import annotations

import copy
import pickle
import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, cast

import pytest

from cleverapp_async import (
    ApiError,
    AuthenticationError,
    CampaignPausedError,
    CleverAppError,
    ClientStateError,
    ConfigurationError,
    ConnectError,
    DeadlineExceededError,
    FieldError,
    ForbiddenError,
    InvalidRequestError,
    JournalError,
    JournalLockedError,
    LimiterUnavailableError,
    MessengerLimitError,
    MethodNotFoundError,
    NotFoundError,
    NotProcessedError,
    NotSentError,
    Outcome,
    OutcomeUnknownError,
    PagingError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    UnexpectedResponseError,
    UnsupportedMessengerError,
    ValidationError,
)
from cleverapp_async.journal import (
    JournalLostError,
    JournalMismatchError,
    JournalUnreachableError,
    JournalWriteError,
)
from tests.paths import DOCS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ABOUT = (422, {"message": "Нет"}, "sendMessage")
FIELD = FieldError("text", "Поле text обязательно", "required", ())
CAUSE = ForbiddenError(*ABOUT)
EACH: list[CleverAppError] = [
    CleverAppError("x"),
    InvalidRequestError("x", fields=("text", "image")),
    ConfigurationError("x"),
    ClientStateError("x"),
    JournalError("x"),
    JournalLockedError("x", pid=7, host="here"),
    JournalMismatchError("x", index=12),
    JournalWriteError("x"),
    CampaignPausedError("x", cause=CAUSE, in_a_row=5, kind="bot", remedy="look"),
    PagingError("getContacts", reason="short", page=3, given=500, promised=1203),
    NotSentError("x"),
    ConnectError("x"),
    DeadlineExceededError("x", estimated_wait=1.5),
    LimiterUnavailableError("x", remedy="look"),
    OutcomeUnknownError("x"),
    ApiError(*ABOUT, message="told"),
    AuthenticationError(*ABOUT),
    ForbiddenError(*ABOUT),
    NotFoundError(*ABOUT),
    MethodNotFoundError(*ABOUT),
    ValidationError(*ABOUT, errors=(FIELD, FIELD)),
    RateLimitError(*ABOUT, retry_after=2.0),
    MessengerLimitError(*ABOUT, messenger="viber", retry_after=3.0),
    UnsupportedMessengerError(*ABOUT, messenger="icq"),
    NotProcessedError(*ABOUT),
    RequestTimeoutError(*ABOUT),
    ServerError(*ABOUT, retry_after=60.0),
    UnexpectedResponseError(*ABOUT, complete=False),
]
OUTCOMES: dict[Outcome, set[type[CleverAppError]]] = {
    Outcome.ACCEPTED: {PagingError},
    Outcome.REJECTED: {
        ApiError,
        AuthenticationError,
        ForbiddenError,
        NotFoundError,
        MethodNotFoundError,
        ValidationError,
        RateLimitError,
        MessengerLimitError,
        UnsupportedMessengerError,
        CampaignPausedError,  # that of its cause here, as no run tells of its messages
    },
    Outcome.UNKNOWN: {
        OutcomeUnknownError,
        RequestTimeoutError,
        ServerError,
        UnexpectedResponseError,
    },
    Outcome.NOT_SENT: {
        CleverAppError,
        InvalidRequestError,
        ConfigurationError,
        ClientStateError,
        JournalError,
        JournalLockedError,
        JournalMismatchError,
        JournalUnreachableError,
        JournalWriteError,
        NotSentError,
        NotProcessedError,
        ConnectError,
        DeadlineExceededError,
        LimiterUnavailableError,
    },
}
STOPS_A_RUN = {
    JournalError,
    JournalUnreachableError,
    JournalWriteError,
    JournalLostError,
    CampaignPausedError,
}
PARENTS = {
    InvalidRequestError: (CleverAppError, ValueError),
    ConfigurationError: (CleverAppError, ValueError),
    ClientStateError: (CleverAppError, RuntimeError),
    JournalError: (CleverAppError,),
    JournalLockedError: (JournalError,),
    JournalMismatchError: (JournalError,),
    JournalWriteError: (JournalError,),
    CampaignPausedError: (CleverAppError,),
    PagingError: (CleverAppError,),
    NotSentError: (CleverAppError,),
    ConnectError: (NotSentError,),
    DeadlineExceededError: (NotSentError,),
    LimiterUnavailableError: (NotSentError,),
    OutcomeUnknownError: (CleverAppError,),
    ApiError: (CleverAppError,),
    AuthenticationError: (ApiError,),
    ForbiddenError: (ApiError,),
    NotFoundError: (ApiError,),
    MethodNotFoundError: (NotFoundError,),
    ValidationError: (ApiError,),
    RateLimitError: (ApiError,),
    MessengerLimitError: (RateLimitError,),
    UnsupportedMessengerError: (ApiError,),
    NotProcessedError: (ApiError,),
    RequestTimeoutError: (ApiError,),
    ServerError: (ApiError,),
    UnexpectedResponseError: (ApiError,),
}


def by_name(error: CleverAppError) -> str:
    """The test's name for an error."""
    return type(error).__name__


def told(error: CleverAppError) -> dict[str, object]:
    """What an error holds; one that it holds in its turn is told apart by its text."""
    return {
        name: repr(value) if isinstance(value, CleverAppError) else value
        for name, value in vars(error).items()
    }


def pickled(error: CleverAppError) -> CleverAppError:
    """The error after a way through pickle."""
    back: CleverAppError = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    return back


def public_bases(kind: type) -> tuple[type, ...]:
    """What a class derives from; in place of a private base what that derives from."""
    return tuple(
        above
        for base in kind.__bases__
        for above in (public_bases(base) if base.__name__.startswith("_") else (base,))
    )


def all_errors(kind: type[CleverAppError] = CleverAppError) -> Iterator[type[CleverAppError]]:
    """Every public class of error of the package, whoever imports it."""
    if kind.__module__.startswith("cleverapp_async.") and not kind.__name__.startswith("_"):
        yield kind
    for below in kind.__subclasses__():
        yield from all_errors(below)


@pytest.mark.parametrize("again", [pickled, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("error", EACH, ids=by_name)
def test_every_error_survives(
    error: CleverAppError, again: Callable[[CleverAppError], CleverAppError]
) -> None:
    """A pickled or copied error has the same class, text and attributes."""
    error.attempts = 3
    back = again(error)
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert back.args == error.args
    assert told(back) == told(error)
    assert back.outcome is error.outcome


def test_an_outcome_changed_on_the_object_survives_too() -> None:
    """A refusal after an attempt that may have arrived stays UNKNOWN over pickling."""
    error = RateLimitError(*ABOUT)
    error.outcome = Outcome.UNKNOWN
    assert pickled(error).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("error", EACH, ids=by_name)
def test_every_error_has_its_outcome(error: CleverAppError) -> None:
    """Each class says what is known of the request's fate."""
    assert type(error) in OUTCOMES[error.outcome]


def test_the_tree_is_as_documented() -> None:
    """Each class stands where the page of errors shows it."""
    assert {kind: public_bases(kind) for kind in PARENTS} == PARENTS
    assert {type(error) for error in EACH} == {CleverAppError, *PARENTS}


def test_each_kind_of_error_has_a_code_of_its_own_as_documented() -> None:
    """The page of outcomes lists every class with its code, and no two have the same one."""
    page = (DOCS / "outcomes.md").read_text(encoding="utf-8")
    row = re.compile(r"^\| `(\w+Error)` \| `(\w+)` \| ([A-Z_]+|of the run) \|", re.MULTILINE)
    documented = row.findall(page)
    codes = {kind.__name__: vars(kind)["code"] for kind in all_errors()}
    outcomes = {
        kind.__name__: "of the run" if kind in STOPS_A_RUN else kind.outcome.name
        for kind in all_errors()
    }
    assert {name: code for name, code, _ in documented} == codes
    assert {name: outcome for name, _, outcome in documented} == outcomes
    assert len(set(codes.values())) == len(codes) == len(documented)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"error": "Нет"}, "sendMessage: Нет (HTTP 400)"),
        ({"message": "Нет"}, "sendMessage: Нет (HTTP 400)"),
        ({"error": "", "message": "Нет"}, "sendMessage: Нет (HTTP 400)"),
        ({"error": 7}, 'sendMessage: {"error": 7} (HTTP 400)'),
        ("<html>", "sendMessage: an HTML page without text (HTTP 400)"),
        ("Bad \x1b[31m\nrequest", "sendMessage: Bad [31m request (HTTP 400)"),
        ("<Error>no page</Error>", "sendMessage: <Error>no page</Error> (HTTP 400)"),
        (None, "sendMessage: null (HTTP 400)"),
    ],
)
def test_an_answer_is_told_in_its_own_words(body: object, told: str) -> None:
    """The text of an API error is the server's, with the method and the status."""
    assert str(ApiError(400, body, "sendMessage")) == told


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("<html><head><title>502 Bad\n Gateway</title></head>", "502 Bad Gateway"),
        ("<!-- a --><!DOCTYPE HTML>\n<TITLE>Вход &amp; выход</TITLE><h1>No</h1>", "Вход & выход"),
        ('<?xml version="1.0"?>\n<html><title>Moved</title>', "Moved"),
        ("<html><title> </title><h2 id=1>Not <b>Found</b></h2>", "Not Found"),
        ("<html><style>p {}</style><p>Sorry,<br>try &lt;later&gt;", "Sorry, try <later>"),
        ("<br />\n<b>Fatal error</b>: Out of memory", "Fatal error : Out of memory"),
        ("<html><title>\x1b[2J&#27;]0;Ha\u202eha</title>", "[2J]0;Ha ha"),
        ("<html><title>The end is cut", "The end is cut"),
        (f"<html><title>{'x' * 500}</title>", f"{'x' * 200}…"),
        ("<!---->" * 200 + "<html><title>After</title>", "After"),
    ],
)
def test_a_page_is_told_by_its_title(page: str, title: str) -> None:
    """Of an HTML page a text shows the title, the heading or the words: no markup, no control."""
    assert str(ApiError(502, page, "sendMessage")).endswith(f" page: {title} (HTTP 502)")


def test_validation_errors_are_found_by_their_field() -> None:
    """Texts are grouped by field, in the order of the body, and cannot be changed."""
    other = FieldError("bot_id", "Поле bot id обязательно")
    error = ValidationError(*ABOUT, errors=(FIELD, other, FIELD))
    assert error.by_field == {"text": (FIELD, FIELD), "bot_id": (other,)}
    assert list(error.by_field) == ["text", "bot_id"]
    assert "text: Поле text обязательно; bot_id: Поле bot id" in str(error)
    with pytest.raises(TypeError):
        error.by_field["x"] = ()  # type: ignore[index]


def nested(depth: int) -> object:
    """Lists and objects in each other, so deep."""
    body: object = "Нет"
    for level in range(depth):
        body = [level, body] if level % 2 else {"errors": body, "empty": [{}, []]}
    return body


@pytest.mark.parametrize("depth", [100, 500, 5000])
@pytest.mark.parametrize("again", [pickled, copy.copy, copy.deepcopy])
@pytest.mark.parametrize(
    "make",
    [
        lambda body: ApiError(400, body, "x"),
        lambda body: ValidationError(422, body, "x", errors=(FIELD,)),
        CleverAppError,
        lambda body: CampaignPausedError("x", cause=ServerError(500, body, "x"), in_a_row=5),
    ],
)
def test_an_error_survives_however_deep_its_body_is_nested(
    make: Callable[[object], CleverAppError],
    again: Callable[[CleverAppError], CleverAppError],
    depth: int,
) -> None:
    """Copied, and on the way to another process, nothing of it is lost; its text stays short."""
    error = make(nested(depth))
    back = again(error)
    held = back.cause if isinstance(back, CampaignPausedError) else back
    body = held.body if isinstance(held, ApiError) else held.args[0]
    for level in range(depth - 1, -1, -1):
        if level % 2:
            first, body = cast("list[object]", body)
            assert first == level
        else:
            assert cast("dict[str, object]", body)["empty"] == [{}, []]
            body = cast("dict[str, object]", body)["errors"]
    assert body == "Нет"
    if type(error) is not CleverAppError:
        assert str(back) == str(error)
        assert repr(back) == repr(error)
        assert len(str(error)) < 300


def test_an_error_keeps_what_is_shared_and_what_is_round() -> None:
    """A body of a user's own making may hold one list twice, or itself."""
    shared: list[object] = [1]
    body: dict[str, object] = {"a": shared, "b": shared}
    body["self"] = body
    error = ApiError(400, body, "x", message="told")
    back = cast("dict[str, object]", cast("ApiError", pickled(error)).body)
    assert back["a"] is back["b"]
    assert back["self"] is back


def test_an_error_reaches_another_process() -> None:
    """A worker's error arrives as it was raised."""
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(ValidationError) as caught,
    ):
        pool.submit(fail_deeply).result()
    assert caught.value.status == 422


def fail_deeply() -> None:
    """Raise an error whose body is nested 500 deep."""
    raise ValidationError(422, nested(500), "x")
