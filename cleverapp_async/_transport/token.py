"""Puts the token into a request where only the connection sees it.

It goes into the query, or into the body of a POST where a brand wants it there. The query holds,
as the API documents it, the recipient and the text as well. A request is therefore made for the
bare URL, which is what tracers, trace hooks, other middlewares and ``response.url`` see. The
innermost middleware adds the query for the time in which the request is on the wire, and takes it
out of what comes back.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from aiohttp import ClientRequest, RequestInfo
from attrs import evolve
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiohttp import ClientHandlerType, ClientResponse

    from .._request import WireRequest

__all__ = ["QueryAdded", "with_token"]

_MASK = "***"
_FORM = "application/x-www-form-urlencoded"


def with_token(request: WireRequest, token: str) -> WireRequest:
    """A POST with the token in its body, whatever the body is.

    Args:
        request: The request.
        token: The token.
    """
    pair = f"api_token={quote(token, safe='')}"
    if not request.body:
        return evolve(request, body=pair.encode(), content_type=_FORM)
    if request.content_type == _FORM:
        return evolve(request, body=b"&".join((pair.encode(), request.body)))
    # A JSON object: its first brace makes room for one more member.
    member = f'{{"api_token":{json.dumps(token)}'.encode()
    separator = b"" if request.body == b"{}" else b","
    return evolve(request, body=member + separator + request.body[1:])


class QueryAdded:
    """A client middleware of aiohttp that adds the query to the URL; it must be the last one.

    Args:
        bare: The URL that is asked for.
        query: The encoded query string; empty where everything is in the body.
        strike: Strikes the token out of a text.
    """

    __slots__ = ("_full", "_query", "_strike", "bare")

    def __init__(self, bare: URL, query: str, strike: Callable[[str], str]) -> None:
        self.bare = bare
        self._query = query
        self._strike = strike
        self._full = self._added_to(bare)

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Send the request with its query, and let go of the URL again."""
        bare = request.url
        # A middleware of the user's may have changed it.
        request.url = self._full if bare is self.bare else self._added_to(bare)
        try:
            response = await handler(request)
        except BaseException as error:
            self._clean(error, request.url, bare)
            raise
        finally:
            request.url = bare
        # What aiohttp has no public way to set: the answer was made while the query was there.
        # A class of the user's may have asked for it already, and then it is remembered.
        info = response._request_info  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        response._request_info = RequestInfo(bare, *info[1:])  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        response._cache.pop("request_info", None)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        if response.reason:
            response.reason = self._strike(response.reason)
        return response

    def _added_to(self, url: URL) -> URL:
        if not self._query:
            return url
        return URL(f"{url}{'&' if url.raw_query_string else '?'}{self._query}", encoded=True)

    def _clean(self, error: BaseException, full: URL, bare: URL) -> None:
        """Take the URL and the token out of an error, before trace hooks are told of it."""

        def clean(value: object) -> object:
            if isinstance(value, str):
                without = value.replace(str(full), str(bare))
                return self._strike(without.replace(self._query, _MASK) if self._query else without)
            if isinstance(value, URL):
                text = str(value)
                return value if (cleaned := clean(text)) == text else URL(str(cleaned))
            if isinstance(value, RequestInfo):
                return RequestInfo(bare, value.method, value.headers, value.real_url)
            if type(value) is list:
                return list(map(clean, cast("list[object]", value)))
            if type(value) is tuple:
                return tuple(map(clean, cast("tuple[object, ...]", value)))
            return value

        for one in _with_all_behind(error):
            # Reports show the variables of frames, and those of aiohttp hold the URL.
            one.__traceback__ = None
            one.args = tuple(map(clean, one.args))
            # Beside its arguments: what it keeps itself, and an OSError its text.
            for name in (*vars(one), "strerror"):
                kept = getattr(one, name, None)
                if (cleaned := clean(kept)) is not kept:
                    with suppress(AttributeError):
                        setattr(one, name, cleaned)


def _with_all_behind(error: BaseException) -> Iterator[BaseException]:
    """An error and all that it leads to: causes, contexts, groups, and those that it keeps."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            waiting += (one.__cause__, one.__context__, *one.args, *vars(one).values())
            if isinstance(one, BaseExceptionGroup):
                waiting += cast("BaseExceptionGroup[BaseException]", one).exceptions
            yield one
