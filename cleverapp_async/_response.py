"""From an answer's bytes to what it means: by the body's shape first, by the status second.

The documentation names few statuses, so the shape decides where it can; an ``error`` key
inside a 200 is still an error (API docs, page «Сообщения»). Nothing here raises anything but
the package's own errors, whatever the bytes.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import TYPE_CHECKING, TypeGuard

from attrs import define, field

from ._content import read_content
from ._converter import converter
from .errors import (
    ApiError,
    AuthenticationError,
    ForbiddenError,
    MessengerLimitError,
    NotFoundError,
    NotProcessedError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    UnexpectedResponseError,
    UnsupportedMessengerError,
    ValidationError,
)
from .field_errors import parse_field_errors

if TYPE_CHECKING:
    from cattrs import Converter

    from .endpoints import Endpoint

__all__ = ["RawResponse", "read_answer", "retry_after"]

_MESSENGER_LIMIT = re.compile(r"Достигнут лимит отправки сообщений для\s+(\S+)")
_UNSUPPORTED = re.compile(r"не реализована отправка сообщений в мессенджер контакта\s*\(([^)]*)\)")
_BY_MESSAGE: Mapping[str, type[ApiError]] = {
    "forbidden": ForbiddenError,
    "unauthenticated": AuthenticationError,
    "unauthorized": AuthenticationError,
}
_BY_STATUS: Mapping[int, type[ApiError]] = {
    401: AuthenticationError,
    403: ForbiddenError,
    404: NotFoundError,
    422: ValidationError,
}
_OF_CONNECTION: Mapping[int, type[ApiError]] = {
    408: RequestTimeoutError,
    421: NotProcessedError,
    425: NotProcessedError,
}
"""Statuses that tell of the connection, never of the request, whatever the body says."""
_TOO_MANY = ("too many attempts", "too many requests")
_TEXT_KEPT = 2000
_TOLD = 300


@define
class RawResponse:
    """An answer as it came, the token struck out.

    Attributes:
        status: The HTTP status.
        headers: The headers by their lower-case names.
        body: The decompressed body, or as much of it as could be read.
        problem: Why the body is not whole; None where it is.
    """

    status: int
    headers: Mapping[str, str] = field(factory=dict[str, str])
    body: bytes = b""
    problem: str | None = None


def read_answer(raw: RawResponse, endpoint: Endpoint, using: Converter = converter) -> object:
    """The answer's content: a model, a tuple of models, a page, or what came.

    Args:
        raw: The answer.
        endpoint: The method's row: what its answer holds.
        using: Reads the models; the lenient converter keeps what does not fit.

    Raises:
        ApiError: The answer is not a success, or not one that anybody documents.
    """
    try:
        return _read(raw, _decode(raw.body), endpoint, using)
    except RecursionError:
        pass  # Nested so deeply that nothing could even show it: its text has to do.
    return _read(raw, _as_text(raw.body), endpoint, using)


def _read(raw: RawResponse, body: object, endpoint: Endpoint, using: Converter) -> object:
    name, status = endpoint.name, raw.status
    if status in _OF_CONNECTION:
        raise _OF_CONNECTION[status](status, body, name)
    if raw.problem is None and _is_object(body) and (error := _by_shape(raw, body, name)):
        raise error
    if not 200 <= status < 300:  # noqa: PLR2004 - what 2xx means is no magic
        raise _by_status(raw, body, name)
    if raw.problem is not None:
        raise UnexpectedResponseError(
            status,
            body,
            name,
            message=f"the server took the request, but its answer broke off: {raw.problem}",
            complete=False,
        )
    try:
        return read_content(body, endpoint, using)
    except ValueError as error:
        told = f"an answer of a shape that no page documents: {_short(error)}"
    raise UnexpectedResponseError(status, body, name, message=told)


def _is_object(body: object) -> TypeGuard[dict[str, object]]:
    return isinstance(body, dict)


def _decode(data: bytes) -> object:
    try:
        # Said to be UTF-8 by its being JSON: `json.loads` would first guess at the encoding.
        decoded: object = json.loads(data.removeprefix(BOM_UTF8).decode())
    except (ValueError, RecursionError):
        return _as_text(data)
    return decoded


def _as_text(data: bytes) -> str:
    return data[: 4 * _TEXT_KEPT].decode("utf-8", "replace")[:_TEXT_KEPT]


def _short(words: object) -> str:
    text = str(words)
    return text if len(text) <= _TOLD else f"{text[:_TOLD]}…"


def _by_shape(raw: RawResponse, body: dict[str, object], name: str) -> ApiError | None:
    status = raw.status
    if body.get("errors") and status < 500:  # noqa: PLR2004 - what 5xx means is no magic
        return ValidationError(status, body, name, errors=parse_field_errors(body))
    told = body.get("error")
    if told:
        return _by_error_text(raw, body, str(told), name)
    message = body.get("message")
    if not isinstance(message, str) or "data" in body or body.get("success") is True:
        return None
    said = message.strip(" .").lower()
    if said in _TOO_MANY:
        return RateLimitError(status, body, name, retry_after=retry_after(raw.headers))
    kind = _BY_MESSAGE.get(said)
    return kind(status, body, name) if kind else None


def _by_error_text(raw: RawResponse, body: object, told: str, name: str) -> ApiError | None:
    status = raw.status
    if found := _MESSENGER_LIMIT.search(told):
        return MessengerLimitError(
            status,
            body,
            name,
            messenger=found[1].strip(".«»\"'").lower(),
            retry_after=retry_after(raw.headers),
        )
    if found := _UNSUPPORTED.search(told):
        return UnsupportedMessengerError(status, body, name, messenger=found[1])
    if 200 <= status < 300:  # noqa: PLR2004 - what 2xx means is no magic
        return ApiError(status, body, name)
    return None


def _by_status(raw: RawResponse, body: object, name: str) -> ApiError:
    status = raw.status
    if status == 429:  # noqa: PLR2004 - the documented status of the account's limit
        return RateLimitError(status, body, name, retry_after=retry_after(raw.headers))
    if status >= 500:  # noqa: PLR2004 - what 5xx means is no magic
        return ServerError(status, body, name)
    if status in _BY_STATUS:
        return _BY_STATUS[status](status, body, name)
    if status >= 400:  # noqa: PLR2004 - what 4xx means is no magic
        return ApiError(status, body, name)
    return UnexpectedResponseError(
        status,
        body,
        name,
        message="a redirect: is the base URL right?" if status >= 300 else None,  # noqa: PLR2004
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The wait that ``Retry-After`` asks for in seconds: a number or a date; None if neither.

    A date is compared with the answer's own ``Date`` where it has one, so that a client whose
    clock is wrong waits as long as the server meant.
    """
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        until = _date(value)
        if until is None:
            return None
        seconds = (until - (_date(headers.get("date", "")) or datetime.now(UTC))).total_seconds()
    return max(0.0, seconds) if isfinite(seconds) else None


def _date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
