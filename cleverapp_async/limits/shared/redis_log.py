"""The logs of all keys in Redis or Valkey: one script reads and writes them, another looks.

Each bot and each account has one hash slot of a cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import frozen

from ..._redis.client import RedisCallError, RedisClient, Script, as_list, as_text
from ..quota import AccountKey, LimitKey
from .messages import LogCallError, LogFault, LogReply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._redis.faults import Fault
    from .messages import LogRequest, Terms


__all__ = [
    "META",
    "KeyState",
    "Overview",
    "RedisLog",
    "check_prefix",
    "key_names",
    "read_key",
    "tagged",
]

META = "meta"
"""The part of a key's log that is always there."""

_PARTS = (META, "processes", "starts", "mail")
# A messenger's name is whatever the caller wrote. Braces would end the hash tag, a colon the part.
_ESCAPED = str.maketrans({"%": "%25", ":": "%3A", "{": "%7B", "}": "%7D"})
_SCOPED = 3


def check_prefix(prefix: str) -> str:
    """Return a prefix, which must not interfere with the hash tags.

    Raises:
        ValueError: It is empty, or has a character with a meaning of its own in a key or a pattern.
    """
    if not prefix or set(prefix) & set("{}*?[]\\ "):
        raise ValueError(f"prefix must be a plain word such as 'cleverapp', not {prefix!r}")
    return prefix


def tagged(prefix: str, key: LimitKey | AccountKey) -> str:
    """The beginning of all keys of one limiter; the hash tag is in braces."""
    if isinstance(key, AccountKey):
        return f"{prefix}:{{account:{key.digest}}}"
    # A script may touch keys of one hash slot of a cluster only, and what stands in braces decides
    # the slot: so all parts of a log lie together, and so do all limits of a bot.
    bot = "" if key.bot_id is None else str(key.bot_id)
    return f"{prefix}:{{bot:{bot}}}:{_escape(key.scope)}:{_escape(key.messenger)}"


def key_names(
    prefix: str, key: LimitKey | AccountKey, windows: Sequence[tuple[int, float]]
) -> list[str]:
    """The keys that the script works on, in its order."""
    base = tagged(prefix, key)
    # By the period and not by a number: a process with other quotas of the same key still finds the
    # windows that both have.
    parts = [*_PARTS, *(f"window:{period:g}" for _, period in windows)]
    return [f"{base}:{part}" for part in parts]


def read_key(prefix: str, name: str) -> LimitKey | AccountKey | None:
    """The limit key whose log has a meta part of this name; None if it belongs to no log."""
    base = name.removesuffix(f":{META}")
    tag, closed, rest = base.removeprefix(f"{prefix}:{{").partition("}")
    kind, _, whose = tag.partition(":")
    if not closed:
        return None
    if kind == "account" and not rest:
        return AccountKey(whose)
    parts = rest.split(":")
    if kind != "bot" or len(parts) != _SCOPED or not (whose.isdecimal() or not whose):
        return None
    return LimitKey(int(whose) if whose else None, _unescape(parts[2]), _unescape(parts[1]))


def _escape(text: str) -> str:
    return text.translate(_ESCAPED)


def _unescape(text: str) -> str:
    for code, escaped in _ESCAPED.items():
        if code != ord("%"):
            # The percent sign is undone last: undone first it would make new escapes.
            text = text.replace(str(escaped), chr(code))
    return text.replace("%25", "%")


_EXCHANGE = Script("cleverapp_async.limits.shared", ("exchange.lua",))


@frozen
class RedisLog:
    """A :class:`SharedLog` in Redis.

    Attributes:
        client: The client of Redis.
        prefix: What every key of Redis begins with.
    """

    client: RedisClient
    prefix: str

    @property
    def name(self) -> str:
        """What it is, as the beginning of a sentence."""
        return "the Redis of the shared limits"

    @property
    def remedy(self) -> str:
        """What to do where it cannot be reached or used, in words."""
        return "check the Redis of the shared limits"

    @property
    def calls(self) -> int:
        """How many times Redis was asked so far."""
        return self.client.calls

    async def exchange(
        self, key: LimitKey | AccountKey, terms: Terms, request: LogRequest
    ) -> LogReply | None:
        """Run the script; see :meth:`SharedLog.exchange`.

        Raises:
            LogCallError: It did not answer, or not in time.
            ValueError: What it answered is no reply.
            TypeError: The same.
        """
        names = key_names(self.prefix, key, terms.windows)
        answer = self.client.run(_EXCHANGE, names, *request.arguments(terms))
        try:
            raw = await self.client.guarded(answer)
        except RedisCallError as error:
            # Raised outside of the block, so that the client's exception, whose text may hold a
            # URL, is not the context of ours.
            fault = _as_log_fault(error.fault)
        else:
            return LogReply.read(raw)
        raise LogCallError(fault)

    def fault_of(self, error: BaseException) -> LogFault:
        """What an exception of the client means."""
        return _as_log_fault(self.client.fault_of(error))

    async def close(self) -> None:
        """Disconnect."""
        await self.client.close()


def _as_log_fault(fault: Fault) -> LogFault:
    return LogFault(fault.sentence, fault.remedy is not None, fault.stale)


_MICRO = 1_000_000
_SCANNED = 500
_CONNECTIONS = 8

_LOOK = Script("cleverapp_async.limits.shared", ("look.lua",))


@frozen
class KeyState:
    """One key of the fleet at one moment.

    Attributes:
        key: What is limited.
        quotas: Limit and period (seconds) of each.
        processes: How many processes wait.
        queued: How many slots they want.
        held: Slots whose requests have not ended, as far as the log knows.
        next_slot: Seconds until a slot is free; None: that depends on requests that have not ended.
        refusals: How often the server refused.
        paused_for: Seconds for which a refusal or a user pauses the key.
        held_for: Seconds for which nothing is granted, because the log was lost.
    """

    key: LimitKey | AccountKey
    quotas: tuple[tuple[int, float], ...]
    processes: int
    queued: int
    held: int
    next_slot: float | None
    refusals: int
    paused_for: float
    held_for: float


class Overview:
    """Looks at a fleet.

    Args:
        redis: The URL of its Redis or Valkey.
        prefix: What its keys begin with.
        timeout: Seconds for each answer.

    Raises:
        ConfigurationError: The URL cannot work, or the extra ``redis`` is not installed.
        ValueError: The prefix cannot work.
    """

    def __init__(self, redis: str, prefix: str, timeout: float = 5.0) -> None:
        self._prefix = check_prefix(prefix)
        self._client = RedisClient(redis, timeout, connections=_CONNECTIONS)
        self._client.open()

    async def look(self) -> list[KeyState]:
        """Every key, accounts first.

        Raises:
            RedisCallError: Redis cannot be reached, or holds what no limit wrote.
        """
        return await self._client.guarded(self._look())

    async def close(self) -> None:
        """Disconnect."""
        await self._client.close()

    async def _look(self) -> list[KeyState]:
        states: list[KeyState] = []
        for name in sorted(await self._names()):
            key = read_key(self._prefix, name)
            if key is not None and (state := await self._state(key, name)) is not None:
                states.append(state)
        return states

    async def _names(self) -> set[str]:
        """The names of the meta parts of all logs."""
        pattern = f"{self._prefix}:{{*}}*:{META}"
        found: set[str] = set()
        # SCAN and not KEYS: it looks at some keys at a time, and does not stop the server for all
        # others.
        cursor = "0"
        while True:
            reply = await self._client.execute("SCAN", cursor, "MATCH", pattern, "COUNT", _SCANNED)
            following, some = as_list(reply)
            found.update(as_text(name) or "" for name in as_list(some))
            if (cursor := as_text(following) or "0") == "0":
                return found

    async def _state(self, key: LimitKey | AccountKey, name: str) -> KeyState | None:
        # The quotas that the last caller had: whoever looks need not know them.
        written = as_text(await self._client.execute("HGET", name, "windows"))
        if written is None:
            return None
        numbers = [int(part) for part in written.split()]
        quotas = tuple(
            (limit, period / _MICRO)
            for limit, period in zip(numbers[::2], numbers[1::2], strict=True)
        )
        keys = key_names(self._prefix, key, quotas)
        found = cast("list[int]", await self._client.run(_LOOK, keys, written))
        processes, queued, held, start, refusals, paused, hold = found
        return KeyState(
            key,
            quotas,
            processes,
            queued,
            held,
            None if start < 0 else start / _MICRO,
            refusals,
            paused / _MICRO,
            hold / _MICRO,
        )
