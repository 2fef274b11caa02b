"""Stops a run in which every message fails for one reason, before the whole list is spent on it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from attrs import define, evolve, field, frozen

from ..errors import (
    ApiError,
    AuthenticationError,
    CampaignPausedError,
    CleverAppError,
    ConnectError,
    DeadlineExceededError,
    ForbiddenError,
    LimiterUnavailableError,
    MessengerLimitError,
    MethodNotFoundError,
    NotProcessedError,
    NotSentError,
    Outcome,
    OutcomeUnknownError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    UnexpectedResponseError,
)
from ..limits.quota import LimitKey

if TYPE_CHECKING:
    from .outcome import SendOutcome

__all__ = ["Breaker", "Trouble", "is_permanent", "trouble_of"]


@frozen
class Trouble:
    """A problem that concerns every recipient alike, and says nothing about the single message.

    Attributes:
        kind: In a word.
        remedy: What to do about it.
        of_key: Whether it concerns one bot or messenger only, and not the whole account.
    """

    kind: str
    remedy: str
    of_key: bool = False


_TOKEN = Trouble("token", "check the token and the base URL")
_BOT = Trouble("bot", "check that the token may use this bot", of_key=True)
_KEY_LIMIT = Trouble("limit", "wait until the limit lets messages through again", of_key=True)
_LIMIT = Trouble("limit", "wait until the limit lets messages through again")
_ADDRESS = Trouble("address", "check the base URL: its path ends with /api/v1")
_REDIRECT = Trouble("redirect", "check the base URL: its scheme, host and path")
_ANSWER = Trouble("answer", "check the base URL, and whether a proxy or a portal stands between")
_SERVER = Trouble("server", "wait until the server works again (it failed, or is in maintenance)")
_SILENCE = Trouble("silence", "check whether the server and the network work")
_CONNECTION = Trouble("connection", "check the network and the base URL")
_LIMITER = Trouble("limiter", "check what keeps the limits")

_TROUBLES: tuple[tuple[type[CleverAppError], Trouble | None], ...] = (
    (AuthenticationError, _TOKEN),
    (MethodNotFoundError, _ADDRESS),
    (MessengerLimitError, _KEY_LIMIT),
    (RateLimitError, _LIMIT),
    (ServerError, _SERVER),
    (RequestTimeoutError, _SILENCE),
    (NotProcessedError, _ANSWER),
    (LimiterUnavailableError, _LIMITER),
    (ConnectError, _CONNECTION),
    (DeadlineExceededError, None),
    (NotSentError, _CONNECTION),
    (OutcomeUnknownError, _SILENCE),
)
"""The trouble of each kind of error; the first that fits counts."""

_WHATEVER_THE_BODY = (
    AuthenticationError,
    MethodNotFoundError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
)

# They speak of the way to the API and of the form of a request, never of a recipient: Payment
# Required, Not Acceptable, Proxy Authentication Required, Length Required, Unsupported Media Type,
# Upgrade Required, Unavailable For Legal Reasons.
_OF_THE_WAY = frozenset({402, 406, 407, 411, 415, 426, 451})


def trouble_of(error: CleverAppError | None) -> Trouble | None:
    """The trouble behind an error; None where the error concerns one message only."""
    if error is None:
        return None
    if isinstance(error, ApiError):
        if 300 <= error.status < 400 and isinstance(error, UnexpectedResponseError):  # noqa: PLR2004
            return _REDIRECT
        # A text is no JSON: a page of somebody between, whatever its status says.
        page = isinstance(error.body, str) and not isinstance(error, _WHATEVER_THE_BODY)
        if page or isinstance(error, UnexpectedResponseError) or error.status in _OF_THE_WAY:
            return _ANSWER
        if isinstance(error, ForbiddenError):
            return _BOT
    if isinstance(error, LimiterUnavailableError) and error.remedy:
        # Only the limiter knows whether its limits are kept in Redis, in a file or elsewhere.
        return evolve(_LIMITER, remedy=error.remedy)
    # In the order of the rows: subclasses stand before their bases, such as MessengerLimitError
    # before RateLimitError, and LimiterUnavailableError before the NotSentError that it is.
    return next((trouble for kind, trouble in _TROUBLES if isinstance(error, kind)), None)


_ACCOUNT = "the account"
_Place: TypeAlias = LimitKey | str | None


@define
class Breaker:
    """Counts errors, each kind apart, until something shows that the service works.

    Errors that concern the whole account are counted over all keys; errors of a bot, for the bot
    and for each of its messengers apart, so that the success of another one does not hide them. An
    error of another kind does not start the count again, because it does not show that the service
    works; nor does a message that never left.

    Args:
        limit: How many of one kind stop the run.
        lasting: Whether a journal keeps what is not sent, so that the run can be resumed.
    """

    limit: int
    lasting: bool = field(default=False, kw_only=True)
    _rows: dict[_Place, Counter[str]] = field(factory=dict["_Place", "Counter[str]"], init=False)

    def note(self, key: LimitKey | None, outcome: SendOutcome) -> CampaignPausedError | None:
        """Count one outcome.

        Returns:
            The error that stops the run, once the bound is reached.
        """
        # First what the outcome shows to work, then what it shows to fail: a refusal of one bot
        # proves that the account works, and counts against the bot.
        error, trouble = outcome.error, trouble_of(outcome.error)
        for place in _shown_to_work(key, outcome, trouble):
            self._rows.pop(place, None)
        if error is None or trouble is None:
            return None
        # A trouble of a bot counts for the bot and for each messenger of it apart: where one
        # messenger fails and another works, the successes of the latter end the bot's row, and not
        # that of the former.
        for place in _places(key) if trouble.of_key else (_ACCOUNT,):
            row = self._rows.setdefault(place, Counter())
            row[trouble.kind] += 1
            if row[trouble.kind] >= self.limit:
                return _paused(error, trouble, row, place, _THEN[self.lasting])
        return None


def _places(key: LimitKey | None) -> tuple[_Place, ...]:
    """The places at which an error of a key counts; None stands for all unknown routes."""
    if key is None or key.bot_id is None:
        return (key,)
    return (key, f"bot {key.bot_id}")


def _shown_to_work(
    key: LimitKey | None, outcome: SendOutcome, trouble: Trouble | None
) -> tuple[_Place, ...]:
    """The places that an outcome shows to work: the refusal of one message counts as a success."""
    if not outcome.accepted and not isinstance(outcome.error, ApiError):
        return ()
    if trouble is None:
        return (_ACCOUNT, *_places(key))
    return (_ACCOUNT,) if trouble.of_key else ()


_THEN = {
    True: "then resume the campaign",
    False: "then send again what was not sent, was refused for this, or was not read yet",
}
"""What is done once the cause is removed: where a journal keeps the rest, and where none does."""


def _paused(
    error: CleverAppError, trouble: Trouble, row: Counter[str], place: _Place, then: str
) -> CampaignPausedError:
    count, others = row[trouble.kind], row.total() - row[trouble.kind]
    where = "" if place is None or place == _ACCOUNT else f" for {place}"
    among = f" (and {others} of other kinds between them)" if others else ""
    return CampaignPausedError(
        f"paused: {count} times in a row the same error came{where}{among}. The last one is "
        f"{type(error).__name__}: {str(error).rstrip('. ')}. Nothing more is sent: "
        f"{trouble.remedy}, {then}",
        cause=error,
        in_a_row=count,
        kind=trouble.kind,
        remedy=trouble.remedy,
    )


def is_permanent(outcome: SendOutcome) -> bool:
    """Whether the same message would be refused again: the refusal concerns this message alone."""
    return outcome.outcome is Outcome.REJECTED and trouble_of(outcome.error) is None
