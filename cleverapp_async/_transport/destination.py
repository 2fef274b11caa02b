"""Where requests go, and what of that only the connection sees.

A request to the API has the token in its query, or in the body of a POST where a brand wants it
there. The query holds, as the API documents it, the recipient and the text as well. Of an incoming
webhook the whole path is the secret. A request is therefore made for the bare URL, which is what
tracers, trace hooks, other middlewares and ``response.url`` see. The innermost middleware adds the
rest for the time in which the request is on the wire, and takes it out of what comes back.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, cast
from urllib.parse import quote

from aiohttp import ClientRequest, RequestInfo
from aiohttp.tracing import Trace
from attrs import evolve
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiohttp import ClientHandlerType, ClientResponse
    from multidict import CIMultiDict

    from .._request import WireRequest
    from .._secret import Secret, SecretUrl
    from ..config import TokenPlace

__all__ = ["ApiDestination", "Destination", "HiddenUrl", "WebhookDestination"]

_MASK = "***"
_FORM = "application/x-www-form-urlencoded"


class Destination(ABC):
    """Where the requests of one client go.

    Attributes:
        client: The class of that client, for warnings.
        place: Where they go, as errors may name it: nothing of it is secret.
    """

    client: ClassVar[str]

    def __init__(self, secret: Secret | SecretUrl, place: str) -> None:
        self.place = place
        self.strike = secret.strike
        self.strike_bytes = secret.strike_bytes

    @abstractmethod
    def address(self, request: WireRequest) -> tuple[WireRequest, HiddenUrl]:
        """The request as it is to leave, and the middleware that adds what is hidden of its URL.

        Apart, so that no frame which awaits holds what is hidden: reports show their variables.

        Args:
            request: What to send.
        """


class ApiDestination(Destination):
    """The API: a URL for each method, and the token in each request.

    Args:
        base_url: Where the API lives, without a slash at the end.
        token: The API token.
        token_place: Where it travels.
    """

    client = "CleverAppClient"

    def __init__(self, base_url: str, token: Secret, token_place: TokenPlace) -> None:
        super().__init__(token, base_url)
        self._base_url = base_url
        self._token = token
        self._token_in_body = token_place == "body"  # noqa: S105 - a place, not a token
        self._token_in_query = f"api_token={quote(token.reveal(), safe='')}"
        self._known: dict[str, HiddenUrl] = {}

    def address(self, request: WireRequest) -> tuple[WireRequest, HiddenUrl]:
        """The request with the token in its body or its query."""
        if self._token_in_body and request.http_method == "POST":
            return with_token(request, self._token.reveal()), self._url(request, request.query)
        query = self._token_in_query
        if request.query:
            query = f"{query}&{request.query}"
        return request, self._url(request, query)

    def _url(self, request: WireRequest, query: str) -> HiddenUrl:
        known = self._known.get(request.name)
        if known is None:
            bare = URL(f"{self._base_url}/{request.name}", encoded=True)
            known = HiddenUrl(bare, "", self._token_in_query, self.strike)
            self._known[request.name] = known
        if query is self._token_in_query:
            return known
        return HiddenUrl(known.bare, "", query, self.strike)


class WebhookDestination(Destination):
    """One URL, of which everything behind the host is hidden.

    Args:
        url: The URL.
    """

    client = "IncomingWebhook"

    def __init__(self, url: SecretUrl) -> None:
        super().__init__(url, url.origin)
        whole = URL(f"{url.origin}{url.reveal()}")
        path = "" if whole.raw_path == "/" else whole.raw_path
        bare = URL(f"{url.origin}/")
        self._hidden = HiddenUrl(bare, path, whole.raw_query_string, url.strike)

    def address(self, request: WireRequest) -> tuple[WireRequest, HiddenUrl]:
        """The request as it is: all that is secret is the URL."""
        return request, self._hidden


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


class HiddenUrl:
    """A client middleware of aiohttp that adds what is hidden of a URL; it must be the last one.

    Args:
        bare: The URL that is asked for.
        path: The encoded path that is put behind that of the bare URL; empty for none.
        query: The encoded query string; empty where everything is in the body.
        strike: Strikes the secret out of a text.
    """

    __slots__ = ("_full", "_path", "_query", "_strike", "bare")

    def __init__(self, bare: URL, path: str, query: str, strike: Callable[[str], str]) -> None:
        self.bare = bare
        self._path = path
        self._query = query
        self._strike = strike
        self._full = self._added_to(bare)

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Send the request to its whole URL, and let go of that again."""
        bare = request.url
        # A middleware of the user's may have changed it.
        request.url = self._full if bare is self.bare else self._added_to(bare)
        # What tells the hooks of a session what is written; aiohttp has no public way to ask. They
        # stay in place: a body may leave after its answer has begun.
        if traces := getattr(request, "_traces", None):
            telling: list[Trace] = [_BareTrace(one, bare) for one in traces]
            request._traces = telling  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        try:
            response = await handler(request)
        except BaseException as error:
            self._clean(error, request.url, bare)
            raise
        finally:
            request.url = bare
        # What aiohttp has no public way to set: the answer was made while the URL was whole.
        # A class of the user's may have asked for it already, and then it is remembered.
        info = response._request_info  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        response._request_info = RequestInfo(bare, *info[1:])  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        response._cache.pop("request_info", None)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        if response.reason:
            response.reason = self._strike(response.reason)
        return response

    def _added_to(self, url: URL) -> URL:
        if not self._path and not self._query:
            return url
        path, query = url.raw_path, url.raw_query_string
        if self._path:
            path = path.rstrip("/") + self._path
        if self._query:
            query = f"{query}&{self._query}" if query else self._query
        # From its parts, as it would take four times as long to find them in its text again.
        return URL.build(
            scheme=url.scheme,
            authority=url.raw_authority,
            path=path,
            query_string=query,
            encoded=True,
        )

    def _clean(self, error: BaseException, full: URL, bare: URL) -> None:
        """Take the URL and the secret out of an error, before trace hooks are told of it."""

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


class _BareTrace(Trace):
    """Tells the trace hooks of a session the bare URL where aiohttp would tell the whole one.

    Args:
        trace: What tells them.
        bare: The bare URL.
    """

    def __init__(self, trace: Trace, bare: URL) -> None:
        # Everything else is told as before: the hooks, their session and their context stay.
        vars(self).update(vars(trace))
        self._bare = bare

    async def send_request_headers(self, method: str, url: URL, headers: CIMultiDict[str]) -> None:
        """The request line and the headers were written."""
        del url
        await super().send_request_headers(method, self._bare, headers)

    async def send_request_chunk_sent(self, method: str, url: URL, chunk: bytes) -> None:
        """A part of the body was written."""
        del url
        await super().send_request_chunk_sent(method, self._bare, chunk)


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
