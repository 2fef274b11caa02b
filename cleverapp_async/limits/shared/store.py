"""The connection to Redis or Valkey: every call bounded in time, every failure one error."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar, cast

from attrs import evolve

from ...errors import ConfigurationError
from .in_time import in_time
from .urls import UNREADABLE_URL, is_readable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from .faults import Fault
    from .script import Commands, Script

__all__ = ["Store", "StoreError", "open_client"]

T = TypeVar("T")

_CONNECTIONS = 8


class StoreError(Exception):
    """A call that failed, or of which nobody knows whether it did.

    Attributes:
        fault: Why, and whether waiting may mend it.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.sentence)
        self.fault = fault


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
    if not is_readable(url):
        raise ConfigurationError(UNREADABLE_URL)
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
        pass
    raise ConfigurationError(UNREADABLE_URL)


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
        self._reached = False

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
            StoreError: It failed, in whatever way, or did not come in time.
        """
        try:
            found = await in_time(answer, self._timeout)
        except Exception as error:  # noqa: BLE001 - a user's own client may raise anything
            fault = self.fault_of(error)
        else:
            self._reached = True
            return found
        from .faults import examine  # noqa: PLC0415 - the extra `redis`

        if not self._reached:
            fault = await examine(fault, self._commands, self._timeout)
        if fault.remedy is not None and self._owned:
            # A name that leads to another server by now is looked up anew.
            with suppress(Exception):
                await self._disconnect()
        raise StoreError(fault)

    def fault_of(self, error: BaseException) -> Fault:
        """What an exception means."""
        from .faults import LATE, fault_of  # noqa: PLC0415 - the extra `redis`

        fault = fault_of(error, self._commands)
        late = isinstance(error, LATE)
        return evolve(fault, told=f"no answer within {self._timeout:g} s") if late else fault

    async def close(self) -> None:
        """Close the client, if it is ours."""
        if self._owned:
            client = cast("object", self._commands)
            close = getattr(client, "aclose", None) or getattr(client, "close", None)
            if close is not None:
                await cast("Callable[[], Awaitable[None]]", close)()
            await self._disconnect()

    async def _disconnect(self) -> None:
        pool = getattr(self._commands, "connection_pool", None)
        if pool is not None:
            await cast("Callable[[], Awaitable[None]]", pool.disconnect)()
