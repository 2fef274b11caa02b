"""Whether to try again, and after how long: the policy, and what answers say; all of it pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Protocol

from attrs import Attribute, field, frozen

from ._arguments import check_seconds, check_whole, wrong_setting
from .endpoints import Repeat
from .errors import (
    CleverAppError,
    DeadlineExceededError,
    LimiterUnavailableError,
    NotProcessedError,
    NotSentError,
    OutcomeUnknownError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    UnexpectedResponseError,
)

# What users import; the functions are for the other rooms.
__all__ = ["Retry", "RetryPolicy"]

# Some servers give X-RateLimit-Reset in milliseconds.
_LONGEST_WINDOW = 86_400.0


def _attempts(_: object, __: Attribute[int], value: object) -> None:
    check_whole("RetryPolicy.attempts", value, wrong_setting)


def _refusals(_: object, __: Attribute[int], value: object) -> None:
    check_whole("RetryPolicy.refusals", value, wrong_setting, least=0)


def _seconds(_: object, attribute: Attribute[float], value: object) -> None:
    check_seconds(f"RetryPolicy.{attribute.name}", value, wrong_setting, zero=True)


class Retry(Protocol):
    """Anything that decides about another attempt; :class:`RetryPolicy` is the default."""

    def delay(
        self, error: CleverAppError, repeat: Repeat, *, faults: int, refusals: int, jitter: float
    ) -> float | None:
        """Seconds to wait before the next attempt, or None to raise the error.

        Args:
            error: What ended this attempt.
            repeat: What repeating this method does.
            faults: Attempts that ended without an answer or with a 5xx so far, this one included.
            refusals: Attempts refused for a limit so far, this one included.
            jitter: A random number from 0 to 1.
        """
        ...


@frozen(kw_only=True)
class RetryPolicy:
    """Exponential back-off with full jitter; a message that may have arrived is not repeated.

    A request that provably never reached the server, that the server did not take up (421, 425),
    or that it refused for a limit, is tried again whatever the method. A request that may have
    reached it is tried again only if the method allows that (``Repeat.SAFE``,
    ``Repeat.SAME_EFFECT``), so a message is not.

    Attributes:
        attempts: Attempts in all that may end in a fault, from 1 up (1: no second attempt).
        refusals: Refusals for a limit after which the error is raised. The limiter decides how long
            to wait between them, which may be long: bound it by a deadline.
        base: The first back-off's upper bound, seconds; it doubles with each fault.
        cap: The longest back-off, seconds.
        retry_after_ceiling: The longest ``Retry-After`` that is waited for, seconds; a server
            that asks for more gets no further attempt, and the error says so.

    Raises:
        ConfigurationError: A value cannot work.
    """

    attempts: int = field(default=4, validator=_attempts)
    refusals: int = field(default=10, validator=_refusals)
    base: float = field(default=0.5, validator=_seconds)
    cap: float = field(default=30.0, validator=_seconds)
    retry_after_ceiling: float = field(default=300.0, validator=_seconds)

    def delay(
        self, error: CleverAppError, repeat: Repeat, *, faults: int, refusals: int, jitter: float
    ) -> float | None:
        """Seconds to wait before the next attempt, or None to raise the error."""
        if isinstance(error, RateLimitError):
            too_long = (error.retry_after or 0.0) > self.retry_after_ceiling
            return None if too_long or refusals > self.refusals else 0.0
        if not _may_repeat(error, repeat) or faults >= self.attempts:
            return None
        bound: float = min(self.cap, self.base * 2.0 ** min(faults - 1, 64))
        return bound * jitter


def _may_repeat(error: CleverAppError, repeat: Repeat) -> bool:
    if isinstance(error, NotSentError):
        # Both say that waiting is not wanted: the deadline is over, or the policy is to raise.
        return not isinstance(error, DeadlineExceededError | LimiterUnavailableError)
    if isinstance(error, NotProcessedError):
        return True
    if isinstance(error, UnexpectedResponseError):
        return repeat is not Repeat.NEVER and not error.complete
    if isinstance(error, OutcomeUnknownError | RequestTimeoutError | ServerError):
        return repeat is not Repeat.NEVER
    return False


def retry_after(headers: Mapping[str, str], *, of_limit: bool = True) -> float | None:
    """Seconds the server asks to wait, as it says them; None where the answer does not say.

    ``Retry-After`` (a number or a date) and ``X-RateLimit-Reset`` (Unix seconds) are read, and the
    later one counts. The framework cuts both down to whole seconds: a window with half a second to
    go says 0. So 0 says no more than that the window is not over: it is no leave to come back at
    once. How long is waited then says :func:`to_the_last_second`.

    Moments are compared with the answer's own ``Date`` where it has one, so that a client whose
    clock is wrong waits as long as the server meant.

    Args:
        headers: By their lower-case names.
        of_limit: Whether a limit refused. Some servers tell the moment of its reset in every
            answer: in another one it says nothing of when to come back.
    """
    now = _date(headers.get("date", "")) or datetime.now(UTC)
    asked = _asked_for(headers, now)
    if of_limit:
        asked = max(asked, _until_reset(headers, now))
    return None if asked <= 0 else asked


def to_the_last_second(asked: float | None) -> float | None:
    """How long to wait where a server asks for so many seconds; None where it does not say.

    Args:
        asked: What it asks for. It cuts that down to whole seconds, so that the window may end as
            late as a second after a whole number.
    """
    return asked + 1 if asked is not None and asked.is_integer() else asked


def _asked_for(headers: Mapping[str, str], now: datetime) -> float:
    """What ``Retry-After`` asks for, in seconds; 0 where it says nothing that can be read."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        until = _date(value)
        return 0.0 if until is None else (until - now).total_seconds()
    return seconds if isfinite(seconds) else 0.0


def _until_reset(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds until ``X-RateLimit-Reset``; 0 where it is no moment of the next day."""
    try:
        seconds = float(headers.get("x-ratelimit-reset", "")) - now.timestamp()
    except ValueError:
        return 0.0
    return seconds if seconds <= _LONGEST_WINDOW else 0.0


def _date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
