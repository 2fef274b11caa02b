"""The one place that talks to Redis in the event loop: commands, scripts, their errors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar, cast

from attrs import define, field
from redis.asyncio import Redis
from redis.exceptions import (
    BusyLoadingError,
    NoScriptError,
    RedisError,
)
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    TimeoutError as RedisTimeoutError,
)

from ...errors import ConfigurationError, JournalUnreachableError, JournalWriteError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Sequence

    from .reading import Steps
    from .scripts import Script

__all__ = ["Store", "Value", "is_passing", "reading"]

T = TypeVar("T")
Value = str | int | float | bytes

_TIMEOUT = 5.0

# Redis is away, restarts, or loads its file: the same command may succeed in a moment.
_PASSING = (RedisConnectionError, RedisTimeoutError, BusyLoadingError, OSError)


def is_passing(error: BaseException) -> bool:
    """Whether a command may succeed when it is tried again."""
    return isinstance(error, _PASSING)


@contextmanager
def reading(name: str) -> Generator[None]:
    """Tell errors of Redis as those of a journal that cannot be read.

    Raises:
        JournalUnreachableError: Redis failed.
    """
    try:
        yield
    except (RedisError, OSError) as error:
        told = f"{type(error).__name__}: {error}"
        raise JournalUnreachableError(f"{name} cannot be read: Redis failed ({told})") from None


@define(eq=False)
class Store:
    """One connection pool; made at the first use, so that a journal can be named without a server.

    Attributes:
        source: A URL, or a client of the caller's, which is not closed.
        name: What the journal is called in errors.
    """

    source: str | Redis = field(repr=False)
    name: str
    _redis: Redis | None = field(default=None, init=False, repr=False)

    async def do(self, *command: Value) -> object:
        """Carry out one command; raises what the client raises."""
        # The client's own annotations leave open what a command takes and gives.
        client = self._client()
        execute = cast("Callable[..., Awaitable[object]]", client.execute_command)  # pyright: ignore[reportUnknownMemberType]
        return await execute(*command)

    async def run(self, script: Script, keys: Sequence[str], *arguments: Value) -> object:
        """Carry out a script, which Redis keeps by its digest; raises what the client raises."""
        given = (len(keys), *keys, *arguments)
        try:
            return await self.do("EVALSHA", script.digest, *given)
        except NoScriptError:
            return await self.do("EVAL", script.text, *given)

    async def ask(self, *command: Value) -> object:
        """Carry out one command.

        Raises:
            JournalError: Redis failed.
        """
        with reading(self.name):
            return await self.do(*command)

    async def follow(self, steps: Steps[T]) -> T:
        """Carry out commands one after the other.

        Raises:
            JournalError: Redis failed.
        """
        try:
            command = next(steps)
            while True:
                command = steps.send(await self.ask(*command))
        except StopIteration as end:
            return cast("T", end.value)

    def write_failure(self, error: BaseException) -> JournalWriteError:
        """The error of a write that failed."""
        told = f"{type(error).__name__}: {error}"
        return JournalWriteError(
            f"{self.name} cannot be written: Redis failed ({told}); mend it, then resume the "
            "campaign"
        )

    def named(self, name: str) -> Store:
        """The same connections under another name; this one closes them."""
        return Store(self._client(), name)

    async def close(self) -> None:
        """Let the connections go; those of the caller's own client stay."""
        client, self._redis = self._redis, None
        if client is not None and client is not self.source:
            await client.aclose()

    def _client(self) -> Redis:
        if self._redis is None:
            self._redis = (
                self._connect(self.source) if isinstance(self.source, str) else self.source
            )
        return self._redis

    def _connect(self, url: str) -> Redis:
        try:
            return Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
                url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT
            )
        except ValueError as error:
            raise ConfigurationError(f"the URL of Redis cannot be used: {error}") from None
