"""The breaker counts what concerns everybody, and nothing else."""

from __future__ import annotations

import pytest

from cleverapp_async import (
    ApiError,
    AuthenticationError,
    CleverAppError,
    ConnectError,
    DeadlineExceededError,
    ForbiddenError,
    InvalidRequestError,
    LimiterUnavailableError,
    LimitKey,
    MessengerLimitError,
    MethodNotFoundError,
    NotFoundError,
    NotSentError,
    Outcome,
    OutcomeUnknownError,
    RateLimitError,
    SendMessage,
    SendOutcome,
    ServerError,
    UnexpectedResponseError,
    ValidationError,
)
from cleverapp_async.bulk.breaker import Breaker, is_permanent, trouble_of

KEY = LimitKey(1, "telegram")
SIBLING = LimitKey(1, "viber")
OTHER = LimitKey(2, "telegram")
MESSAGE = SendMessage(contact_id=1, text="Hi")
PAGE = "<html>Sorry</html>"


def outcome_of(error: CleverAppError | None) -> SendOutcome:
    """One outcome with that error."""
    outcome = Outcome.ACCEPTED if error is None else error.outcome
    return SendOutcome(message=MESSAGE, outcome=outcome, index=0, error=error)


FORBIDDEN = outcome_of(ForbiddenError(403, {"message": "Forbidden"}, "sendMessage"))
UNAUTHENTICATED = outcome_of(AuthenticationError(401, {"message": "no"}, "sendMessage"))
UNREACHABLE = outcome_of(ConnectError("not sent: refused"))
DOWN = outcome_of(ServerError(503, {}, "sendMessage", retry_after=60))
INVALID = outcome_of(ValidationError(422, {}, "sendMessage"))
LOST = outcome_of(OutcomeUnknownError("no answer"))
OURS = outcome_of(InvalidRequestError("text is too long"))
LATE = outcome_of(DeadlineExceededError("not sent: no time left"))
TAKEN = outcome_of(None)

TROUBLES: list[tuple[CleverAppError, str]] = [
    (AuthenticationError(401, {"message": "Unauthenticated."}, "x"), "token"),
    (AuthenticationError(401, PAGE, "x"), "token"),
    (ForbiddenError(403, {"message": "Forbidden"}, "x"), "bot"),
    (ForbiddenError(403, PAGE, "x"), "answer"),
    (MethodNotFoundError(404, {"message": ""}, "x"), "address"),
    (MethodNotFoundError(404, PAGE, "x"), "address"),
    (MethodNotFoundError(405, {}, "x"), "address"),
    (ServerError(500, {}, "x"), "server"),
    (ServerError(502, PAGE, "x"), "server"),
    (ServerError(503, {}, "x", retry_after=60), "server"),
    (UnexpectedResponseError(301, "", "x"), "redirect"),
    (UnexpectedResponseError(302, "", "x"), "redirect"),
    (UnexpectedResponseError(200, PAGE, "x"), "answer"),
    (UnexpectedResponseError(200, {"data": 1}, "x"), "answer"),
    (UnexpectedResponseError(200, "", "x", complete=False), "answer"),
    (ApiError(400, PAGE, "x"), "answer"),
    (ApiError(407, {}, "x"), "answer"),
    (ApiError(402, {"message": "Pay"}, "x"), "answer"),
    (RateLimitError(429, {}, "x"), "limit"),
    (MessengerLimitError(422, {}, "x", messenger="viber"), "limit"),
    (LimiterUnavailableError("x"), "limiter"),
    (ConnectError("x"), "connection"),
    (NotSentError("x"), "connection"),
    (OutcomeUnknownError("x"), "silence"),
]
VERDICTS: list[CleverAppError] = [
    ValidationError(422, {"errors": {}}, "x"),
    NotFoundError(404, {"error": "Контакт не найден"}, "x"),
    ApiError(200, {"error": "Нет такого бота"}, "x"),
    ApiError(400, {"message": "Oops"}, "x"),
    DeadlineExceededError("x"),
    InvalidRequestError("x"),
]


def told(value: object) -> str:
    """The test's name for an error."""
    return type(value).__name__ if isinstance(value, CleverAppError) else str(value)


@pytest.mark.parametrize(("error", "kind"), TROUBLES, ids=told)
def test_what_concerns_everybody_pauses_at_the_bound(error: CleverAppError, kind: str) -> None:
    """At the bound and not before it, with the error, its kind, the count and the remedy."""
    breaker, outcome = Breaker(3), outcome_of(error)
    assert [breaker.note(KEY, outcome) for _ in range(2)] == [None, None]
    paused = breaker.note(KEY, outcome)
    assert paused is not None
    assert paused.cause is error
    assert paused.in_a_row == 3
    assert paused.kind == kind
    assert paused.remedy
    assert paused.remedy in str(paused)
    assert (str(KEY) in str(paused)) is (isinstance(error, MessengerLimitError) or kind == "bot")
    assert not is_permanent(outcome)


@pytest.mark.parametrize(
    ("lasting", "then"),
    [(True, "then resume the campaign"), (False, "then send again what was not sent")],
)
def test_what_to_do_after_a_pause_fits_the_run(lasting: bool, then: str) -> None:
    """A campaign resumes from its journal; without one there is nothing to resume."""
    paused = Breaker(1, lasting=lasting).note(KEY, UNAUTHENTICATED)
    assert paused is not None
    assert then in str(paused)
    assert ("resume" in str(paused)) is lasting


@pytest.mark.parametrize("remedy", ["check the folder of the limits", ""])
def test_limits_that_are_away_are_mended_where_they_are_kept(remedy: str) -> None:
    """The remedy is the error's own; limits of somebody else's, which give none, get no Redis."""
    paused = Breaker(1).note(KEY, outcome_of(LimiterUnavailableError("x", remedy=remedy)))
    assert paused is not None
    assert paused.kind == "limiter"
    assert paused.remedy == (remedy or "check what keeps the limits")


@pytest.mark.parametrize("error", VERDICTS, ids=told)
def test_what_concerns_one_recipient_alone_never_pauses(error: CleverAppError) -> None:
    """A list may hold a hundred bad numbers in a row."""
    breaker, outcome = Breaker(2), outcome_of(error)
    assert trouble_of(error) is None
    assert all(breaker.note(None, outcome) is None for _ in range(100))
    assert is_permanent(outcome) is (error.outcome is Outcome.REJECTED)


def test_success_never_pauses() -> None:
    """What works is no trouble."""
    breaker = Breaker(1)
    assert all(breaker.note(KEY, TAKEN) is None for _ in range(100))


@pytest.mark.parametrize("between", [TAKEN, INVALID])
@pytest.mark.parametrize("trouble", [UNAUTHENTICATED, UNREACHABLE, DOWN, LOST, FORBIDDEN])
def test_what_shows_that_the_service_works_begins_a_new_row(
    trouble: SendOutcome, between: SendOutcome
) -> None:
    """One success, or one verdict on a message, in between ends the row."""
    breaker = Breaker(2)
    for _ in range(5):
        assert breaker.note(KEY, trouble) is None
        assert breaker.note(KEY, between) is None


@pytest.mark.parametrize("between", [OURS, LATE, LOST])
def test_what_shows_nothing_of_the_service_ends_no_row(between: SendOutcome) -> None:
    """What we refused ourselves, or nobody answered, proves nothing: the row goes on."""
    breaker = Breaker(3)
    noted = [breaker.note(KEY, one) for one in (DOWN, between, DOWN, between, DOWN)]
    assert [pause is not None for pause in noted] == [False, False, False, False, True]


def test_kinds_are_counted_apart() -> None:
    """So many of one kind pause; as many of several do not, and the text tells of the others."""
    breaker = Breaker(5)
    mixed = [DOWN, LOST, UNREACHABLE, UNAUTHENTICATED] * 4
    assert [breaker.note(KEY, one) for one in mixed] == [None] * 16
    paused = breaker.note(KEY, LOST)
    assert paused is not None
    assert (paused.kind, paused.in_a_row) == ("silence", 5)
    assert "12" in str(paused)


@pytest.mark.parametrize("outcome", [UNAUTHENTICATED, UNREACHABLE, DOWN, LOST])
def test_what_concerns_the_account_is_counted_over_all_keys(outcome: SendOutcome) -> None:
    """A hundred bots do not cost a hundred rows of refusals of one token."""
    breaker = Breaker(3)
    noted = [breaker.note(LimitKey(bot_id, "viber"), outcome) for bot_id in range(1, 4)]
    assert [pause is not None for pause in noted] == [False, False, True]


def test_bots_are_counted_apart() -> None:
    """A bot that works does not hide that another one is refused every time."""
    breaker = Breaker(3)
    noted = [
        breaker.note(key, outcome)
        for _ in range(3)
        for key, outcome in ((KEY, FORBIDDEN), (OTHER, TAKEN))
    ]
    assert noted[4] is not None
    assert [pause for pause in noted if pause is not None] == [noted[4]]


def test_the_messengers_of_a_bot_are_counted_together() -> None:
    """A forbidden bot is forbidden whatever the messenger."""
    breaker = Breaker(4)
    noted = [breaker.note(key, FORBIDDEN) for key in (KEY, SIBLING, KEY, SIBLING)]
    assert noted[:3] == [None] * 3
    assert noted[3] is not None
    assert "bot 1" in str(noted[3])
    assert KEY.messenger not in str(noted[3])


def test_a_messenger_is_not_hidden_by_its_siblings() -> None:
    """Where a bot may not write through one messenger alone, the others' success hides nothing."""
    breaker = Breaker(3)
    noted = [
        breaker.note(key, outcome)
        for _ in range(3)
        for key, outcome in ((KEY, FORBIDDEN), (SIBLING, TAKEN))
    ]
    assert noted[4] is not None
    assert str(KEY) in str(noted[4])


def test_a_forbidden_bot_shows_that_the_service_works() -> None:
    """The API has answered: whatever the account had before is over."""
    breaker = Breaker(2)
    for key in (KEY, OTHER):
        assert breaker.note(key, DOWN) is None
        assert breaker.note(key, FORBIDDEN) is None
