"""The breaker counts refusals that concern everybody, and nothing else."""

from __future__ import annotations

import pytest

from cleverapp_async import (
    AuthenticationError,
    CleverAppError,
    ConnectError,
    ForbiddenError,
    LimitKey,
    Outcome,
    OutcomeUnknownError,
    SendMessage,
    SendOutcome,
    ValidationError,
)
from cleverapp_async.bulk.breaker import Breaker

KEY = LimitKey(1, "telegram")
OTHER = LimitKey(2, "telegram")
MESSAGE = SendMessage(contact_id=1, text="Hi")


def outcome_of(error: CleverAppError | None) -> SendOutcome:
    """One outcome with that error."""
    outcome = Outcome.ACCEPTED if error is None else error.outcome
    return SendOutcome(message=MESSAGE, outcome=outcome, index=0, error=error)


FORBIDDEN = outcome_of(ForbiddenError(403, {"message": "Forbidden"}, "sendMessage"))
UNAUTHENTICATED = outcome_of(AuthenticationError(401, {"message": "no"}, "sendMessage"))
UNREACHABLE = outcome_of(ConnectError("not sent: refused"))
INVALID = outcome_of(ValidationError(422, {}, "sendMessage"))
LOST = outcome_of(OutcomeUnknownError("no answer"))
TAKEN = outcome_of(None)


@pytest.mark.parametrize(
    ("outcome", "remedy"),
    [(FORBIDDEN, "bot"), (UNAUTHENTICATED, "token"), (UNREACHABLE, "network")],
)
def test_the_same_refusal_in_a_row_pauses(outcome: SendOutcome, remedy: str) -> None:
    """At the bound and not before it, with the error, the count and the remedy."""
    breaker = Breaker(3)
    assert [breaker.note(KEY, outcome) for _ in range(2)] == [None, None]
    paused = breaker.note(KEY, outcome)
    assert paused is not None
    assert paused.cause is outcome.error
    assert paused.in_a_row == 3
    assert remedy in str(paused)
    assert ("for telegram of bot 1" in str(paused)) is (outcome is FORBIDDEN)


@pytest.mark.parametrize("between", [TAKEN, INVALID, LOST, UNAUTHENTICATED])
def test_anything_else_begins_a_new_row(between: SendOutcome) -> None:
    """Another outcome of the same key between two refusals ends the row."""
    breaker = Breaker(2)
    for _ in range(5):
        assert breaker.note(KEY, FORBIDDEN) is None
        assert breaker.note(KEY, between) is None


@pytest.mark.parametrize("outcome", [UNAUTHENTICATED, UNREACHABLE])
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


@pytest.mark.parametrize("outcome", [INVALID, LOST, TAKEN])
def test_what_concerns_one_recipient_alone_never_pauses(outcome: SendOutcome) -> None:
    """A list may hold a hundred bad numbers in a row."""
    breaker = Breaker(2)
    assert all(breaker.note(None, outcome) is None for _ in range(100))
