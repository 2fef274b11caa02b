"""Asks Redis about one campaign; what fails is told as an error of its journal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import TYPE_CHECKING, Self, TypeAlias, TypeVar, cast

from attrs import define, evolve

from ..._event_loop import wait_out
from ..._redis import RedisCommands
from ..._redis.client import (
    RedisCallError,
    RedisClient,
    Script,
    Value,
    as_text,
    as_texts,
    open_sync_client,
)
from ...errors import CleverAppError, JournalError, JournalUnreachableError, JournalWriteError

if TYPE_CHECKING:
    from redis import Redis as SyncRedis
    from redis.asyncio import Redis

    from ..._redis.faults import Fault

__all__ = [
    "ATTEMPT_TIMEOUT",
    "BlockingClient",
    "JournalClient",
    "Steps",
    "check_keeping",
    "eval_command",
    "journal_script",
    "read_failure",
    "write_failure",
]

T = TypeVar("T")

Steps: TypeAlias = "Generator[tuple[Value, ...], object, T]"
"""Gives commands, is sent their replies, and returns what they come to.

So each question to Redis is written once, without I/O, for clients with an event loop and without.
"""

ATTEMPT_TIMEOUT = 5.0
"""Seconds for connecting, and for each answer."""


def journal_script(*parts: str) -> Script:
    """A script made of files of the folder ``lua``, which are named without their ending."""
    package = "cleverapp_async.integrations.redis_journal"
    return Script(package, tuple(f"lua/{part}.lua" for part in parts))


def read_failure(name: str, fault: Fault) -> JournalError:
    """The error of a question that failed; another type where it does not pass by waiting."""
    told = f"{name} cannot be read: Redis failed ({fault.told})"
    if fault.remedy is None:
        return JournalUnreachableError(told)
    return JournalError(f"{told}: {fault.remedy}")


def write_failure(name: str, fault: Fault) -> JournalWriteError:
    """The error of a change that failed."""
    remedy = fault.remedy or "mend it"
    return JournalWriteError(
        f"{name} cannot be written: Redis failed ({fault.told}): {remedy}, then resume the campaign"
    )


def eval_command(script: Script, keys: Sequence[str], *arguments: Value) -> tuple[Value, ...]:
    """The command that runs a script which is rarely needed, with all its text."""
    # EVAL with the whole text, not the digest: the steps need not know what to do where the server
    # lacks the script, and each of these runs once or a few times.
    return ("EVAL", script.text, len(keys), *keys, *arguments)


class BlockingClient:
    """Asks Redis about one campaign without an event loop, as the command line does.

    Args:
        redis: The client of redis-py.
        name: What the journal is called in errors.
    """

    def __init__(self, redis: SyncRedis, name: str) -> None:
        self.redis = redis
        self.name = name

    @classmethod
    def of(cls, url: str, name: str) -> Self:
        """A client for a URL; connects at the first use.

        Raises:
            ConfigurationError: The URL cannot work.
        """
        return cls(open_sync_client(url, ATTEMPT_TIMEOUT), name)

    def follow(self, steps: Steps[T]) -> T:
        """Carry out commands one after the other.

        Raises:
            JournalError: Redis failed, or holds what no journal wrote.
        """
        return self._carry_out(steps, read_failure)

    def change(self, steps: Steps[T]) -> T:
        """Carry out commands that change a campaign.

        Raises:
            JournalWriteError: Redis failed, or holds what no journal wrote.
        """
        return self._carry_out(steps, write_failure)

    def close(self) -> None:
        """Let the connection go."""
        self.redis.close()

    def _carry_out(self, steps: Steps[T], failure: Callable[[str, Fault], JournalError]) -> T:
        execute = cast("Callable[..., object]", self.redis.execute_command)  # pyright: ignore[reportUnknownMemberType]
        try:
            return _drive(steps, execute)
        except CleverAppError:
            raise
        except Exception as error:  # noqa: BLE001 - the keys may hold anything
            from ..._redis.faults import fault_of  # noqa: PLC0415 - the extra `redis`

            fault = fault_of(error, self.redis, ATTEMPT_TIMEOUT)
        # Outside of the block: inside it the client's error would be the context of ours, and that
        # may show the URL.
        raise failure(self.name, fault)


def _drive(steps: Steps[T], execute: Callable[..., object]) -> T:
    """Carry out the commands of some steps, and return what they come to."""
    try:
        command = next(steps)
        while True:
            try:
                reply = execute(*command)
            except BaseException as error:  # noqa: BLE001 - the steps raise it again
                # They may have something to put back first, also where it is an interruption:
                # the commands that they give in an `except` are carried out as well.
                command = steps.throw(error)
            else:
                command = steps.send(reply)
    except StopIteration as end:
        return cast("T", end.value)


@define(eq=False)
class JournalClient:
    """The client of Redis, for one campaign.

    Attributes:
        redis: The client, which several campaigns may share.
        name: What the journal is called in errors.
        owned: Whether it is this campaign that closes the client.
    """

    redis: RedisClient
    name: str
    owned: bool = True

    @classmethod
    def of(cls, redis: str | Redis, name: str, timeout: float) -> Self:
        """A client for a URL, or for a client of the caller's own; connects at the first use.

        Args:
            redis: One of these.
            name: What the journal is called in errors.
            timeout: Seconds for one call.
        """
        source = redis if isinstance(redis, str) else cast("RedisCommands", redis)
        return cls(
            RedisClient(source, timeout, attempt_timeout=min(timeout, ATTEMPT_TIMEOUT)), name
        )

    async def execute(self, *command: Value) -> object:
        """Carry out one command; raises what the client raises."""
        return await self.redis.execute(*command)

    async def run(self, script: Script, keys: Sequence[str], *arguments: Value) -> object:
        """Run a script; raises what the client raises."""
        return await self.redis.run(script, keys, *arguments)

    async def ask(self, *command: Value) -> object:
        """Carry out one command.

        Raises:
            JournalError: Redis failed.
        """
        return await self.guarded(self.execute(*command))

    async def write(self, script: Script, keys: Sequence[str], *arguments: Value) -> object:
        """Run a script that writes.

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

    async def change(self, steps: Steps[T]) -> T:
        """Carry out commands that change a campaign.

        Cancelled, it has the steps put back what they must, and waits for that.

        Raises:
            JournalWriteError: Redis failed, or holds what no journal wrote.
        """
        try:
            return await self._follow_to_the_end(steps)
        except CleverAppError:
            raise
        except Exception as error:  # noqa: BLE001 - a client of the caller's may raise anything
            failure = self.write_failure(error)
        raise failure

    async def guarded(self, answer: Awaitable[T]) -> T:
        """Wait for an answer; errors of Redis are told as those of a journal.

        Raises:
            JournalError: Redis failed, in whatever way.
        """
        try:
            return await self.redis.guarded(answer)
        except RedisCallError as error:
            fault = error.fault
        raise read_failure(self.name, fault)

    def write_failure(self, error: BaseException) -> JournalWriteError:
        """The error of a write that failed."""
        if isinstance(error, JournalWriteError):
            return error
        return write_failure(self.name, self.redis.fault_of(error))

    def is_passing(self, error: BaseException) -> bool:
        """Whether a command may succeed when it is tried again."""
        return self.redis.fault_of(error).remedy is None

    def named(self, name: str) -> JournalClient:
        """The same connections under another name; this one closes them."""
        return evolve(self, name=name, owned=False)

    async def close(self) -> None:
        """Let the connections go; those of the caller's own client stay."""
        if self.owned:
            await self.redis.close()

    async def _follow_to_the_end(self, steps: Steps[T]) -> T:
        """Follow steps that learn of failures and of a cancellation, once, and may clean up.

        No command is cut off: what has left may be carried out all the same, and later than the one
        that puts it back. Each has the client's time-out.
        """
        cancelled: asyncio.CancelledError | None = None
        try:
            command = next(steps)
            while True:
                # In a task that the cancellation of ours does not reach: see the docstring.
                carried_out = asyncio.ensure_future(self.execute(*command))
                again = await wait_out(carried_out)
                # Only the first cancellation is handed to the steps: a second one would break their
                # cleaning up.
                if again is not None and cancelled is None:
                    cancelled = again
                    if not carried_out.cancelled():
                        carried_out.exception()  # So that nobody misses it.
                    command = steps.throw(cancelled)
                    continue
                try:
                    reply = carried_out.result()
                except BaseException as error:  # noqa: BLE001 - the steps raise it again
                    command = steps.throw(error)
                else:
                    command = steps.send(reply)
        except StopIteration as end:
            # The steps may have swallowed it; whoever cancelled this still has to see it.
            if cancelled is not None:
                raise cancelled from None
            return cast("T", end.value)

    async def _follow(self, steps: Steps[T]) -> T:
        try:
            command = next(steps)
            while True:
                command = steps.send(await self.execute(*command))
        except StopIteration as end:
            return cast("T", end.value)


_NEEDED = {"appendonly": "yes", "appendfsync": "always"}


async def check_keeping(client: JournalClient, *, durable: bool, verify: bool) -> None:
    """Refuse a Redis that may lose what a journal must not lose.

    Args:
        client: The client of the campaign.
        durable: Whether a crash of Redis itself must lose nothing.
        verify: Whether settings that cannot be asked for count as wrong; False where the caller
            vouches for them, and then ``CONFIG GET`` is not tried.

    Raises:
        JournalError: It may evict keys, it is a replica, or it does not write each command to the
            disk before it answers; the message names the setting.
    """
    await client.guarded(_check(client, durable=durable, verify=verify))


async def _check(client: JournalClient, *, durable: bool, verify: bool) -> None:
    # Always, whatever `durable` says: an evicted lease or entry means a message sent twice, without
    # any crash.
    await _check_memory(client, verify=verify)
    if durable and verify:
        await _check_disk(client)


async def _check_memory(client: JournalClient, *, verify: bool) -> None:
    """Every key may be evicted under ``allkeys``, and under ``volatile`` whatever expires.

    That is each lease, and every entry of a single send: it would be sent once more. ``INFO``
    tells the policy where ``CONFIG`` is not allowed, as in managed services.
    """
    from redis.exceptions import ResponseError  # noqa: PLC0415 - the extra `redis`

    try:
        policy = (await _info(client, "memory")).get("maxmemory_policy")
        role = (await _info(client, "replication")).get("role")
    except ResponseError as error:
        if not verify:
            return
        raise _unknown(client, "maxmemory-policy", "INFO", error, "noeviction") from None
    if policy is None and verify:
        raise _unknown(client, "maxmemory-policy", "INFO", "it lacks that", "noeviction")
    if policy not in {None, "noeviction"}:
        raise JournalError(
            f"{client.name} could be evicted, and messages sent twice: this Redis drops keys when "
            f"its memory is full (maxmemory-policy {policy}). Set it to noeviction (CONFIG SET "
            "maxmemory-policy noeviction, and in redis.conf)"
        )
    # A replica answers reads and may be promoted later: what was written to it before is lost.
    if role == "slave":
        raise JournalError(
            f"{client.name}: this Redis is a replica; give the address of its master"
        )


async def _check_disk(client: JournalClient) -> None:
    from redis.exceptions import ResponseError  # noqa: PLC0415 - the extra `redis`

    for name, needed in _NEEDED.items():
        try:
            found = as_texts(await client.execute("CONFIG GET", name)).get(name)
        except ResponseError as error:
            raise _unknown(client, name, "CONFIG GET", error, needed) from None
        if found != needed:
            raise JournalError(
                f"{client.name} would not survive a crash of Redis: {name} is {found}, and must be "
                f"{needed}. Set it (CONFIG SET {name} {needed}, and in redis.conf), or say "
                "durable=False to be safe from crashes of workers alone"
            )


def _unknown(
    client: JournalClient, name: str, command: str, why: object, needed: str
) -> JournalError:
    return JournalError(
        f"whether {client.name} is kept cannot be found out: {name} must be {needed}, and "
        f"{command} is refused ({why}). Allow it, see docs/fleet.md; or, where you know that it "
        "has maxmemory-policy noeviction, appendonly yes and appendfsync always, say verify=False"
    )


async def _info(client: JournalClient, section: str) -> dict[str, str]:
    reply = await client.execute("INFO", section)
    if isinstance(reply, str | bytes):
        lines = (as_text(reply) or "").splitlines()
        pairs = [line.partition(":") for line in lines if not line.startswith("#")]
        return {name: value for name, _, value in pairs}
    return as_texts(reply)
