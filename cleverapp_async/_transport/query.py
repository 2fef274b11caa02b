"""The query of a URL, added where nobody but the connection sees it.

The query holds the token and, as the API documents it, the recipient and the text. A request is
therefore made for the bare URL, which is what tracers, trace hooks, other middlewares and
``response.url`` see. The innermost middleware adds the query for the time in which the request
is on the wire, and takes it out of what comes back.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import ClientRequest, ClientResponseError
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import ClientHandlerType, ClientResponse, RequestInfo

__all__ = ["QueryAdded"]


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
        response._request_info = request.request_info  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        if response.reason:
            response.reason = self._strike(response.reason)
        return response

    def _added_to(self, url: URL) -> URL:
        if not self._query:
            return url
        return URL(f"{url}{'&' if url.raw_query_string else '?'}{self._query}", encoded=True)

    def _clean(self, error: BaseException, full: URL, bare: URL) -> None:
        """Take the URL and the token out of an error, before trace hooks are told of it."""
        told, shown = str(full), str(bare)

        def clean(value: object) -> object:
            return self._strike(value.replace(told, shown)) if isinstance(value, str) else value

        following: BaseException | None = error
        seen: set[int] = set()
        while following is not None and id(following) not in seen:
            seen.add(id(following))
            # Reports show the variables of frames, and those of aiohttp hold the URL.
            following.__traceback__ = None
            following.args = tuple(map(clean, following.args))
            # Beside its arguments: an OSError keeps its text, errors of HTTP their message.
            for name in ("strerror", "message"):
                text = getattr(following, name, None)
                if text != (cleaned := clean(text)):
                    with suppress(AttributeError):
                        setattr(following, name, cleaned)
            if isinstance(following, ClientResponseError):
                info = _with_url(following.request_info, bare)
                following.request_info = info
                following.args = (info, *following.args[1:])
            following = following.__cause__ or following.__context__


def _with_url(info: RequestInfo, url: URL) -> RequestInfo:
    return type(info)(url, info.method, info.headers, info.real_url)
