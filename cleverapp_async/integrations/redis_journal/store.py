"""The one place that talks to Redis in the event loop: commands, scripts, their errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from attrs import define, field
from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from ...errors import (
    CleverAppError,
    ConfigurationError,
    JournalError,
    JournalUnreachableError,
    JournalWriteError,
)
from ...limits.shared.faults import examine, fault_of
from ...limits.shared.in_time import in_time
from ...limits.shared.urls import UNREADABLE_URL, is_readable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ...limits.shared.faults import Fault
    from .reading import Steps
    from .scripts import Script

__all__ = ["Store", "Value", "read_failure", "unusable_url"]

T = TypeVar("T")
Value = str | int | float | bytes

_TIMEOUT, _LONGEST = 5.0, 30.0


def read_failure(name: str, fault: Fault) -> JournalError:
    """The error of a question that failed; another type where it does not pass by waiting."""
    told = f"{name} cannot be read: Redis failed ({fault.told})"
    if fault.remedy is None:
        return JournalUnreachableError(told)
    return JournalError(f"{told}: {fault.remedy}")


def unusable_url() -> ConfigurationError:
    """The error of a URL that cannot be used; what was said of it may show its password."""
    return ConfigurationError(UNREADABLE_URL)


@define(eq=False)
class Store:
    """One connection pool; made at the first use, so that a journal can be named without a server.

    Attributes:
        source: A URL, or a client of the caller's, which is not closed.
        name: What the journal is called in errors.
        seconds: For one command, whatever a client of the caller's own allows it.
    """

    source: str | Redis = field(repr=False)
    name: str
    seconds: float = _LONGEST
    _redis: Redis | None = field(default=None, init=False, repr=False)
    _reached: bool = field(default=False, init=False)

    async def do(self, *command: Value) -> object:
        """Carry out one command; raises what the client raises."""
        # The client's own annotations leave open what a command takes and gives.
        client = self._client()
        execute = cast("Callable[..., Awaitable[object]]", client.execute_command)  # pyright: ignore[reportUnknownMemberType]
        found = await in_time(execute(*command), self.seconds)
        self._reached = True
        return found

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
        return await self.guarded(self.do(*command))

    async def ask_script(self, script: Script, keys: Sequence[str], *arguments: Value) -> object:
        """Carry out a script.

        Raises:
            JournalError: Redis failed.
        """
        return await self.guarded(self.run(script, keys, *arguments))

    async def write(self, script: Script, keys: Sequence[str], *arguments: Value) -> object:
        """Carry out a script that writes.

        Raises:
            JournalWriteError: Redis failed.
        """
        try:
            return await self.run(script, keys, *arguments)
        except Exception as error:  # noqa: BLE001 - a client of the caller's may raise anything
            failure = self.write_failure(error)
        raise failure

    async def follow(self, steps: Steps[T]) -> T:
        """Carry out commands one after the other.

        Raises:
            JournalError: Redis failed, or holds what no journal wrote.
        """
        return await self.guarded(self._follow(steps))

    async def guarded(self, answer: Awaitable[T]) -> T:
        """Wait for an answer; errors of Redis are told as those of a journal.

        Raises:
            JournalError: Redis failed, in whatever way.
        """
        try:
            return await answer
        except CleverAppError:
            raise
        except Exception as error:  # noqa: BLE001 - a client of the caller's may raise anything
            fault = fault_of(error, self._redis)
        if not self._reached:
            fault = await examine(fault, self._redis, _TIMEOUT)
        raise read_failure(self.name, fault)

    def write_failure(self, error: BaseException) -> JournalWriteError:
        """The error of a write that failed."""
        if isinstance(error, JournalWriteError):
            return error
        fault = fault_of(error, self._redis)
        remedy = fault.remedy or "mend it"
        return JournalWriteError(
            f"{self.name} cannot be written: Redis failed ({fault.told}): {remedy}, then resume "
            "the campaign"
        )

    def is_passing(self, error: BaseException) -> bool:
        """Whether a command may succeed when it is tried again."""
        return fault_of(error).remedy is None

    def named(self, name: str) -> Store:
        """The same connections under another name; this one closes them."""
        return Store(self._client(), name, self.seconds)

    async def close(self) -> None:
        """Let the connections go; those of the caller's own client stay."""
        client, self._redis = self._redis, None
        if client is not None and client is not self.source:
            await client.aclose()

    async def _follow(self, steps: Steps[T]) -> T:
        try:
            command = next(steps)
            while True:
                command = steps.send(await self.do(*command))
        except StopIteration as end:
            return cast("T", end.value)

    def _client(self) -> Redis:
        if self._redis is None:
            self._redis = (
                self._connect(self.source) if isinstance(self.source, str) else self.source
            )
        return self._redis

    def _connect(self, url: str) -> Redis:
        if not is_readable(url):
            raise unusable_url()
        try:
            return Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
                url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT
            )
        except (ValueError, AttributeError):
            pass
        raise unusable_url()
