"""What the tests of the wire share: clients, servers that answer raw bytes, limiters that note."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from cleverapp_async import (
    AccountKey,
    CleverAppClient,
    ClientConfig,
    Lane,
    LimiterRegistry,
    LimitKey,
    Quota,
    RetryPolicy,
)
from cleverapp_async.limits import LimiterSnapshot

if TYPE_CHECKING:
    import aiohttp

TOKEN = "simulator-token"
SUCCESS = b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 16\r\n\r\n{"success":true}'

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What a raw server does with one connection; it is closed afterwards."""


def one_attempt(**more: Any) -> ClientConfig:  # noqa: ANN401 - any setting of ClientConfig
    """Settings under which nothing that fails is repeated."""
    settings: dict[str, Any] = {"retry": RetryPolicy(attempts=1, refusals=0), **more}
    return ClientConfig(**settings)


def client_of(
    base_url: str,
    *,
    config: ClientConfig | None = None,
    limits: LimiterRegistry | None = None,
    session: aiohttp.ClientSession | None = None,
    token: str = TOKEN,
) -> CleverAppClient:
    """A client without limits that tries once, unless told otherwise."""
    return CleverAppClient(
        token,
        base_url=base_url,
        config=config or one_attempt(),
        limits=LimiterRegistry.unlimited() if limits is None else limits,
        session=session,
    )


@define
class RawServer:
    """A server that speaks as its script says.

    Attributes:
        base_url: Where it listens.
        requests: The heads and bodies that :func:`read_request` has read.
    """

    base_url: str = ""
    requests: list[bytes] = field(factory=list[bytes])

    async def read_request(self, reader: asyncio.StreamReader) -> bytes:
        """Read one whole request, and note it."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        whole = head + await reader.readexactly(length)
        self.requests.append(whole)
        return whole


@asynccontextmanager
async def raw_server(answer: bytes | Script, *, ssl: Any = None) -> AsyncIterator[RawServer]:  # noqa: ANN401
    """Serve a script, or the same bytes to every request on a connection of its own."""
    raw = RawServer()
    writers: list[asyncio.StreamWriter] = []
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            if isinstance(answer, bytes):
                await raw.read_request(reader)
                writer.write(answer)
                await writer.drain()
            else:
                await answer(reader, writer)
        writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Here, as a task that is cancelled before it begins runs none of its lines.
        writers.append(writer)
        task = asyncio.ensure_future(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=ssl)
    port = server.sockets[0].getsockname()[1]
    raw.base_url = f"{'https' if ssl else 'http'}://127.0.0.1:{port}/api/v1"
    try:
        yield raw
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        await server.wait_closed()


def http(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """A whole answer as bytes."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


@frozen(eq=False)
class NotingPermit:
    """Notes what it is told."""

    key: LimitKey | AccountKey
    notes: list[tuple[LimitKey | AccountKey, str, float | None]]

    def sent(self) -> None:
        """Note that the request leaves."""
        self._note("sent")

    def settle(self) -> None:
        """Note an answer."""
        self._note("settle")

    def refuse(self, retry_after: float | None) -> None:
        """Note a refusal."""
        self._note("refuse", retry_after)

    def give_up(self) -> None:
        """Note that no answer came."""
        self._note("give_up")

    def refund(self) -> None:
        """Note that nothing left."""
        self._note("refund")

    def _note(self, what: str, seconds: float | None = None) -> None:
        self.notes.append((self.key, what, seconds))


@define(eq=False)
class NotingLimiter:
    """A limiter of a user's own: it grants everything and notes what its permits are told."""

    key: LimitKey | AccountKey
    notes: list[tuple[LimitKey | AccountKey, str, float | None]]

    @property
    def idle(self) -> bool:
        """It is never forgotten."""
        return False

    async def acquire(
        self, *, lane: Lane = Lane.INTERACTIVE, spacing: float = 0.0, returned: bool = False
    ) -> NotingPermit:
        """Grant at once; a returned request is noted."""
        del spacing
        self.notes.append((self.key, f"acquire {lane.value}{' returned' * returned}", None))
        return NotingPermit(self.key, self.notes)

    def estimate(self, lane: Lane, *, spacing: float = 0.0, returned: bool = False) -> float:
        """Nobody waits here."""
        del lane, spacing, returned
        return 0.0

    def pause(self, seconds: float) -> None:
        """Note the pause."""
        self.notes.append((self.key, "pause", seconds))

    def snapshot(self) -> LimiterSnapshot:
        """Nothing to see."""
        return LimiterSnapshot(0, 0, 0.0, 0, 0.0)


@define
class Notebook:
    """Limiters that note, and what they noted."""

    notes: list[tuple[LimitKey | AccountKey, str, float | None]] = field(factory=list, init=False)

    def registry(self) -> LimiterRegistry:
        """A registry of noting limiters."""
        return LimiterRegistry(factory=self._make)

    def of_account(self) -> list[str]:
        """What the account's limiter was told, in order."""
        return [what for key, what, _ in self.notes if isinstance(key, AccountKey)]

    def of_key(self, messenger: str = "telegram") -> list[str]:
        """What the limiter of a messenger was told, in order."""
        return [
            what
            for key, what, _ in self.notes
            if isinstance(key, LimitKey) and key.messenger == messenger
        ]

    def _make(self, key: LimitKey | AccountKey, _: tuple[Quota, ...]) -> NotingLimiter:
        return NotingLimiter(key, self.notes)
