"""Errors of the server's answers: what it said, and what that proves about the request.

What an answer says stands in the text of its error, in one line. Answers come from the API, but
also from proxies, portals and web servers that know nothing of it, and those answer with pages. The
markup of a page helps nobody: its title does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, cast

from attrs import frozen

from .base import CleverAppError, Outcome

__all__ = [
    "ApiError",
    "AuthenticationError",
    "FieldError",
    "ForbiddenError",
    "MessengerLimitError",
    "MethodNotFoundError",
    "NotFoundError",
    "NotProcessedError",
    "RateLimitError",
    "RequestTimeoutError",
    "ServerError",
    "UnexpectedResponseError",
    "UnsupportedMessengerError",
    "ValidationError",
    "answer_text",
    "is_html",
    "page_title",
]

_SHOWN = 200
_PAGE = (
    r"(?is)(?>\s+|<\?xml\b[^>]*>|<!--.*?-->)*+"
    r"<(?:!doctype\s+html|html|head|body|title|meta|style|script|center|div|pre|br|h[1-6]|[bp])\b"
)
# A title or a heading that was cut off counts to the end of what came of it.
_TITLE = r"(?is)<title\b[^>]*>(.*?)(?:</title|\Z)"
_HEADING = r"(?is)<h[1-6]\b[^>]*>(.*?)(?:</h[1-6]|\Z)"
_UNSEEN = r"(?is)<!--.*?(?:-->|\Z)|<(script|style|title)\b.*?(?:</\1\s*>|\Z)|<[a-z/!?][^>]*(?:>|\Z)"
_shower = json.JSONEncoder(ensure_ascii=False, default=repr)


def answer_text(body: object) -> str:
    """What an answer says, for the text of an error.

    Args:
        body: The decoded JSON of the answer, or its text where it is not JSON.

    Returns:
        The server's own words, untouched, where it has some in ``error`` or ``message``; else the
        title of an HTML page, or the beginning of the text or the JSON.
    """
    if words := _words(body):
        return words
    if not isinstance(body, str):
        return _cut(_begin_of(body))
    if not is_html(body):
        return _cut(_one_line(body))
    title = page_title(body) or _cut(_seen(body))
    return f"an HTML page: {title}" if title else "an HTML page without text"


def is_html(text: str) -> bool:
    """Whether a text is an HTML page, or a part of one, such as an error that PHP prints."""
    return re.match(_PAGE, text) is not None


def page_title(page: str) -> str:
    """The title of an HTML page, else its first heading; empty where it has neither."""
    for pattern in (_TITLE, _HEADING):
        found = re.search(pattern, page)
        if found and (title := _seen(found[1])):
            return _cut(title)
    return ""


def _seen(markup: str) -> str:
    """The text of a piece of HTML, without tags, scripts and styles."""
    import html  # noqa: PLC0415 - its table of names is long, and pages are rare

    return _one_line(html.unescape(re.sub(_UNSEEN, " ", markup)))


def _one_line(text: str) -> str:
    """A text in one line, without characters that a terminal would obey."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


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
        if len(shown) > _SHOWN:
            break
    return shown


class ApiError(CleverAppError):
    """The server answered, and the answer is not a success.

    Attributes:
        status: The HTTP status of the answer.
        body: The decoded JSON of the answer, or its text where it is not JSON.
        endpoint: The name of the API method, such as ``sendMessage``, or ``incomingWebhook``.
    """

    code: ClassVar[str] = "refused"
    outcome = Outcome.REJECTED

    def __init__(
        self, status: int, body: object, endpoint: str, *, message: str | None = None
    ) -> None:
        """Keep the answer; the message defaults to what the body says."""
        super().__init__(f"{endpoint}: {message or answer_text(body)} (HTTP {status})")
        self.status = status
        self.body = body
        self.endpoint = endpoint


class AuthenticationError(ApiError):
    """The token is missing, wrong or revoked (*assumed*: HTTP 401)."""

    code: ClassVar[str] = "unauthenticated"


class ForbiddenError(ApiError):
    """The token may not do this: ``{"message": "Forbidden"}``."""

    code: ClassVar[str] = "forbidden"


class NotFoundError(ApiError):
    """The server knows no such object (*assumed*: HTTP 404)."""

    code: ClassVar[str] = "not_found"


class MethodNotFoundError(NotFoundError):
    """The server knows no such method, or no such webhook: the URL is wrong, or it was removed.

    The framework or a proxy answers so (HTTP 404 as a page, or with no words but the status's own;
    405; 419): it says nothing about the object or recipient that was asked for.
    """

    code: ClassVar[str] = "method_not_found"


@frozen
class FieldError:
    """One text of a validation answer.

    Attributes:
        field: The parameter as the API spells it (``contact_id``); a nested one is a path
            (``data.sku``); empty where the answer names no field.
        message: The server's text, untouched. What was not a string is shown as JSON.
        rule: Laravel's name of the broken rule (``required_without``, ``max``); None for a text
            that no language pack holds. If the packs give several rules the same words, the
            parameter's type decides, or the likeliest rule is given.
        related: The other parameters that the text names, as the API spells them, in the text's
            order. A translated name is turned back into the parameter it stands for; a word that
            stands for none is not among them, and neither are values, dates and sizes.
    """

    field: str
    message: str
    rule: str | None = None
    related: tuple[str, ...] = ()


class ValidationError(ApiError):
    """The server refused the parameters.

    Attributes:
        errors: One :class:`FieldError` per text, in the order of the body.
    """

    code: ClassVar[str] = "invalid_parameters"

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


class _RetryLaterError(ApiError):
    """An answer that may say when to come back."""

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


class RateLimitError(_RetryLaterError):
    """The account's limit was exceeded: the request was refused and nothing was done.

    Attributes:
        retry_after: Seconds the server asked to wait; None if it did not say, or said 0, as it does
            in the last second of a window. As a whole number is cut down, the client waits to the
            end of its last second.
    """

    code: ClassVar[str] = "rate_limited"


class MessengerLimitError(RateLimitError):
    """The limit of one bot and messenger was exceeded: nothing was sent.

    Attributes:
        messenger: The messenger the server named, such as ``whatsapp``.
    """

    code: ClassVar[str] = "messenger_rate_limited"

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

    code: ClassVar[str] = "unsupported_messenger"

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

    code: ClassVar[str] = "not_processed"
    outcome = Outcome.NOT_SENT


class RequestTimeoutError(ApiError):
    """The server answered that it got no whole request in the time it was ready to wait (HTTP 408).

    By RFC 9110, section 15.5.9, nothing was done then. But every request leaves in one piece, and
    proxies have been seen to answer 408 when the server behind them was slow. So the outcome is
    UNKNOWN, and a request is repeated only if that does no harm.
    """

    code: ClassVar[str] = "request_timeout"
    outcome = Outcome.UNKNOWN


class ServerError(_RetryLaterError):
    """The server failed (5xx): whether it did the work before is not known.

    Attributes:
        retry_after: Seconds the server asked to wait, as in maintenance (503); None where it did
            not say.
    """

    code: ClassVar[str] = "server_error"
    outcome = Outcome.UNKNOWN


class UnexpectedResponseError(ApiError):
    """An answer that no page documents: a redirect, HTML, a cut or surprising body.

    With a 2xx status the server most likely took the request; as the body could not be
    understood, and an error may come inside a 200, the outcome is UNKNOWN, never "not sent".
    A redirect that asks for the same request elsewhere (301, 307, 308) is REJECTED: the server that
    answers so did nothing. After any other redirect the request may have been carried out.

    Attributes:
        complete: Whether the whole body was read.
    """

    code: ClassVar[str] = "unexpected_response"
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
