"""The connection to Redis or Valkey: every call bounded in time, every failure one error."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar, cast

from ...errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from .script import Commands, Script

__all__ = ["Store", "StoreError", "open_client"]

T = TypeVar("T")

_CONNECTIONS = 8


class StoreError(Exception):
    """A call that failed, or of which nobody knows whether it did.

    Attributes:
        stale: Whether it may be nothing but a connection that had died since it was last used.
    """

    def __init__(self, message: str, *, stale: bool) -> None:
        super().__init__(message)
        self.stale = stale


def open_client(url: str, timeout: float) -> Commands:
    """A client of one server; it connects when it is first used.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``; ``?protocol=3`` speaks RESP3.
        timeout: Seconds for connecting, and for each answer.

    Raises:
        ConfigurationError: The URL cannot work, or the extra ``redis`` is not installed.
    """
    try:
        from redis.asyncio import BlockingConnectionPool, Redis  # noqa: PLC0415 - the extra
        from redis.asyncio.retry import Retry  # noqa: PLC0415 - the extra
        from redis.backoff import NoBackoff  # noqa: PLC0415 - the extra
    except ImportError:
        raise ConfigurationError(
            "shared limits need redis-py: install cleverapp-async[redis]"
        ) from None
    fault = ""
    try:
        # redis-py gives the settings of a pool no types.
        from_url = cast("Callable[..., BlockingConnectionPool]", BlockingConnectionPool.from_url)  # pyright: ignore[reportUnknownMemberType]
        pool = from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=timeout,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            # A call that was repeated unseen would be answered as one that came too late.
            retry=Retry(NoBackoff(), 0),
        )
        return cast("Commands", Redis.from_pool(pool))
    except (ValueError, AttributeError):
        # It may hold a password: neither the URL nor what was said of it is shown.
        fault = "the URL of Redis cannot be read: it is like redis://:password@host:6379/0"
    raise ConfigurationError(fault)


class Store:
    """Runs scripts.

    Args:
        commands: A client of redis-py.
        timeout: Seconds for one call.
        owned: Whether to close the client at the end.

    Attributes:
        calls: How many were made.
    """

    def __init__(self, commands: Commands, timeout: float, *, owned: bool) -> None:
        self._commands = commands
        self._timeout = timeout
        self._owned = owned
        self.calls = 0

    async def run(
        self, script: Script, keys: Sequence[str], arguments: Sequence[str | int]
    ) -> object:
        """Run a script.

        Raises:
            StoreError: It could not be run, or its answer did not come in time.
        """
        self.calls += 1
        return await self.guarded(script.run(self._commands, keys, arguments))

    async def guarded(self, answer: Awaitable[T]) -> T:
        """Wait for what a client answers, in time.

        Raises:
            StoreError: It failed, or did not come in time.
        """
        from redis.exceptions import ConnectionError as LostError  # noqa: PLC0415 - the extra
        from redis.exceptions import RedisError  # noqa: PLC0415 - the extra
        from redis.exceptions import TimeoutError as LateError  # noqa: PLC0415 - the extra

        try:
            async with asyncio.timeout(self._timeout):
                return await answer
        except (TimeoutError, LateError):
            failure = StoreError(f"no answer within {self._timeout:g} s", stale=False)
        except (LostError, OSError) as error:
            failure = StoreError(_told(error), stale=True)
        except RedisError as error:
            failure = StoreError(_told(error), stale=False)
        raise failure

    async def close(self) -> None:
        """Close the client, if it is ours."""
        if self._owned:
            client = cast("object", self._commands)
            close = getattr(client, "aclose", None) or getattr(client, "close", None)
            pool = getattr(client, "connection_pool", None)
            if close is not None:
                await cast("Callable[[], Awaitable[None]]", close)()
            if pool is not None:
                await cast("Callable[[], Awaitable[None]]", pool.disconnect)()


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".strip(": ")
