"""Sends single attempts through an aiohttp session.

An attempt ends as an answer or as a :class:`WireFailure`, both plain values. The caller makes new
errors from them, so that neither a URL nor a chained exception can carry a secret out of here.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import hdrs
from attrs import frozen

from .._arguments import check_instance, place_of_caller, warn_at, wrong_setting
from .._event_loop import SharedTimeout, Wait, Waits
from .._response import RawResponse
from .._tls import SPEAKS_TLS
from ..endpoints import Repeat
from ..errors import CleverAppError, ConnectError, NotSentError, Outcome, OutcomeUnknownError
from .errors import reason_of
from .unpacking import ACCEPTED_ENCODINGS, unpacker_of
from .witness import StaleConnectionError, WitnessedBody

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from contextlib import AbstractContextManager

    from .._request import WireRequest
    from ..config import ClientConfig
    from .destination import Destination
    from .witness import Witness

__all__ = ["StruckHeaders", "Transport", "WireFailure"]


class StruckHeaders(Mapping[str, str]):
    """Headers by their lower-case names; of several with one name, the first.

    Args:
        headers: As they came.
        strike: Strikes the secret out of a text.
    """

    __slots__ = ("_headers", "_strike")

    def __init__(self, headers: Mapping[str, str], strike: Callable[[str], str]) -> None:
        self._headers = headers
        self._strike = strike

    def __getitem__(self, name: str) -> str:
        """One header, whatever the case of its name."""
        return self._strike(self._headers[name])

    def __iter__(self) -> Iterator[str]:
        """The names, each once."""
        return iter(dict.fromkeys(self._strike(name).lower() for name in self._headers))

    def __len__(self) -> int:
        """How many names there are."""
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        """As a dict: without the secret."""
        return repr(dict(self))

    def __reduce__(self) -> tuple[type[dict[str, str]], tuple[dict[str, str]]]:
        """Pickle as a plain dict: what strikes the secret knows it."""
        return dict, (dict(self),)


_LEAST = 0.001
"""Seconds that are left of a time-out at least, when another connection is tried."""

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": ACCEPTED_ENCODINGS,
    "X-Requested-With": "XMLHttpRequest",
}
_OF_BODIES = (hdrs.CONTENT_TYPE,)


@frozen
class WireFailure:
    """An attempt that ended without an answer.

    Attributes:
        outcome: ``NOT_SENT`` where that is proven, else ``UNKNOWN``.
        reason: Why, in words, without URL and secret.
        connecting_to: Where a connection was to be made, if it failed then; else None.
    """

    outcome: Outcome
    reason: str
    connecting_to: str | None = None

    def error(self, repeat: Repeat) -> CleverAppError:
        """What the caller is told, who asked for what may be repeated like that."""
        if self.outcome is Outcome.UNKNOWN:
            if repeat is Repeat.SAFE:
                return OutcomeUnknownError(f"nothing was changed, nothing was read: {self.reason}")
            return OutcomeUnknownError(f"it may have reached the server: {self.reason}")
        if self.connecting_to is None:
            return NotSentError(f"not sent: {self.reason}")
        return ConnectError(f"not sent to {self.connecting_to}: {self.reason}")


class _Reading:
    """A client middleware for one GET, whose body is empty and only there as a witness.

    Args:
        witness: Learns whether it left.
    """

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._request: aiohttp.ClientRequest | None = None

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send it with nothing on the wire that tells of the body, and once.

        Raises:
            ServerDisconnectedError: It has left already, on a kept connection that broke: aiohttp
                would send it again by itself, and the limits would count both as one.
        """
        again = self._request is not None and self._request is not request
        if again and self._witness.outcome is not Outcome.NOT_SENT:
            raise aiohttp.ServerDisconnectedError
        self._request = request
        request.headers.popall(hdrs.CONTENT_LENGTH, None)
        return await handler(request)


async def _without_expect(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Remove the header that was only there to keep aiohttp from waiting between head and body."""
    request.headers.popall(hdrs.EXPECT, None)
    return await handler(request)


def _as_lent(
    session: aiohttp.ClientSession, middlewares: tuple[aiohttp.ClientMiddlewareType, ...]
) -> tuple[dict[str, str], tuple[aiohttp.ClientMiddlewareType, ...]]:
    """The headers and middlewares of a request through a session of the user's own."""
    # Those of a request replace the session's, and aiohttp has no public way to ask for them.
    of_session: tuple[aiohttp.ClientMiddlewareType, ...] = getattr(session, "_middlewares", ())
    if hdrs.EXPECT in session.headers:
        # The head, which may hold the message, would leave by itself.
        return {**_HEADERS, hdrs.EXPECT: ""}, (*of_session, _without_expect, *middlewares)
    return _HEADERS, (*of_session, *middlewares)


class Transport:
    """The session of one client, and its connection slots.

    Attributes:
        place: Where its requests go, as errors may name it.

    Args:
        destination: Where the requests go; it adds what is secret to each of them.
        config: Time-outs and bounds.
        session: A session of the caller's, which is not closed here; None makes one on first use.
    """

    def __init__(
        self,
        destination: Destination,
        config: ClientConfig,
        session: aiohttp.ClientSession | None,
    ) -> None:
        self._destination = destination
        self.place = destination.place
        self._config = config
        self._timeout = _bounds(config.attempt_timeout, config)
        self._untimed = _bounds(None, config)
        self._shared_timeout = SharedTimeout(config.attempt_timeout)
        self._own: aiohttp.ClientSession | None = None
        if session is not None:
            wanted = "an aiohttp.ClientSession, made and closed by you"
            check_instance("session", session, aiohttp.ClientSession, wanted, wrong_setting)
        self._lent = session
        self._made_at = place_of_caller()
        self.waits = Waits()
        slots = config.max_in_flight
        if session is not None:
            slots = min(slots, _connections_of(session))
        self._slots = asyncio.Semaphore(slots)

    def __del__(self) -> None:
        """Warn of a client that was used and never closed."""
        # What was refused when it was made has no session.
        if getattr(self, "_own", None) is not None and not self.closed:
            client = self._destination.client
            told = (
                f"this {client} was used and never closed: write `async with {client}(...) as "
                "client:`, or `await client.close()` at the end"
            )
            warn_at(self._made_at, told, ResourceWarning)

    def reserve(self) -> Awaitable[object]:
        """Wait for a connection slot; give it back with :meth:`release`."""
        return self._slots.acquire()

    def release(self) -> None:
        """Give a connection slot back."""
        self._slots.release()

    async def exchange(
        self,
        request: WireRequest,
        witness: Witness,
        time_limit: float,
        clock: Callable[[], float],
    ) -> RawResponse | WireFailure:
        """Send one request in a slot that was won, and read its answer.

        Args:
            request: What to send.
            witness: Learns whether it left.
            time_limit: Seconds for all of it.
            clock: The loop's.

        Raises:
            asyncio.CancelledError: The task was cancelled; the witness knows what is certain.
        """
        # One for all tries: a lent session is let go where the client is closed meanwhile.
        session = self._session()
        try:
            # Each connection that is not fit is closed, until one is, or a new one is made.
            ends_at = clock() + time_limit
            while (result := await self._exchange(session, request, witness, time_limit)) is None:
                # For aiohttp 0 would mean without end.
                time_limit = max(ends_at - clock(), _LEAST)
            return result  # noqa: TRY300 - an else would stand far from it
        except BaseException as error:  # noqa: BLE001 - it is raised again
            # A cancellation, or the end of the program.
            passing = error
        # The frames that it came through, and those of what it is chained to, hold the answer.
        passing.__cause__ = passing.__context__ = None
        raise passing.with_traceback(None)

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        request: WireRequest,
        witness: Witness,
        time_limit: float,
    ) -> RawResponse | WireFailure | None:
        """Send it on one connection; None where that was not fit for it, and another may be."""
        status, body = 0, bytearray()
        headers: Mapping[str, str] = {}
        request, address = self._destination.address(request)
        leaving = WitnessedBody(
            request.body, request.content_type, witness, self._config.keepalive_timeout
        )
        writes, sent_headers = request.http_method == "POST", None
        middlewares: tuple[aiohttp.ClientMiddlewareType, ...] = (
            (address,) if writes else (_Reading(witness), address)
        )
        if session is not self._own:
            sent_headers, middlewares = _as_lent(session, middlewares)
        timing, bounds = self._within(session, time_limit)
        try:
            with timing:
                async with session.request(
                    request.http_method,
                    address.bare,
                    data=leaving,
                    headers=sent_headers,
                    allow_redirects=False,
                    raise_for_status=False,
                    auto_decompress=False,
                    timeout=bounds,
                    skip_auto_headers=None if writes else _OF_BODIES,
                    middlewares=middlewares,
                ) as response:
                    leaving.check(response)
                    status = response.status
                    headers = StruckHeaders(response.headers, self._destination.strike)
                    problem = await self._read(response, body)
                    leaving.answered(status)
        except Exception as error:  # noqa: BLE001 - whatever it is, the witness tells what is certain
            if leaving.stale and leaving.reused:
                return None
            problem = reason_of(StaleConnectionError() if leaving.stale else error)
            if not status:
                if leaving.met_tls:
                    return WireFailure(Outcome.NOT_SENT, SPEAKS_TLS, self.place)
                sent = witness.outcome is not Outcome.NOT_SENT
                connecting = isinstance(error, _CONNECTING) and not sent
                place = self.place if connecting else None
                return WireFailure(witness.outcome, problem, place)
        struck = self._destination.strike_bytes(bytes(body), cut=problem is not None)
        return RawResponse(status, headers, struck, problem)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self.waits.over

    async def close(self) -> None:
        """Let the session go, close it if it is ours, and end what waits or is on the wire."""
        self.waits.end()
        self._lent = None
        if self._own is not None:
            await self._own.close()
        self._shared_timeout.close()

    def _session(self) -> aiohttp.ClientSession:
        """The lent session, or one of ours."""
        if self._lent is not None:
            return self._lent
        if self._own is None:
            self._own = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._config.max_in_flight,
                    keepalive_timeout=self._config.keepalive_timeout,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=_HEADERS,
            )
        return self._own

    def _within(
        self, session: aiohttp.ClientSession, seconds: float
    ) -> tuple[AbstractContextManager[None], aiohttp.ClientTimeout]:
        """The bounds of one attempt, whose clock starts now: its slot is won already."""
        usual = seconds == self._config.attempt_timeout
        if session is not self._own:
            # Closing a session of ours ends what is on its wire; a lent one stays open.
            return Wait(self.waits), self._timeout if usual else _bounds(seconds, self._config)
        # With the shared one aiohttp sees a cancellation. Trace hooks, as OpenTelemetry's
        # instrumentation adds them to each session, are to see the time-out that it is.
        if usual and not session.trace_configs:
            return self._shared_timeout, self._untimed
        return nullcontext(), self._timeout if usual else _bounds(seconds, self._config)

    async def _read(self, response: aiohttp.ClientResponse, body: bytearray) -> str | None:
        """Read the answer into ``body`` up to the bound; why it is not whole, or None."""
        bound, content = self._config.max_body, response.content
        encoding = response.headers.get(hdrs.CONTENT_ENCODING)
        unpacker = unpacker_of(encoding) if encoding else None
        while not content.at_eof():
            piece = await content.readany()
            if unpacker is not None:
                piece = unpacker.feed(piece, bound + 1 - len(body))
            body += piece
            if len(body) > bound:
                del body[bound:]
                return f"it is longer than {bound} bytes"
        return None if unpacker is None else unpacker.fault


_CONNECTING = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)


def _bounds(total: float | None, config: ClientConfig) -> aiohttp.ClientTimeout:
    # aiohttp rounds a time-out of more than the threshold up to whole seconds.
    return aiohttp.ClientTimeout(
        total=total, sock_connect=config.connect_timeout, ceil_threshold=math.inf
    )


def _connections_of(session: aiohttp.ClientSession) -> int:
    """How many connections to one host a session allows at once."""
    connector = session.connector
    bounds = (connector.limit, connector.limit_per_host) if connector else ()
    return min((bound for bound in bounds if bound), default=1_000_000)
