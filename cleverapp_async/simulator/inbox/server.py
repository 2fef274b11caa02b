"""The inbox's server: its page and its HTTP API, on a port of its own, and who may ask it.

A port of its own, so that faults of connections (``reset_before``), ``Simulator.refusing`` and an
address that the whole network reaches concern the API alone.

The inbox has no password, so that it must not be reached through somebody's browser. A page of
another site can make that send requests here, and a name of its own can be made to lead here (DNS
rebinding). So the name that was asked for (``Host``) must be one of ours, and a request that a page
sends (``Origin``, ``Sec-Fetch-Site``) must come from our own page.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import re
from collections.abc import Awaitable, Callable, Collection, Iterable
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Self, cast
from urllib.parse import urlsplit

from aiohttp import web
from attrs import define, field

from ..faults.actions import SilentAccessLog, bind
from ..seed.load import JsonNode
from ..server import Simulator
from ..state.records import SeedError
from .control_api import ROUTES as CONTROL_ROUTES
from .entries import EntryStore, Json
from .messages_api import ROUTES as MESSAGE_ROUTES
from .openapi import document
from .query import InputError, in_russian
from .routes import Call, Number, Route
from .state import InboxState

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "object-src 'none'; require-trusted-types-for 'script'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}

_LANGUAGES: Final = re.compile(r"(?:^|,)\s*(ru|en)\b", re.IGNORECASE)
"""The first of the two in ``Accept-Language``, which lists the most wanted first."""

_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check(request: web.Request, host: str, names: Collection[str]) -> None:
    """Refuse a request that may come from another site's page.

    Args:
        request: The request.
        host: The address that is listened on.
        names: Further names that lead here, in lower case.

    Raises:
        InputError: It is refused, with 403.
    """
    # A client that sends two of a header is read differently by each who reads it.
    for name in ("Host", "Origin"):
        if len(request.headers.getall(name, ())) > 1:
            raise InputError(f"header {name}", "is given twice", 403)
    asked = request.headers.get("Host", "")
    name = _name_of(f"//{asked}")
    if not _is_ours(name, host, names):
        raise InputError(
            "header Host",
            "is no name of this inbox: open it by its address, or allow the name with --inbox-name",
            403,
        )
    # Of a name that was allowed, a proxy may make https; on this machine there is none.
    schemes = ("http", "https") if name in names else ("http",)
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() not in {f"{one}://{asked.lower()}" for one in schemes}:
        raise InputError("header Origin", "is another site's", 403)
    site = request.headers.get("Sec-Fetch-Site", "none")
    # A link on another site may lead to the page: a browser shows it, and gives it to nobody.
    follows_link = request.path == "/" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    if site not in {"same-origin", "none"} and not follows_link:
        raise InputError("header Sec-Fetch-Site", "is another site's", 403)


def _is_ours(name: str, host: str, names: Collection[str]) -> bool:
    if name in _LOOPBACK_NAMES or name in names or name == host:
        # An empty `Host` is nobody's name.
        return bool(name)
    # Listening on this machine alone, other names than those above lead here only by a trick (DNS
    # rebinding).
    if is_loopback(host):
        return False
    try:
        # Nobody's name leads here: an address can be asked for only by whoever knows it.
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


ROUTES: Final = (*MESSAGE_ROUTES, *CONTROL_ROUTES)

KEEP: Final = 10_000
"""Messages that are kept if nothing else is said."""

_BYTES: Final = 64 * 2**20
"""Bytes that all messages take, about and at most."""

_BODY: Final = 256 * 2**10
"""Bytes of the largest body that the inbox reads."""

_PATIENCE: Final = 1.0

_TYPES: Final = {
    "html": "text/html",
    "js": "text/javascript",
    "css": "text/css",
    "svg": "image/svg+xml",
}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _lower(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


@define(eq=False)
class Inbox:
    """Serves a page with the messages that reach a simulator, and an HTTP API for tests.

    It has no password. It is reached from this machine alone unless another ``host`` is given, and
    answers only requests for its own address, from its own page or from no page. No URL in a
    message is ever fetched.

    Args:
        simulator: The simulator; it may be started before or after the inbox.
        host: The address that is listened on.
        port: The port, or 0 for a free one.
        names: Further names that lead here, such as that of a container.
        keep: How many messages are kept, and how many requests that send none.

    Raises:
        ValueError: ``keep`` is below 1.
    """

    simulator: Simulator
    host: str = field(default="127.0.0.1", kw_only=True)
    port: int = field(default=0, kw_only=True)
    names: frozenset[str] = field(default=frozenset[str](), converter=_lower, kw_only=True)
    keep: int = field(default=KEEP, kw_only=True)
    _state: InboxState = field(init=False, repr=False)
    _runner: web.AppRunner | None = field(init=False, default=None, repr=False)
    _stop_observing: Callable[[], None] | None = field(init=False, default=None, repr=False)
    _bound_port: int = field(init=False, default=0, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check the arguments, and make what keeps the messages."""
        if self.keep < 1:
            msg = f"keep must be 1 or more, not {self.keep!r}"
            raise ValueError(msg)
        self._state = InboxState(self.simulator, EntryStore(self.keep, _BYTES))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def url(self) -> str:
        """The page's address, such as ``http://127.0.0.1:8081/``; the API is below ``api/``.

        Raises:
            RuntimeError: The inbox was not started: it has no port yet.
        """
        if not self._bound_port:
            msg = "the inbox is not started: use it in an `async with` block, or call start()"
            raise RuntimeError(msg)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self._bound_port}/"

    async def start(self) -> None:
        """Open the port, serve on the running loop, and keep what reaches the simulator.

        Raises:
            RuntimeError: It runs already.
            OSError: The port is taken, or the address is not one of this machine.
        """
        if self._runner is not None:
            msg = "the inbox runs already: close it before it starts again"
            raise RuntimeError(msg)
        bound = bind(self.host, self.port)
        self._bound_port = bound.getsockname()[1]
        application = web.Application(
            middlewares=[self._answer_errors],
            client_max_size=_BODY,
            logger=logging.getLogger("cleverapp_async.simulator"),
        )
        # To every response, errors and streams included: a handler that forgets them cannot be
        # written.
        application.on_response_prepare.append(_add_headers)
        for route in ROUTES:
            path = route.path.replace("{id}", r"{id:\d{1,18}}")
            application.router.add_route(route.method, path, self._handler(route))
        application.router.add_get("/api/openapi.json", _serve_document)
        for file in files(__package__ or "").joinpath("page").iterdir():
            name = "" if file.name == "index.html" else file.name
            application.router.add_get(f"/{name}", _serve_file(file))
        self._runner = web.AppRunner(
            application,
            access_log_class=SilentAccessLog,
            handler_cancellation=True,
            shutdown_timeout=_PATIENCE,
        )
        self._state.feed.open()
        await self._runner.setup()
        await web.SockSite(self._runner, bound).start()
        self._stop_observing = self.simulator.observe(self._state.observe)

    async def close(self) -> None:
        """Stop: streams and waiting requests end. Closing twice is allowed."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        if self._stop_observing is not None:
            self._stop_observing()
        # Streams end before the server is cleaned up, which would wait for them.
        self._state.feed.close()
        await runner.cleanup()

    @web.middleware
    async def _answer_errors(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Check who asks, and answer every error as JSON."""
        try:
            check(request, self.host, self.names)
            return await handler(request)
        except (InputError, SeedError) as error:
            told = in_russian(error.message) if _reads_russian(request) else error.message
            status = error.status if isinstance(error, InputError) else 400
            return _error(status, error.place, told)
        except web.HTTPException as error:
            allowed = error.headers.get("Allow")
            return _error(
                error.status, "request", error.reason, {} if allowed is None else {"Allow": allowed}
            )

    def _handler(self, route: Route) -> _Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            call = Call(
                self._state,
                request,
                _read_query(route, request),
                int(request.match_info.get("id", "0")),
                JsonNode(None) if route.body is None else await _read_body(request),
            )
            answer = await route.handle(call)
            if isinstance(answer, web.StreamResponse):
                return answer
            return web.json_response(answer, status=route.status)

        return handle


def _reads_russian(request: web.Request) -> bool:
    """Whether Russian comes before English in what the client reads; English is for all others."""
    named = _LANGUAGES.search(request.headers.get("Accept-Language", ""))
    return named is not None and named[1].lower() == "ru"


def _read_query(route: Route, request: web.Request) -> dict[str, Number | str | None]:
    known = {one.name: one for one in route.parameters}
    values = {one.name: one.default for one in route.parameters}
    for name, text in request.query.items():
        if name not in known:
            told = ", ".join(known) or "there are none"
            raise InputError(f"query parameter {name[:60]}", f"is not known: {told}")
        values[name] = known[name].read(text)
    return values


async def _read_body(request: web.Request) -> JsonNode:
    # Pages of other sites can send JSON only after they were allowed to, and nobody is.
    if request.content_type != "application/json":
        raise InputError("header Content-Type", "application/json is needed", 415)
    body = await request.read()
    try:
        return JsonNode(cast("object", json.loads(body.decode(), parse_constant=_no_constant)))
    except json.JSONDecodeError as error:
        place = f"body, line {error.lineno}, column {error.colno}"
        raise InputError(place, f"this is not JSON: {error.msg}") from None
    except (ValueError, RecursionError):
        raise InputError("body", "this is not JSON in UTF-8") from None


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _error(
    status: int, place: str, message: str, headers: dict[str, str] | None = None
) -> web.Response:
    body: Json = {"error": message, "place": place}
    return web.json_response(body, status=status, headers=headers)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    del request
    response.headers.update(HEADERS)


async def _serve_document(request: web.Request) -> web.StreamResponse:
    del request
    return web.json_response(document(ROUTES))


def _serve_file(file: Traversable) -> _Handler:
    kind = _TYPES[file.name.rpartition(".")[2]]
    body = file.read_bytes()

    async def handle(request: web.Request) -> web.StreamResponse:
        del request
        return web.Response(body=body, content_type=kind, charset="utf-8")

    return handle
