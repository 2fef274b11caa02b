"""A client of Redis or Valkey: opened in one way, each call bounded in time, each failure named.

redis-py loses a cancellation that comes while it gives up a connection. So a time-out here does not
wait for the end of what it has cancelled, and a task that must end is cancelled again until it has
ended.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast
from urllib.parse import urlsplit

from attrs import define, field

from .._arguments import check_instance, wrong_setting
from .._event_loop import error_of
from .._imports import missing_extra
from ..errors import CleverAppError, ConfigurationError
from . import RedisCommands

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis as SyncRedis
    from redis.asyncio import Redis

    from .faults import Fault

__all__ = [
    "RedisCallError",
    "RedisClient",
    "Script",
    "Value",
    "as_list",
    "as_text",
    "as_texts",
    "check_source",
    "check_url",
    "end_task",
    "in_time",
    "number",
    "open_sync_client",
]

T = TypeVar("T")

_PATIENCE = 0.1
_REPEATS = 3
_FIRST_REPEAT = 0.05


async def in_time(answer: Awaitable[T], seconds: float) -> T:
    """Wait for an answer, for a bounded time.

    ``asyncio.timeout`` around the answer would not do: it ends only when what it has cancelled
    has ended.

    Args:
        answer: What a client gives; it is cancelled when its time is over.
        seconds: For how long to wait.

    Raises:
        TimeoutError: It did not come in time.
        RuntimeError: The client ended it in a way that means something else to a task: by a
            cancellation that nobody asked for, say.
        Exception: What else the client raised.
    """
    # A task of its own: waiting for it can end while it still runs, which awaiting it could not.
    task = asyncio.ensure_future(answer)
    try:
        await asyncio.wait([task], timeout=seconds)
        if task.done():
            return _result_of(task)
    finally:
        if not task.done():
            # The callback first: what it raises is looked at whenever it ends, be it long after
            # this returned.
            task.add_done_callback(error_of)
            task.cancel()
            await asyncio.wait([task], timeout=_PATIENCE)
    raise TimeoutError


async def end_task(task: asyncio.Task[T]) -> None:
    """Cancel a task, again and again, and wait until it has ended."""
    while not task.done():
        # Again and again, as redis-py may lose one: see the module.
        task.cancel()
        await asyncio.wait([task], timeout=_PATIENCE)


def _result_of(task: asyncio.Future[T]) -> T:
    error = error_of(task)
    # What ends programs passes, and so does every plain error. A CancelledError must not: to
    # whoever awaits this it would say that he was cancelled.
    if error is None or isinstance(error, Exception | KeyboardInterrupt | SystemExit):
        return task.result()
    raise RuntimeError(f"the call was cancelled inside the client ({type(error).__name__})")


Value: TypeAlias = "str | int | float | bytes"
"""What a command is made of."""


_UNREADABLE_URL = (
    "the URL of Redis cannot be read: write it like redis://:password@host:6379/0, with %2F for /, "
    "%3F for ? and %23 for # in the password, and %40 for @ after the host"
)
"""Shown instead of the URL, which may hold a password."""
_NO_DATABASE = (
    "the URL of Redis names no database: write its number behind the host, such as "
    "redis://host:6379/0"
)
_DATABASE = re.compile(r"/*[0-9]*/*", re.ASCII)


class RedisCallError(Exception):
    """A call that failed, or may have failed.

    Attributes:
        fault: Why, and whether waiting may mend it.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.sentence)
        self.fault = fault


def check_url(url: str, name: str = "redis") -> None:
    """Refuse what is no URL, and one with an ``@`` behind its host: it is cut within a password.

    What comes before a ``/``, ``?`` or ``#`` is taken for host and port, and shown as such.

    Args:
        url: What was given.
        name: The argument it was given by.

    Raises:
        ConfigurationError: It is one of these; it is not repeated.
    """
    check_instance(name, url, str, "a URL such as redis://host:6379/0", wrong_setting)
    with suppress(ValueError):
        # It fails for a URL that is none, which the suppression leaves to the refusal below.
        parts = urlsplit(url)
        if parts.scheme == "unix" or "@" not in parts.path + parts.query + parts.fragment:
            return
    raise ConfigurationError(_UNREADABLE_URL)


def check_source(redis: object) -> None:
    """Refuse what is neither a URL nor a client; a URL that cannot work is refused by opening it.

    Raises:
        ConfigurationError: It is neither.
    """
    is_client = not isinstance(redis, type) and callable(getattr(redis, "execute_command", None))
    if not isinstance(redis, str) and not is_client:
        wanted = "a URL such as redis://host:6379/0, or a client of redis.asyncio"
        raise wrong_setting("redis", wanted, redis)


def open_sync_client(url: str, timeout: float) -> SyncRedis:
    """A client for use outside of an event loop; it connects when it is first used.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``.
        timeout: Seconds for connecting, and for each answer.

    Raises:
        ConfigurationError: The URL cannot work, or the extra ``redis`` is not installed.
    """

    def make() -> SyncRedis:
        from redis import Redis  # noqa: PLC0415 - the extra `redis`

        return Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
            url, socket_timeout=timeout, socket_connect_timeout=timeout
        )

    return _opened(url, make)


def _opened(url: str, make: Callable[[], T]) -> T:
    """What a URL leads to; no error shows the URL, or what was said of it."""
    check_url(url)
    parts = urlsplit(url)
    # redis-py takes another path for database 0, and /1/2 for 12.
    if parts.scheme in {"redis", "rediss"} and not _DATABASE.fullmatch(parts.path):
        raise ConfigurationError(_NO_DATABASE)
    try:
        return make()
    except ImportError:
        told = missing_extra("Redis", "redis")
    except (ValueError, AttributeError):
        told = _UNREADABLE_URL
    raise ConfigurationError(told)


@define(slots=False, frozen=True)
class Script:
    """A script that is made of files of a package, read when it is first run.

    Attributes:
        package: The package's whole name.
        parts: The files' names, in order.
    """

    package: str
    parts: tuple[str, ...]

    @cached_property
    def text(self) -> str:
        """The source."""
        from importlib.resources import files  # noqa: PLC0415 - slow, and a file needs none

        folder = files(self.package)
        return "\n".join((folder / part).read_text(encoding="utf-8") for part in self.parts)

    @cached_property
    def digest(self) -> str:
        """What Redis knows it by."""
        # By this digest Redis itself names scripts; nothing is secured by it.
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


@define(eq=False)
class RedisClient:
    """The client of one server or cluster, made when it is first needed.

    Attributes:
        source: A URL (``redis://``, ``rediss://``, ``unix://``; ``?protocol=3`` speaks RESP3), or
            a client of the caller's, which is not closed.
        timeout: Seconds for one call, whatever a client of the caller's own allows it.
        attempt_timeout: Seconds for one attempt, where redis-py is to repeat a call whose answer
            was lost, such as over a connection of before a restart of Redis; None: it may not, and
            one attempt has the whole time.
        connections: How many at most; None: as many as there are calls at a time.
        calls: How many scripts were run.
    """

    source: str | RedisCommands = field(repr=False)
    timeout: float
    attempt_timeout: float | None = None
    connections: int | None = None
    calls: int = field(default=0, init=False)
    _commands: RedisCommands | None = field(default=None, init=False, repr=False)
    _reached: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        """Tell at once what a client of the caller's own needs as well: the errors of redis-py.

        Raises:
            ConfigurationError: The extra ``redis`` is not installed.
        """
        # Looked for and not imported, which would cost those who open nothing the whole import.
        if find_spec("redis") is None:
            raise ConfigurationError(missing_extra("Redis", "redis"))

    def open(self) -> RedisCommands:
        """The client of redis-py; it connects when it is first used.

        Raises:
            ConfigurationError: The URL cannot work, or the extra ``redis`` is not installed.
        """
        if self._commands is None:
            source = self.source
            self._commands = self._connect(source) if isinstance(source, str) else source
        return self._commands

    async def execute(self, *command: Value) -> object:
        """Carry out one command.

        Raises:
            ConfigurationError: As by :meth:`open`.
            TimeoutError: No answer came in time.
            Exception: What the client raises; :meth:`guarded` tells what it means.
        """
        # Neither the client's own annotations nor those of users tell all that a command takes.
        send = cast("Callable[..., Awaitable[object]]", self.open().execute_command)
        reply = await in_time(send(*command), self.timeout)
        # From the first answer on, a failure is no wrong scheme or host: `examine` is not needed
        # any more.
        self._reached = True
        return reply

    async def run(self, script: Script, keys: Sequence[str], *arguments: Value) -> object:
        """Run a script by its digest: one round trip, two where the server does not know it yet.

        Raises:
            Exception: As by :meth:`execute`.
        """
        from redis.exceptions import NoScriptError  # noqa: PLC0415 - the extra `redis`

        self.calls += 1
        given = (len(keys), *keys, *arguments)
        try:
            return await self.execute("EVALSHA", script.digest, *given)
        except NoScriptError:
            # A server that was started anew, or another master, has forgotten its scripts. The call
            # is repeated outside of the block, so that a failure of it has no foreign context.
            pass
        return await self.execute("EVAL", script.text, *given)

    async def guarded(self, answer: Awaitable[T]) -> T:
        """Wait for what calls of this client come to.

        Raises:
            RedisCallError: One failed, in whatever way.
            CleverAppError: The answer's own.
        """
        try:
            return await answer
        except (CleverAppError, RedisCallError):
            raise
        except Exception as error:  # noqa: BLE001 - a user's own client may raise anything
            fault = self.fault_of(error)
        from .faults import examine  # noqa: PLC0415 - the extra `redis`

        if not self._reached:
            fault = await examine(fault, self._commands, self._late_after)
        if fault.remedy is not None and isinstance(self.source, str) and self._commands:
            # A name that leads to another server by now is looked up anew. Calls that are under
            # way keep their connections, until they fail themselves.
            with suppress(Exception):
                pool = cast("Redis", self._commands).connection_pool
                await pool.disconnect(inuse_connections=False)
        raise RedisCallError(fault)

    def fault_of(self, error: BaseException) -> Fault:
        """What an exception means."""
        from .faults import fault_of  # noqa: PLC0415 - the extra `redis`

        return fault_of(error, self._commands, self._late_after)

    async def close(self) -> None:
        """Let the connections go; those of the caller's own client stay."""
        commands, self._commands = self._commands, None
        if commands is not None and commands is not self.source:
            await cast("Redis", commands).aclose()

    @property
    def _late_after(self) -> float:
        """Seconds after which an answer is late; a client of the caller's has its own attempts."""
        if self.attempt_timeout is None or not isinstance(self.source, str):
            return self.timeout
        return self.attempt_timeout

    def _connect(self, url: str) -> RedisCommands:
        def make() -> Redis:
            from redis import exceptions  # noqa: PLC0415 - the extra
            from redis.asyncio import BlockingConnectionPool, Redis  # noqa: PLC0415 - the extra
            from redis.asyncio.retry import Retry  # noqa: PLC0415 - the extra
            from redis.backoff import ExponentialBackoff  # noqa: PLC0415 - the extra

            # Told in any case: releases of redis-py differ in how often they repeat by themselves.
            repeats = 0 if self.attempt_timeout is None else _REPEATS
            settings: dict[str, Any] = {
                "socket_timeout": self._late_after,
                "socket_connect_timeout": self._late_after,
                "retry": Retry(ExponentialBackoff(base=_FIRST_REPEAT), repeats),
            }
            if repeats:
                # `Retry` knows them by itself; but before 6.0 a command is repeated only after
                # those that are told here as well.
                settings["retry_on_error"] = [exceptions.ConnectionError, exceptions.TimeoutError]
            if self.connections is None:
                return Redis.from_url(url, **settings)  # pyright: ignore[reportUnknownMemberType]
            # A blocking pool: who finds all connections in use waits for one, where the usual pool
            # raises.
            settings |= {"max_connections": self.connections, "timeout": self.timeout}
            # redis-py gives the settings of a pool no types.
            pool_from_url = cast(
                "Callable[..., BlockingConnectionPool]",
                BlockingConnectionPool.from_url,  # pyright: ignore[reportUnknownMemberType]
            )
            return Redis.from_pool(pool_from_url(url, **settings))

        return cast("RedisCommands", _opened(url, make))


def as_text(reply: object) -> str | None:
    """A string, or None where there is none."""
    if reply is None or isinstance(reply, str):
        return reply
    return reply.decode() if isinstance(reply, bytes) else str(reply)


def as_list(reply: object) -> list[object]:
    """An array."""
    return list(cast("Sequence[object]", reply or ()))


def as_texts(reply: object) -> dict[str, str]:
    """A hash; clients give a mapping, or the flat array of the older protocol."""
    if isinstance(reply, Mapping):
        pairs = list(cast("Mapping[object, object]", reply).items())
    else:
        flat = as_list(reply)
        pairs = list(zip(flat[::2], flat[1::2], strict=True))
    return {as_text(name) or "": as_text(value) or "" for name, value in pairs}


def number(text: str | None) -> int:
    """A whole number; 0 where there is none."""
    return int(text or 0)
