"""All keys of a fleet at one moment: this reads the logs and changes nothing."""

from __future__ import annotations

from typing import cast

from attrs import frozen

from ..._redis.client import RedisClient, Script, as_list, as_text
from ..quota import AccountKey, LimitKey
from .keys import META, check_prefix, key_names, read_key

__all__ = ["KeyState", "Overview"]

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
        cursor = "0"
        while True:
            reply = await self._client.execute("SCAN", cursor, "MATCH", pattern, "COUNT", _SCANNED)
            following, some = as_list(reply)
            found.update(as_text(name) or "" for name in as_list(some))
            if (cursor := as_text(following) or "0") == "0":
                return found

    async def _state(self, key: LimitKey | AccountKey, name: str) -> KeyState | None:
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
