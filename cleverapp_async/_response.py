"""From an answer's bytes to what it means: by the body's shape first, by the status second.

The documentation names few statuses, so the shape decides where it can; an ``error`` key
inside a 200 is still an error (API docs, page «Сообщения»). Nothing here raises anything but
the package's own errors, whatever the bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeGuard, cast

from attrs import define, field

from . import models
from ._charset import decode_text
from ._tls import SPEAKS_TLS
from ._values import is_list, kind_of, read_truth, read_whole
from .endpoints import Endpoint
from .endpoints.row import Shape
from .errors import (
    ApiError,
    AuthenticationError,
    ForbiddenError,
    MessengerLimitError,
    MethodNotFoundError,
    NotFoundError,
    NotProcessedError,
    Outcome,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    UnexpectedResponseError,
    UnsupportedMessengerError,
    ValidationError,
)
from .errors.api import is_html, page_title
from .retry import retry_after

__all__ = ["RawResponse", "read_answer", "read_status", "retry_after"]

_SUCCESS = b'{"success":true}'
"""The documented answer of most methods, byte for byte as the framework writes it."""
_OF_A_MODEL = ("id", "url")
"""Names of which every model that is answered alone has one."""
_MESSENGER_LIMIT = r"Достигнут лимит отправки сообщений для\s+(\S+)"
_UNSUPPORTED = r"не реализована отправка сообщений в мессенджер контакта\s*\(([^)]*)\)"
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
OF_CONNECTION: Mapping[int, type[ApiError]] = {
    408: RequestTimeoutError,
    421: NotProcessedError,
    425: NotProcessedError,
}
"""Statuses that tell of the connection, never of the request, whatever the body says: the next
request takes another one (RFC 9110, RFC 8470)."""
# The framework's own, before any method of the API is reached. (419: the pages of the site want a
# token against forged forms, the API does not.)
_NO_SUCH_METHOD = (405, 419)
# How nginx, Apache and Go answer plain HTTP on a port for TLS.
_WANTS_TLS = (
    "(?i)plain http request was sent to https port|plain http to an ssl-enabled server port"
    "|http request to an https server"
)
_NO_WORDS = ("", "not found", "404 not found")
_ROUTE = r"the route .* could not be found"
_LOGIN = ("login", "signin", "sign-in")
_MOVED = (301, 307, 308)
_TOO_MANY = ("too many attempts", "too many requests")
_TEXT_KEPT = 2000
_MARKS = "\ufeff \t\r\n"
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

    @property
    def text(self) -> str:
        """The body as text, in the charset that the answer declares or that its bytes are in."""
        return decode_text(self.body, self.headers.get("content-type", ""))


def read_answer(raw: RawResponse, endpoint: Endpoint, *, lenient: bool = False) -> object:
    """The answer's content: a model, a tuple of models, a page, or what came.

    Args:
        raw: The answer.
        endpoint: The method's row: what its answer holds.
        lenient: Keep what does not fit as it came.

    Raises:
        ApiError: The answer is not a success, or not one that anybody documents.
    """
    if raw.body == _SUCCESS and _is_plain(raw) and endpoint.shape is Shape.SUCCESS:
        return {"success": True}  # Known without a charset, a decoder and a search for errors.
    text = raw.text
    try:
        return _read(raw, _decode(text), endpoint, lenient=lenient)
    except RecursionError:
        pass  # Nested so deeply that nothing could even show it: its text has to do.
    return _read(raw, text[:_TEXT_KEPT], endpoint, lenient=lenient)


def read_status(raw: RawResponse, endpoint: Endpoint, *, lenient: bool = False) -> None:
    """What an answer means whose body nobody documents: its status alone says yes or no.

    Args:
        raw: The answer of an incoming webhook.
        endpoint: The row that stands for it.
        lenient: Not needed.

    Raises:
        ApiError: The status is no 2xx.
    """
    del lenient
    if 200 <= raw.status < 300:  # noqa: PLR2004 - what 2xx means is no magic
        return
    text = raw.text
    try:
        error = _refusal(raw, _decode(text), endpoint.name)
    except RecursionError:
        error = _refusal(raw, text[:_TEXT_KEPT], endpoint.name)
    raise error


def _refusal(raw: RawResponse, body: object, name: str) -> ApiError:
    status = raw.status
    if status in OF_CONNECTION:
        return OF_CONNECTION[status](status, body, name)
    from .field_errors import parse_field_errors  # noqa: PLC0415 - it needs cattrs

    errors = parse_field_errors(body) if raw.problem is None else ()
    if errors and 400 <= status < 500:  # noqa: PLR2004 - what 4xx means is no magic
        return ValidationError(status, body, name, errors=errors)
    return _by_status(raw, body, name, _OF_WEBHOOK)


def _is_plain(raw: RawResponse) -> bool:
    """Whether the status says yes, and nothing broke off."""
    return raw.status == 200 and raw.problem is None  # noqa: PLR2004 - OK


def _read(raw: RawResponse, body: object, endpoint: Endpoint, *, lenient: bool) -> object:
    name, status = endpoint.name, raw.status
    if status in OF_CONNECTION:
        raise OF_CONNECTION[status](status, body, name)
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
        return _content(body, endpoint, lenient=lenient)
    except ValueError as error:
        told = f"the answer has a shape that no page documents: {_short(error)}"
    raise UnexpectedResponseError(status, body, name, message=told)


def _is_object(body: object) -> TypeGuard[dict[str, object]]:
    return isinstance(body, dict)


def _decode(text: str) -> object:
    try:
        # Each file that PHP includes puts the mark before the answer that it was saved with.
        decoded: object = json.loads(text.strip(_MARKS))
    except (ValueError, RecursionError):
        return text[:_TEXT_KEPT]
    return decoded


def _short(words: object) -> str:
    text = str(words)
    return text if len(text) <= _TOLD else f"{text[:_TOLD]}…"


def _by_shape(raw: RawResponse, body: dict[str, object], name: str) -> ApiError | None:
    status = raw.status
    if body.get("errors") and status < 500:  # noqa: PLR2004 - what 5xx means is no magic
        from .field_errors import parse_field_errors  # noqa: PLC0415 - it needs cattrs

        return ValidationError(status, body, name, errors=parse_field_errors(body, endpoint=name))
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
    if found := re.search(_MESSENGER_LIMIT, told):
        return MessengerLimitError(
            status,
            body,
            name,
            messenger=found[1].strip(".«»\"'").lower(),
            retry_after=retry_after(raw.headers),
        )
    if found := re.search(_UNSUPPORTED, told):
        return UnsupportedMessengerError(status, body, name, messenger=found[1])
    if 200 <= status < 300:  # noqa: PLR2004 - what 2xx means is no magic
        return ApiError(status, body, name)
    return None


class _Words(NamedTuple):
    """What is said of an answer that tells of the address, not of what was asked there."""

    not_there: str
    login: str
    elsewhere: str


_OF_API = _Words(
    "the server does not know this method: check the base URL",
    "the server redirects to a login: check the token, and whether a portal stands between",
    "the server redirects elsewhere: check the base URL",
)
_OF_WEBHOOK = _Words(
    "no webhook is at this URL: copy it anew from the platform, where it may have been deleted",
    "the server redirects to a login: check the webhook's URL, and whether a portal stands between",
    "the server redirects elsewhere: check the webhook's URL",
)


def _by_status(raw: RawResponse, body: object, name: str, words: _Words = _OF_API) -> ApiError:
    status = raw.status
    if status == 429:  # noqa: PLR2004 - the documented status of the account's limit
        return RateLimitError(status, body, name, retry_after=retry_after(raw.headers))
    if status >= 500:  # noqa: PLR2004 - what 5xx means is no magic
        back_after = retry_after(raw.headers, of_limit=False)
        return ServerError(status, body, name, retry_after=back_after)
    if told := _why_not_there(status, body, words):
        return MethodNotFoundError(status, body, name, message=told)
    if status >= 400:  # noqa: PLR2004 - what 4xx means is no magic
        return _BY_STATUS.get(status, ApiError)(status, body, name)
    if status >= 300:  # noqa: PLR2004 - what 3xx means is no magic
        return _redirected(raw, body, name, words)
    return UnexpectedResponseError(status, body, name)


def _why_not_there(status: int, body: object, words: _Words) -> str | None:
    """Why a refusal concerns the address, not what was asked there; None where it does not."""
    if status == 400 and isinstance(body, str) and re.search(_WANTS_TLS, body):  # noqa: PLR2004
        return SPEAKS_TLS
    nothing_there = status == 404 and not _names_an_object(body)  # noqa: PLR2004 - Not Found
    if nothing_there or status in _NO_SUCH_METHOD:
        return words.not_there
    return None


def _names_an_object(body: object) -> bool:
    """Whether a 404 has words of its own: the framework's for a route it does not know has none."""
    if not _is_object(body):
        return False
    told = str(body.get("error") or body.get("message") or "").strip(" .!").lower()
    return told not in _NO_WORDS and not re.fullmatch(_ROUTE, told)


def _redirected(raw: RawResponse, body: object, name: str, words: _Words) -> ApiError:
    """What a redirect proves of a request that it answers instead of carrying it out."""
    status = raw.status
    if _last_part(raw.headers.get("location", "")) in _LOGIN:
        # How the framework refuses a token where it does not see that JSON is wanted.
        return AuthenticationError(status, body, name, message=words.login)
    error = UnexpectedResponseError(status, body, name, message=words.elsewhere)
    if status in _MOVED:
        # The same request is to be sent elsewhere, so that nothing was done of it here.
        error.outcome = Outcome.REJECTED
    return error


def _last_part(location: str) -> str:
    """The last part of a URL's path, in lower case."""
    path = re.split("[?#]", location, maxsplit=1)[0]
    return path.rstrip("/").rpartition("/")[2].lower()


def _content(body: object, endpoint: Endpoint, *, lenient: bool) -> object:
    """What a successful answer holds, by the shape that the endpoint table names.

    Raises:
        ValueError: It is of another shape; the text names the place as a path.
    """
    shape = endpoint.shape
    if shape is Shape.SUCCESS:
        if _is_object(body) and body.get("success") is True:
            return body
        raise ValueError(_described(body))
    if shape is Shape.ANY:
        if _is_object(body) and _truth(body.get("success")) is False:
            raise ValueError("success is false, and no error says why @ $.success")
        if isinstance(body, str) and body:
            raise ValueError(_described(body))
        return body.get("data", body) if _is_object(body) else (None if body == "" else body)
    if shape is Shape.BARE and not (_is_object(body) and "data" in body):
        return _structured(body, endpoint.answer, lenient=lenient, inside_data=False)
    many = shape in {Shape.PAGE, Shape.MANY}
    wanted = _many(endpoint.answer) if many else endpoint.answer
    if not _is_object(body) or "data" not in body:
        items = _unwrapped(body, wanted, lenient=lenient, many=many)
        return models.Page(items, 0) if shape is Shape.PAGE else items
    if many and _is_object(inner := body["data"]) and "data" in inner:
        body = {**body, **inner}  # a whole paginator, wrapped once more
    content: Any = _structured(body["data"], wanted, lenient=lenient, inside_data=True)
    return _page(content, body) if shape is Shape.PAGE else content


def _truth(value: object) -> bool | None:
    try:
        return read_truth(value, bool)
    except ValueError:
        return None


def _unwrapped(body: object, wanted: Any, *, lenient: bool, many: bool) -> Any:  # noqa: ANN401 - a type made at run time
    """What a server answers that puts no ``data`` around anything: Laravel's ``withoutWrapping``.

    Raises:
        ValueError: It is something else.
    """
    if is_list(body) if many else _is_object(body) and not body.keys().isdisjoint(_OF_A_MODEL):
        return _structured(body, wanted, lenient=lenient, inside_data=False)
    raise ValueError(_described(body))


def _page(items: tuple[Any, ...], body: dict[str, object]) -> models.Page[Any]:
    # A resource tells its numbers in `meta` and its links in `links`, a bare paginator beside
    # `data`; either is `[]` where there is nothing to tell.
    told = {**body, **_object(body.get("links")), **_object(body.get("meta"))}
    return models.Page(
        items,
        _count(told.get("current_page")) or 0,
        last=_count(told.get("last_page")),
        total=_count(told.get("total")),
        per_page=_count(told.get("per_page")),
        has_next=_has_next(told),
    )


def _has_next(told: dict[str, object]) -> bool | None:
    """Whether a link or a cursor leads on; None where there are none."""
    found = [told[name] for name in ("next", "next_page_url", "next_cursor") if name in told]
    return any(found) if found else None


def _object(value: object) -> dict[str, object]:
    return value if _is_object(value) else {}


def _many(kind: Any) -> Any:  # noqa: ANN401 - a type made at run time
    return tuple[kind, ...]


def _structured(
    content: object,
    wanted: Any,  # noqa: ANN401 - a type made at run time
    *,
    lenient: bool,
    inside_data: bool,
) -> object:
    # No message sent by sendMessage is answered with a model: cattrs is imported for those alone.
    from ._converter import converter, lenient_converter, structure  # noqa: PLC0415

    path = "$.data" if inside_data else "$"
    using = lenient_converter() if lenient else converter
    return cast("object", structure(content, wanted, using, path=path))


def _count(value: object) -> int | None:
    """A number of a page, where it is one: paging goes on without it."""
    try:
        return read_whole(value, int)
    except ValueError:
        return None


def _described(body: object) -> str:
    if _is_object(body):
        return f"an object with the keys {', '.join(sorted(body)) or '(none)'}"
    if isinstance(body, str):
        if is_html(body):
            # No more than its title: behind an error of PHP there may be data of a contact.
            title = page_title(body)
            return f"an HTML page: {title}" if title else "an HTML page without a title"
        return kind_of(body) if body else "an empty body"
    return f"JSON of type {type(body).__name__}"
