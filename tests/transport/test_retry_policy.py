"""Whether to try again, and after how long: a table and a few laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import (
    ApiError,
    AuthenticationError,
    CampaignPausedError,
    CleverAppError,
    ClientStateError,
    ConfigurationError,
    ConnectError,
    DeadlineExceededError,
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
    OutcomeUnknownError,
    PagingError,
    RateLimitError,
    RequestTimeoutError,
    RetryPolicy,
    ServerError,
    UnexpectedResponseError,
    UnsupportedMessengerError,
    ValidationError,
)
from cleverapp_async.endpoints import Repeat
from cleverapp_async.journal import (
    JournalLostError,
    JournalMismatchError,
    JournalUnreachableError,
    JournalWriteError,
)

ABOUT = (400, None, "sendMessage")
NEVER, HARMLESS, ALWAYS = "never", "harmless", "always"
TABLE: list[tuple[CleverAppError, str]] = [
    (NotSentError("x"), ALWAYS),
    (ConnectError("x"), ALWAYS),
    (RateLimitError(*ABOUT), ALWAYS),
    (MessengerLimitError(*ABOUT, messenger="viber"), ALWAYS),
    (OutcomeUnknownError("x"), HARMLESS),
    (NotProcessedError(*ABOUT), ALWAYS),
    (RequestTimeoutError(*ABOUT), HARMLESS),
    (ServerError(*ABOUT), HARMLESS),
    (UnexpectedResponseError(*ABOUT, complete=False), HARMLESS),
    (UnexpectedResponseError(*ABOUT), NEVER),
    (DeadlineExceededError("x"), NEVER),
    (LimiterUnavailableError("x"), NEVER),
    (ApiError(*ABOUT), NEVER),
    (AuthenticationError(*ABOUT), NEVER),
    (ForbiddenError(*ABOUT), NEVER),
    (NotFoundError(*ABOUT), NEVER),
    (MethodNotFoundError(*ABOUT), NEVER),
    (ValidationError(*ABOUT), NEVER),
    (UnsupportedMessengerError(*ABOUT, messenger="icq"), NEVER),
    (InvalidRequestError("x"), NEVER),
    (ConfigurationError("x"), NEVER),
    (ClientStateError("x"), NEVER),
    (JournalError("x"), NEVER),
    (JournalLockedError("x"), NEVER),
    (JournalMismatchError("x"), NEVER),
    (JournalUnreachableError("x"), NEVER),
    (JournalWriteError("x"), NEVER),
    (JournalLostError("x"), NEVER),
    (CampaignPausedError("x", cause=ConnectError("x"), in_a_row=5), NEVER),
    (PagingError("getContacts", reason="repeated", page=2, given=500), NEVER),
]


@pytest.mark.parametrize("repeat", Repeat)
@pytest.mark.parametrize(("error", "rule"), TABLE, ids=lambda value: type(value).__name__)
def test_which_errors_are_tried_again(error: CleverAppError, rule: str, repeat: Repeat) -> None:
    """Proven not sent and refused for a limit always; perhaps done only where it does no harm."""
    delay = RetryPolicy().delay(error, repeat, faults=1, refusals=1, jitter=0.5)
    allowed = rule == ALWAYS or (rule == HARMLESS and repeat is not Repeat.NEVER)
    assert (delay is not None) == allowed


def test_the_table_is_whole() -> None:
    """Every public error of the package has a row above."""

    def below(kind: type[CleverAppError]) -> set[type[CleverAppError]]:
        return {kind}.union(*map(below, kind.__subclasses__()))

    own = {
        kind
        for kind in below(CleverAppError)
        if kind.__module__.startswith("cleverapp_async") and not kind.__name__.startswith("_")
    }
    assert {type(error) for error, _ in TABLE} | {CleverAppError} == own


@pytest.mark.parametrize(("attempts", "faults", "again"), [(1, 1, 0), (2, 1, 1), (2, 2, 0)])
def test_attempts_are_counted(attempts: int, faults: int, again: int) -> None:
    """So many attempts may end in a fault, the first included."""
    policy = RetryPolicy(attempts=attempts)
    delay = policy.delay(NotSentError("x"), Repeat.NEVER, faults=faults, refusals=0, jitter=1.0)
    assert (delay is not None) == bool(again)


@pytest.mark.parametrize(("allowed", "seen", "again"), [(0, 1, 0), (2, 2, 1), (2, 3, 0)])
def test_refusals_are_counted_apart(allowed: int, seen: int, again: int) -> None:
    """Refusals have a bound of their own, and their waits are the limiter's."""
    policy = RetryPolicy(attempts=1, refusals=allowed)
    error = RateLimitError(*ABOUT)
    delay = policy.delay(error, Repeat.NEVER, faults=9, refusals=seen, jitter=1.0)
    assert delay == (0.0 if again else None)


@pytest.mark.parametrize(
    ("retry_after", "again"),
    [(None, True), (0.0, True), (300.0, True), (300.5, False), (301.0, False)],
)
def test_a_wait_beyond_the_ceiling_is_not_waited_for(
    retry_after: float | None, *, again: bool
) -> None:
    """A server that asks for more than the ceiling gets no further attempt."""
    error = RateLimitError(*ABOUT, retry_after=retry_after)
    delay = RetryPolicy().delay(error, Repeat.SAFE, faults=0, refusals=1, jitter=1.0)
    assert (delay is not None) == again


@given(
    base=st.floats(0, 100),
    cap=st.floats(0, 1000),
    faults=st.integers(1, 10_000),
    jitter=st.floats(0, 1),
)
def test_back_off_has_its_bounds(base: float, cap: float, faults: int, jitter: float) -> None:
    """The wait is between 0 and the doubled base, never above the cap, whatever the numbers."""
    policy = RetryPolicy(attempts=20_000, base=base, cap=cap)
    delay = policy.delay(NotSentError("x"), Repeat.NEVER, faults=faults, refusals=0, jitter=jitter)
    assert delay is not None
    assert 0 <= delay <= cap
    if faults < 60:
        assert delay <= base * 2.0 ** (faults - 1)


def test_back_off_doubles() -> None:
    """With full jitter drawn at its top the waits double up to the cap."""
    policy = RetryPolicy(attempts=9, base=1.0, cap=5.0)
    delays = [
        policy.delay(NotSentError("x"), Repeat.NEVER, faults=faults, refusals=0, jitter=1.0)
        for faults in range(1, 6)
    ]
    assert delays == [1.0, 2.0, 4.0, 5.0, 5.0]


@pytest.mark.parametrize(
    "setting", [{"attempts": 0}, {"refusals": -1}, {"base": -1}, {"cap": float("nan")}]
)
def test_settings_that_make_no_sense_are_refused(setting: dict[str, float]) -> None:
    """Bounds below what can be counted are refused when the policy is made."""
    with pytest.raises(ConfigurationError, match=next(iter(setting))):
        RetryPolicy(**setting)  # type: ignore[arg-type]
