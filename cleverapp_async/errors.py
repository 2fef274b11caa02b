"""Every error the package raises, in one leaf module.

::

    CleverAppError
    ├── InvalidRequestError (ValueError)      we refused it ourselves, before any I/O
    ├── ConfigurationError (ValueError)       a token, URL or setting that cannot work
    ├── ClientStateError (RuntimeError)       a closed client, or another event loop
    ├── JournalError                          a campaign's journal cannot be used
    │   ├── JournalLockedError                another runner has it
    │   ├── JournalMismatchError              it belongs to other messages
    │   ├── JournalUnreachableError           the server that keeps it is away
    │   └── JournalWriteError                 it cannot be written: a full disk, say
    │       └── JournalLostError              its file was deleted, moved or replaced
    ├── CampaignPausedError                   the same trouble in a row stopped it
    ├── PagingError                           pages ended before all that was promised came
    ├── NotSentError                          it provably never reached the server
    │   ├── ConnectError                      no connection could be made
    │   ├── DeadlineExceededError             the deadline passed before it could leave
    │   └── LimiterUnavailableError           the shared limits could not be asked
    ├── OutcomeUnknownError                   it may have reached the server
    └── ApiError                              the server answered, and did not say yes
        ├── AuthenticationError
        ├── ForbiddenError
        ├── NotFoundError
        │   └── MethodNotFoundError           no such method there: the base URL is wrong
        ├── ValidationError                   one FieldError per text
        ├── RateLimitError                    the account's limit: refused
        │   └── MessengerLimitError           the limit of one bot and messenger: refused
        ├── UnsupportedMessengerError
        ├── NotProcessedError                 421, 425: the server did not take it up
        ├── RequestTimeoutError               408: the server says it got no whole request
        ├── ServerError                       5xx
        └── UnexpectedResponseError           an answer of a shape nobody documented

Each has an ``outcome``: what is known of the request's fate. No error ever holds
the token or a URL, and each survives pickling.
"""

from __future__ import annotations

import json
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .field_errors import FieldError

__all__ = [
    "ApiError",
    "AuthenticationError",
    "CampaignPausedError",
    "CleverAppError",
    "ClientStateError",
    "ConfigurationError",
    "ConnectError",
    "DeadlineExceededError",
    "ForbiddenError",
    "InvalidRequestError",
    "JournalError",
    "JournalLockedError",
    "JournalLostError",
    "JournalMismatchError",
    "JournalUnreachableError",
    "JournalWriteError",
    "LimiterUnavailableError",
    "MessengerLimitError",
    "MethodNotFoundError",
    "NotFoundError",
    "NotProcessedError",
    "NotSentError",
    "Outcome",
    "OutcomeUnknownError",
    "PagingError",
    "RateLimitError",
    "RequestTimeoutError",
    "ServerError",
    "UnexpectedResponseError",
    "UnsupportedMessengerError",
    "ValidationError",
]

_BODY_SHOWN = 200
_shower = json.JSONEncoder(ensure_ascii=False, default=repr)


class Outcome(Enum):
    """What became of a request: every send ends as exactly one of these."""

    ACCEPTED = "accepted"
    """The server answered that it took the request."""

    REJECTED = "rejected"
    """The server answered that it refused the request: nothing was done."""

    NOT_SENT = "not_sent"
    """The request provably never reached the server, or the server did not take it up."""

    UNKNOWN = "unknown"
    """The request may have reached the server; nobody here can tell."""


_Flat: TypeAlias = "list[tuple[type[list[object] | dict[object, object]] | None, object]]"
"""A value as a flat list: leaves as they are, containers as the places of what they hold."""


def _flatten(value: object) -> _Flat:
    """Take a value apart, however deep it is nested: recursion, and so pickle's, has a limit."""
    flat: _Flat = []
    found: list[object] = [value]
    places: dict[int, int] = {}

    def place_of(one: object) -> int:
        place = places.setdefault(id(one), len(found))
        if place == len(found):
            found.append(one)
        return place

    # Grows while it is read.
    for one in found:
        if type(one) is list:
            flat.append((list, [place_of(held) for held in cast("list[object]", one)]))
        elif type(one) is dict:
            named = cast("dict[object, object]", one).items()
            flat.append((dict, {name: place_of(held) for name, held in named}))
        else:
            flat.append((None, one))
    return flat


def _unflatten(flat: _Flat) -> object:
    """Put together what :func:`_flatten` took apart."""
    built: list[object] = [one if kind is None else kind() for kind, one in flat]
    for (kind, held), container in zip(flat, built, strict=True):
        if kind is list:
            places = cast("list[int]", held)
            cast("list[object]", container).extend(built[place] for place in places)
        elif kind is dict:
            named = cast("dict[object, int]", held).items()
            cast("dict[object, object]", container).update((name, built[at]) for name, at in named)
    return built[0]


def _rebuild(cls: type[CleverAppError], flat_args: _Flat, flat_state: _Flat) -> CleverAppError:
    args = tuple(cast("list[object]", _unflatten(flat_args)))
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(cast("dict[str, object]", _unflatten(flat_state)))
    return error


class CleverAppError(Exception):
    """The root of all errors of this package.

    Attributes:
        outcome: What is known of the request's fate.
        attempts: How many times the request was tried before this error was raised (0: never).
    """

    outcome: Outcome = Outcome.NOT_SENT
    attempts: int = 0

    def __reduce__(
        self,
    ) -> tuple[
        Callable[[type[CleverAppError], _Flat, _Flat], CleverAppError],
        tuple[type[CleverAppError], _Flat, _Flat],
    ]:
        """Pickle without calling ``__init__`` again, whatever its signature.

        What it holds may be nested as deep as an answer was.
        """
        return _rebuild, (type(self), _flatten(list(self.args)), _flatten(vars(self)))


class InvalidRequestError(CleverAppError, ValueError):
    """A request that we refuse ourselves, before any I/O.

    Attributes:
        fields: The parameters at fault, as the API spells them.
    """

    def __init__(self, message: str, *, fields: tuple[str, ...] = ()) -> None:
        """Keep the message and the fields it is about."""
        super().__init__(message)
        self.fields = fields


class ConfigurationError(CleverAppError, ValueError):
    """A token, base URL or setting that cannot work."""


class ClientStateError(CleverAppError, RuntimeError):
    """The client was closed, or belongs to another event loop."""


class JournalError(CleverAppError):
    """A campaign's journal cannot be used: the message says which file, why, and the remedy.

    Attributes:
        so_far: How many messages of this run ended with each outcome before the run was stopped
            by this error, and in the message, too; empty where nothing had ended.
    """

    so_far: Mapping[Outcome, int] = MappingProxyType({})


class JournalLockedError(JournalError):
    """Another runner has the journal: two would send the same messages.

    Attributes:
        pid: The holder's process id; None where it is not known.
        host: The machine it runs on; None where it is not known.
    """

    def __init__(self, message: str, *, pid: int | None = None, host: str | None = None) -> None:
        """Keep who holds it."""
        super().__init__(message)
        self.pid = pid
        self.host = host


class JournalMismatchError(JournalError):
    """The journal belongs to another campaign: other texts, recipients, order or server.

    Attributes:
        index: The first message that differs, its place among those given from 0; None where
            something else than a message differs.
    """

    def __init__(self, message: str, *, index: int | None = None) -> None:
        """Keep which message differs first."""
        super().__init__(message)
        self.index = index


class JournalUnreachableError(JournalError):
    """The server that keeps the journal is away, or failed: the same may succeed later."""


class JournalWriteError(JournalError):
    """The journal cannot be written: nothing is sent that it could not tell of.

    What was sent before stands as it was; what was on the wire has its outcome in the run, or
    is listed as unknown when the campaign is resumed.
    """


class JournalLostError(JournalWriteError):
    """The journal's file was deleted, moved or replaced while a run was at work on it.

    Nothing more is sent. A file that was moved holds all results, and the campaign resumes from
    it; what a deleted file held is gone, so that a campaign begun anew sends everything again.
    """


class CampaignPausedError(CleverAppError):
    """The same trouble came time and again, so that the rest would fare no better.

    Nothing more is sent. Once the cause is mended a campaign resumes from its journal; without
    one, what was not sent can be given to ``send_many`` again.

    Attributes:
        cause: The error that was met last.
        in_a_row: How often it came while nothing showed that the service works.
        kind: What is wrong, in a word: ``token``, ``bot``, ``limit``, ``address``, ``redirect``,
            ``answer`` (not one of the API), ``server``, ``silence``, ``connection`` or ``limiter``.
        remedy: What to do about it, in words.
    """

    def __init__(
        self,
        message: str,
        *,
        cause: CleverAppError,
        in_a_row: int,
        kind: str = "",
        remedy: str = "",
    ) -> None:
        """Keep the error, how often it came, and what to do."""
        super().__init__(message)
        self.cause = cause
        self.in_a_row = in_a_row
        self.kind = kind
        self.remedy = remedy


class PagingError(CleverAppError):
    """The pages of an answer did not hold all that was promised: what came is right, but not all.

    Attributes:
        endpoint: The name of the API method, such as ``getContacts``.
        code: ``"repeated"``: a page came again, as where a server does not page by number;
            ``"short"``: the pages ended before their total was reached.
        page: The number of the page that was asked for last, from 1.
        given: How many different items came.
        promised: How many there are by the smallest total that the server told; None where it told
            none.
    """

    outcome = Outcome.ACCEPTED

    def __init__(
        self,
        endpoint: str,
        *,
        code: Literal["repeated", "short"],
        page: int,
        given: int,
        promised: int | None = None,
    ) -> None:
        """Keep what came and what was promised."""
        told = "brought nothing new" if code == "repeated" else "was the last that held anything"
        whole = "more that the server promised" if promised is None else f"{promised}"
        super().__init__(
            f"{endpoint}: page {page} {told}, but only {given} of {whole} came. Narrow what you "
            "ask for (dates, a bot, filters) until each answer fits on one page, or ask the "
            "provider how the method pages"
        )
        self.endpoint = endpoint
        self.code = code
        self.page = page
        self.given = given
        self.promised = promised


class NotSentError(CleverAppError):
    """The request provably never reached the server: repeating it is safe."""

    outcome = Outcome.NOT_SENT


class ConnectError(NotSentError):
    """No connection to the server could be made (DNS, TCP, TLS, proxy or its time-out)."""


class DeadlineExceededError(NotSentError):
    """The deadline passed, or certainly would have, before the request could leave.

    Attributes:
        estimated_wait: Seconds that the limits would still have asked for; None where unknown.
    """

    def __init__(self, message: str, *, estimated_wait: float | None = None) -> None:
        """Keep the message and the estimate in seconds."""
        super().__init__(message)
        self.estimated_wait = estimated_wait


class LimiterUnavailableError(NotSentError):
    """The Redis of the shared limits cannot be reached, and the policy is to raise.

    Or it cannot be used, for a reason that does not pass by waiting, such as a wrong password:
    that is raised at once under every policy, with the cause and the remedy.
    """


class OutcomeUnknownError(CleverAppError):
    """The request may have reached the server, and no answer tells.

    It is repeated only by your own decision: the recipient may already have the message.
    """

    outcome = Outcome.UNKNOWN


class ApiError(CleverAppError):
    """The server answered, and the answer is not a success.

    Attributes:
        status: The HTTP status of the answer.
        body: The decoded JSON of the answer, or its text where it is not JSON.
        endpoint: The name of the API method, such as ``sendMessage``.
    """

    outcome = Outcome.REJECTED

    def __init__(
        self, status: int, body: object, endpoint: str, *, message: str | None = None
    ) -> None:
        """Keep the answer; the message defaults to what the body says."""
        super().__init__(f"{endpoint}: {message or _told(body)} (HTTP {status})")
        self.status = status
        self.body = body
        self.endpoint = endpoint


def _told(body: object) -> str:
    if words := _words(body):
        return words
    shown = body if isinstance(body, str) else _begin_of(body)
    return shown if len(shown) <= _BODY_SHOWN else shown[:_BODY_SHOWN] + "…"


def _words(body: object) -> str | None:
    if isinstance(body, dict):
        said = cast("dict[str, object]", body)
        for name in ("error", "message"):
            text = said.get(name)
            if isinstance(text, str) and text:
                return text
    return None


def _begin_of(body: object) -> str:
    """A value as JSON, written no further than it is shown: it may be nested without bound."""
    shown = ""
    for part in _shower.iterencode(body):
        shown += part
        if len(shown) > _BODY_SHOWN:
            break
    return shown


class AuthenticationError(ApiError):
    """The token is missing, wrong or revoked (*assumed*: HTTP 401)."""


class ForbiddenError(ApiError):
    """The token may not do this: ``{"message": "Forbidden"}``."""


class NotFoundError(ApiError):
    """The server knows no such object (*assumed*: HTTP 404)."""


class MethodNotFoundError(NotFoundError):
    """The server knows no such method: the base URL is wrong, or the method is no more.

    It is the framework's or a proxy's answer (HTTP 404 as a page, or with no words but the
    status's own; 405; 419), so that it says nothing of the object or recipient asked for.
    """


class ValidationError(ApiError):
    """The server refused the parameters.

    Attributes:
        errors: One :class:`FieldError` per text, in the order of the body.
    """

    def __init__(
        self, status: int, body: object, endpoint: str, *, errors: tuple[FieldError, ...] = ()
    ) -> None:
        """Keep the answer and its structured texts."""
        told = "; ".join(f"{error.field}: {error.message}" for error in errors)
        super().__init__(status, body, endpoint, message=told or None)
        self.errors = errors

    @property
    def by_field(self) -> Mapping[str, tuple[FieldError, ...]]:
        """The errors grouped by the field they are about, in the order of the body."""
        grouped: dict[str, tuple[FieldError, ...]] = {}
        for error in self.errors:
            grouped[error.field] = (*grouped.get(error.field, ()), error)
        return MappingProxyType(grouped)


class RateLimitError(ApiError):
    """The account's limit was exceeded: the request was refused and nothing was done.

    Attributes:
        retry_after: Seconds the server asked to wait, to the end of the last one; None where it
            did not say, or said 0, which a window answers whose last second is not over.
    """

    def __init__(
        self,
        status: int,
        body: object,
        endpoint: str,
        *,
        retry_after: float | None = None,
        message: str | None = None,
    ) -> None:
        """Keep the answer and the wait it asked for, in seconds."""
        super().__init__(status, body, endpoint, message=message)
        self.retry_after = retry_after


class MessengerLimitError(RateLimitError):
    """The limit of one bot and messenger was exceeded: nothing was sent.

    Attributes:
        messenger: The messenger the server named, such as ``whatsapp``.
    """

    def __init__(
        self,
        status: int,
        body: object,
        endpoint: str,
        *,
        messenger: str,
        retry_after: float | None = None,
    ) -> None:
        """Keep the answer, the messenger and the wait in seconds."""
        super().__init__(status, body, endpoint, retry_after=retry_after)
        self.messenger = messenger


class UnsupportedMessengerError(ApiError):
    """The contact's messenger cannot be written to through the API.

    Attributes:
        messenger: The messenger the server named, such as ``icq``.
    """

    def __init__(self, status: int, body: object, endpoint: str, *, messenger: str) -> None:
        """Keep the answer and the messenger."""
        super().__init__(status, body, endpoint)
        self.messenger = messenger


class NotProcessedError(ApiError):
    """The server answered that it did not take the request up: nothing was done (HTTP 421, 425).

    Neither is a refusal of what was asked. 421 says that this connection leads to the wrong
    server, and that the same may be sent over another one whatever the method (RFC 9110,
    section 15.5.20); 425 that the server did not want to risk to process it so early (RFC 8470,
    section 5.2). It is tried again, on another connection.
    """

    outcome = Outcome.NOT_SENT


class RequestTimeoutError(ApiError):
    """The server answered that it got no whole request in the time it was ready to wait (HTTP 408).

    By RFC 9110, section 15.5.9, nothing was done then. But every request leaves in one piece, and
    proxies were seen to say 408 where the server behind them was slow: so the outcome is UNKNOWN,
    and only what does no harm is tried again.
    """

    outcome = Outcome.UNKNOWN


class ServerError(ApiError):
    """The server failed (5xx): whether it did the work before is not known.

    Attributes:
        retry_after: Seconds the server asked to wait, as in maintenance (503); None where it did
            not say.
    """

    outcome = Outcome.UNKNOWN

    def __init__(
        self,
        status: int,
        body: object,
        endpoint: str,
        *,
        retry_after: float | None = None,
        message: str | None = None,
    ) -> None:
        """Keep the answer and the wait it asked for, in seconds."""
        super().__init__(status, body, endpoint, message=message)
        self.retry_after = retry_after


class UnexpectedResponseError(ApiError):
    """An answer that no page documents: a redirect, HTML, a cut or surprising body.

    With a 2xx status the server most likely took the request; as the body could not be
    understood, and an error may come inside a 200, the outcome is UNKNOWN, never "not sent".
    A redirect that wants the same request elsewhere (301, 307, 308) is REJECTED: whoever answered
    so did nothing of it. After any other redirect it may have been carried out.

    Attributes:
        complete: Whether the whole body was read.
    """

    outcome = Outcome.UNKNOWN

    def __init__(
        self,
        status: int,
        body: object,
        endpoint: str,
        *,
        message: str | None = None,
        complete: bool = True,
    ) -> None:
        """Keep the answer, and whether all of it was read."""
        super().__init__(status, body, endpoint, message=message)
        self.complete = complete
