r"""An answer before it is written to the wire, and the shapes of Laravel's errors.

JSON is encoded as PHP does: ``\u`` escapes for everything outside ASCII, and ``\/``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, TypeVar

from aiohttp import web
from attrs import evolve, frozen

NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})

_ELSEWHERE: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "/login",
    HTTPStatus.UNPROCESSABLE_ENTITY: "/",
}
"""Where a browser is sent instead of being shown these errors."""

JSON_TYPE: Final = "application/json"
HTML_TYPE: Final = "text/html; charset=UTF-8"

# How many pages are named on each side of the current one below a table: Laravel's ``UrlWindow``.
_EACH_SIDE: Final = 3
_NEAR_AN_END: Final = _EACH_SIDE + 4
_SHOWN_WHOLE: Final = 2 * _EACH_SIDE + 8

Row = TypeVar("Row")


@frozen
class Reply:
    """A status, a body and its headers.

    Args:
        status: The HTTP status.
        body: The body's bytes.
        content_type: The whole ``Content-Type`` header.
        headers: Further headers.
    """

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = NO_HEADERS

    def with_headers(self, headers: Mapping[str, str]) -> Reply:
        """The same answer with further headers."""
        return evolve(self, headers={**self.headers, **headers})

    def response(self) -> web.Response:
        """Make the response which aiohttp writes."""
        headers = {"Content-Type": self.content_type}
        if self.headers:
            headers.update(self.headers)
        return web.Response(status=self.status, body=self.body, headers=headers)

    def raw(self) -> bytes:
        """Return the whole answer as bytes, announcing that the connection closes after it."""
        lines = [
            f"HTTP/1.1 {self.status} {_phrase(self.status)}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            "Connection: close",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


def encode(data: object) -> bytes:
    """Encode as PHP's ``json_encode`` does."""
    return json.dumps(data, separators=(",", ":")).replace("/", "\\/").encode()


def json_reply(data: object, status: int = 200) -> Reply:
    """Make an answer that is JSON whatever the request accepts, as a controller does."""
    return Reply(status, encode(data))


def html_reply(status: int, headers: Mapping[str, str] = NO_HEADERS) -> Reply:
    """Make an HTML error page."""
    title = f"{status} {_phrase(status)}"
    page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{title}</body></html>"
    return Reply(status, page.encode(), HTML_TYPE, headers)


def redirect_reply(status: int, location: str) -> Reply:
    """Make a redirect, with the page that Laravel puts into it."""
    page = f"<!DOCTYPE html>\n<html><body>Redirecting to {location}</body></html>"
    return Reply(status, page.encode(), HTML_TYPE, {"Location": location})


def error_reply(
    status: int,
    data: object,
    *,
    wants_json: bool,
    headers: Mapping[str, str] = NO_HEADERS,
) -> Reply:
    """Make an error of the framework: JSON when asked for, else a page or a redirect.

    Without ``X-Requested-With: XMLHttpRequest`` or ``Accept: application/json`` a failed
    validation redirects to the page of the form, a missing login redirects to the login page, and
    other errors are HTML pages, as Laravel 8 was seen to do.
    """
    if wants_json:
        return Reply(status, encode(data), JSON_TYPE, headers)
    if status in _ELSEWHERE:
        return redirect_reply(HTTPStatus.FOUND, _ELSEWHERE[status]).with_headers(headers)
    return html_reply(status, headers)


def wants_json(headers: Mapping[str, str]) -> bool:
    """Tell whether Laravel's ``expectsJson`` would hold for these request headers."""
    accept = headers.get("Accept", "").partition(",")[0].partition(";")[0].strip().lower()
    if accept.endswith(("/json", "+json")):
        return True
    ajax = headers.get("X-Requested-With") == "XMLHttpRequest"
    return ajax and accept in {"", "*", "*/*"}


def page_body(
    rows: Sequence[Row], show: Callable[[Row], object], *, number: int, per_page: int, url: str
) -> dict[str, object]:
    """Make the body of one page of rows (API docs, «Списки»: the sample of getListSchemas).

    A page beyond the last is empty. The links carry neither the token nor other parameters.

    Args:
        rows: All the rows; only those of the page are looked at.
        show: Gives a row its shape.
        number: Which page, from 1.
        per_page: Rows on a page.
        url: The address of the method.
    """
    total = len(rows)
    first = (number - 1) * per_page
    data = [show(row) for row in rows[first : first + per_page]]
    last_page = max(1, -(-total // per_page))
    return {
        "data": data,
        "links": {
            "first": _page_url(url, 1),
            "last": _page_url(url, last_page),
            "prev": _page_url(url, number - 1) if number > 1 else None,
            "next": _page_url(url, number + 1) if number < last_page else None,
        },
        "meta": {
            "current_page": number,
            "from": first + 1 if data else None,
            "last_page": last_page,
            "links": _links(url, number, last_page),
            "path": url,
            "per_page": per_page,
            "to": first + len(data) if data else None,
            "total": total,
        },
    }


def _page_url(url: str, page: int) -> str:
    return f"{url}?page={page}"


def _links(url: str, page: int, last_page: int) -> list[dict[str, object]]:
    """What Laravel's paginator shows below a table: two arrows, and the pages that are near."""
    before = _page_url(url, page - 1) if page > 1 else None
    after = _page_url(url, page + 1) if page < last_page else None
    return [
        _link(before, "pagination.previous", active=False),
        *(
            _link(None, "...", active=False)
            if number is None
            else _link(_page_url(url, number), str(number), active=number == page)
            for number in _shown(page, last_page)
        ),
        _link(after, "pagination.next", active=False),
    ]


def _link(url: str | None, label: str, *, active: bool) -> dict[str, object]:
    return {"url": url, "label": label, "active": active}


def _shown(page: int, last_page: int) -> list[int | None]:
    """The pages that are shown, None for a gap: Laravel's ``UrlWindow``, three on each side."""
    start, end = [1, 2], [last_page - 1, last_page]
    if last_page < _SHOWN_WHOLE:
        return list(range(1, last_page + 1))
    if page <= _NEAR_AN_END:
        return [*range(1, _NEAR_AN_END + _EACH_SIDE + 1), None, *end]
    if page > last_page - _NEAR_AN_END:
        return [*start, None, *range(last_page - _NEAR_AN_END - _EACH_SIDE + 1, last_page + 1)]
    around = range(page - _EACH_SIDE, page + _EACH_SIDE + 1)
    return [*start, None, *around, None, *end]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
