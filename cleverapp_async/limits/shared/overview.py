"""Every key of a fleet at one moment, for whoever watches: reads the logs, changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from attrs import frozen

from ..quota import AccountKey, LimitKey
from .names import META, check_prefix, key_names, read_key
from .script import Script
from .store import Store, StoreError, open_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .script import Commands

__all__ = ["KeyState", "Overview"]

_MICRO = 1_000_000
_SCANNED = 500


class _Scanned(Protocol):
    """What is needed of a client of redis-py to find keys, single or of a cluster."""

    def scan_iter(self, match: str, count: int) -> AsyncIterator[bytes | str]:
        """The keys of a pattern."""
        ...


@frozen
class KeyState:
    """One key of the fleet at one moment.

    Attributes:
        key: What is limited.
        quotas: Limit and period (seconds) of each.
        processes: How many processes wait.
        queued: How many slots they want.
        held: Slots whose requests have not ended, as far as the log knows.
        next_slot: Seconds until a slot is free; None: that hangs on requests still on their way.
        refusals: How often the server refused.
        paused_for: Seconds for which a refusal or a user pauses the key.
        held_for: Seconds for which nothing is granted as the log was lost.
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
        self._commands: Commands = open_client(redis, timeout)
        self._store = Store(self._commands, timeout, owned=True)
        self._script = Script.load("look.lua")

    async def look(self) -> list[KeyState]:
        """Every key, accounts first.

        Raises:
            StoreError: Redis cannot be reached, or holds what no limit wrote.
        """
        try:
            return await self._read()
        except (ValueError, TypeError) as error:
            fault = self._store.fault_of(error)
        raise StoreError(fault)

    async def _read(self) -> list[KeyState]:
        scanned = cast("_Scanned", self._commands)
        pattern = f"{self._prefix}:{{*}}*:{META}"

        async def names() -> list[str]:
            found = scanned.scan_iter(match=pattern, count=_SCANNED)
            return [name if isinstance(name, str) else name.decode() async for name in found]

        states: list[KeyState] = []
        for name in sorted(await self._store.guarded(names())):
            key = read_key(self._prefix, name)
            if key is not None and (state := await self._state(key, name)) is not None:
                states.append(state)
        return states

    async def close(self) -> None:
        """Disconnect."""
        await self._store.close()

    async def _state(self, key: LimitKey | AccountKey, name: str) -> KeyState | None:
        raw = await self._store.guarded(self._commands.execute_command("HGET", name, "windows"))
        if raw is None:
            return None
        written = raw.decode() if isinstance(raw, bytes) else str(raw)
        numbers = [int(part) for part in written.split()]
        quotas = tuple(
            (limit, period / _MICRO)
            for limit, period in zip(numbers[::2], numbers[1::2], strict=True)
        )
        keys = key_names(self._prefix, key, quotas)
        found = cast("list[int]", await self._store.run(self._script, keys, [written]))
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
